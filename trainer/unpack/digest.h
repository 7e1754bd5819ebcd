/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_UNPACK_DIGEST_H
#define ROG_UNPACK_DIGEST_H

/* SHA-256 by the processor's own instructions if it has them (libcrypto, linked statically: three
 * times as fast as common/hash.h, and a host hashes everything that it receives). */

#include <stddef.h>

#include <common/hash.h>

struct rog_digest;

/* Returns NULL if out of memory. */
struct rog_digest *rog_digest_new(void);
void rog_digest_free(struct rog_digest *digest);

/* Hash any number of texts: begin, add..., end. */
void rog_digest_begin(struct rog_digest *digest);
void rog_digest_add(struct rog_digest *digest, const void *data, size_t size);
void rog_digest_end(struct rog_digest *digest, char hex[ROG_SHA256_HEX_BYTES]);

#endif
