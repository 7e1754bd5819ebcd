/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SSH_SHA1_H
#define ROG_SSH_SHA1_H

/* SHA-1 (FIPS 180-4) and HMAC-SHA-1 (RFC 2104), which hashed names in known_hosts and the token %C
 * of ssh's configuration are made of. Nothing here relies on it for security. */

#include <stddef.h>

#define ROG_SHA1_BYTES 20

void rog_sha1(const void *data, size_t size, unsigned char sum[ROG_SHA1_BYTES]);
/* Of `text` with a key of ROG_SHA1_BYTES; texts of more than ROG_SHA1_TEXT_MAX_BYTES are cut. */
#define ROG_SHA1_TEXT_MAX_BYTES 1024
void rog_sha1_hmac(const unsigned char key[ROG_SHA1_BYTES], const char *text,
                   unsigned char sum[ROG_SHA1_BYTES]);

#endif
