/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SSH_SHA1_H
#define ROG_SSH_SHA1_H

/* SHA-1 and HMAC-SHA-1 (libcrypto), for hashed names in known_hosts and for the token %C of ssh's
 * configuration. Nothing here relies on it for security. Returns false if memory ran out, or if
 * libcrypto is configured to reject SHA-1. */

#include <stdbool.h>

#define ROG_SHA1_BYTES 20

bool rog_sha1(const char *text, unsigned char sum[ROG_SHA1_BYTES]);
bool rog_sha1_hmac(const unsigned char key[ROG_SHA1_BYTES], const char *text,
                   unsigned char sum[ROG_SHA1_BYTES]);

#endif
