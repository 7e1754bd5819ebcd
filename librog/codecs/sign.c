/* SPDX-License-Identifier: Apache-2.0 */

/*
 * One bit per element (dist-EF-blockSGDM: Zheng, Huang, Kwok, NeurIPS 2019): s sign(x), where the
 * scale s is the tensor's mean magnitude. Least significant bit first, 1 for negative (the sign bit
 * of the float), padded with zeros to a whole byte: (n + 7) / 8 bytes.
 */

#include <math.h>
#include <string.h>

#include <librog/codecs/codecs.h>
#include <librog/kernels/kernels.h>

/* Elements whose sign bits are packed at a time */
#define GROUP 32

/* Returns all bits set if x is negative, else 0. */
static inline __attribute__((always_inline)) uint32_t sign_mask(float x)
{
    int32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return (uint32_t)(bits < 0 ? -1 : 0);
}

/* Encodes `count` (8 or GROUP) elements. */
static inline __attribute__((always_inline)) void sign_group(float *restrict u, size_t count,
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

static ROG_KERNEL_WIDE void encode_signs(float *restrict u, size_t n, float s,
                                         uint8_t *restrict signs)
{
    size_t i = 0;
    for (; i + GROUP <= n; i += GROUP)
        sign_group(u + i, GROUP, s, signs + i / 8);
    for (; i + 8 <= n; i += 8)
        sign_group(u + i, 8, s, signs + i / 8);
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

static inline __attribute__((always_inline)) void difference_group(float *restrict held,
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

static ROG_KERNEL_WIDE void encode_difference(float *restrict held, const float *restrict model,
                                              size_t n, float s, uint8_t *restrict signs)
{
    size_t i = 0;
    for (; i + GROUP <= n; i += GROUP)
        difference_group(held + i, model + i, GROUP, s, signs + i / 8);
    for (; i + 8 <= n; i += 8)
        difference_group(held + i, model + i, 8, s, signs + i / 8);
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

static inline __attribute__((always_inline)) void subtract_group(float *restrict w, uint32_t count,
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

static ROG_KERNEL_WIDE void decode_signs(float *restrict w, size_t n, float s,
                                         const uint8_t *restrict signs)
{
    size_t i = 0;
    for (; i + GROUP <= n; i += GROUP)
        subtract_group(w + i, GROUP, s, group_signs(signs + i / 8));
    for (; i + 8 <= n; i += 8)
        subtract_group(w + i, 8, s, signs[i / 8]);
    for (uint32_t k = 0; i + k < n; k++)
        w[i + k] -= signs[i / 8] & (1u << k) ? -s : s;
}

/* ---- the hooks ---- */

static void bytes_of(const struct rog_codec_row *row, struct rog_codec_bytes *bytes)
{
    bytes->least = bytes->most = ((size_t)row->elements + 7) / 8;
}

static float mean(double sum, uint64_t elements)
{
    return (float)(sum / (double)elements);
}

static size_t encode(const struct rog_codec_row *row, float *values, uint8_t *bytes)
{
    encode_signs(values, row->elements, row->scale, bytes);
    return ((size_t)row->elements + 7) / 8;
}

static void decode(const struct rog_codec_row *row, float share, const uint8_t *bytes, float *w)
{
    decode_signs(w, row->elements, row->scale * share, bytes);
}

/* held <- held - s sign(held - model), in one pass. */
static size_t encode_pull(const struct rog_codec_row *row, const struct rog_codec_pull *pull,
                          uint8_t *bytes)
{
    encode_difference(pull->held, pull->model, row->elements, row->scale, bytes);
    return ((size_t)row->elements + 7) / 8;
}

static void decode_pull(const struct rog_codec_row *row, const uint8_t *bytes, float *w)
{
    decode_signs(w, row->elements, row->scale, bytes);
}

static size_t check(const struct rog_codec_row *row, const uint8_t *bytes, size_t size,
                    const char **why)
{
    uint32_t n = row->elements;
    (void)size;
    if (n % 8 && bytes[n / 8] >> (n % 8)) {
        *why = "nonzero bits after its end";
        return 0;
    }
    return ((size_t)n + 7) / 8;
}

const struct rog_codec rog_codec_sign = {
    .abi_version = ROG_CODEC_ABI,
    .struct_size = sizeof(struct rog_codec),
    .name = "sign",
    .summary = "one bit per element, scaled by the tensor's mean magnitude",
    .bytes = bytes_of,
    .scale = mean,
    .encode = encode,
    .decode = decode,
    .encode_pull = encode_pull,
    .decode_pull = decode_pull,
    .check = check,
};
