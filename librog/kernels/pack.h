/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_KERNELS_PACK_H
#define ROG_KERNELS_PACK_H

/*
 * Codes of 1, 2, 4 or 8 bits, packed into bytes. They form groups of ROG_PACK_GROUP codes, of which
 * the last may be smaller: in a group of B bytes, code i is in byte i % B, above the codes i - B, i
 * - 2B, ... So whole bytes are computed at once, whatever the width of a vector. Unused bits are 0.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ROG_PACK_GROUP 256

size_t rog_pack_bytes(size_t count, unsigned bits);

/* Each code must be below 1 << bits. */
void rog_pack_put(const uint8_t *codes, size_t count, unsigned bits, uint8_t *bytes);
void rog_pack_get(const uint8_t *bytes, size_t count, unsigned bits, uint8_t *codes);

/* Returns whether the unused bits are all 0. */
bool rog_pack_ends(const uint8_t *bytes, size_t count, unsigned bits);

#endif
