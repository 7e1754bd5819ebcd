/* SPDX-License-Identifier: Apache-2.0 */
/* A codec plugin that is right but for what is defined when it is compiled: each must be refused.
 */
#include <rog/codec.h>

#ifndef VERSION
#define VERSION ROG_CODEC_ABI
#endif
#ifndef SIZE
#define SIZE sizeof(struct rog_codec)
#endif
#ifndef WRONG
#define WRONG .summary = "nothing"
#endif

static void bytes_of(const struct rog_codec_row *row, struct rog_codec_bytes *bytes)
{
    (void)row;
    bytes->least = bytes->most = 1;
}

static float scale_of(double sum, uint64_t elements)
{
    (void)sum, (void)elements;
    return 0;
}

static size_t encode(const struct rog_codec_row *row, float *values, uint8_t *bytes)
{
    (void)row, (void)values;
    bytes[0] = 0;
    return 1;
}

static void decode(const struct rog_codec_row *row, float share, const uint8_t *bytes, float *w)
{
    (void)row, (void)share, (void)bytes, (void)w;
}

static size_t check(const struct rog_codec_row *row, const uint8_t *bytes, size_t size,
                    const char **why)
{
    (void)row, (void)bytes, (void)size, (void)why;
    return 1;
}

__attribute__((unused)) static size_t encode_pull(const struct rog_codec_row *row,
                                                  const struct rog_codec_pull *pull, uint8_t *bytes)
{
    (void)row, (void)pull, (void)bytes;
    return 1;
}

__attribute__((unused)) static float whole_scale(const struct rog_codec_whole *whole)
{
    (void)whole;
    return 0;
}

__attribute__((unused)) static bool is_whole(const void *parameters)
{
    (void)parameters;
    return false;
}

/* What is wrong stands after what would be right. */
#pragma GCC diagnostic ignored "-Wpragmas"
#pragma GCC diagnostic ignored "-Wunknown-warning-option"
#pragma GCC diagnostic ignored "-Winitializer-overrides"
#pragma GCC diagnostic ignored "-Woverride-init"
ROG_CODEC_EXPORT const struct rog_codec rog_codec_plugin = {
    .abi_version = VERSION,
    .struct_size = SIZE,
    .name = "refused",
    .summary = "nothing",
    .bytes = bytes_of,
    .scale = scale_of,
    .encode = encode,
    .decode = decode,
    .check = check,
    WRONG,
};
