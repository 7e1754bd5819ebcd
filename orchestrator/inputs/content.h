/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_INPUTS_CONTENT_H
#define ROG_INPUTS_CONTENT_H

/*
 * Contents of files, as SHA-256. A file is read once: as long as its device, inode, size,
 * modification time and change time stay the same, so does its hash. Contents read within
 * ROG_CONTENT_SETTLE_S of the last change are not relied on, because two changes can have the same
 * time. Hashes of large files are kept for later processes in <cache>/hashes, one per line with its
 * own checksum. A damaged line, and a file that other users can write, are ignored: the cache only
 * saves time.
 */

#include <common/hash.h>
#include <rog/error.h>

#define ROG_CONTENT_SETTLE_S 2
#define ROG_CONTENT_LARGE_BYTES (256 << 10) /* minimum size of files whose hash is kept */

struct rog_contents; /* opaque; for one thread */

int rog_contents_new(struct rog_contents **contents, struct rog_error *err);
/* Saves the hashes of large files. No effect on NULL. */
void rog_contents_free(struct rog_contents *contents);

/* ROG_ENOTFOUND: there is no such file; ROG_EINVAL: it is not a regular file; ROG_EIO: it cannot be
 * read, or is being changed. */
int rog_contents_file(struct rog_contents *contents, const char *path,
                      char hex[ROG_SHA256_HEX_BYTES], struct rog_error *err);

/* The number of bytes read for it so far. */
unsigned long long rog_contents_read(const struct rog_contents *contents);

#endif
