/* SPDX-License-Identifier: Apache-2.0 */

/*
 * No compression: elements are sent as little-endian float32, four bytes each. A push contains the
 * updates to subtract, a pull the current values of the model. For comparisons with training
 * without compression.
 */

#include <librog/codecs/none.h>

#include <stdbool.h>
#include <string.h>

#include <librog/kernels/float_bytes.h>

#define MAGNITUDE INT32_C(0x7fffffff) /* all bits except the sign: ordered like magnitudes */
#define INFINITE INT32_C(0x7f800000)  /* larger bits are NaN */

static void bytes_of(const struct rog_codec_row *row, struct rog_codec_bytes *bytes)
{
    bytes->least = bytes->most = (size_t)row->elements * sizeof(float);
}

/* Not used by this codec, but every stream begins with scales, whatever the codec. */
static float mean(double sum, uint64_t elements)
{
    return (float)(sum / (double)elements);
}

static size_t encode(const struct rog_codec_row *row, float *restrict values,
                     uint8_t *restrict bytes)
{
    for (size_t i = 0; i < row->elements; i++) {
        rog_put_float(bytes + 4 * i, values[i]);
        values[i] = 0;
    }
    return (size_t)row->elements * sizeof(float);
}

static void decode(const struct rog_codec_row *row, float share, const uint8_t *restrict bytes,
                   float *restrict w)
{
    for (size_t i = 0; i < row->elements; i++)
        w[i] -= share * rog_get_float(bytes + 4 * i);
}

/* The worker's row becomes that of the model, except for digits that a float of its size lacks. */
static size_t encode_pull(const struct rog_codec_row *row, const struct rog_codec_pull *pull,
                          uint8_t *restrict bytes)
{
    for (size_t i = 0; i < row->elements; i++) {
        float value = pull->start[i] + pull->model[i];
        pull->held[i] = value - pull->start[i];
        rog_put_float(bytes + 4 * i, value);
    }
    return (size_t)row->elements * sizeof(float);
}

static void decode_pull(const struct rog_codec_row *row, const uint8_t *restrict bytes,
                        float *restrict w)
{
    for (size_t i = 0; i < row->elements; i++)
        w[i] = rog_get_float(bytes + 4 * i);
}

/* Compares as signed integers, which every processor can vectorize. */
static bool exceeds(const struct rog_codec_row *row, const uint8_t *bytes, int32_t limit)
{
    uint32_t bad = 0;
    for (size_t i = 0; i < row->elements; i++)
        bad |= (int32_t)(rog_get_float_bits(bytes + 4 * i) & MAGNITUDE) > limit;
    return bad;
}

static size_t check(const struct rog_codec_row *row, const uint8_t *bytes, size_t size,
                    const char **why)
{
    int32_t limit;
    (void)size;
    memcpy(&limit, &row->limit, sizeof limit);
    if (exceeds(row, bytes, limit)) {
        *why = exceeds(row, bytes, INFINITE - 1) ? "a value that is not finite"
                                                 : "a value that is too large";
        return 0;
    }
    return (size_t)row->elements * sizeof(float);
}

const struct rog_codec rog_codec_none = {
    .abi_version = ROG_CODEC_ABI,
    .struct_size = sizeof(struct rog_codec),
    .name = "none",
    .summary = "32 bits per element, exact",
    .bytes = bytes_of,
    .scale = mean,
    .encode = encode,
    .decode = decode,
    .encode_pull = encode_pull,
    .decode_pull = decode_pull,
    .check = check,
};
