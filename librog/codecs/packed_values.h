/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_CODECS_PACKED_VALUES_H
#define ROG_CODECS_PACKED_VALUES_H

/*
 * A few numbers, such as those that a sparse row is left with, with 32, 16, 8, 4 or 2 bits each.
 * 32: exact. Fewer: of 2^(bits - 1) magnitudes, evenly spaced, the first and the last as bfloat16,
 * then of each number its sign and which of these is nearest to its magnitude.
 *
 * With 4 bits or more the first is the least magnitude that there is, rounded down, and the last
 * the greatest, rounded up: so no number is further off than half a space, nor further than 0 is.
 * With 2 bits they are the means of those that are not above the mean magnitude and of those that
 * are, so that the squares of the errors add up to no more than those of the numbers (one step of
 * Lloyd, IEEE Trans. Inf. Theory 1982, method I; with means as in Sarfi et al., arXiv:2508.15706).
 */

#include <stddef.h>
#include <stdint.h>

/* The words of such a parameter, and the bits that each word stands for. */
#define ROG_VALUE_BITS_CHOICES "32|16|8|4|2"
#define ROG_VALUE_BITS_PLACES 5
unsigned rog_value_bits(uint32_t place);

size_t rog_values_bytes(size_t count, unsigned bits);

/* On return values are those that the bytes contain. */
void rog_values_put(float *values, size_t count, unsigned bits, uint8_t *bytes);
/* The bytes have been checked. */
void rog_values_get(const uint8_t *bytes, size_t count, unsigned bits, float *values);

/* What is invalid in these bytes; NULL: nothing. All rog_values_bytes are available. */
const char *rog_values_check(const uint8_t *bytes, size_t count, unsigned bits, float limit);

#endif
