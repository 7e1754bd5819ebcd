/* SPDX-License-Identifier: Apache-2.0 */
/* Loops over a row's elements that all codecs share. */
#include <librog/kernels/kernels.h>

#include <math.h>
#include <string.h>

#define LANES ROG_KERNEL_LANES

static inline __attribute__((always_inline)) double add_lanes(float *lane)
{
    for (size_t half = LANES / 2; half > 0; half /= 2)
        for (size_t k = 0; k < half; k++)
            lane[k] += lane[k + half];
    return lane[0];
}

static inline __attribute__((always_inline)) size_t block_size(size_t n, size_t done)
{
    return n - done < ROG_KERNEL_BLOCK ? n - done : ROG_KERNEL_BLOCK;
}

/* A step, with the factors of d and m in the update: 1 and mu, or with heavy_ball 0 and 1. */
struct factors {
    float learning_rate, momentum, weight_decay, coupled_decay, of_d, of_m;
};

static inline __attribute__((always_inline)) float accumulate_one(const struct factors *s, float g,
                                                                  float w, float *m, float *u)
{
    float d = g + s->coupled_decay * w;
    *m = s->momentum * *m + d;
    *u += s->learning_rate * (s->of_d * d + s->of_m * *m + s->weight_decay * w);
    return fabsf(*u);
}

ROG_KERNEL_WIDE double rog_kernel_accumulate(const struct rog_kernel_step *step,
                                             const float *restrict g, const float *restrict w,
                                             float *restrict m, float *restrict u, size_t n)
{
    const struct factors s = {.learning_rate = step->learning_rate,
                              .momentum = step->momentum,
                              .weight_decay = step->weight_decay,
                              .coupled_decay = step->coupled_decay,
                              .of_d = step->heavy_ball ? 0 : 1,
                              .of_m = step->heavy_ball ? 1 : step->momentum};
    double sum = 0;
    for (size_t done = 0; done < n;) {
        size_t end = done + block_size(n, done);
        float lane[LANES] = {0};
        for (; done + LANES <= end; done += LANES) {
#pragma omp simd
            for (size_t k = 0; k < LANES; k++)
                lane[k] += accumulate_one(&s, g[done + k], w[done + k], &m[done + k], &u[done + k]);
        }
        for (size_t k = 0; done < end; done++, k++)
            lane[k] += accumulate_one(&s, g[done], w[done], &m[done], &u[done]);
        sum += add_lanes(lane);
    }
    return sum;
}

ROG_KERNEL_WIDE double rog_kernel_absolute(const float *u, size_t n)
{
    double sum = 0;
    for (size_t done = 0; done < n;) {
        size_t end = done + block_size(n, done);
        float lane[LANES] = {0};
        for (; done + LANES <= end; done += LANES) {
#pragma omp simd
            for (size_t k = 0; k < LANES; k++)
                lane[k] += fabsf(u[done + k]);
        }
        for (size_t k = 0; done < end; done++, k++)
            lane[k] += fabsf(u[done]);
        sum += add_lanes(lane);
    }
    return sum;
}

ROG_KERNEL_WIDE double rog_kernel_difference(const float *a, const float *b, size_t n)
{
    double sum = 0;
    for (size_t done = 0; done < n;) {
        size_t end = done + block_size(n, done);
        float lane[LANES] = {0};
        for (; done + LANES <= end; done += LANES) {
#pragma omp simd
            for (size_t k = 0; k < LANES; k++)
                lane[k] += fabsf(a[done + k] - b[done + k]);
        }
        for (size_t k = 0; done < end; done++, k++)
            lane[k] += fabsf(a[done] - b[done]);
        sum += add_lanes(lane);
    }
    return sum;
}

ROG_KERNEL_WIDE void rog_kernel_approach(float *restrict a, const float *restrict b, float share,
                                         size_t n)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        a[i] += share * (b[i] - a[i]);
}

ROG_KERNEL_WIDE void rog_kernel_add(float *x, const float *y, size_t n)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        x[i] += y[i];
}

ROG_KERNEL_WIDE void rog_kernel_sum(float *restrict to, const float *restrict x,
                                    const float *restrict y, size_t n)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        to[i] = x[i] + y[i];
}

ROG_KERNEL_WIDE void rog_kernel_subtract(float *restrict x, const float *restrict y, float share,
                                         size_t n)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        x[i] -= share * y[i];
}

ROG_KERNEL_WIDE void rog_kernel_scale(float *to, const float *x, float share, size_t n)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        to[i] = share * x[i];
}

ROG_KERNEL_WIDE double rog_kernel_squares(const float *x, size_t n)
{
    double lane[LANES] = {0};
    for (size_t done = 0; done < n; done += LANES) {
        size_t count = n - done < LANES ? n - done : LANES;
        for (size_t k = 0; k < count; k++)
            lane[k] += (double)x[done + k] * (double)x[done + k];
    }
    double sum = 0;
    for (size_t k = 0; k < LANES; k++)
        sum += lane[k];
    return sum;
}

ROG_KERNEL_WIDE void rog_kernel_mask(float *restrict m, const float *restrict u, size_t n)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        m[i] = fabsf(u[i]) > 0 ? m[i] : 0;
}

ROG_KERNEL_WIDE void rog_kernel_delta(const float *restrict w, float *restrict base,
                                      float *restrict u, size_t n)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++) {
        u[i] += base[i] - w[i];
        base[i] = w[i];
    }
}

ROG_KERNEL_WIDE void rog_kernel_rebase(float *restrict w, float *restrict base,
                                       const float *restrict a, size_t n)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++) {
        w[i] = a[i] + (w[i] - base[i]);
        base[i] = a[i];
    }
}

ROG_KERNEL_WIDE void rog_kernel_mix(float *restrict w, float *restrict base,
                                    const float *restrict a, float share, size_t n)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++) {
        w[i] = share * w[i] + (1 - share) * a[i];
        base[i] = a[i];
    }
}

/* Compares as integers, which every processor can vectorize. */
ROG_KERNEL_WIDE float rog_kernel_greatest(const float *x, size_t n)
{
    int32_t most = 0;
    float greatest;
#pragma omp simd reduction(max : most)
    for (size_t i = 0; i < n; i++) {
        int32_t bits;
        memcpy(&bits, &x[i], sizeof bits);
        bits &= INT32_MAX;
        most = bits > most ? bits : most;
    }
    memcpy(&greatest, &most, sizeof greatest);
    return greatest;
}

ROG_KERNEL_WIDE bool rog_kernel_finite(const float *x, size_t n)
{
    uint32_t bad = 0;
#pragma omp simd reduction(| : bad)
    for (size_t i = 0; i < n; i++) {
        uint32_t bits;
        memcpy(&bits, &x[i], sizeof bits);
        bad |= (bits & UINT32_C(0x7f800000)) == UINT32_C(0x7f800000);
    }
    return !bad;
}
