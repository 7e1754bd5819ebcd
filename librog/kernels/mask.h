/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_KERNELS_MASK_H
#define ROG_KERNELS_MASK_H

/*
 * A subset of n elements, as bits: element i is bit i % 64 of word i / 64. Bits past the last
 * element are 0.
 */

#include <stddef.h>
#include <stdint.h>

static inline size_t rog_mask_words(size_t n)
{
    return (n + 63) / 64;
}

/* Returns the number of elements in it. */
size_t rog_mask_count(const uint64_t *set, size_t n);

/* Copies the values of these elements to `values`, one after the other. */
void rog_mask_gather(const uint64_t *set, size_t n, const float *x, float *values);

/* The same, and sets these elements of x to 0. */
void rog_mask_take(const uint64_t *set, size_t n, float *x, float *values);

/* x <- x - share value for these elements, with the next value for each. */
void rog_mask_subtract(const uint64_t *set, size_t n, const float *values, float share, float *x);

#endif
