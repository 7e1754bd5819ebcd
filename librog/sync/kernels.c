/* SPDX-License-Identifier: Apache-2.0 */
#include <librog/sync/kernels.h>

#include <math.h>
#include <string.h>

#define LANES ROG_KERNEL_LANES

/* Compiled once more for wider vectors, chosen when the program starts. Without contraction the
 * results are the same to the bit. Sanitizers run before the choice could be made. */
#if defined(__x86_64__) && defined(__OPTIMIZE__) && !defined(__SANITIZE_ADDRESS__) && \
    !defined(__SANITIZE_THREAD__)
#define WIDE __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define WIDE
#endif

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

/* A step with the factors of d and m in the update: 1 and mu, or with a heavy ball 0 and 1. */
struct factors {
    float learning_rate, momentum, weight_decay, coupled_decay, of_d, of_m;
};

static inline __attribute__((always_inline)) float fold_one(const struct factors *s, float g,
                                                            float w, float *m, float *u)
{
    float d = g + s->coupled_decay * w;
    *m = s->momentum * *m + d;
    *u += s->learning_rate * (s->of_d * d + s->of_m * *m + s->weight_decay * w);
    return fabsf(*u);
}

WIDE double rog_kernel_fold(const struct rog_kernel_step *step, const float *restrict g,
                            const float *restrict w, float *restrict m, float *restrict u, size_t n)
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
                lane[k] += fold_one(&s, g[done + k], w[done + k], &m[done + k], &u[done + k]);
        }
        for (size_t k = 0; done < end; done++, k++)
            lane[k] += fold_one(&s, g[done], w[done], &m[done], &u[done]);
        sum += add_lanes(lane);
    }
    return sum;
}

WIDE double rog_kernel_absolute(const float *u, size_t n)
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

WIDE double rog_kernel_difference(const float *a, const float *b, size_t n)
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

/* Elements whose sign bits become one number at a time. */
#define GROUP 32

/* All bits set where x is negative, none where it is not. */
static inline __attribute__((always_inline)) uint32_t sign_mask(float x)
{
    int32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return (uint32_t)(bits < 0 ? -1 : 0);
}

/* Takes `count` (8 or GROUP) elements. */
static inline __attribute__((always_inline)) void take_group(float *restrict u, size_t count,
                                                             float s, uint8_t *restrict signs)
{
    uint32_t negative = 0;
#pragma omp simd reduction(| : negative)
    for (size_t k = 0; k < count; k++) {
        float x = u[k];
        negative |= sign_mask(x) & (UINT32_C(1) << k);
        u[k] = x - copysignf(s, x);
    }
    for (size_t k = 0; k < count; k += 8)
        signs[k / 8] = (uint8_t)(negative >> k);
}

WIDE void rog_kernel_take(float *restrict u, size_t n, float s, uint8_t *restrict signs)
{
    size_t i = 0;
    for (; i + GROUP <= n; i += GROUP)
        take_group(u + i, GROUP, s, signs + i / 8);
    for (; i + 8 <= n; i += 8)
        take_group(u + i, 8, s, signs + i / 8);
    if (i == n)
        return;
    uint8_t *last = signs + i / 8;
    *last = 0;
    for (size_t k = 0; k < 8 && i + k < n; k++) {
        float x = u[i + k];
        *last |= (uint8_t)((signbit(x) != 0) << k);
        u[i + k] = x - copysignf(s, x);
    }
}

static inline __attribute__((always_inline)) void take_difference_group(float *restrict held,
                                                                        const float *restrict model,
                                                                        size_t count, float s,
                                                                        uint8_t *restrict signs)
{
    uint32_t negative = 0;
#pragma omp simd reduction(| : negative)
    for (size_t k = 0; k < count; k++) {
        float p = held[k] - model[k];
        negative |= sign_mask(p) & (UINT32_C(1) << k);
        held[k] -= copysignf(s, p);
    }
    for (size_t k = 0; k < count; k += 8)
        signs[k / 8] = (uint8_t)(negative >> k);
}

WIDE void rog_kernel_take_difference(float *restrict held, const float *restrict model, size_t n,
                                     float s, uint8_t *restrict signs)
{
    size_t i = 0;
    for (; i + GROUP <= n; i += GROUP)
        take_difference_group(held + i, model + i, GROUP, s, signs + i / 8);
    for (; i + 8 <= n; i += 8)
        take_difference_group(held + i, model + i, 8, s, signs + i / 8);
    if (i == n)
        return;
    uint8_t *last = signs + i / 8;
    *last = 0;
    for (size_t k = 0; k < 8 && i + k < n; k++) {
        float p = held[i + k] - model[i + k];
        *last |= (uint8_t)((signbit(p) != 0) << k);
        held[i + k] -= copysignf(s, p);
    }
}

static inline __attribute__((always_inline)) void apply_group(float *restrict w, uint32_t count,
                                                              float s, uint32_t negative)
{
#pragma omp simd
    for (uint32_t k = 0; k < count; k++)
        w[k] -= negative & (UINT32_C(1) << k) ? -s : s;
}

static inline __attribute__((always_inline)) uint32_t group_signs(const uint8_t *signs)
{
    return signs[0] | (uint32_t)signs[1] << 8 | (uint32_t)signs[2] << 16 | (uint32_t)signs[3] << 24;
}

WIDE void rog_kernel_apply(float *restrict w, size_t n, float s, const uint8_t *restrict signs)
{
    size_t i = 0;
    for (; i + GROUP <= n; i += GROUP)
        apply_group(w + i, GROUP, s, group_signs(signs + i / 8));
    for (; i + 8 <= n; i += 8)
        apply_group(w + i, 8, s, signs[i / 8]);
    for (uint32_t k = 0; i + k < n; k++)
        w[i + k] -= signs[i / 8] & (1u << k) ? -s : s;
}

WIDE bool rog_kernel_finite(const float *x, size_t n)
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

/* ---- without compression ---- */

static inline __attribute__((always_inline)) void put_float(uint8_t *bytes, float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    bytes[0] = (uint8_t)bits;
    bytes[1] = (uint8_t)(bits >> 8);
    bytes[2] = (uint8_t)(bits >> 16);
    bytes[3] = (uint8_t)(bits >> 24);
}

static inline __attribute__((always_inline)) float get_float(const uint8_t *bytes)
{
    uint32_t bits = group_signs(bytes);
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

void rog_kernel_take_plain(float *restrict u, size_t n, uint8_t *restrict bytes)
{
    for (size_t i = 0; i < n; i++) {
        put_float(bytes + 4 * i, u[i]);
        u[i] = 0;
    }
}

void rog_kernel_apply_plain(float *restrict w, size_t n, float share, const uint8_t *restrict bytes)
{
    for (size_t i = 0; i < n; i++)
        w[i] -= share * get_float(bytes + 4 * i);
}

void rog_kernel_take_copy(float *restrict held, const float *restrict model, size_t n,
                          uint8_t *restrict bytes)
{
    for (size_t i = 0; i < n; i++) {
        held[i] = model[i];
        put_float(bytes + 4 * i, model[i]);
    }
}

void rog_kernel_apply_copy(float *restrict w, size_t n, const uint8_t *restrict bytes)
{
    for (size_t i = 0; i < n; i++)
        w[i] = get_float(bytes + 4 * i);
}

bool rog_kernel_finite_bytes(const uint8_t *bytes, size_t n)
{
    uint32_t bad = 0;
    for (size_t i = 0; i < n; i++)
        bad |= (group_signs(bytes + 4 * i) & UINT32_C(0x7f800000)) == UINT32_C(0x7f800000);
    return !bad;
}
