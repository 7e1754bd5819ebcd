/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_COMMON_RNG_H
#define ROG_COMMON_RNG_H

/*
 * Seeded random numbers, the same on every machine: xoshiro256** (Blackman & Vigna 2018), seeded
 * through SplitMix64. There is no global generator; each user has its own, derived by name from
 * the run's seed, so that adding a user does not change what the others draw.
 */

#include <stdint.h>

struct rog_rng {
    uint64_t state[4];
};

void rog_rng_init(struct rog_rng *rng, uint64_t seed);
/* Initializes a generator for one purpose: `stream` names it ("trace"), `index` numbers it (the
 * rank). */
void rog_rng_derive(struct rog_rng *rng, uint64_t seed, const char *stream, uint64_t index);

uint64_t rog_rng_u64(struct rog_rng *rng);
double rog_rng_uniform(struct rog_rng *rng);                        /* [0, 1) */
double rog_rng_range(struct rog_rng *rng, double low, double high); /* [low, high) */
uint32_t rog_rng_below(struct rog_rng *rng, uint32_t bound);        /* [0, bound), bound > 0 */
double rog_rng_normal(struct rog_rng *rng);                         /* mean 0, variance 1 */
double rog_rng_gamma(struct rog_rng *rng, double shape);            /* scale 1; shape > 0 */
double rog_rng_beta(struct rog_rng *rng, double a, double b);       /* [0, 1] */
void rog_rng_shuffle(struct rog_rng *rng, uint32_t *items, uint32_t count);

#endif
