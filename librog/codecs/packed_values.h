/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_CODECS_PACKED_VALUES_H
#define ROG_CODECS_PACKED_VALUES_H

/*
 * Arrays of numbers, such as the values of a sparse row, with 32, 16, 8, 4 or 2 bits each. 32:
 * exact. Fewer: there are 2^(bits - 1) evenly spaced magnitudes; the bytes contain the first and
 * the last of them as bfloat16, then the sign of each number and which magnitude is nearest to its
 * own.
 *
 * With 4 bits or more the first is the least magnitude in the array, rounded down, and the last the
 * greatest, rounded up: so the error of a number is at most half the spacing, and at most its
 * magnitude. With 2 bits they are the mean of the magnitudes up to the mean magnitude and the mean
 * of those above, so that the sum of squared errors is at most that of squared numbers (one step of
 * Lloyd, IEEE Trans. Inf. Theory 1982, method I; with means as in Sarfi et al., arXiv:2508.15706).
 */

#include <stddef.h>
#include <stdint.h>

/* The choices of a parameter for the number of bits, and the number of bits of each choice. */
#define ROG_VALUE_BITS_CHOICES "32|16|8|4|2"
#define ROG_VALUE_BITS_PLACES 5
unsigned rog_value_bits(uint32_t place);

size_t rog_values_bytes(size_t count, unsigned bits);

/* On return `values` are the values that the bytes contain. */
void rog_values_put(float *values, size_t count, unsigned bits, uint8_t *bytes);
/* The bytes have been checked. */
void rog_values_get(const uint8_t *bytes, size_t count, unsigned bits, float *values);

/* Returns why these bytes are invalid, or NULL if they are valid. All rog_values_bytes are
 * available. */
const char *rog_values_check(const uint8_t *bytes, size_t count, unsigned bits, float limit);

#endif
