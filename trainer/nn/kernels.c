/* SPDX-License-Identifier: Apache-2.0 */
/* The network's plain loops, compiled once for each instruction set level. */
#include <trainer/nn/kernels.h>

#include <math.h>
#include <string.h>

#include <trainer/nn/kernels_levels.h>

/* The build sets these for each level. */
#ifndef ROG_KERNELS_TABLE
#define ROG_KERNELS_TABLE rog_kernels_baseline
#define ROG_KERNELS_LEVEL "baseline"
#endif

#define EPSILON 1e-5f /* of LayerNorm, as PyTorch */

#define CHUNK ROG_KERNELS_CHUNK /* the sums of a chunk stay in registers */
/* Rows summed in single precision before the sum is added up in double. */
#define ROW_BLOCK 128

#define INLINE static inline __attribute__((always_inline))

static uint32_t min_u32(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* Calls body(width, ...) for the chunks of [first, last), with a constant for the usual widths, so
 * that the compiler keeps the chunk in registers. */
#define FOR_CHUNKS(first, last, body, ...)                           \
    for (uint32_t chunk = (first); chunk < (last); chunk += CHUNK) { \
        uint32_t width = min_u32(CHUNK, (last)-chunk);               \
        if (width == 64)                                             \
            body(64, chunk, __VA_ARGS__);                            \
        else if (width == 32)                                        \
            body(32, chunk, __VA_ARGS__);                            \
        else if (width == 16)                                        \
            body(16, chunk, __VA_ARGS__);                            \
        else                                                         \
            body(width, chunk, __VA_ARGS__);                         \
    }

/* Multiplying by this avoids a branch in a conditional gradient. */
INLINE float one_if(int truth)
{
    return truth ? 1.0f : 0.0f;
}

/* ---- elementwise ---- */

static void add_bias(uint32_t rows, uint32_t c, const float *bias, const float *skip, float *y)
{
    for (uint32_t r = 0; r < rows; r++) {
        float *out = y + (size_t)r * c;
        if (skip) {
            const float *in = skip + (size_t)r * c;
#pragma omp simd
            for (uint32_t i = 0; i < c; i++)
                out[i] = out[i] + bias[i] + in[i];
        } else {
#pragma omp simd
            for (uint32_t i = 0; i < c; i++)
                out[i] = out[i] + bias[i];
        }
    }
}

/* exp(x) for x <= 0, relative error below 2e-7; values below -87, and NaN, count as -87. */
INLINE float exp_negative(float x)
{
    const float log2e = 1.44269504f, ln2_high = 0.693359375f, ln2_low = -2.12194440e-4f;
    const float round = 12582912.0f; /* 1.5 * 2^23: a sum with it has no fraction bits */
    union {
        int32_t i;
        float f;
    } power;
    x = x > -87.0f ? x : -87.0f;
    float n = (x * log2e + round) - round;
    float r = (x - n * ln2_high) - n * ln2_low;
    float p = 1.0f / 720;
    p = p * r + 1.0f / 120;
    p = p * r + 1.0f / 24;
    p = p * r + 1.0f / 6;
    p = p * r + 0.5f;
    p = p * r + 1.0f;
    p = p * r + 1.0f;
    power.i = ((int32_t)n + 127) * (1 << 23);
    return p * power.f;
}

INLINE void gelu_rows(uint32_t rows, uint32_t c, const float *bias, float *z, float *y,
                      int derivative)
{
    for (uint32_t r = 0; r < rows; r++) {
        float *in = z + (size_t)r * c;
        float *out = y + (size_t)r * c;
#pragma omp simd
        for (uint32_t i = 0; i < c; i++) {
            float t = in[i] + bias[i];
            float density = exp_negative(-0.5f * t * t);
            float k = 1.0f / (1.0f + 0.3275911f * 0.70710678f * fabsf(t));
            float p = 1.061405429f;
            p = p * k - 1.453152027f;
            p = p * k + 1.421413741f;
            p = p * k - 0.284496736f;
            p = p * k + 0.254829592f;
            float tail = 0.5f * p * k * density; /* Phi(-|t|) */
            float phi = t > 0 ? 1.0f - tail : tail;
            out[i] = t * phi;
            if (derivative)
                in[i] = phi + 0.398942280f * t * density;
        }
    }
}

static void gelu(uint32_t rows, uint32_t c, const float *bias, float *z, float *y, int derivative)
{
    if (derivative)
        gelu_rows(rows, c, bias, z, y, 1);
    else
        gelu_rows(rows, c, bias, z, y, 0);
}

static void add(uint64_t count, const float *a, const float *b, float *y)
{
#pragma omp simd
    for (uint64_t i = 0; i < count; i++)
        y[i] = a[i] + b[i];
}

static void add_to(uint64_t count, const float *a, float *y)
{
#pragma omp simd
    for (uint64_t i = 0; i < count; i++)
        y[i] += a[i];
}

static void multiply_to(uint64_t count, const float *a, float *y)
{
#pragma omp simd
    for (uint64_t i = 0; i < count; i++)
        y[i] *= a[i];
}

/* ---- LayerNorm ---- */

static void layer_norm(uint32_t rows, uint32_t c, const float *x, const float *weight,
                       const float *bias, float *y, float *stats)
{
    for (uint32_t r = 0; r < rows; r++, x += c, y += c) {
        float sum = 0, squares = 0;
#pragma omp simd reduction(+ : sum)
        for (uint32_t i = 0; i < c; i++)
            sum += x[i];
        float mean = sum / (float)c;
#pragma omp simd reduction(+ : squares)
        for (uint32_t i = 0; i < c; i++)
            squares += (x[i] - mean) * (x[i] - mean);
        float scale = 1.0f / sqrtf(squares / (float)c + EPSILON);
        stats[2 * r] = mean;
        stats[2 * r + 1] = scale;
#pragma omp simd
        for (uint32_t i = 0; i < c; i++)
            y[i] = (x[i] - mean) * scale * weight[i] + bias[i];
    }
}

static void layer_norm_backward(uint32_t rows, uint32_t c, const float *x, const float *stats,
                                const float *weight, const float *dy, const float *add_rows,
                                float *dx)
{
    for (uint32_t r = 0; r < rows; r++, x += c, dy += c, dx += c) {
        float mean = stats[2 * r], scale = stats[2 * r + 1];
        float sum = 0, product = 0;
#pragma omp simd reduction(+ : sum, product)
        for (uint32_t i = 0; i < c; i++) {
            float g = dy[i] * weight[i];
            sum += g;
            product += g * (x[i] - mean);
        }
        float a = sum / (float)c;
        float b = product * scale * scale / (float)c;
        if (add_rows) {
            const float *extra = add_rows + (size_t)r * c;
#pragma omp simd
            for (uint32_t i = 0; i < c; i++)
                dx[i] = extra[i] + scale * (dy[i] * weight[i] - a - (x[i] - mean) * b);
        } else {
#pragma omp simd
            for (uint32_t i = 0; i < c; i++)
                dx[i] = scale * (dy[i] * weight[i] - a - (x[i] - mean) * b);
        }
    }
}

INLINE void layer_norm_chunk(uint32_t width, uint32_t chunk, uint32_t rows, uint32_t c,
                             const float *x, const float *stats, const float *dy, float *dweight,
                             float *dbias)
{
    double weight_total[CHUNK] = {0}, bias_total[CHUNK] = {0};
    for (uint32_t begin = 0; begin < rows; begin += ROW_BLOCK) {
        float weight_part[CHUNK] = {0}, bias_part[CHUNK] = {0};
        uint32_t end = min_u32(begin + ROW_BLOCK, rows);
        for (uint32_t r = begin; r < end; r++) {
            const float *in = x + (size_t)r * c + chunk, *g = dy + (size_t)r * c + chunk;
            float mean = stats[2 * r], scale = stats[2 * r + 1];
#pragma omp simd
            for (uint32_t i = 0; i < width; i++) {
                weight_part[i] += g[i] * (in[i] - mean) * scale;
                bias_part[i] += g[i];
            }
        }
        for (uint32_t i = 0; i < width; i++) {
            weight_total[i] += (double)weight_part[i];
            bias_total[i] += (double)bias_part[i];
        }
    }
    for (uint32_t i = 0; i < width; i++) {
        dweight[chunk + i] = (float)weight_total[i];
        dbias[chunk + i] = (float)bias_total[i];
    }
}

static void layer_norm_columns(uint32_t rows, uint32_t c, uint32_t first, uint32_t last,
                               const float *x, const float *stats, const float *dy, float *dweight,
                               float *dbias){
    FOR_CHUNKS(first, last, layer_norm_chunk, rows, c, x, stats, dy, dweight, dbias)}

/* ---- BatchNorm and ReLU ---- */

/* Sums of x - shift and of (x - shift)^2; shift NULL: only of x. */
INLINE void power_sums(uint32_t width, uint32_t rows, uint32_t c, const float *x,
                       const float *shift, double *sums)
{
    for (uint32_t begin = 0; begin < rows; begin += ROW_BLOCK) {
        float part[CHUNK] = {0};
        uint32_t end = min_u32(begin + ROW_BLOCK, rows);
        for (uint32_t r = begin; r < end; r++) {
            const float *in = x + (size_t)r * c;
#pragma omp simd
            for (uint32_t i = 0; i < width; i++)
                part[i] += shift ? (in[i] - shift[i]) * (in[i] - shift[i]) : in[i];
        }
        for (uint32_t i = 0; i < width; i++)
            sums[i] += (double)part[i];
    }
}

INLINE void moments_chunk(uint32_t width, uint32_t chunk, uint32_t rows, uint32_t c, const float *x,
                          float *mean, float *variance)
{
    double sums[CHUNK] = {0}, squares[CHUNK] = {0};
    float shift[CHUNK];
    power_sums(width, rows, c, x + chunk, NULL, sums);
    for (uint32_t i = 0; i < width; i++)
        shift[i] = (float)(sums[i] / rows);
    power_sums(width, rows, c, x + chunk, shift, squares);
    for (uint32_t i = 0; i < width; i++) {
        mean[chunk + i] = shift[i];
        variance[chunk + i] = (float)(squares[i] / rows);
    }
}

static void moments_columns(uint32_t rows, uint32_t c, uint32_t first, uint32_t last,
                            const float *x, float *mean, float *variance)
{
    FOR_CHUNKS(first, last, moments_chunk, rows, c, x, mean, variance)
}

static void scale_relu(uint32_t rows, uint32_t c, const float *x, const float *scale,
                       const float *shift, float *y)
{
    for (uint32_t r = 0; r < rows; r++, x += c, y += c) {
#pragma omp simd
        for (uint32_t i = 0; i < c; i++) {
            float value = x[i] * scale[i] + shift[i];
            y[i] = value > 0 ? value : 0;
        }
    }
}

INLINE void norm_relu_chunk(uint32_t width, uint32_t chunk, uint32_t rows, uint32_t c,
                            const float *x, const float *mean, const float *y, const float *dy,
                            float *sum, float *product)
{
    double sum_total[CHUNK] = {0}, product_total[CHUNK] = {0};
    float shift[CHUNK];
    memcpy(shift, mean + chunk, width * sizeof *shift);
    for (uint32_t begin = 0; begin < rows; begin += ROW_BLOCK) {
        float sum_part[CHUNK] = {0}, product_part[CHUNK] = {0};
        uint32_t end = min_u32(begin + ROW_BLOCK, rows);
        for (uint32_t r = begin; r < end; r++) {
            size_t at = (size_t)r * c + chunk;
#pragma omp simd
            for (uint32_t i = 0; i < width; i++) {
                float g = dy[at + i] * one_if(y[at + i] > 0);
                sum_part[i] += g;
                product_part[i] += g * (x[at + i] - shift[i]);
            }
        }
        for (uint32_t i = 0; i < width; i++) {
            sum_total[i] += (double)sum_part[i];
            product_total[i] += (double)product_part[i];
        }
    }
    for (uint32_t i = 0; i < width; i++) {
        sum[chunk + i] = (float)sum_total[i];
        product[chunk + i] = (float)product_total[i];
    }
}

static void norm_relu_columns(uint32_t rows, uint32_t c, uint32_t first, uint32_t last,
                              const float *x, const float *mean, const float *y, const float *dy,
                              float *sum, float *product)
{
    FOR_CHUNKS(first, last, norm_relu_chunk, rows, c, x, mean, y, dy, sum, product)
}

static void norm_relu_backward(uint32_t rows, uint32_t c, const float *a, const float *b,
                               const float *d, const float *y, const float *dy, float *x)
{
    for (uint32_t r = 0; r < rows; r++, x += c, y += c, dy += c) {
#pragma omp simd
        for (uint32_t i = 0; i < c; i++) {
            float g = dy[i] * one_if(y[i] > 0);
            x[i] = a[i] * g + b[i] * x[i] + d[i];
        }
    }
}

INLINE void relu_chunk(uint32_t width, uint32_t chunk, uint32_t rows, uint32_t c, const float *dy,
                       float *y, float *sum)
{
    double total[CHUNK] = {0};
    for (uint32_t begin = 0; begin < rows; begin += ROW_BLOCK) {
        float part[CHUNK] = {0};
        uint32_t end = min_u32(begin + ROW_BLOCK, rows);
        for (uint32_t r = begin; r < end; r++) {
            size_t at = (size_t)r * c + chunk;
#pragma omp simd
            for (uint32_t i = 0; i < width; i++) {
                float g = dy[at + i] * one_if(y[at + i] > 0);
                part[i] += g;
                y[at + i] = g;
            }
        }
        for (uint32_t i = 0; i < width; i++)
            total[i] += (double)part[i];
    }
    for (uint32_t i = 0; i < width; i++)
        sum[chunk + i] = (float)total[i];
}

static void relu_columns(uint32_t rows, uint32_t c, uint32_t first, uint32_t last, const float *dy,
                         float *y,
                         float *sum){FOR_CHUNKS(first, last, relu_chunk, rows, c, dy, y, sum)}

INLINE void sum_chunk(uint32_t width, uint32_t chunk, uint32_t rows, uint32_t c, const float *x,
                      float *sum)
{
    double total[CHUNK] = {0};
    power_sums(width, rows, c, x + chunk, NULL, total);
    for (uint32_t i = 0; i < width; i++)
        sum[chunk + i] = (float)total[i];
}

static void sum_columns(uint32_t rows, uint32_t c, uint32_t first, uint32_t last, const float *x,
                        float *sum){FOR_CHUNKS(first, last, sum_chunk, rows, c, x, sum)}

/* ---- windows ---- */

/* The taps [*begin, *end) of a window at output `out` that lie inside an input of `size`; the first
 * tap of the window is at input out * stride - kernel / 2. */
INLINE void valid_taps(uint32_t out, uint32_t size, uint32_t kernel, uint32_t stride,
                       uint32_t *begin, uint32_t *end)
{
    uint32_t pad = kernel / 2, at = out * stride;
    *begin = at < pad ? pad - at : 0;
    *end = min_u32(kernel, size + pad - at);
}

/* The taps of a window that lie inside the image, in order. */
struct taps {
    uint32_t count;
    size_t at[UINT8_MAX + 1]; /* position in the input */
    int32_t tap[UINT8_MAX + 1];
};

INLINE void find_taps(uint32_t kernel, const struct rog_window *w, uint32_t oy, uint32_t ox,
                      struct taps *taps)
{
    uint32_t top, bottom, left, right, count = 0;
    valid_taps(oy, w->height, kernel, w->stride, &top, &bottom);
    valid_taps(ox, w->width, kernel, w->stride, &left, &right);
    for (uint32_t ky = top; ky < bottom; ky++) {
        for (uint32_t kx = left; kx < right; kx++) {
            size_t iy = oy * w->stride + ky - kernel / 2, ix = ox * w->stride + kx - kernel / 2;
            taps->at[count] = iy * w->width + ix;
            taps->tap[count++] = (int32_t)(ky * kernel + kx);
        }
    }
    taps->count = count;
}

/* Calls body(count, ...) with a constant for the usual counts, so that the compiler unrolls it. */
#define WITH_COUNT(count, body, ...)  \
    do {                              \
        if ((count) == 9)             \
            body(9, __VA_ARGS__);     \
        else if ((count) == 6)        \
            body(6, __VA_ARGS__);     \
        else if ((count) == 4)        \
            body(4, __VA_ARGS__);     \
        else if ((count) == 2)        \
            body(2, __VA_ARGS__);     \
        else if ((count) == 1)        \
            body(1, __VA_ARGS__);     \
        else                          \
            body(count, __VA_ARGS__); \
    } while (0)

INLINE void max_of_taps(uint32_t count, const struct taps *taps, uint32_t c, const float *x,
                        float *restrict y, uint8_t *restrict index)
{
#pragma omp simd
    for (uint32_t i = 0; i < c; i++) {
        float best = x[taps->at[0] * c + i];
        int32_t which = taps->tap[0];
        for (uint32_t k = 1; k < count; k++) {
            float value = x[taps->at[k] * c + i];
            which = value > best ? taps->tap[k] : which;
            best = value > best ? value : best;
        }
        y[i] = best;
        index[i] = (uint8_t)which;
    }
}

static void max_pool(const struct rog_window *w, const float *x, float *y, uint8_t *index)
{
    struct taps taps;
    for (uint32_t oy = 0; oy < w->out_height; oy++) {
        for (uint32_t ox = 0; ox < w->out_width; ox++, y += w->c, index += w->c) {
            if (w->kernel == 3)
                find_taps(3, w, oy, ox, &taps);
            else
                find_taps(w->kernel, w, oy, ox, &taps);
            WITH_COUNT(taps.count, max_of_taps, &taps, w->c, x, y, index);
        }
    }
}

/* Finds the windows that contain an input, and which of their taps the input is: tap k of output o
 * is input o * stride + k - pad. */
INLINE void find_windows(uint32_t kernel, uint32_t stride, const struct rog_window *w, uint32_t iy,
                         uint32_t ix, struct taps *windows)
{
    uint32_t pad = kernel / 2, count = 0;
    for (uint32_t ky = (iy + pad) % stride; ky < kernel; ky += stride) {
        if (iy + pad < ky || (iy + pad - ky) / stride >= w->out_height)
            continue;
        for (uint32_t kx = (ix + pad) % stride; kx < kernel; kx += stride) {
            if (ix + pad < kx || (ix + pad - kx) / stride >= w->out_width)
                continue;
            size_t oy = (iy + pad - ky) / stride, ox = (ix + pad - kx) / stride;
            windows->at[count] = oy * w->out_width + ox;
            windows->tap[count++] = (int32_t)(ky * kernel + kx);
        }
    }
    windows->count = count;
}

INLINE void sum_of_windows(uint32_t count, const struct taps *windows, uint32_t c, const float *dy,
                           const uint8_t *index, float *restrict dx)
{
#pragma omp simd
    for (uint32_t i = 0; i < c; i++) {
        float sum = 0;
        for (uint32_t k = 0; k < count; k++) {
            size_t at = windows->at[k] * c + i;
            sum += dy[at] * one_if(index[at] == windows->tap[k]);
        }
        dx[i] = sum;
    }
}

static void max_pool_backward(const struct rog_window *w, const float *dy, const uint8_t *index,
                              float *dx)
{
    struct taps windows;
    for (uint32_t iy = 0; iy < w->height; iy++) {
        for (uint32_t ix = 0; ix < w->width; ix++, dx += w->c) {
            if (w->kernel == 3 && w->stride == 2) /* constants, which need no division */
                find_windows(3, 2, w, iy, ix, &windows);
            else
                find_windows(w->kernel, w->stride, w, iy, ix, &windows);
            WITH_COUNT(windows.count, sum_of_windows, &windows, w->c, dy, index, dx);
        }
    }
}

INLINE void depthwise_chunk(uint32_t width, uint32_t chunk, const struct rog_window *w,
                            const float *x, const float *taps, float *y)
{
    for (uint32_t oy = 0; oy < w->out_height; oy++) {
        uint32_t top, bottom;
        valid_taps(oy, w->height, w->kernel, 1, &top, &bottom);
        for (uint32_t ox = 0; ox < w->out_width; ox++) {
            uint32_t left, right;
            valid_taps(ox, w->width, w->kernel, 1, &left, &right);
            float sum[CHUNK] = {0};
            for (uint32_t ky = top; ky < bottom; ky++) {
                for (uint32_t kx = left; kx < right; kx++) {
                    size_t iy = oy + ky - w->kernel / 2, ix = ox + kx - w->kernel / 2;
                    const float *in = x + (iy * w->width + ix) * w->c + chunk;
                    const float *tap = taps + (size_t)(ky * w->kernel + kx) * w->c + chunk;
#pragma omp simd
                    for (uint32_t i = 0; i < width; i++)
                        sum[i] += in[i] * tap[i];
                }
            }
            memcpy(y + ((size_t)oy * w->out_width + ox) * w->c + chunk, sum, width * sizeof *y);
        }
    }
}

static void depthwise(const struct rog_window *window, const float *x, const float *taps,
                      float *y){FOR_CHUNKS(0, window->c, depthwise_chunk, window, x, taps, y)}

/* Adds one tap's gradient of one image to `total`. */
INLINE void depthwise_tap(uint32_t width, uint32_t chunk, const struct rog_window *w, uint32_t ky,
                          uint32_t kx, const float *x, const float *dy, float *total)
{
    uint32_t pad = w->kernel / 2;
    float sum[CHUNK] = {0};
    for (uint32_t oy = 0; oy < w->height; oy++) {
        if (oy + ky < pad || oy + ky - pad >= w->height)
            continue;
        for (uint32_t ox = 0; ox < w->width; ox++) {
            if (ox + kx < pad || ox + kx - pad >= w->width)
                continue;
            size_t iy = oy + ky - pad, ix = ox + kx - pad;
            const float *in = x + (iy * w->width + ix) * w->c + chunk;
            const float *g = dy + ((size_t)oy * w->width + ox) * w->c + chunk;
#pragma omp simd
            for (uint32_t i = 0; i < width; i++)
                sum[i] += in[i] * g[i];
        }
    }
    for (uint32_t i = 0; i < width; i++)
        total[i] += sum[i];
}

INLINE void depthwise_columns_chunk(uint32_t width, uint32_t chunk, const struct rog_window *w,
                                    uint32_t images, const float *x, const float *dy, float *dtaps)
{
    size_t image = (size_t)w->height * w->width * w->c;
    for (uint32_t tap = 0; tap < w->kernel * w->kernel; tap++)
        memset(dtaps + (size_t)tap * w->c + chunk, 0, width * sizeof *dtaps);
    for (uint32_t b = 0; b < images; b++)
        for (uint32_t tap = 0; tap < w->kernel * w->kernel; tap++)
            depthwise_tap(width, chunk, w, tap / w->kernel, tap % w->kernel, x + b * image,
                          dy + b * image, dtaps + (size_t)tap * w->c + chunk);
}

static void depthwise_columns(const struct rog_window *window, uint32_t images, uint32_t first,
                              uint32_t last, const float *x, const float *dy, float *dtaps){
    FOR_CHUNKS(first, last, depthwise_columns_chunk, window, images, x, dy, dtaps)}

/* Copies one window's taps from the image to its patch; kernel is a constant for the usual size. */
INLINE void unfold_patch(uint32_t kernel, const struct rog_window *w, uint32_t oy, uint32_t ox,
                         const float *x, float *restrict patch)
{
    uint32_t top, bottom, left, right, taps = kernel * kernel;
    valid_taps(oy, w->height, kernel, w->stride, &top, &bottom);
    valid_taps(ox, w->width, kernel, w->stride, &left, &right);
    if (top > 0 || left > 0 || bottom < kernel || right < kernel)
        memset(patch, 0, (size_t)w->c * taps * sizeof *patch);
    for (uint32_t ky = top; ky < bottom; ky++) {
        for (uint32_t kx = left; kx < right; kx++) {
            size_t iy = oy * w->stride + ky - kernel / 2, ix = ox * w->stride + kx - kernel / 2;
            const float *in = x + (iy * w->width + ix) * w->c;
            float *out = patch + ky * kernel + kx;
            for (uint32_t i = 0; i < w->c; i++)
                out[(size_t)i * taps] = in[i];
        }
    }
}

INLINE void fold_patch(uint32_t kernel, const struct rog_window *w, uint32_t oy, uint32_t ox,
                       const float *patch, float *restrict x)
{
    uint32_t top, bottom, left, right, taps = kernel * kernel;
    valid_taps(oy, w->height, kernel, w->stride, &top, &bottom);
    valid_taps(ox, w->width, kernel, w->stride, &left, &right);
    for (uint32_t ky = top; ky < bottom; ky++) {
        for (uint32_t kx = left; kx < right; kx++) {
            size_t iy = oy * w->stride + ky - kernel / 2, ix = ox * w->stride + kx - kernel / 2;
            float *out = x + (iy * w->width + ix) * w->c;
            const float *in = patch + ky * kernel + kx;
            for (uint32_t i = 0; i < w->c; i++)
                out[i] += in[(size_t)i * taps];
        }
    }
}

static void unfold(const struct rog_window *w, const float *x, float *patches)
{
    for (uint32_t oy = 0; oy < w->out_height; oy++) {
        for (uint32_t ox = 0; ox < w->out_width; ox++) {
            if (w->kernel == 3)
                unfold_patch(3, w, oy, ox, x, patches);
            else
                unfold_patch(w->kernel, w, oy, ox, x, patches);
            patches += (size_t)w->c * w->kernel * w->kernel;
        }
    }
}

static void fold(const struct rog_window *w, const float *patches, float *x)
{
    memset(x, 0, (size_t)w->height * w->width * w->c * sizeof *x);
    for (uint32_t oy = 0; oy < w->out_height; oy++) {
        for (uint32_t ox = 0; ox < w->out_width; ox++) {
            if (w->kernel == 3)
                fold_patch(3, w, oy, ox, patches, x);
            else
                fold_patch(w->kernel, w, oy, ox, patches, x);
            patches += (size_t)w->c * w->kernel * w->kernel;
        }
    }
}

/* ---- mean over positions ---- */

static void mean(uint32_t rows, uint32_t c, const float *x, float *y)
{
    FOR_CHUNKS(0, c, sum_chunk, rows, c, x, y)
    for (uint32_t i = 0; i < c; i++)
        y[i] /= (float)rows;
}

static void mean_backward(uint32_t rows, uint32_t c, const float *dy, float *dx)
{
    float share = 1.0f / (float)rows;
    for (uint32_t r = 0; r < rows; r++, dx += c) {
#pragma omp simd
        for (uint32_t i = 0; i < c; i++)
            dx[i] = dy[i] * share;
    }
}

const struct rog_kernels ROG_KERNELS_TABLE = {
    .level = ROG_KERNELS_LEVEL,
    .add_bias = add_bias,
    .gelu = gelu,
    .add = add,
    .add_to = add_to,
    .multiply_to = multiply_to,
    .layer_norm = layer_norm,
    .layer_norm_backward = layer_norm_backward,
    .layer_norm_columns = layer_norm_columns,
    .moments_columns = moments_columns,
    .scale_relu = scale_relu,
    .norm_relu_columns = norm_relu_columns,
    .norm_relu_backward = norm_relu_backward,
    .relu_columns = relu_columns,
    .sum_columns = sum_columns,
    .max_pool = max_pool,
    .max_pool_backward = max_pool_backward,
    .depthwise = depthwise,
    .depthwise_columns = depthwise_columns,
    .unfold = unfold,
    .fold = fold,
    .mean = mean,
    .mean_backward = mean_backward,
};
