/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_KERNELS_SELECT_H
#define ROG_KERNELS_SELECT_H

/*
 * The elements of largest magnitude, without sorting: a bound on the magnitude is closed in on by
 * counting, over fewer and fewer elements. Magnitudes are compared as the bits of a float without
 * its sign, which are ordered as they are. Elements that are zero are never among them.
 */

#include <stddef.h>
#include <stdint.h>

/* Those whose magnitude's bits are above `above`, and the first `ties` of those that have just
 * these bits. */
struct rog_selection {
    int32_t above;
    uint32_t ties;
};

/* The `count` largest of n (> 0) finite numbers, all that are not zero where these are fewer. Of
 * those that are equal the first ones. scratch: rog_select_scratch(n) floats. */
size_t rog_select_scratch(size_t n);
struct rog_selection rog_select(const float *x, size_t n, size_t count, float *scratch);

/* The least magnitude that is in. */
float rog_selection_least(const struct rog_selection *selection);

/* Adds them to a mask (mask.h): x[i] is element base + i there. Returns how many there are. */
size_t rog_selected(const struct rog_selection *selection, const float *x, size_t n, size_t base,
                    uint64_t *set);

#endif
