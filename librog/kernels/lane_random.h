/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_KERNELS_LANE_RANDOM_H
#define ROG_KERNELS_LANE_RANDOM_H

/*
 * Returns a pseudo-random number of 32 bits for each seed and index, without state, by arithmetic
 * that vectorizes. Both halves of the seed enter an integer hash with two multiplications (C.
 * Wellons, "Prospecting for Hash Functions", 2018: lowbias32).
 */

#include <stdint.h>

static inline __attribute__((always_inline)) uint32_t rog_lane_random(uint64_t seed, uint32_t index)
{
    uint32_t x = index + (uint32_t)seed;
    x = (x ^ x >> 16) * UINT32_C(0x7feb352d) + (uint32_t)(seed >> 32);
    x = (x ^ x >> 15) * UINT32_C(0x846ca68b);
    return x ^ x >> 16;
}

#endif
