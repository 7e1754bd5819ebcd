/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_RANDOM_H
#define ROG_RANDOM_H

/*
 * Pseudo-random numbers that depend only on their arguments, for plugins: use them with the given
 * seed, so that a run can be repeated to the byte.
 */

#include <stdint.h>

/* Returns a number of 64 bits for each seed and pair of indices, in any order and without state:
 * the output function of SplitMix64 (Steele, Lea, Flood, OOPSLA 2014) over a Weyl sequence for
 * each index. */
static inline uint64_t rog_random(uint64_t seed, uint64_t a, uint64_t b)
{
    uint64_t z = seed + a * UINT64_C(0xd1342543de82ef95) + b * UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

#endif
