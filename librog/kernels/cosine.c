/* SPDX-License-Identifier: Apache-2.0 */
/* The cosine transform of blocks, several columns at a time. */
#include <librog/kernels/cosine.h>

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include <librog/kernels/kernels.h>

#define LANES ROG_KERNEL_LANES
#define ROWS 4  /* rows of a product that are computed together: as many as registers hold */
#define SMALL 4 /* smallest size for which a product is computed */
#define PI 3.14159265358979323846
#define HALF 0.70710678f /* the square root of 1/2 */

/* ---- tables: for n, n / 2, ..., and the matrices of the last size, C2 and C4 ---- */

/* For one size: sines and cosines of the rotations, n / 2 of each; then the positions of C2's
 * coefficients, by frequency. */
struct table {
    const float *sine, *cosine, *place, *next;
};

static struct table table_of(uint32_t n, const float *tables)
{
    return (struct table){tables, tables + n / 2, tables + n, tables + 2 * (size_t)n};
}

static bool is_last(uint32_t n)
{
    return n % 2 == 1 || n <= SMALL;
}

static size_t table_floats(uint32_t n)
{
    size_t floats = 0;
    for (; !is_last(n); n /= 2)
        floats += 2 * (size_t)n;
    return floats + 2 * (size_t)n * n;
}

static uint32_t place_c2(uint32_t n, uint32_t frequency);

static uint32_t place_c4(uint32_t n, uint32_t k)
{
    uint32_t half = n / 2;
    if (is_last(n))
        return k;
    if (k == n - 1)
        return half + place_c2(half, 0);
    return k % 2 ? half + place_c2(half, half - (k + 1) / 2) : place_c2(half, k / 2);
}

static uint32_t place_c2(uint32_t n, uint32_t frequency)
{
    for (; !is_last(n) && frequency % 2 == 0; frequency /= 2)
        n /= 2;
    return is_last(n) ? frequency : n / 2 + place_c4(n / 2, frequency / 2);
}

static void make_tables(uint32_t n, float *tables)
{
    for (; !is_last(n); n /= 2, tables += n * 4)
        for (uint32_t i = 0; i < n; i++) {
            double angle = PI / 4 * (2 * i + 1) / n;
            if (i < n / 2)
                tables[i] = (float)sin(angle), tables[n / 2 + i] = (float)cos(angle);
            tables[n + i] = (float)place_c2(n, i);
        }
    for (uint32_t j = 0; j < n; j++)
        for (uint32_t i = 0; i < n; i++) {
            double scale = sqrt((j > 0 ? 2.0 : 1.0) / n), from_end = 2 * (n - 1 - i) + 1;
            tables[j * n + i] = (float)(scale * cos(PI / 2 * j * (2 * i + 1) / n));
            tables[(n + j) * n + i] =
                (float)(sqrt(2.0 / n) * cos(PI / 4 * (2 * j + 1) * from_end / n));
        }
}

static size_t column_floats(uint32_t h, uint32_t w)
{
    return (size_t)(h > w ? h : w) * LANES;
}

size_t rog_cosine_scratch(uint32_t h, uint32_t w)
{
    return (table_floats(h) + table_floats(w) + (size_t)h * w + 2 * column_floats(h, w)) *
           sizeof(float);
}

struct rog_cosine rog_cosine_make(uint32_t h, uint32_t w, void *scratch)
{
    struct rog_cosine cosine = {.h = h, .w = w, .columns = scratch};
    cosine.room = cosine.columns + column_floats(h, w);
    cosine.halfway = cosine.room + column_floats(h, w);
    cosine.of_h = cosine.halfway + (size_t)h * w;
    cosine.of_w = cosine.of_h + table_floats(h);
    make_tables(h, cosine.of_h);
    make_tables(w, cosine.of_w);
    return cosine;
}

/* ---- LANES columns of n numbers: x has n rows of LANES ---- */

/* near <- a near + b far;  far <- c near + d far */
static inline __attribute__((always_inline)) void turn(float *restrict near, float *restrict far,
                                                       float a, float b, float c, float d)
{
#pragma omp simd
    for (size_t k = 0; k < LANES; k++) {
        float first = near[k], second = far[k];
        near[k] = a * first + b * second;
        far[k] = c * first + d * second;
    }
}

/* out_a = sum_b t[a * across + b * along] in_b, for `count` (1 or ROWS) of n rows */
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

/* x <- t x, or its transpose */
static inline __attribute__((always_inline)) void product(uint32_t n, const float *t,
                                                          bool transposed, float *x, float *room)
{
    size_t across = transposed ? 1 : n, along = transposed ? n : 1;
    uint32_t a = 0;
    memcpy(room, x, n * LANES * sizeof *x);
    for (; a + ROWS <= n; a += ROWS)
        some_rows(ROWS, n, t + a * across, across, along, room, x + a * LANES);
    for (; a < n; a++)
        some_rows(1, n, t + a * across, across, along, room, x + a * LANES);
}

/* Returns where C2 of this size has the coefficient of frequency j. */
static inline __attribute__((always_inline)) float *at(uint32_t n, const float *tables, uint32_t j,
                                                       float *x)
{
    return x + (is_last(n) ? j : (uint32_t)table_of(n, tables).place[j]) * LANES;
}

static inline __attribute__((always_inline)) void negate(float *x)
{
    for (size_t k = 0; k < LANES; k++)
        x[k] = -x[k];
}

static ROG_KERNEL_WIDE void forward(uint32_t n, const float *tables, float *x, float *room);
static ROG_KERNEL_WIDE void inverse(uint32_t n, const float *tables, float *x, float *room);

/* C4 of x from its last row to its first: P is C2, of half the size, of its rows rotated in pairs;
 * Q is that of the other halves, from last to first, which changes the signs of odd frequencies.
 * y_2j and y_(2j-1) are the sum and the difference of P_j and Q_(n/2-j). */
static ROG_KERNEL_WIDE void forward_c4(uint32_t n, const float *tables, float *x, float *room)
{
    if (is_last(n)) {
        product(n, tables + (size_t)n * n, false, x, room);
        return;
    }
    const struct table table = table_of(n, tables);
    const uint32_t half = n / 2;
    float *y = x + half * LANES;
    for (uint32_t i = 0; i < half; i++) {
        float s = table.sine[i], c = table.cosine[i], sign = i % 2 ? -1 : 1;
        turn(x + i * LANES, x + (n - 1 - i) * LANES, s, c, sign * c, -sign * s);
    }
    forward(half, table.next, x, room);
    forward(half, table.next, y, room);
    negate(at(half, table.next, 0, y));
    for (uint32_t j = 1; j < half; j++) {
        float sign = (half - j) % 2 ? -HALF : HALF;
        turn(at(half, table.next, j, x), at(half, table.next, half - j, y), HALF, sign, HALF,
             -sign);
    }
}

static ROG_KERNEL_WIDE void inverse_c4(uint32_t n, const float *tables, float *x, float *room)
{
    if (is_last(n)) {
        product(n, tables + (size_t)n * n, true, x, room);
        return;
    }
    const struct table table = table_of(n, tables);
    const uint32_t half = n / 2;
    float *y = x + half * LANES;
    negate(at(half, table.next, 0, y));
    for (uint32_t j = 1; j < half; j++) {
        float sign = (half - j) % 2 ? -HALF : HALF;
        turn(at(half, table.next, j, x), at(half, table.next, half - j, y), HALF, HALF, sign,
             -sign);
    }
    inverse(half, table.next, x, room);
    inverse(half, table.next, y, room);
    for (uint32_t i = 0; i < half; i++) {
        float s = table.sine[i], c = table.cosine[i], sign = i % 2 ? -1 : 1;
        turn(x + i * LANES, x + (n - 1 - i) * LANES, s, sign * c, c, -sign * s);
    }
}

/* C2: of half the size, C2 of the sums x_i + x_(n-1-i) and C4 of the differences, which are stored
 * from last to first. */
static ROG_KERNEL_WIDE void forward(uint32_t n, const float *tables, float *x, float *room)
{
    if (is_last(n)) {
        product(n, tables, false, x, room);
        return;
    }
    for (uint32_t i = 0; i < n / 2; i++)
        turn(x + i * LANES, x + (n - 1 - i) * LANES, HALF, HALF, HALF, -HALF);
    const float *next = table_of(n, tables).next;
    forward(n / 2, next, x, room);
    forward_c4(n / 2, next, x + n / 2 * LANES, room);
}

static ROG_KERNEL_WIDE void inverse(uint32_t n, const float *tables, float *x, float *room)
{
    if (is_last(n)) {
        product(n, tables, true, x, room);
        return;
    }
    const float *next = table_of(n, tables).next;
    inverse(n / 2, next, x, room);
    inverse_c4(n / 2, next, x + n / 2 * LANES, room);
    for (uint32_t i = 0; i < n / 2; i++)
        turn(x + i * LANES, x + (n - 1 - i) * LANES, HALF, HALF, HALF, -HALF);
}

/* ---- blocks ---- */

typedef float four __attribute__((vector_size(16)));

/* Selects these of the eight elements of a and b. gcc has clang's built-in function only since
 * version 12. */
#ifdef __clang__
#define PICK(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
typedef int32_t places __attribute__((vector_size(16)));
#define PICK(a, b, ...) __builtin_shuffle(a, b, (places){__VA_ARGS__})
#endif

static inline four load(const float *x)
{
    four y;
    memcpy(&y, x, sizeof y);
    return y;
}

static inline void store(float *x, four y)
{
    memcpy(x, &y, sizeof y);
}

/* Transposes 4 rows and columns of x, at distance `from`, to y, at distance `to`. */
static inline __attribute__((always_inline)) void transpose_four(const float *x, size_t from,
                                                                 float *y, size_t to)
{
    four a = load(x), b = load(x + from), c = load(x + 2 * from), d = load(x + 3 * from);
    four ab = PICK(a, b, 0, 4, 1, 5), cd = PICK(c, d, 0, 4, 1, 5);
    four ba = PICK(a, b, 2, 6, 3, 7), dc = PICK(c, d, 2, 6, 3, 7);
    store(y, PICK(ab, cd, 0, 1, 4, 5));
    store(y + to, PICK(ab, cd, 2, 3, 6, 7));
    store(y + 2 * to, PICK(ba, dc, 0, 1, 4, 5));
    store(y + 3 * to, PICK(ba, dc, 2, 3, 6, 7));
}

/* Writes the first `count` columns of x, n rows of LANES, as rows of n. */
static void transpose(const float *x, uint32_t n, uint32_t count, float *y)
{
    uint32_t whole = n - n % 4, columns = count - count % 4;
    for (uint32_t k = 0; k < columns; k += 4)
        for (uint32_t i = 0; i < whole; i += 4)
            transpose_four(x + i * LANES + k, LANES, y + k * n + i, n);
    for (uint32_t k = 0; k < count; k++)
        for (uint32_t i = k < columns ? whole : 0; i < n; i++)
            y[k * n + i] = x[i * LANES + k];
}

/* Copies `count` columns of n numbers; the other columns are 0. */
static void take(const float *x, size_t stride, uint32_t n, uint32_t count, float *columns)
{
    if (count < LANES)
        memset(columns, 0, n * LANES * sizeof *columns);
    for (uint32_t i = 0; i < n; i++, x += stride, columns += LANES)
        if (count == LANES)
            memcpy(columns, x, LANES * sizeof *columns);
        else
            memcpy(columns, x, count * sizeof *columns);
}

/* Transforms columns of n numbers, at a distance of `stride` in x; each becomes a row of y. */
static void columns_to_rows(const struct rog_cosine *cosine,
                            void (*transform)(uint32_t, const float *, float *, float *),
                            const float *tables, uint32_t n, uint32_t columns, const float *x,
                            size_t stride, float *y)
{
    for (uint32_t done = 0; done < columns; done += LANES, y += (size_t)n * LANES) {
        uint32_t count = columns - done < LANES ? columns - done : LANES;
        take(x + done, stride, n, count, cosine->columns);
        transform(n, tables, cosine->columns, cosine->room);
        transpose(cosine->columns, n, count, y);
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
