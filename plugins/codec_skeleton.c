/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A codec to copy. Work through the numbered steps; <rog/codec.h> says what each field means and
 * which rules every codec must follow, and docs/write-a-codec.md explains this codec. It works as
 * it is: a row is sent as whole numbers from -127 to 127, one byte each, times a power of two that
 * fits its largest element.
 */

/* Step 1: this header and the C library are all that a plugin includes. */
#include <rog/codec.h>

#include <math.h>

/* Step 2 (optional): parameters that a run can set, `compression_parameters = { rounding =
 * "nearest"; };` in an experiment file. Each row describes one member and its allowed values; the
 * program checks the values, lists them in `rogctl plugins codec_skeleton` and fills the struct
 * that row->parameters points to. */
enum rounding { RANDOM, NEAREST };

struct skeleton_parameters {
    uint32_t rounding;
};

static const struct rog_parameter skeleton_parameters[] = {
    {.name = "rounding",
     .type = ROG_PARAMETER_CHOICE,
     .offset = offsetof(struct skeleton_parameters, rounding),
     .fallback = "random",
     .choices = "random|nearest",
     .help = "rounding of elements: nearest, or random without bias"},
    {.name = NULL},
};

/* Step 3: the bytes of a row. Here u8 exponent + BIAS, then an i8 for each element. */
#define BIAS 126
#define MOST 127
#define MOST_EXPONENT 122 /* of the largest float, divided by MOST */

static float step_of(const uint8_t *bytes)
{
    return ldexpf(1, bytes[0] - BIAS);
}

static float value_of(const uint8_t *bytes, uint32_t i, float step)
{
    return (float)(int8_t)bytes[1 + i] * step;
}

/* Step 4 (required): the number of bytes, which must hold for any values. */
static void bytes_of(const struct rog_codec_row *row, struct rog_codec_bytes *bytes)
{
    bytes->least = bytes->most = 1 + (size_t)row->elements;
}

/* Step 5 (required, this or whole_scale): one number for each tensor, sent before its rows. This
 * codec needs none. */
static float no_scale(double sum, uint64_t elements)
{
    (void)sum, (void)elements;
    return 0;
}

/* The exponent of the smallest power of two that fits the whole row. */
static int exponent_of(const float *values, uint32_t count)
{
    int exponent;
    float largest = 0;
    for (uint32_t i = 0; i < count; i++)
        largest = fmaxf(largest, fabsf(values[i]));
    frexpf(largest / MOST, &exponent);
    return largest > 0 && exponent > -BIAS ? exponent : -BIAS;
}

/* Step 6 (required): write the row, and leave in its place what the bytes do not contain. All
 * random choices must follow from row->seed. */
static size_t encode(const struct rog_codec_row *row, float *values, uint8_t *bytes)
{
    const struct skeleton_parameters *parameters = row->parameters;
    bytes[0] = (uint8_t)(exponent_of(values, row->elements) + BIAS);
    float step = step_of(bytes);
    for (uint32_t i = 0; i < row->elements; i++) {
        float chance = parameters->rounding == RANDOM
                           ? ldexpf((float)(rog_random(row->seed, i, 0) >> 40), -24)
                           : 0.5f;
        float whole = floorf(values[i] / step + chance);
        whole = fminf(fmaxf(whole, -MOST), MOST);
        bytes[1 + i] = (uint8_t)(int8_t)whole;
        values[i] -= whole * step;
    }
    return 1 + (size_t)row->elements;
}

/* Step 7 (required): subtract `share` of the decoded row from w. Compute exactly what `encode`
 * subtracted, to the last bit: any difference would be lost. */
static void decode(const struct rog_codec_row *row, float share, const uint8_t *bytes, float *w)
{
    float step = step_of(bytes);
    for (uint32_t i = 0; i < row->elements; i++)
        w[i] -= share * value_of(bytes, i, step);
}

/* Step 8 (required): the bytes come from a network. Accepting them must never make `decode` read
 * past their end, or subtract a value that is larger than row->limit or not a number. */
static size_t check(const struct rog_codec_row *row, const uint8_t *bytes, size_t size,
                    const char **why)
{
    (void)size; /* at least as many as bytes_of returns */
    *why = "an exponent out of range for a row";
    if (bytes[0] > MOST_EXPONENT + BIAS)
        return 0;
    *why = "a value that is too large";
    float step = step_of(bytes);
    for (uint32_t i = 0; i < row->elements; i++)
        if (!(fabsf(value_of(bytes, i, step)) <= row->limit) || (int8_t)bytes[1 + i] < -MOST)
            return 0;
    return 1 + (size_t)row->elements;
}

/* Step 9: the symbol that the program looks for. Hooks that are left out have defaults. Useful
 * ones: `unit` ROG_CODEC_TENSORS makes each tensor one row, `memory` keeps floats from stream to
 * stream, `levels` lets a strategy choose the precision of each row. */
ROG_CODEC_EXPORT const struct rog_codec rog_codec_plugin = {
    .abi_version = ROG_CODEC_ABI,
    .struct_size = sizeof(struct rog_codec),
    .name = "codec_skeleton",
    .summary = "one byte per element, times a power of two per row",
    .parameters = skeleton_parameters,
    .parameter_bytes = sizeof(struct skeleton_parameters),
    .bytes = bytes_of,
    .scale = no_scale,
    .encode = encode,
    .decode = decode,
    .check = check,
};
