/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_CODECS_BLOCKS_H
#define ROG_CODECS_BLOCKS_H

/*
 * Rows as multiples of a step: a row is cut into blocks of `block` elements, of which the last may
 * be smaller. The bytes of a block are its step, a float32, and a code of 1, 2, 4 or 8 bits for
 * each element (kernels/pack.h). With c = 2^(bits - 1) the value of a code is
 *
 *     (code - c) step, with code > 0       numbers about 0, which is one of them
 *     (code - c + 1/2) step, with `halves` as many above 0 as below
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rog_blocks {
    uint32_t elements; /* elements of the row */
    uint32_t block;    /* elements of a block */
    unsigned bits;
    bool halves;
};

size_t rog_blocks_bytes(const struct rog_blocks *blocks);

/* Returns the number of steps in the largest magnitude. */
float rog_blocks_reach(const struct rog_blocks *blocks);

/* Writes one block of n elements and returns its bytes; on return `values` contains the residual.
 * Larger values are clipped to the greatest magnitude. Each element is rounded to the nearest
 * multiple; with a seed, to one of the two nearest at random, so that the mean is right. A step
 * that is too small for arithmetic is 0. */
size_t rog_blocks_put(const struct rog_blocks *blocks, float step, const uint64_t *seed,
                      float *values, size_t n, uint8_t *bytes);

/* w <- w - share x. The bytes have been checked. */
void rog_blocks_decode(const struct rog_blocks *blocks, float share, const uint8_t *bytes,
                       float *w);

/* Returns whether the bytes are blocks of such a row and no value exceeds the limit; all bytes of
 * the row are available. */
bool rog_blocks_check(const struct rog_blocks *blocks, float limit, const uint8_t *bytes,
                      const char **why);

#endif
