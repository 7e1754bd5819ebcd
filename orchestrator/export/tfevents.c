/* SPDX-License-Identifier: Apache-2.0 */
/* Encodes TensorBoard's event files. */
#include <orchestrator/export/tfevents.h>

#include <stdlib.h>
#include <string.h>

#include <common/utf8.h>

enum { WIRE_VARINT = 0, WIRE_64 = 1, WIRE_BYTES = 2, WIRE_32 = 5 };

/* --- protocol buffers --- */

void rog_protobuf_release(struct rog_protobuf *message)
{
    free(message->data);
    *message = (struct rog_protobuf){0};
}

static void add(struct rog_protobuf *message, const void *data, size_t size)
{
    if (message->failed || size == 0)
        return;
    if (size > message->room - message->size) {
        size_t room = 2 * message->room + size + 64;
        unsigned char *larger = realloc(message->data, room);
        if (!larger) {
            message->failed = true;
            return;
        }
        message->data = larger;
        message->room = room;
    }
    memcpy(message->data + message->size, data, size);
    message->size += size;
}

static void put_varint(struct rog_protobuf *message, uint64_t value)
{
    unsigned char bytes[10];
    size_t count = 0;
    do {
        bytes[count] = (unsigned char)((value & 127) | (value > 127 ? 128 : 0));
        count++;
        value >>= 7;
    } while (value);
    add(message, bytes, count);
}

static void put_little(struct rog_protobuf *message, uint64_t value, size_t size)
{
    unsigned char bytes[8];
    for (size_t i = 0; i < size; i++)
        bytes[i] = (unsigned char)(value >> 8 * i);
    add(message, bytes, size);
}

static void put_key(struct rog_protobuf *message, int field, int wire)
{
    put_varint(message, (uint64_t)field << 3 | (uint64_t)wire);
}

void rog_protobuf_int(struct rog_protobuf *message, int field, int64_t value)
{
    put_key(message, field, WIRE_VARINT);
    put_varint(message, (uint64_t)value);
}

void rog_protobuf_double(struct rog_protobuf *message, int field, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    put_key(message, field, WIRE_64);
    put_little(message, bits, 8);
}

void rog_protobuf_float(struct rog_protobuf *message, int field, float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    put_key(message, field, WIRE_32);
    put_little(message, bits, 4);
}

void rog_protobuf_bytes(struct rog_protobuf *message, int field, const void *data, size_t size)
{
    put_key(message, field, WIRE_BYTES);
    put_varint(message, size);
    add(message, data, size);
}

void rog_protobuf_text(struct rog_protobuf *message, int field, const char *text)
{
    /* An invalid byte becomes U+FFFD, which takes three bytes. */
    char *valid = malloc(3 * strlen(text ? text : "") + 1), *next = valid;
    while (valid && text && *text)
        next = rog_utf8_put(next, rog_utf8_take(&text));
    message->failed = message->failed || !valid;
    rog_protobuf_bytes(message, field, valid, (size_t)(next - valid));
    free(valid);
}

void rog_protobuf_message(struct rog_protobuf *message, int field, struct rog_protobuf *part)
{
    message->failed = message->failed || part->failed;
    rog_protobuf_bytes(message, field, part->data, part->size);
    rog_protobuf_release(part);
}

/* --- records --- */

uint32_t rog_crc32c(const void *data, size_t size)
{
    static const uint32_t nibble[16] = {0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1,
                                        0x417b1dbc, 0x5125dad3, 0x61c69362, 0x7198540d,
                                        0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9,
                                        0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75};
    const unsigned char *byte = data;
    uint32_t crc = 0xffffffff;
    for (size_t i = 0; i < size; i++) {
        crc ^= byte[i];
        crc = crc >> 4 ^ nibble[crc & 15];
        crc = crc >> 4 ^ nibble[crc & 15];
    }
    return ~crc;
}

/* Masks a checksum: the checksum of data that contains checksums would otherwise be weak. */
static uint32_t masked(const void *data, size_t size)
{
    uint32_t crc = rog_crc32c(data, size);
    return (crc >> 15 | crc << 17) + 0xa282ead8U;
}

/* Releases the event. */
static bool write_record(FILE *file, struct rog_protobuf *event)
{
    struct rog_protobuf head = {0}, tail = {0};
    put_little(&head, event->size, 8);
    if (!head.failed)
        put_little(&head, masked(head.data, head.size), 4);
    put_little(&tail, masked(event->data, event->size), 4);
    bool made = !head.failed && !tail.failed && !event->failed;
    if (made) {
        fwrite(head.data, 1, head.size, file);
        fwrite(event->data, 1, event->size, file);
        fwrite(tail.data, 1, tail.size, file);
    }
    rog_protobuf_release(&head);
    rog_protobuf_release(&tail);
    rog_protobuf_release(event);
    return made;
}

/* --- events: Event 1 wall_time, 2 step, 3 file_version, 5 summary; Summary 1 value;
 * Summary.Value 1 tag, 2 simple_value, 8 tensor, 9 metadata --- */

bool rog_tfevents_begin(FILE *file, double wall_s)
{
    struct rog_protobuf event = {0};
    rog_protobuf_double(&event, 1, wall_s);
    rog_protobuf_text(&event, 3, "brain.Event:2");
    return write_record(file, &event);
}

/* Releases the value. */
static bool write_value(FILE *file, double wall_s, int64_t step, struct rog_protobuf *value)
{
    struct rog_protobuf event = {0}, summary = {0};
    rog_protobuf_message(&summary, 1, value);
    rog_protobuf_double(&event, 1, wall_s);
    rog_protobuf_int(&event, 2, step);
    rog_protobuf_message(&event, 5, &summary);
    return write_record(file, &event);
}

bool rog_tfevents_scalar(FILE *file, double wall_s, int64_t step, const char *tag, double value)
{
    struct rog_protobuf one = {0};
    rog_protobuf_text(&one, 1, tag);
    rog_protobuf_float(&one, 2, (float)value);
    return write_value(file, wall_s, step, &one);
}

bool rog_tfevents_hparams(FILE *file, double wall_s, const char *tag, struct rog_protobuf *data)
{
    /* TensorProto: 1 dtype (float), 2 shape, which has a dimension of size 0. */
    static const unsigned char no_tensor[] = {0x08, 1, 0x12, 2, 0x12, 0};
    struct rog_protobuf value = {0}, metadata = {0}, plugin = {0};
    rog_protobuf_text(&plugin, 1, "hparams");
    rog_protobuf_message(&plugin, 2, data);
    rog_protobuf_message(&metadata, 1, &plugin);
    rog_protobuf_text(&value, 1, tag);
    rog_protobuf_bytes(&value, 8, no_tensor, sizeof no_tensor);
    rog_protobuf_message(&value, 9, &metadata);
    return write_value(file, wall_s, 0, &value);
}
