/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_CODECS_PACKED_VALUES_H
#define ROG_CODECS_PACKED_VALUES_H

/*
 * A few numbers, such as those that a sparse row is left with, with 32, 16, 8, 4 or 2 bits each.
 * 32: exact. Fewer: the least and the greatest magnitude, rounded outwards to bfloat16 (lo, hi),
 * then of each number its sign and in which of the 2^(bits - 1) equal parts of [lo, hi] its
 * magnitude is, whose middle it becomes: it is off by at most (hi - lo) / 2^bits.
 */

#include <stddef.h>
#include <stdint.h>

/* The words of a parameter of that meaning, and what the word at each place says. */
#define ROG_VALUE_BITS_CHOICES "32|16|8|4|2"
#define ROG_VALUE_BITS_PLACES 5
unsigned rog_value_bits(uint32_t place);

size_t rog_values_bytes(size_t count, unsigned bits);

/* On return values are what the bytes say. */
void rog_values_put(float *values, size_t count, unsigned bits, uint8_t *bytes);
/* Bytes that have been checked. */
void rog_values_get(const uint8_t *bytes, size_t count, unsigned bits, float *values);

/* What these bytes have that they must not have; NULL: nothing. rog_values_bytes are there. */
const char *rog_values_check(const uint8_t *bytes, size_t count, unsigned bits, float limit);

#endif
