/* SPDX-License-Identifier: Apache-2.0 */
/* Products of a matrix and a few vectors, several rows at a time. */
#include <librog/kernels/product.h>

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include <librog/kernels/kernels.h>

#define DEPENDENT 1e-6 /* relative norm below which a vector has only rounding errors */
#define LANES ROG_KERNEL_LANES
#define ROWS 4 /* rows whose sums are computed together: as many as registers hold */

static inline __attribute__((always_inline)) float add_lanes(float *lane)
{
    for (size_t half = LANES / 2; half > 0; half /= 2)
        for (size_t k = 0; k < half; k++)
            lane[k] += lane[k + half];
    return lane[0];
}

/* Inner products of `count` (1 or ROWS) rows with q, to p[0], p[1], ... */
static inline __attribute__((always_inline)) void inner_products(size_t count, size_t width,
                                                                 const float *restrict m,
                                                                 const float *restrict q,
                                                                 float *restrict p)
{
    float lane[ROWS][LANES] = {{0}};
    size_t done = 0;
    for (; done + LANES <= width; done += LANES)
        for (size_t i = 0; i < count; i++) {
#pragma omp simd
            for (size_t k = 0; k < LANES; k++)
                lane[i][k] += m[i * width + done + k] * q[done + k];
        }
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; done + k < width; k++)
            lane[i][k] += m[i * width + done + k] * q[done + k];
        p[i] = add_lanes(lane[i]);
    }
}

ROG_KERNEL_WIDE void rog_product_rows(const struct rog_product_shape *shape,
                                      const float *restrict m, const float *restrict q,
                                      float *restrict p)
{
    const size_t rows = shape->rows, width = shape->width;
    size_t row = 0;
    for (; row + ROWS <= rows; row += ROWS)
        for (size_t r = 0; r < shape->rank; r++)
            inner_products(ROWS, width, m + row * width, q + r * width, p + r * rows + row);
    for (; row < rows; row++)
        for (size_t r = 0; r < shape->rank; r++)
            inner_products(1, width, m + row * width, q + r * width, p + r * rows + row);
}

/* q <- q + p[0] row 0 + p[1] row 1 ..., for `count` (1 or ROWS) rows */
static inline __attribute__((always_inline)) void add_rows(size_t count, size_t width,
                                                           const float *restrict m,
                                                           const float *restrict p,
                                                           float *restrict q)
{
    float factor[ROWS];
    for (size_t i = 0; i < count; i++)
        factor[i] = p[i];
#pragma omp simd
    for (size_t k = 0; k < width; k++) {
        float sum = q[k];
        for (size_t i = 0; i < count; i++)
            sum += factor[i] * m[i * width + k];
        q[k] = sum;
    }
}

ROG_KERNEL_WIDE void rog_product_columns(const struct rog_product_shape *shape,
                                         const float *restrict m, const float *restrict p,
                                         float *restrict q)
{
    const size_t rows = shape->rows, width = shape->width;
    size_t row = 0;
    memset(q, 0, shape->rank * width * sizeof *q);
    for (; row + ROWS <= rows; row += ROWS)
        for (size_t r = 0; r < shape->rank; r++)
            add_rows(ROWS, width, m + row * width, p + r * rows + row, q + r * width);
    for (; row < rows; row++)
        for (size_t r = 0; r < shape->rank; r++)
            add_rows(1, width, m + row * width, p + r * rows + row, q + r * width);
}

/* For `count` (1 to LANES) elements of one row. */
static inline __attribute__((always_inline)) void
subtract_some(const struct rog_product_shape *shape, size_t count, float share,
              const float *restrict p, const float *restrict q, float *restrict m)
{
    float sum[LANES] = {0};
    for (size_t r = 0; r < shape->rank; r++) {
        float factor = p[r * shape->rows];
#pragma omp simd
        for (size_t k = 0; k < count; k++)
            sum[k] += factor * q[r * shape->width + k];
    }
#pragma omp simd
    for (size_t k = 0; k < count; k++)
        m[k] -= share * sum[k];
}

ROG_KERNEL_WIDE void rog_product_subtract(const struct rog_product_shape *shape, float share,
                                          const float *restrict p, const float *restrict q,
                                          float *restrict m)
{
    const size_t width = shape->width;
    for (size_t row = 0; row < shape->rows; row++, m += width) {
        size_t done = 0;
        for (; done + LANES <= width; done += LANES)
            subtract_some(shape, LANES, share, p + row, q + done, m + done);
        if (done < width)
            subtract_some(shape, width - done, share, p + row, q + done, m + done);
    }
}

void rog_product_to_one(float *x, size_t n)
{
    int exponent;
    frexpf(rog_kernel_greatest(x, n), &exponent);
    exponent = exponent > 126 ? 126 : exponent < -126 ? -126 : exponent;
    rog_kernel_scale(x, x, ldexpf(1, -exponent), n);
}

void rog_product_orthonormal(size_t n, size_t rank, float *p)
{
    const struct rog_product_shape one = {.rows = 1, .width = n, .rank = 1};
    for (size_t column = 0; column < rank; column++) {
        float *x = p + column * n, along;
        rog_product_to_one(x, n);
        double before = sqrt(rog_kernel_squares(x, n));
        for (size_t other = 0; other < 2 * column; other++) {
            const float *y = p + other % column * n;
            rog_product_rows(&one, x, y, &along);
            rog_product_subtract(&one, 1, &along, y, x);
        }
        double left = sqrt(rog_kernel_squares(x, n));
        bool zero = !(left > DEPENDENT * before);
        rog_kernel_scale(x, x, zero ? 0 : (float)(1 / left), n);
    }
}
