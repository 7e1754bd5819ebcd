/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SYNC_MESSAGE_H
#define ROG_SYNC_MESSAGE_H

/* The messages between worker and server: sizes and limits a driver needs. */

#include <stddef.h>

#include <trainer/sync/rows.h>

/* The smallest buffer a send call can work with: the largest single row or the scales, plus
 * headers. */
size_t rog_message_min_bytes(const struct rog_rows *rows);

/* How many bytes the message occupies on the wire: its length, or without values (params == NULL)
 * the length it would have with them. */
size_t rog_message_wire_bytes(const struct rog_rows *rows, const uint8_t *message, size_t size);

#endif
