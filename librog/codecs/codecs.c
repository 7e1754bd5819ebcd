/* SPDX-License-Identifier: Apache-2.0 */
/* The table of codecs, and code that is the same for all of them. */
#include <librog/codecs/codecs.h>

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

extern const struct rog_codec rog_codec_sign, rog_codec_none, rog_codec_fp16, rog_codec_bf16,
    rog_codec_int8, rog_codec_int4, rog_codec_qsgd, rog_codec_topk, rog_codec_randomk,
    rog_codec_lowrank, rog_codec_dct;

const struct rog_codec *const rog_codecs[] = {
    &rog_codec_sign,    &rog_codec_none,    &rog_codec_fp16, &rog_codec_bf16,
    &rog_codec_int8,    &rog_codec_int4,    &rog_codec_qsgd, &rog_codec_topk,
    &rog_codec_randomk, &rog_codec_lowrank, &rog_codec_dct,  NULL,
};
const struct rog_codec *const rog_codec_exact = &rog_codec_none;

#define NAMES_BYTES 256

/* Writes "sign, none". */
static void list_names(char names[NAMES_BYTES])
{
    size_t used = 0;
    for (size_t i = 0; rog_codecs[i]; i++) {
        const char *name = rog_codecs[i]->name;
        size_t length = strlen(name);
        if (used + length + 3 > NAMES_BYTES)
            break;
        if (i > 0) {
            memcpy(names + used, ", ", 2);
            used += 2;
        }
        memcpy(names + used, name, length);
        used += length;
    }
    names[used] = '\0';
}

int rog_codec_find(const char *name, const struct rog_codec **codec, struct rog_error *err)
{
    char names[NAMES_BYTES];
    for (size_t i = 0; rog_codecs[i]; i++) {
        *codec = rog_codecs[i];
        if (strcmp(rog_codecs[i]->name, name) == 0)
            return 0;
    }
    *codec = NULL;
    list_names(names);
    return rog_fail(err, ROG_EINVAL, "compression is \"%s\"; allowed: %s", name, names);
}

#ifndef NDEBUG
static bool may_take(const struct rog_codec *codec, const struct rog_codec_row *row, size_t size)
{
    struct rog_codec_bytes bytes;
    codec->bytes(row, &bytes);
    return size > 0 && size >= bytes.least && size <= bytes.most;
}
#endif

float rog_codec_scale(const struct rog_codec *codec, double sum, uint64_t elements)
{
    float scale = codec->scale(sum, elements);
    assert(isfinite(scale) && scale >= 0);
    return scale;
}

float rog_codec_whole_scale(const struct rog_codec *codec, const struct rog_codec_whole *whole)
{
    float scale = codec->whole_scale(whole);
    assert(isfinite(scale) && scale >= 0);
    return scale;
}

size_t rog_codec_encode(const struct rog_codec *codec, const struct rog_codec_row *row,
                        float *values, uint8_t *bytes)
{
    size_t size = codec->encode(row, values, bytes);
    assert(may_take(codec, row, size));
    return size;
}

size_t rog_codec_encode_pull(const struct rog_codec *codec, const struct rog_codec_row *row,
                             const struct rog_codec_pull *pull, float *scratch, uint8_t *bytes)
{
    size_t size;
    if (codec->encode_pull) {
        size = codec->encode_pull(row, pull, bytes);
    } else {
        for (uint32_t i = 0; i < row->elements; i++)
            scratch[i] = pull->held[i] - pull->model[i];
        size = codec->encode(row, scratch, bytes);
        codec->decode(row, 1, bytes, pull->held);
    }
    assert(may_take(codec, row, size));
    return size;
}

void rog_codec_decode_pull(const struct rog_codec *codec, const struct rog_codec_row *row,
                           const uint8_t *bytes, float *w)
{
    if (codec->decode_pull)
        codec->decode_pull(row, bytes, w);
    else
        codec->decode(row, 1, bytes, w);
}
