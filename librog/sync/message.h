/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SYNC_MESSAGE_H
#define ROG_SYNC_MESSAGE_H

/* The messages between worker and server: sizes and limits that a driver needs. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <librog/sync/rows.h>

/* Returns the size of the smallest buffer that a send call accepts: the largest row or the scales,
 * plus headers. */
size_t rog_message_min_bytes(const struct rog_rows *rows);

/* Returns how many bytes the message takes on the wire: its length, or without values (params ==
 * NULL) the length that it would have with them. */
size_t rog_message_wire_bytes(const struct rog_rows *rows, const uint8_t *message, size_t size);

/* Returns whether the message requests rows from a worker. */
bool rog_message_is_request(const uint8_t *message, size_t size);
/* Returns whether the message ends a push, a pull or an answer to a request; if so, *count is the
 * number of rows of that stream, and *is_push tells whether it is a push. */
bool rog_message_ends(const struct rog_rows *rows, const uint8_t *message, size_t size,
                      uint32_t *count, bool *is_push);

#endif
