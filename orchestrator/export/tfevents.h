/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_EXPORT_TFEVENTS_H
#define ROG_EXPORT_TFEVENTS_H

/*
 * TensorBoard's event files: records with masked CRC-32C checksums (the framing of TFRecord), each
 * of which is a message `Event` of protocol buffers. Field numbers are those of event.proto,
 * summary.proto and, for HParams, plugin_data.proto and api.proto.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* A message of protocol buffers while it is encoded. Zero-initialize; release when done. Without
 * memory `failed` is set and nothing more is added. */
struct rog_protobuf {
    unsigned char *data;
    size_t size, room;
    bool failed;
};
void rog_protobuf_release(struct rog_protobuf *message);
void rog_protobuf_int(struct rog_protobuf *message, int field, int64_t value);
void rog_protobuf_double(struct rog_protobuf *message, int field, double value);
void rog_protobuf_float(struct rog_protobuf *message, int field, float value);
void rog_protobuf_bytes(struct rog_protobuf *message, int field, const void *data, size_t size);
/* Converted to valid UTF-8; NULL is "". */
void rog_protobuf_text(struct rog_protobuf *message, int field, const char *text);
/* Adds `part` as a member and releases it. */
void rog_protobuf_message(struct rog_protobuf *message, int field, struct rog_protobuf *part);

/* CRC-32C (Castagnoli, RFC 3720) of the data. */
uint32_t rog_crc32c(const void *data, size_t size);

/* Writes the first event of a file. Write errors stay in the FILE; false: without memory. */
bool rog_tfevents_begin(FILE *file, double wall_s);
/* Writes a point of a curve. */
bool rog_tfevents_scalar(FILE *file, double wall_s, int64_t step, const char *tag, double value);
/* Writes a message of the plugin HParams (HParamsPluginData), which is released. */
bool rog_tfevents_hparams(FILE *file, double wall_s, const char *tag, struct rog_protobuf *data);

#endif
