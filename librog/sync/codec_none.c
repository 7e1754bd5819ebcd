/* SPDX-License-Identifier: Apache-2.0 */

/*
 * No compression: elements travel as little-endian float32, four bytes each. On a push they are
 * what is to be subtracted, on a pull what they are now. For comparisons with training that
 * compresses nothing.
 */

#include <string.h>

#include <librog/sync/codec.h>

#define EXPONENT UINT32_C(0x7f800000) /* all bits set: not finite */

static inline __attribute__((always_inline)) void put_float(uint8_t *bytes, float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    bytes[0] = (uint8_t)bits;
    bytes[1] = (uint8_t)(bits >> 8);
    bytes[2] = (uint8_t)(bits >> 16);
    bytes[3] = (uint8_t)(bits >> 24);
}

static inline __attribute__((always_inline)) uint32_t get_bits(const uint8_t *bytes)
{
    return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

static inline __attribute__((always_inline)) float get_float(const uint8_t *bytes)
{
    uint32_t bits = get_bits(bytes);
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static void bytes_of(const struct rog_codec_row *row, struct rog_codec_bytes *bytes)
{
    bytes->least = bytes->most = (size_t)row->elements * sizeof(float);
}

/* Nobody needs it here; what a stream begins with is the same for all codecs. */
static float mean(double sum, uint64_t elements)
{
    return (float)(sum / (double)elements);
}

static size_t encode(const struct rog_codec_row *row, float *restrict values,
                     uint8_t *restrict bytes)
{
    for (size_t i = 0; i < row->elements; i++) {
        put_float(bytes + 4 * i, values[i]);
        values[i] = 0;
    }
    return (size_t)row->elements * sizeof(float);
}

static void decode(const struct rog_codec_row *row, float share, const uint8_t *restrict bytes,
                   float *restrict w)
{
    for (size_t i = 0; i < row->elements; i++)
        w[i] -= share * get_float(bytes + 4 * i);
}

/* The worker's row is the model's, but for the digits that a float of its size does not have. */
static size_t encode_pull(const struct rog_codec_row *row, const struct rog_codec_pull *pull,
                          uint8_t *restrict bytes)
{
    for (size_t i = 0; i < row->elements; i++) {
        float value = pull->start[i] + pull->model[i];
        pull->held[i] = value - pull->start[i];
        put_float(bytes + 4 * i, value);
    }
    return (size_t)row->elements * sizeof(float);
}

static void decode_pull(const struct rog_codec_row *row, const uint8_t *restrict bytes,
                        float *restrict w)
{
    for (size_t i = 0; i < row->elements; i++)
        w[i] = get_float(bytes + 4 * i);
}

static size_t check(const struct rog_codec_row *row, const uint8_t *bytes, size_t size,
                    const char **why)
{
    uint32_t bad = 0;
    (void)size;
    for (size_t i = 0; i < row->elements; i++)
        bad |= (get_bits(bytes + 4 * i) & EXPONENT) == EXPONENT;
    if (bad) {
        *why = "a value that is not finite";
        return 0;
    }
    return (size_t)row->elements * sizeof(float);
}

const struct rog_codec rog_codec_none = {
    .name = "none",
    .summary = "32 bits an element, exact",
    .bytes = bytes_of,
    .scale = mean,
    .encode = encode,
    .decode = decode,
    .encode_pull = encode_pull,
    .decode_pull = decode_pull,
    .check = check,
};
