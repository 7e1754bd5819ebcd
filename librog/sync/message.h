/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SYNC_MESSAGE_H
#define ROG_SYNC_MESSAGE_H

/* The messages between worker and server: sizes and limits a driver needs. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <librog/sync/rows.h>

/* The smallest buffer a send call can work with: the largest single row or the scales, plus
 * headers. */
size_t rog_message_min_bytes(const struct rog_rows *rows);

/* How many bytes the message occupies on the wire: its length, or without values (params == NULL)
 * the length it would have with them. */
size_t rog_message_wire_bytes(const struct rog_rows *rows, const uint8_t *message, size_t size);

/* Whether the message asks a worker for rows. */
bool rog_message_is_request(const uint8_t *message, size_t size);
/* Whether the message ends a push, a pull or an answer to a request; *count is then how many rows
 * that had, *is_push whether it is a push. */
bool rog_message_ends(const struct rog_rows *rows, const uint8_t *message, size_t size,
                      uint32_t *count, bool *is_push);

#endif
