/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SSH_BASE64_H
#define ROG_SSH_BASE64_H

/* Base64 (RFC 4648), the encoding of keys in files. */

#include <stddef.h>

/* Returns heap memory, NULL if memory ran out. */
char *rog_base64_encode(const unsigned char *bytes, size_t size);
/* Decodes a text and returns the number of bytes; 0 if it is not base64 or does not fit into
 * `room`. */
size_t rog_base64_decode(const char *text, size_t length, unsigned char *bytes, size_t room);

#endif
