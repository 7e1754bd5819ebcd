/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_LINK_PIECES_H
#define ROG_LINK_PIECES_H

/* A model's values as messages of kind MODEL (hello.h): u64 values altogether, u64 first of the
 * piece, float32 each. */

#include <stddef.h>
#include <stdint.h>

#include <rog/error.h>

/* Values that are not in one array: one span after the other. What is written of a span is values +
 * change, where `change` is not NULL. */
struct rog_span {
    float *values;
    uint64_t count;
    const float *change;
};

uint64_t rog_pieces_values(const struct rog_span *spans, uint32_t count);

/* Writes as many values from *at on as fit into `room` bytes, but at most up to the last; *at moves
 * behind them. Returns the size of the message. */
size_t rog_pieces_write(const struct rog_span *spans, uint32_t count, uint64_t *at,
                        uint8_t *message, size_t room);
/* The opposite. ROG_EFORMAT, and nothing read, for a message that does not fit at *at. */
int rog_pieces_read(const struct rog_span *spans, uint32_t count, uint64_t *at,
                    const uint8_t *message, size_t size, struct rog_error *err);

#endif
