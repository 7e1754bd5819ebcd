/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_REPORT_SIGNIFICANCE_H
#define ROG_REPORT_SIGNIFICANCE_H

/* Tests of paired differences. All are two-sided: how likely differences at least as far from 0
 * would be if which of a pair is which were chance. */

#include <stdbool.h>
#include <stddef.h>

/* The exact sign test: `ahead` of ahead + behind differences are positive; those that are 0 are in
 * neither. 1 without any. */
double rog_sign_test(size_t ahead, size_t behind);

/* So many differences are tested over all 2^n ways to turn their signs; of more, this many ways are
 * drawn, always the same ones. */
#define ROG_PERMUTATION_EXACT_MOST 32
#define ROG_PERMUTATION_DRAWS 99999

/* The permutation test of the mean of `count` > 0 differences under turned signs. *exact: whether
 * all ways were taken. NaN when memory ran out. */
double rog_permutation_test(const double *differences, size_t count, bool *exact);

/* Holm's correction of p for all that are compared at once; NaN is not counted and stays.
 * Returns how many were. All are NaN when memory ran out. */
size_t rog_holm(const double *p, size_t count, double *adjusted);

#endif
