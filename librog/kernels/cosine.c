/* SPDX-License-Identifier: Apache-2.0 */
/* The cosine transform of blocks, some columns at a time. */
#include <librog/kernels/cosine.h>

#include <math.h>
#include <string.h>

#include <librog/kernels/kernels.h>

#define LANES ROG_KERNEL_LANES
#define ROWS 4 /* of a result that are formed side by side: as many as registers hold */
#define PI 3.14159265358979323846

/* ---- matrices: of the differences of n, of n / 2, ..., and of what is odd ---- */

static uint32_t odd_part(uint32_t n)
{
    return n >> __builtin_ctz(n);
}

static size_t matrix_floats(uint32_t n)
{
    size_t floats = 0;
    for (; n % 2 == 0; n /= 2)
        floats += (size_t)(n / 2) * (n / 2);
    return floats + (size_t)n * n;
}

uint32_t rog_cosine_frequency(uint32_t n, uint32_t place)
{
    uint32_t step = 1;
    for (; n % 2 == 0 && place < n / 2; n /= 2)
        step *= 2;
    return n % 2 ? place * step : (2 * (place - n / 2) + 1) * step;
}

/* sqrt(2 / n) cos(m pi / 2 n) for m up to n. */
static void make_quarter(uint32_t n, float *quarter)
{
    for (uint32_t m = 0; m <= n; m++)
        quarter[m] = m < n ? (float)(sqrt(2.0 / n) * cos(PI / 2 * m / n)) : 0;
}

/* Row j is of the coefficient at first + j. */
static float *make_matrix(uint32_t n, uint32_t first, uint32_t count, const float *quarter,
                          float *matrix)
{
    for (uint32_t j = 0; j < count; j++) {
        uint32_t f = rog_cosine_frequency(n, first + j), m = f;
        for (uint32_t i = 0; i < count;
             i++, m = m + 2 * f < 4 * n ? m + 2 * f : m + 2 * f - 4 * n) {
            uint32_t half = m <= 2 * n ? m : 4 * n - m; /* the cosine is the same */
            float cosine = half <= n ? quarter[half] : -quarter[2 * n - half];
            *matrix++ = f ? cosine : cosine * 0.70710678f;
        }
    }
    return matrix;
}

static float *make_matrices(uint32_t n, float *quarter, float *matrices)
{
    make_quarter(n, quarter);
    for (uint32_t half = n / 2; half >= odd_part(n); half /= 2)
        matrices = make_matrix(n, half, half, quarter, matrices);
    return make_matrix(n, 0, odd_part(n), quarter, matrices);
}

static size_t column_floats(uint32_t h, uint32_t w)
{
    return (size_t)((h > w ? h : w) + 1) * LANES;
}

size_t rog_cosine_scratch(uint32_t h, uint32_t w)
{
    return (matrix_floats(h) + matrix_floats(w) + (size_t)h * w + 2 * column_floats(h, w)) *
           sizeof(float);
}

struct rog_cosine rog_cosine_make(uint32_t h, uint32_t w, void *scratch)
{
    struct rog_cosine cosine = {.h = h, .w = w, .columns = scratch};
    cosine.room = cosine.columns + column_floats(h, w);
    cosine.halfway = cosine.room + column_floats(h, w);
    cosine.of_h = cosine.halfway + (size_t)h * w;
    cosine.of_w = make_matrices(h, cosine.room, cosine.of_h);
    make_matrices(w, cosine.room, cosine.of_w);
    return cosine;
}

/* ---- LANES columns of n: x is n rows of them ---- */

/* out_a = sum_b t[a * across + b * along] in_b, of `count` (1 or ROWS) rows out of n. */
static inline __attribute__((always_inline)) void some_rows(size_t count, uint32_t n,
                                                            const float *restrict t, size_t across,
                                                            size_t along, const float *restrict in,
                                                            float *restrict out)
{
    float sum[ROWS][LANES] = {{0}};
    for (uint32_t b = 0; b < n; b++)
        for (size_t a = 0; a < count; a++) {
            float factor = t[a * across + b * along];
#pragma omp simd
            for (size_t k = 0; k < LANES; k++)
                sum[a][k] += factor * in[b * LANES + k];
        }
    memcpy(out, sum, count * sizeof sum[0]);
}

static inline __attribute__((always_inline)) void product(uint32_t n, const float *t, size_t across,
                                                          size_t along, const float *in, float *out)
{
    uint32_t a = 0;
    for (; a + ROWS <= n; a += ROWS)
        some_rows(ROWS, n, t + a * across, across, along, in, out + a * LANES);
    for (; a < n; a++)
        some_rows(1, n, t + a * across, across, along, in, out + a * LANES);
}

/* Sums in place of the first half, differences beside. */
static inline __attribute__((always_inline)) void fold(uint32_t half, float *restrict x,
                                                       float *restrict differences)
{
    for (uint32_t i = 0; i < half; i++) {
        float *near = x + i * LANES, *far = x + (2 * half - 1 - i) * LANES;
#pragma omp simd
        for (size_t k = 0; k < LANES; k++) {
            differences[i * LANES + k] = near[k] - far[k];
            near[k] += far[k];
        }
    }
}

/* The other way round. */
static inline __attribute__((always_inline)) void unfold(uint32_t half, float *restrict x,
                                                         const float *restrict differences)
{
    for (uint32_t i = 0; i < half; i++) {
        float *near = x + i * LANES, *far = x + (2 * half - 1 - i) * LANES;
#pragma omp simd
        for (size_t k = 0; k < LANES; k++) {
            far[k] = near[k] - differences[i * LANES + k];
            near[k] += differences[i * LANES + k];
        }
    }
}

static ROG_KERNEL_WIDE void forward(uint32_t n, const float *matrices, float *x, float *room)
{
    for (; n % 2 == 0; n /= 2) {
        uint32_t half = n / 2;
        fold(half, x, room);
        product(half, matrices, half, 1, room, x + half * LANES);
        matrices += (size_t)half * half;
    }
    memcpy(room, x, n * LANES * sizeof *x);
    product(n, matrices, n, 1, room, x);
}

static ROG_KERNEL_WIDE void inverse(uint32_t n, const float *matrices, float *x, float *room)
{
    uint32_t half = odd_part(n);
    matrices += matrix_floats(n) - (size_t)half * half;
    memcpy(room, x, half * LANES * sizeof *x);
    product(half, matrices, 1, half, room, x);
    for (; half < n; half *= 2) {
        matrices -= (size_t)half * half;
        product(half, matrices, 1, half, x + half * LANES, room);
        unfold(half, x, room);
    }
}

/* ---- blocks ---- */

/* Transforms columns of n numbers, at a distance of `stride` in x; each becomes a row of y. */
static void columns_to_rows(const struct rog_cosine *cosine,
                            void (*transform)(uint32_t, const float *, float *, float *),
                            const float *matrices, uint32_t n, uint32_t columns, const float *x,
                            size_t stride, float *y)
{
    for (uint32_t done = 0; done < columns; done += LANES, y += (size_t)n * LANES) {
        uint32_t count = columns - done < LANES ? columns - done : LANES;
        memset(cosine->columns, 0, n * LANES * sizeof(float));
        for (uint32_t i = 0; i < n; i++)
            memcpy(cosine->columns + i * LANES, x + i * stride + done, count * sizeof(float));
        transform(n, matrices, cosine->columns, cosine->room);
        for (uint32_t k = 0; k < count; k++)
            for (uint32_t i = 0; i < n; i++)
                y[k * n + i] = cosine->columns[i * LANES + k];
    }
}

void rog_cosine_forward(const struct rog_cosine *cosine, const float *x, size_t stride, float *y)
{
    uint32_t h = cosine->h, w = cosine->w;
    columns_to_rows(cosine, forward, cosine->of_h, h, w, x, stride, cosine->halfway);
    columns_to_rows(cosine, forward, cosine->of_w, w, h, cosine->halfway, h, y);
}

void rog_cosine_inverse(const struct rog_cosine *cosine, float *y)
{
    uint32_t h = cosine->h, w = cosine->w;
    columns_to_rows(cosine, inverse, cosine->of_h, h, w, y, w, cosine->halfway);
    columns_to_rows(cosine, inverse, cosine->of_w, w, h, cosine->halfway, h, y);
}
