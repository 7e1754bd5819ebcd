/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_UNPACK_DIGEST_H
#define ROG_UNPACK_DIGEST_H

/* SHA-256 by the processor's own instructions where it has them (libcrypto, linked statically:
 * three times as fast as what common/hash.h has, and a host hashes all that it gets). */

#include <stddef.h>

#include <common/hash.h>

struct rog_digest; /* opaque */

/* NULL: no memory. */
struct rog_digest *rog_digest_new(void);
void rog_digest_free(struct rog_digest *digest);

/* Any number of times: begin, add..., end. */
void rog_digest_begin(struct rog_digest *digest);
void rog_digest_add(struct rog_digest *digest, const void *data, size_t size);
void rog_digest_end(struct rog_digest *digest, char hex[ROG_SHA256_HEX_BYTES]);

#endif
