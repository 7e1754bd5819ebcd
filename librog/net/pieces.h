/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_LINK_PIECES_H
#define ROG_LINK_PIECES_H

/* The values of a model as messages of kind MODEL (hello.h): u64 number of all values, u64 first
 * value of the piece, float32 each. */

#include <stddef.h>
#include <stdint.h>

#include <rog/error.h>

/* Values that are not in one array: one span after the other. The written values of a span are
 * values + change, unless `change` is NULL. */
struct rog_span {
    float *values;
    uint64_t count;
    const float *change;
};

uint64_t rog_pieces_values(const struct rog_span *spans, uint32_t count);

/* Writes as many values as fit into `room` bytes, beginning with number *at, and advances *at.
 * Returns the size of the message. */
size_t rog_pieces_write(const struct rog_span *spans, uint32_t count, uint64_t *at,
                        uint8_t *message, size_t room);
/* Reads such a message. ROG_EFORMAT, and nothing is read: the message does not fit at *at. */
int rog_pieces_read(const struct rog_span *spans, uint32_t count, uint64_t *at,
                    const uint8_t *message, size_t size, struct rog_error *err);

#endif
