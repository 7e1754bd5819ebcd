/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_REPORT_SIGNIFICANCE_H
#define ROG_REPORT_SIGNIFICANCE_H

/* Tests of paired differences. All are two-sided: the probability of differences at least as far
 * from 0 if the members of each pair were exchanged at random. */

#include <stdbool.h>
#include <stddef.h>

/* The exact sign test: `ahead` of ahead + behind differences are positive; differences of 0 count
 * in neither. 1 without any. */
double rog_sign_test(size_t ahead, size_t behind);

/* Up to this many differences are tested with all 2^n choices of signs; for more,
 * ROG_PERMUTATION_DRAWS choices are drawn, always the same. */
#define ROG_PERMUTATION_EXACT_MOST 32
#define ROG_PERMUTATION_DRAWS 99999

/* The permutation test of the mean of `count` > 0 differences under random signs. *exact: all
 * choices were computed. NaN without memory. */
double rog_permutation_test(const double *differences, size_t count, bool *exact);

/* Holm's correction of p for all simultaneous comparisons; NaN does not count and stays NaN.
 * Returns the number of comparisons. All are NaN without memory. */
size_t rog_holm(const double *p, size_t count, double *adjusted);

#endif
