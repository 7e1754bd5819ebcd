/* SPDX-License-Identifier: Apache-2.0 */

/* Sends and receives the values of a model in pieces. */

#include <librog/net/pieces.h>

#include <string.h>

#include <librog/net/bytes.h>
#include <librog/net/hello.h>

uint64_t rog_pieces_values(const struct rog_span *spans, uint32_t count)
{
    uint64_t values = 0;
    for (uint32_t i = 0; i < count; i++)
        values += spans[i].count;
    return values;
}

/* Iterates over values one by one. */
struct cursor {
    const struct rog_span *span;
    uint64_t at; /* index in the span */
};

static struct cursor cursor_at(const struct rog_span *spans, uint64_t value)
{
    struct cursor cursor = {spans, value};
    while (cursor.at > 0 && cursor.at >= cursor.span->count)
        cursor.at -= cursor.span++->count;
    return cursor;
}

static float *next_value(struct cursor *cursor)
{
    while (cursor->at == cursor->span->count) {
        cursor->span++;
        cursor->at = 0;
    }
    return &cursor->span->values[cursor->at++];
}

size_t rog_pieces_write(const struct rog_span *spans, uint32_t count, uint64_t *at,
                        uint8_t *message, size_t room)
{
    uint64_t values = rog_pieces_values(spans, count), left = values - *at;
    uint64_t piece = (room - ROG_KIND_PIECE_BYTES) / sizeof(float);
    piece = piece < left ? piece : left;
    rog_put_u64(message, values);
    rog_put_u64(message + 8, *at);
    struct cursor cursor = cursor_at(spans, *at);
    for (uint64_t i = 0; i < piece; i++) {
        uint32_t bits;
        float value = *next_value(&cursor);
        if (cursor.span->change)
            value += cursor.span->change[cursor.at - 1];
        memcpy(&bits, &value, sizeof bits);
        rog_put_u32(message + ROG_KIND_PIECE_BYTES + 4 * i, bits);
    }
    *at += piece;
    return ROG_KIND_PIECE_BYTES + 4 * (size_t)piece;
}

int rog_pieces_read(const struct rog_span *spans, uint32_t count, uint64_t *at,
                    const uint8_t *message, size_t size, struct rog_error *err)
{
    uint64_t values = rog_pieces_values(spans, count);
    uint64_t piece =
        size < ROG_KIND_PIECE_BYTES ? 0 : (size - ROG_KIND_PIECE_BYTES) / sizeof(float);
    if (size < ROG_KIND_PIECE_BYTES || (size - ROG_KIND_PIECE_BYTES) % sizeof(float) ||
        rog_get_u64(message) != values || rog_get_u64(message + 8) != *at || piece > values - *at)
        return rog_fail(err, ROG_EFORMAT, "a part of a model that does not fit");
    struct cursor cursor = cursor_at(spans, *at);
    for (uint64_t i = 0; i < piece; i++) {
        uint32_t bits = rog_get_u32(message + ROG_KIND_PIECE_BYTES + 4 * i);
        memcpy(next_value(&cursor), &bits, sizeof bits);
    }
    *at += piece;
    return ROG_OK;
}
