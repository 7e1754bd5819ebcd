/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Integers by blocks: `int8` and `int4`, and fewer bits for rows for which a strategy chooses them.
 * A byte with the number of bits, then the blocks (blocks.h) with these steps:
 *
 *     8, 4 bits  max |x| / 127, / 7: the block's greatest magnitude is exact (Dettmers et al., ICLR
 *                2022, section 2.1, block-wise quantization, with evenly spaced numbers)
 *     2 bits     least squared error for a normal distribution, +-1/2 and +-3/2 of 0.9957 standard
 *                deviations (Max, IRE Trans. Inf. Theory 1960, table II), computed from the mean
 *                magnitude
 *     1 bit      2 mean |x|: plus or minus the mean magnitude
 */

#include <librog/codecs/blocks.h>
#include <librog/codecs/no_scale.h>
#include <librog/kernels/kernels.h>
#include <rog/codec.h>

#define TWO_BIT_STEP 1.2479f /* 0.9957 sqrt(pi / 2) */

struct int_parameters {
    int64_t block;
};

static const struct rog_parameter int_parameters[] = {
    {.name = "block",
     .type = ROG_PARAMETER_INTEGER,
     .offset = offsetof(struct int_parameters, block),
     .fallback = "256",
     .min = 16,
     .max = 65536,
     .unit = "elements",
     .help = "elements that share one scale"},
    {.name = NULL},
};

static struct rog_blocks blocks_of(const struct rog_codec_row *row, unsigned bits)
{
    const struct int_parameters *parameters = row->parameters;
    return (struct rog_blocks){.elements = row->elements,
                               .block = (uint32_t)parameters->block,
                               .bits = bits,
                               .halves = bits <= 2};
}

static float step_of(const struct rog_blocks *blocks, const float *x, size_t n)
{
    if (!blocks->halves)
        return rog_kernel_greatest(x, n) / rog_blocks_reach(blocks);
    float mean = (float)(rog_kernel_absolute(x, n) / (double)n);
    return mean * (blocks->bits == 2 ? TWO_BIT_STEP : 2);
}

/* The hooks. `best` is the number of bits at level 0; each further level has half as many. */

static void bytes_from(const struct rog_codec_row *row, unsigned best,
                       struct rog_codec_bytes *bytes)
{
    const struct rog_blocks blocks = blocks_of(row, best >> row->level);
    bytes->least = bytes->most = 1 + rog_blocks_bytes(&blocks);
}

static size_t encode_from(const struct rog_codec_row *row, unsigned best, float *values,
                          uint8_t *bytes)
{
    const struct rog_blocks blocks = blocks_of(row, best >> row->level);
    uint8_t *at = bytes;
    *at++ = (uint8_t)blocks.bits;
    for (uint32_t done = 0, n; done < row->elements; done += n) {
        n = row->elements - done < blocks.block ? row->elements - done : blocks.block;
        float step = step_of(&blocks, values + done, n);
        at += rog_blocks_put(&blocks, step, NULL, values + done, n, at);
    }
    return (size_t)(at - bytes);
}

static void decode(const struct rog_codec_row *row, float share, const uint8_t *bytes, float *w)
{
    const struct rog_blocks blocks = blocks_of(row, bytes[0]);
    rog_blocks_decode(&blocks, share, bytes + 1, w);
}

static size_t check_from(const struct rog_codec_row *row, unsigned best, const uint8_t *bytes,
                         size_t size, const char **why)
{
    unsigned bits = bytes[0];
    *why = "an invalid number of bits";
    if (bits == 0 || bits > best || (bits & (bits - 1)) != 0)
        return 0;
    const struct rog_blocks blocks = blocks_of(row, bits);
    *why = "fewer bytes than announced";
    if (size < 1 + rog_blocks_bytes(&blocks))
        return 0;
    return rog_blocks_check(&blocks, row->limit, bytes + 1, why) ? 1 + rog_blocks_bytes(&blocks)
                                                                 : 0;
}

static void bytes_8(const struct rog_codec_row *row, struct rog_codec_bytes *bytes)
{
    bytes_from(row, 8, bytes);
}

static size_t encode_8(const struct rog_codec_row *row, float *values, uint8_t *bytes)
{
    return encode_from(row, 8, values, bytes);
}

static size_t check_8(const struct rog_codec_row *row, const uint8_t *bytes, size_t size,
                      const char **why)
{
    return check_from(row, 8, bytes, size, why);
}

static void bytes_4(const struct rog_codec_row *row, struct rog_codec_bytes *bytes)
{
    bytes_from(row, 4, bytes);
}

static size_t encode_4(const struct rog_codec_row *row, float *values, uint8_t *bytes)
{
    return encode_from(row, 4, values, bytes);
}

static size_t check_4(const struct rog_codec_row *row, const uint8_t *bytes, size_t size,
                      const char **why)
{
    return check_from(row, 4, bytes, size, why);
}

const struct rog_codec rog_codec_int8 = {
    .abi_version = ROG_CODEC_ABI,
    .struct_size = sizeof(struct rog_codec),
    .name = "int8",
    .summary = "8 bits per element, one scale per block; 4, 2 or 1 bits if the strategy chooses",
    .parameters = int_parameters,
    .parameter_bytes = sizeof(struct int_parameters),
    .levels = 4,
    .bytes = bytes_8,
    .scale = rog_codec_no_scale,
    .encode = encode_8,
    .decode = decode,
    .check = check_8,
};

const struct rog_codec rog_codec_int4 = {
    .abi_version = ROG_CODEC_ABI,
    .struct_size = sizeof(struct rog_codec),
    .name = "int4",
    .summary = "4 bits per element, one scale per block; 2 or 1 bits if the strategy chooses",
    .parameters = int_parameters,
    .parameter_bytes = sizeof(struct int_parameters),
    .levels = 3,
    .bytes = bytes_4,
    .scale = rog_codec_no_scale,
    .encode = encode_4,
    .decode = decode,
    .check = check_4,
};
