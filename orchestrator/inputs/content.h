/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_INPUTS_CONTENT_H
#define ROG_INPUTS_CONTENT_H

/*
 * What files hold, as SHA-256. A file is read once: as long as its device, inode, size, time of
 * change and time of the inode's change stay the same, so does its hash. What a file was within
 * ROG_CONTENT_SETTLE_S of its last change is not relied on, because two changes can have the same
 * time.
 *
 * Hashes of large files are kept for later processes in <cache>/hashes, a line each with a checksum
 * of its own. A line that is damaged, and a file that is not the user's alone, are as if they were
 * not there: the cache saves time and nothing else depends on it.
 */

#include <common/hash.h>
#include <rog/error.h>

#define ROG_CONTENT_SETTLE_S 2
#define ROG_CONTENT_LARGE_BYTES (256 << 10) /* from this size on a hash is kept */

struct rog_contents; /* opaque; for one thread */

int rog_contents_new(struct rog_contents **contents, struct rog_error *err);
/* Keeps the hashes of large files. NULL is harmless. */
void rog_contents_free(struct rog_contents *contents);

/* ROG_ENOTFOUND: there is no such file; ROG_EINVAL: it is no regular file; ROG_EIO: it cannot be
 * read, or is being changed. */
int rog_contents_file(struct rog_contents *contents, const char *path,
                      char hex[ROG_SHA256_HEX_BYTES], struct rog_error *err);

/* How many bytes have been read for it so far. */
unsigned long long rog_contents_read(const struct rog_contents *contents);

#endif
