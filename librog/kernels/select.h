/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_KERNELS_SELECT_H
#define ROG_KERNELS_SELECT_H

/*
 * The elements of largest magnitude, without sorting: a bound on the magnitude is narrowed by
 * counting, over fewer and fewer elements. Magnitudes are compared as the bits of a float without
 * its sign, which have the same order. Zeros are never selected.
 */

#include <stddef.h>
#include <stdint.h>

/* Elements whose magnitude has larger bits than `above`, and the first `ties` of those with equal
 * bits. */
struct rog_selection {
    int32_t above;
    uint32_t ties;
};

/* Selects the `count` largest of n (> 0) finite numbers, or all that are not zero if these are
 * fewer; among equal ones the first. scratch: rog_select_scratch(n) floats. */
size_t rog_select_scratch(size_t n);
struct rog_selection rog_select(const float *x, size_t n, size_t count, float *scratch);

/* Returns the smallest selected magnitude. */
float rog_selection_least(const struct rog_selection *selection);

/* Adds the selected elements to a mask (mask.h): x[i] is element base + i. Returns their number. */
size_t rog_selected(const struct rog_selection *selection, const float *x, size_t n, size_t base,
                    uint64_t *set);

#endif
