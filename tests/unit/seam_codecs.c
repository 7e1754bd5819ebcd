/* SPDX-License-Identifier: Apache-2.0 */
/* Codecs that use the whole interface. */
#include "seam_codecs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <common/json.h>
#include <common/parameters.h>
#include <librog/kernels/float_bytes.h>

static float mean(double sum, uint64_t elements)
{
    return (float)(sum / (double)elements);
}

static bool may_be(float x, const struct rog_codec_row *row)
{
    return fabsf(x) <= row->limit;
}

/* ---- column: u8 index, then its elements as floats ---- */

static uint32_t columns_of(const struct rog_codec_row *row)
{
    return row->width < 256 ? row->width : 255;
}

static uint32_t height_of(const struct rog_codec_row *row)
{
    return row->elements / row->width;
}

static void column_bytes(const struct rog_codec_row *row, struct rog_codec_bytes *bytes)
{
    bytes->least = bytes->most = 1 + 4 * (size_t)height_of(row);
}

static size_t column_encode(const struct rog_codec_row *row, float *values, uint8_t *bytes)
{
    uint32_t column = (uint32_t)row->memory[0], height = height_of(row);
    float *taken = row->scratch;
    for (uint32_t i = 0; i < height; i++) {
        taken[i] = values[i * row->width + column];
        values[i * row->width + column] = 0;
    }
    bytes[0] = (uint8_t)column;
    for (uint32_t i = 0; i < height; i++)
        rog_put_float(bytes + 1 + 4 * i, taken[i]);
    row->memory[0] = (float)((column + 1) % columns_of(row));
    return 1 + 4 * (size_t)height;
}

static void column_decode(const struct rog_codec_row *row, float share, const uint8_t *bytes,
                          float *w)
{
    for (uint32_t i = 0; i < height_of(row); i++)
        w[i * row->width + bytes[0]] -= share * rog_get_float(bytes + 1 + 4 * i);
}

static size_t column_check(const struct rog_codec_row *row, const uint8_t *bytes, size_t size,
                           const char **why)
{
    uint32_t height = height_of(row);
    (void)size;
    *why = "a column or a value that it must not have";
    bool good = bytes[0] < columns_of(row);
    for (uint32_t i = 0; i < height; i++)
        good = good && may_be(rog_get_float(bytes + 1 + 4 * i), row);
    return good ? 1 + 4 * (size_t)height : 0;
}

static size_t one_float(const struct rog_codec_row *row)
{
    (void)row;
    return 1;
}

static size_t column_scratch(const struct rog_codec_row *row)
{
    return height_of(row) * sizeof(float);
}

const struct rog_codec seam_column = {
    .abi_version = ROG_CODEC_ABI,
    .struct_size = sizeof(struct rog_codec),
    .name = "column",
    .summary = "one column after the other",
    .unit = ROG_CODEC_TENSORS,
    .bytes = column_bytes,
    .scale = mean,
    .encode = column_encode,
    .decode = column_decode,
    .check = column_check,
    .memory = one_float,
    .scratch = column_scratch,
};

/* ---- halves: u8 level, then elements of 4 or 2 bytes ---- */

static size_t halves_size(const struct rog_codec_row *row, uint32_t level)
{
    return 1 + (level ? 2 : 4) * (size_t)row->elements;
}

static void halves_bytes(const struct rog_codec_row *row, struct rog_codec_bytes *bytes)
{
    bytes->least = bytes->most = halves_size(row, row->level);
}

static float half_of(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    bits &= UINT32_C(0xffff0000);
    memcpy(&x, &bits, sizeof bits);
    return x;
}

static size_t halves_encode(const struct rog_codec_row *row, float *values, uint8_t *bytes)
{
    uint8_t *at = bytes;
    *at++ = (uint8_t)row->level;
    for (uint32_t i = 0; i < row->elements; i++) {
        uint8_t whole[4];
        float x = row->level ? half_of(values[i]) : values[i];
        rog_put_float(whole, x);
        memcpy(at, whole + (row->level ? 2 : 0), row->level ? 2 : 4);
        at += row->level ? 2 : 4;
        values[i] -= x;
    }
    return (size_t)(at - bytes);
}

static float halves_value(const uint8_t *bytes, uint32_t i)
{
    uint8_t whole[4] = {0};
    if (bytes[0])
        memcpy(whole + 2, bytes + 1 + 2 * (size_t)i, 2);
    else
        memcpy(whole, bytes + 1 + 4 * (size_t)i, 4);
    return rog_get_float(whole);
}

static void halves_decode(const struct rog_codec_row *row, float share, const uint8_t *bytes,
                          float *w)
{
    for (uint32_t i = 0; i < row->elements; i++)
        w[i] -= share * halves_value(bytes, i);
}

static size_t halves_check(const struct rog_codec_row *row, const uint8_t *bytes, size_t size,
                           const char **why)
{
    size_t whole = halves_size(row, bytes[0]);
    *why = "a level or a value that it must not have";
    bool good = bytes[0] < 2 && whole <= size;
    for (uint32_t i = 0; good && i < row->elements; i++)
        good = may_be(halves_value(bytes, i), row);
    return good ? whole : 0;
}

const struct rog_codec seam_halves = {
    .abi_version = ROG_CODEC_ABI,
    .struct_size = sizeof(struct rog_codec),
    .name = "halves",
    .summary = "floats, or their upper halves",
    .levels = 2,
    .bytes = halves_bytes,
    .scale = mean,
    .encode = halves_encode,
    .decode = halves_decode,
    .check = halves_check,
};

/* ---- threshold: one bit per element, then the elements with a set bit as floats ---- */

static size_t map_bytes(const struct rog_codec_row *row)
{
    return ((size_t)row->elements + 7) / 8;
}

static void threshold_bytes(const struct rog_codec_row *row, struct rog_codec_bytes *bytes)
{
    bytes->least = map_bytes(row);
    bytes->most = map_bytes(row) + 4 * (size_t)row->elements;
}

static float threshold_whole(const struct rog_codec_whole *whole)
{
    double *sum = whole->scratch;
    *sum = 0;
    for (uint64_t i = 0; i < whole->count; i++)
        *sum += fabs((double)whole->values[i]);
    return (float)(*sum / (double)whole->count);
}

static size_t one_double(const void *parameters, uint64_t count)
{
    (void)parameters, (void)count;
    return sizeof(double);
}

static size_t threshold_encode(const struct rog_codec_row *row, float *values, uint8_t *bytes)
{
    uint8_t *at = bytes + map_bytes(row);
    memset(bytes, 0, map_bytes(row));
    for (uint32_t i = 0; i < row->elements; i++) {
        if (fabsf(values[i]) < row->scale)
            continue;
        bytes[i / 8] |= (uint8_t)(1u << (i % 8));
        rog_put_float(at, values[i]);
        at += 4;
        values[i] = 0;
    }
    return (size_t)(at - bytes);
}

static void threshold_decode(const struct rog_codec_row *row, float share, const uint8_t *bytes,
                             float *w)
{
    const uint8_t *at = bytes + map_bytes(row);
    for (uint32_t i = 0; i < row->elements; i++)
        if (bytes[i / 8] >> (i % 8) & 1) {
            w[i] -= share * rog_get_float(at);
            at += 4;
        }
}

static size_t threshold_check(const struct rog_codec_row *row, const uint8_t *bytes, size_t size,
                              const char **why)
{
    size_t whole = map_bytes(row);
    *why = "bits or a value that it must not have";
    if (row->elements % 8 && bytes[row->elements / 8] >> (row->elements % 8))
        return 0;
    for (uint32_t i = 0; i < row->elements; i++)
        if (bytes[i / 8] >> (i % 8) & 1) {
            if (whole + 4 > size || !may_be(rog_get_float(bytes + whole), row))
                return 0;
            whole += 4;
        }
    return whole;
}

const struct rog_codec seam_threshold = {
    .abi_version = ROG_CODEC_ABI,
    .struct_size = sizeof(struct rog_codec),
    .name = "threshold",
    .summary = "elements of at least the mean magnitude over the model",
    .bytes = threshold_bytes,
    .encode = threshold_encode,
    .decode = threshold_decode,
    .check = threshold_check,
    .whole_scale = threshold_whole,
    .whole_scratch = one_double,
};

const struct rog_codec *const seam_codecs[] = {&seam_column, &seam_halves, &seam_threshold, NULL};

/* ---- parameters ---- */

static void put_word(struct rog_json *given, const struct rog_parameter *row, struct rog_rng *rng)
{
    char word[64];
    uint32_t words = 1;
    const char *at = row->choices;
    for (const char *letter = row->choices; *letter; letter++)
        words += *letter == '|';
    for (uint32_t which = rog_rng_below(rng, words); which > 0; which--)
        at = strchr(at, '|') + 1;
    size_t length = strcspn(at, "|");
    assert_true(length < sizeof word);
    memcpy(word, at, length);
    word[length] = '\0';
    rog_json_put_string(given, row->name, word);
}

static void draw(struct rog_json *given, const struct rog_parameter *row, struct rog_rng *rng)
{
    double number = rog_rng_range(rng, row->min, row->max);
    if (row->type == ROG_PARAMETER_NUMBER)
        rog_json_put_number(given, row->name, number);
    else if (row->type == ROG_PARAMETER_INTEGER)
        rog_json_put_integer(given, row->name, (int64_t)floor(number));
    else if (row->type == ROG_PARAMETER_BOOLEAN)
        rog_json_put_bool(given, row->name, rog_rng_below(rng, 2));
    else
        put_word(given, row, rng);
}

void *seam_parameters(const struct rog_codec *codec, struct rog_rng *rng)
{
    struct rog_json *given = rog_json_object();
    struct rog_error err = {0};
    void *parameters = NULL;
    for (const struct rog_parameter *row = codec->parameters; rng && row && row->name; row++)
        if (rog_rng_below(rng, 2))
            draw(given, row, rng);
    if (rog_parameters_make(codec->parameters, codec->parameter_bytes, codec->name, given, NULL,
                            &parameters, &err))
        fail_msg("%s", err.message);
    rog_json_free(given);
    return parameters;
}
