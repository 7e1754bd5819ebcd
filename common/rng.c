/* SPDX-License-Identifier: Apache-2.0 */
/* xoshiro256** and distributions. */
#include <common/rng.h>

#include <math.h>

static uint64_t splitmix64(uint64_t *x)
{
    uint64_t z = (*x += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

void rog_rng_init(struct rog_rng *rng, uint64_t seed)
{
    for (int i = 0; i < 4; i++)
        rng->state[i] = splitmix64(&seed);
}

void rog_rng_derive(struct rog_rng *rng, uint64_t seed, const char *stream, uint64_t index)
{
    /* FNV-1a over the name, then a round of mixing for each argument. */
    uint64_t name = UINT64_C(0xcbf29ce484222325);
    for (; *stream; stream++)
        name = (name ^ (unsigned char)*stream) * UINT64_C(0x100000001b3);
    uint64_t mixed = splitmix64(&seed) ^ name;
    mixed = splitmix64(&mixed) ^ index;
    rog_rng_init(rng, splitmix64(&mixed));
}

static inline uint64_t rotate(uint64_t x, int bits)
{
    return (x << bits) | (x >> (64 - bits));
}

uint64_t rog_rng_u64(struct rog_rng *rng)
{
    uint64_t *s = rng->state;
    uint64_t result = rotate(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 45);
    return result;
}

double rog_rng_uniform(struct rog_rng *rng)
{
    return (double)(rog_rng_u64(rng) >> 11) * 0x1p-53;
}

double rog_rng_range(struct rog_rng *rng, double low, double high)
{
    return low + (high - low) * rog_rng_uniform(rng);
}

uint32_t rog_rng_below(struct rog_rng *rng, uint32_t bound)
{
    /* Lemire 2019: multiply and reject, without bias. */
    uint64_t product = (uint64_t)(uint32_t)(rog_rng_u64(rng) >> 32) * bound;
    uint32_t low = (uint32_t)product;
    if (low < bound) {
        uint32_t threshold = (uint32_t)(-bound) % bound;
        while (low < threshold) {
            product = (uint64_t)(uint32_t)(rog_rng_u64(rng) >> 32) * bound;
            low = (uint32_t)product;
        }
    }
    return (uint32_t)(product >> 32);
}

double rog_rng_normal(struct rog_rng *rng)
{
    /* Box-Muller; the second value is not kept, so that the generator is the only state. */
    double u = 1.0 - rog_rng_uniform(rng);
    double v = rog_rng_uniform(rng);
    return sqrt(-2.0 * log(u)) * cos(6.283185307179586 * v);
}

double rog_rng_gamma(struct rog_rng *rng, double shape)
{
    /* Marsaglia & Tsang 2000; shapes below 1 by their boosting step. */
    double boost = 1.0;
    if (shape < 1.0) {
        boost = pow(1.0 - rog_rng_uniform(rng), 1.0 / shape);
        shape += 1.0;
    }
    double d = shape - 1.0 / 3.0, c = 1.0 / sqrt(9.0 * d);
    for (;;) {
        double x = rog_rng_normal(rng);
        double v = 1.0 + c * x;
        if (v <= 0.0)
            continue;
        v = v * v * v;
        double u = 1.0 - rog_rng_uniform(rng);
        if (log(u) < 0.5 * x * x + d - d * v + d * log(v))
            return boost * d * v;
    }
}

double rog_rng_beta(struct rog_rng *rng, double a, double b)
{
    double x = rog_rng_gamma(rng, a);
    double y = rog_rng_gamma(rng, b);
    return x + y > 0.0 ? x / (x + y) : 0.5;
}

void rog_rng_shuffle(struct rog_rng *rng, uint32_t *items, uint32_t count)
{
    for (uint32_t i = count; i > 1; i--) {
        uint32_t j = rog_rng_below(rng, i);
        uint32_t item = items[i - 1];
        items[i - 1] = items[j];
        items[j] = item;
    }
}
