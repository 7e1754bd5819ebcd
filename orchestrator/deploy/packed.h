/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_DEPLOY_PACKED_H
#define ROG_DEPLOY_PACKED_H

/*
 * Files ready for the way to hosts: each is a member of a tar archive (POSIX.1-1988 ustar) named by
 * `key`, compressed with gzip, in <cache>/packed/KEY.gz. As compressed streams may stand one behind
 * the other, any selection of packed files is an archive for `tar -xz`. A file is compressed once,
 * however many hosts it goes to; libdnnl, nine tenths of a bundle, shrinks to less than a third.
 *
 * Threads and processes: any number at once; one of them compresses, the others wait for it.
 */

#include <rog/error.h>

#define ROG_PACKED_KEY_MAX_BYTES 100

/* *path (heap memory) is the packed file of `source`, whose SHA-256 is the first 64 bytes of `key`.
 * Errors: ROG_EFAILED the source changed since its hash was computed; ROG_ENOTFOUND, ROG_EIO;
 * ROG_ENOMEM. */
int rog_packed_file(const char *source, const char *key, char **path, struct rog_error *err);

#endif
