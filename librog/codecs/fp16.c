/* SPDX-License-Identifier: Apache-2.0 */

/*
 * IEEE 754 binary16, rounded to nearest, ties to even, with a power of two as a factor for each
 * row, so that updates of any size have all of its 11 significant bits (Micikevicius et al., ICLR
 * 2018, section 3.2, scale a loss for the same purpose): a byte e, the exponent bits of the row's
 * greatest magnitude as float32, then two bytes per element, the lower first, of x 2^(141 - e). The
 * greatest magnitude is just below 2^15, and values of at least 2^-29 of it have full precision.
 *
 * Uses integer arithmetic on bits, so results are the same on every processor.
 */

#include <librog/codecs/no_scale.h>
#include <librog/kernels/float_bytes.h>
#include <librog/kernels/kernels.h>
#include <rog/codec.h>

#define MIDDLE 141        /* e of a row with factor 1 */
#define LEAST_EXPONENT 15 /* so that 2^(e - 141) is a normal float */
#define MOST_EXPONENT 254

#define REBIAS (UINT32_C(112) << 23)   /* from the exponents of a half to those of a float */
#define SMALLEST (UINT32_C(113) << 23) /* the smallest normal half, as a float */
#define HALF_INFINITE UINT32_C(0x7c00)

static float power_of_two(int exponent)
{
    return rog_float_of((uint32_t)(exponent + 127) << 23);
}

/* Selects by bits: a branch would prevent compilers from vectorizing. */
static inline __attribute__((always_inline)) uint32_t choose(bool first, uint32_t a, uint32_t b)
{
    uint32_t mask = 0 - (uint32_t)first;
    return (a & mask) | (b & ~mask);
}

/* Returns the bits of a half, limited to magnitude `most`. */
static inline __attribute__((always_inline)) uint32_t half_of(float x, int32_t most)
{
    uint32_t sign = rog_float_bits(x) & UINT32_C(0x80000000);
    uint32_t bits = rog_float_bits(x) ^ sign;
    uint32_t usual = (bits + 0xfff + (bits >> 13 & 1) - REBIAS) >> 13;
    /* The last place of 1/2 is that of the smallest halves, so the addition rounds. */
    uint32_t small = rog_float_bits(rog_float_of(bits) + 0.5f) - (UINT32_C(126) << 23);
    int32_t half = (int32_t)choose((int32_t)bits < (int32_t)SMALLEST, small, usual);
    return (uint32_t)(half < most ? half : most) | sign >> 16;
}

static inline __attribute__((always_inline)) float float_of(uint32_t half)
{
    uint32_t magnitude = half & 0x7fff;
    uint32_t usual = (magnitude << 13) + REBIAS;
    uint32_t small = rog_float_bits((float)(int32_t)magnitude * 0x1p-24f);
    uint32_t bits = choose((int32_t)magnitude < 0x400, small, usual);
    return rog_float_of(bits | (half & 0x8000) << 16);
}

static ROG_KERNEL_WIDE void encode_values(float *restrict values, size_t n, float factor,
                                          float inverse, int32_t most, uint8_t *restrict bytes)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++) {
        uint32_t half = half_of(values[i] * factor, most);
        rog_put_u16(bytes + 2 * i, (uint16_t)half);
        values[i] -= float_of(half) * inverse;
    }
}

static ROG_KERNEL_WIDE void decode_values(float *restrict w, size_t n, float share, float inverse,
                                          const uint8_t *restrict bytes)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        w[i] -= share * (float_of(rog_get_u16(bytes + 2 * i)) * inverse);
}

static ROG_KERNEL_WIDE uint32_t greatest(const uint8_t *bytes, size_t n)
{
    int32_t most = 0;
#pragma omp simd reduction(max : most)
    for (size_t i = 0; i < n; i++) {
        int32_t magnitude = rog_get_u16(bytes + 2 * i) & 0x7fff;
        most = magnitude > most ? magnitude : most;
    }
    return (uint32_t)most;
}

/* ---- the hooks ---- */

static void bytes_of(const struct rog_codec_row *row, struct rog_codec_bytes *bytes)
{
    bytes->least = bytes->most = 1 + 2 * (size_t)row->elements;
}

static size_t encode(const struct rog_codec_row *row, float *values, uint8_t *bytes)
{
    int e = (int)(rog_float_bits(rog_kernel_greatest(values, row->elements)) >> 23);
    e = e > LEAST_EXPONENT ? e : LEAST_EXPONENT;
    bytes[0] = (uint8_t)e;
    /* 2^15, or if that would decode to 2^128, the number below it */
    int32_t most = e == MOST_EXPONENT ? 0x77ff : 0x7800;
    encode_values(values, row->elements, power_of_two(MIDDLE - e), power_of_two(e - MIDDLE), most,
                  bytes + 1);
    return 1 + 2 * (size_t)row->elements;
}

static void decode(const struct rog_codec_row *row, float share, const uint8_t *bytes, float *w)
{
    decode_values(w, row->elements, share, power_of_two(bytes[0] - MIDDLE), bytes + 1);
}

static size_t check(const struct rog_codec_row *row, const uint8_t *bytes, size_t size,
                    const char **why)
{
    (void)size;
    *why = "an exponent out of range";
    if (bytes[0] < LEAST_EXPONENT || bytes[0] > MOST_EXPONENT)
        return 0;
    uint32_t most = greatest(bytes + 1, row->elements);
    *why = "a value that is not finite";
    if (most >= HALF_INFINITE)
        return 0;
    *why = "a value that is too large";
    if (!(float_of(most) * power_of_two(bytes[0] - MIDDLE) <= row->limit))
        return 0;
    return 1 + 2 * (size_t)row->elements;
}

const struct rog_codec rog_codec_fp16 = {
    .abi_version = ROG_CODEC_ABI,
    .struct_size = sizeof(struct rog_codec),
    .name = "fp16",
    .summary = "float16: 16 bits per element, 11 of them significant",
    .bytes = bytes_of,
    .scale = rog_codec_no_scale,
    .encode = encode,
    .decode = decode,
    .check = check,
};
