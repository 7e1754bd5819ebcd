/* SPDX-License-Identifier: Apache-2.0 */

/*
 * bfloat16: the upper half of a float32 (Kalamkar et al., arXiv:1905.12322, section 2), rounded to
 * nearest, ties to even. The same range, 8 significant bits. Two bytes per element, the lower
 * first. Values that would round to infinity become the greatest finite number.
 */

#include <librog/codecs/no_scale.h>
#include <librog/kernels/float_bytes.h>
#include <librog/kernels/kernels.h>
#include <rog/codec.h>

#define MAGNITUDE INT32_C(0x7fffffff)
#define GREATEST INT32_C(0x7f7f0000) /* the greatest finite number */
#define INFINITE INT32_C(0x7f800000)

static inline __attribute__((always_inline)) uint32_t rounded(float x)
{
    int32_t bits = (int32_t)rog_float_bits(x);
    int32_t magnitude = bits & MAGNITUDE;
    magnitude += 0x7fff + (magnitude >> 16 & 1);
    magnitude = magnitude < GREATEST ? magnitude : GREATEST;
    return (uint32_t)((magnitude & ~0xffff) | (bits & ~MAGNITUDE));
}

static ROG_KERNEL_WIDE void encode_values(float *restrict values, size_t n, uint8_t *restrict bytes)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++) {
        uint32_t bits = rounded(values[i]);
        rog_put_u16(bytes + 2 * i, (uint16_t)(bits >> 16));
        values[i] -= rog_float_of(bits);
    }
}

static ROG_KERNEL_WIDE void decode_values(float *restrict w, size_t n, float share,
                                          const uint8_t *restrict bytes)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        w[i] -= share * rog_float_of((uint32_t)rog_get_u16(bytes + 2 * i) << 16);
}

static ROG_KERNEL_WIDE int32_t greatest(const uint8_t *bytes, size_t n)
{
    int32_t most = 0;
#pragma omp simd reduction(max : most)
    for (size_t i = 0; i < n; i++) {
        int32_t magnitude = rog_get_u16(bytes + 2 * i) & 0x7fff;
        most = magnitude > most ? magnitude : most;
    }
    return most << 16;
}

/* ---- the hooks ---- */

static void bytes_of(const struct rog_codec_row *row, struct rog_codec_bytes *bytes)
{
    bytes->least = bytes->most = 2 * (size_t)row->elements;
}

static size_t encode(const struct rog_codec_row *row, float *values, uint8_t *bytes)
{
    encode_values(values, row->elements, bytes);
    return 2 * (size_t)row->elements;
}

static void decode(const struct rog_codec_row *row, float share, const uint8_t *bytes, float *w)
{
    decode_values(w, row->elements, share, bytes);
}

static size_t check(const struct rog_codec_row *row, const uint8_t *bytes, size_t size,
                    const char **why)
{
    int32_t most = greatest(bytes, row->elements);
    (void)size;
    if (most >= INFINITE || rog_float_of((uint32_t)most) > row->limit) {
        *why = most >= INFINITE ? "a value that is not finite" : "a value that is too large";
        return 0;
    }
    return 2 * (size_t)row->elements;
}

const struct rog_codec rog_codec_bf16 = {
    .abi_version = ROG_CODEC_ABI,
    .struct_size = sizeof(struct rog_codec),
    .name = "bf16",
    .summary = "bfloat16: 16 bits per element, 8 of them significant",
    .bytes = bytes_of,
    .scale = rog_codec_no_scale,
    .encode = encode,
    .decode = decode,
    .check = check,
};
