/* SPDX-License-Identifier: Apache-2.0 */
/* Rows as multiples of a step, with one step per block. */
#include <librog/codecs/blocks.h>

#include <float.h>
#include <string.h>

#include <librog/kernels/float_bytes.h>
#include <librog/kernels/kernels.h>
#include <librog/kernels/lane_random.h>
#include <librog/kernels/pack.h>

#define STEP_BYTES 4
#define LEAST_STEP 1e-30f            /* smaller steps become 0 */
#define MOST_STEP (FLT_MAX / 0x1p8f) /* so that its multiples are finite */
#define PIECE ROG_PACK_GROUP

/* How codes correspond to values. */
struct grid {
    float step, per_step;
    float least, most; /* multiples, before 1/2 is added */
    float center;      /* the code of 0; with halves, between two codes */
    float nearest;     /* added before rounding down */
};

static float center_of(const struct rog_blocks *blocks)
{
    return (float)(1u << (blocks->bits - 1));
}

static struct grid grid_of(const struct rog_blocks *blocks, float step)
{
    float center = center_of(blocks);
    step = step >= LEAST_STEP ? step : 0;
    step = step < MOST_STEP ? step : MOST_STEP;
    return (struct grid){.step = step,
                         .per_step = step > 0 ? 1 / step : 0,
                         .least = blocks->halves ? -center : 1 - center,
                         .most = center - 1,
                         .center = blocks->halves ? center - 0.5f : center,
                         .nearest = blocks->halves ? 0 : 0.5f};
}

float rog_blocks_reach(const struct rog_blocks *blocks)
{
    return center_of(blocks) - (blocks->halves ? 0.5f : 1);
}

/* Adds `add` to x / step, rounds down, and leaves the residual in x. */
static inline __attribute__((always_inline)) uint8_t take_code(const struct grid *grid, float add,
                                                               float *x)
{
    float place = *x * grid->per_step + add;
    place = place > grid->least ? place : grid->least;
    place = place < grid->most ? place : grid->most;
    int32_t multiple = (int32_t)place;
    multiple -= (float)multiple > place;
    int32_t code = multiple + (int32_t)(grid->center + 0.5f);
    *x -= ((float)code - grid->center) * grid->step;
    return (uint8_t)code;
}

static ROG_KERNEL_WIDE void take_nearest(const struct grid *from, float *restrict x, size_t n,
                                         uint8_t *restrict codes)
{
    const struct grid grid = *from;
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        codes[i] = take_code(&grid, grid.nearest, &x[i]);
}

/* QSGD's rounding: up with a probability equal to the fraction above the multiple. */
static ROG_KERNEL_WIDE void take_either(const struct grid *from, uint64_t seed, float *restrict x,
                                        size_t n, uint8_t *restrict codes)
{
    const struct grid grid = *from;
#pragma omp simd
    for (size_t i = 0; i < n; i++) {
        int32_t chance = (int32_t)(rog_lane_random(seed, (uint32_t)i) >> 8);
        codes[i] = take_code(&grid, (float)chance * 0x1p-24f, &x[i]);
    }
}

static ROG_KERNEL_WIDE void subtract(const uint8_t *restrict codes, size_t n, float center,
                                     float step, float *restrict w)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        w[i] -= ((float)codes[i] - center) * step;
}

static ROG_KERNEL_WIDE bool has_zero(const uint8_t *codes, size_t n)
{
    uint8_t bad = 0;
#pragma omp simd reduction(| : bad)
    for (size_t i = 0; i < n; i++)
        bad |= codes[i] == 0;
    return bad;
}

/* ---- blocks ---- */

static size_t block_bytes(const struct rog_blocks *blocks, size_t n)
{
    return STEP_BYTES + rog_pack_bytes(n, blocks->bits);
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

size_t rog_blocks_bytes(const struct rog_blocks *blocks)
{
    size_t whole = blocks->elements / blocks->block, left = blocks->elements % blocks->block;
    return whole * block_bytes(blocks, blocks->block) + (left ? block_bytes(blocks, left) : 0);
}

size_t rog_blocks_put(const struct rog_blocks *blocks, float step, const uint64_t *seed,
                      float *values, size_t n, uint8_t *bytes)
{
    const struct grid grid = grid_of(blocks, step);
    uint8_t *at = bytes + STEP_BYTES;
    rog_put_float(bytes, grid.step);
    for (size_t done = 0; done < n; done += PIECE) {
        uint8_t codes[PIECE];
        size_t length = smaller(n - done, PIECE);
        if (seed)
            take_either(&grid, *seed + done, values + done, length, codes);
        else
            take_nearest(&grid, values + done, length, codes);
        rog_pack_put(codes, length, blocks->bits, at);
        at += rog_pack_bytes(length, blocks->bits);
    }
    return block_bytes(blocks, n);
}

void rog_blocks_decode(const struct rog_blocks *blocks, float share, const uint8_t *bytes, float *w)
{
    const struct grid grid = grid_of(blocks, 0);
    for (size_t left = blocks->elements; left > 0;) {
        size_t n = smaller(left, blocks->block);
        float step = rog_get_float(bytes) * share;
        bytes += STEP_BYTES;
        left -= n;
        while (n > 0) {
            uint8_t codes[PIECE];
            size_t length = smaller(n, PIECE);
            rog_pack_get(bytes, length, blocks->bits, codes);
            subtract(codes, length, grid.center, step, w);
            bytes += rog_pack_bytes(length, blocks->bits);
            w += length;
            n -= length;
        }
    }
}

/* ---- decoding and checking ---- */

static const char *check_codes(const struct rog_blocks *blocks, const uint8_t *bytes, size_t n)
{
    if (!rog_pack_ends(bytes, n, blocks->bits))
        return "nonzero bits after its end";
    for (size_t done = 0; done < n && !blocks->halves; done += PIECE) {
        uint8_t codes[PIECE];
        size_t length = smaller(n - done, PIECE);
        rog_pack_get(bytes + rog_pack_bytes(done, blocks->bits), length, blocks->bits, codes);
        if (has_zero(codes, length))
            return "an invalid multiple";
    }
    return NULL;
}

bool rog_blocks_check(const struct rog_blocks *blocks, float limit, const uint8_t *bytes,
                      const char **why)
{
    for (size_t left = blocks->elements; left > 0;) {
        size_t n = smaller(left, blocks->block);
        float step = rog_get_float(bytes);
        *why = "a step that is not a number >= 0";
        if (rog_float_bits(step) > rog_float_bits(FLT_MAX)) /* rejects -0, too */
            return false;
        *why = "a value that is too large";
        if (!(step * rog_blocks_reach(blocks) <= limit))
            return false;
        *why = check_codes(blocks, bytes + STEP_BYTES, n);
        if (*why)
            return false;
        bytes += block_bytes(blocks, n);
        left -= n;
    }
    return true;
}
