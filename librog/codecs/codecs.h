/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_CODECS_CODECS_H
#define ROG_CODECS_CODECS_H

/* The built-in codecs, and what the core does with any codec. */

#include <rog/codec.h>
#include <rog/error.h>

/* All built-in codecs, NULL at the end; the first is the default. */
extern const struct rog_codec *const rog_codecs[];

/* The lossless codec, without parameters. */
extern const struct rog_codec *const rog_codec_exact;

/* ROG_EINVAL: unknown name; the message lists the available codecs. */
int rog_codec_find(const char *name, const struct rog_codec **codec, struct rog_error *err);

/* Calls of a codec's hooks, which check that it follows its rules. */
float rog_codec_scale(const struct rog_codec *codec, double sum, uint64_t elements);
float rog_codec_whole_scale(const struct rog_codec *codec, const struct rog_codec_whole *whole);
size_t rog_codec_encode(const struct rog_codec *codec, const struct rog_codec_row *row,
                        float *values, uint8_t *bytes);

/* The pull of a row, see codec.h. scratch: row->elements floats, not used by codecs with
 * encode_pull. */
size_t rog_codec_encode_pull(const struct rog_codec *codec, const struct rog_codec_row *row,
                             const struct rog_codec_pull *pull, float *scratch, uint8_t *bytes);
void rog_codec_decode_pull(const struct rog_codec *codec, const struct rog_codec_row *row,
                           const uint8_t *bytes, float *w);

#endif
