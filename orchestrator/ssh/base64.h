/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SSH_BASE64_H
#define ROG_SSH_BASE64_H

/* Base64 (RFC 4648), in which keys stand in files. */

#include <stddef.h>

/* Heap memory, NULL when there is none. */
char *rog_base64_encode(const unsigned char *bytes, size_t size);
/* How many bytes the text is; 0 for what is not base64 or has no room. */
size_t rog_base64_decode(const char *text, size_t length, unsigned char *bytes, size_t room);

#endif
