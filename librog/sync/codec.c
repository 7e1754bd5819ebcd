/* SPDX-License-Identifier: Apache-2.0 */
/* The table of codecs, and what is the same for all of them. */
#include <librog/sync/codec.h>

#include <string.h>

extern const struct rog_codec rog_codec_sign, rog_codec_none;

const struct rog_codec *const rog_codecs[] = {&rog_codec_sign, &rog_codec_none, NULL};

#define NAMES_BYTES 256

/* "sign, none" */
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
    return rog_fail(err, ROG_EINVAL, "compression is \"%s\": it may be one of %s", name, names);
}

void rog_codec_bytes(const struct rog_codec *codec, const void *parameters, uint32_t elements,
                     struct rog_codec_bytes *bytes)
{
    struct rog_codec_row row = {.parameters = parameters, .elements = elements};
    codec->bytes(&row, bytes);
    for (row.level = 1; row.level < codec->levels; row.level++) {
        struct rog_codec_bytes other;
        codec->bytes(&row, &other);
        bytes->least = other.least < bytes->least ? other.least : bytes->least;
        bytes->most = other.most > bytes->most ? other.most : bytes->most;
    }
}

size_t rog_codec_encode_pull(const struct rog_codec *codec, const struct rog_codec_row *row,
                             float *held, const float *model, float *scratch, uint8_t *bytes)
{
    if (codec->encode_pull)
        return codec->encode_pull(row, held, model, bytes);
    for (uint32_t i = 0; i < row->elements; i++)
        scratch[i] = held[i] - model[i];
    size_t size = codec->encode(row, scratch, bytes);
    codec->decode(row, 1, bytes, held);
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
