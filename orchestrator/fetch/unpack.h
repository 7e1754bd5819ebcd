/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FETCH_UNPACK_H
#define ROG_FETCH_UNPACK_H

/* Extracts single files from tar archives with libarchive, whose types stay in unpack.c. */

#include <stddef.h>

#include <rog/error.h>

/*
 * Extracts the regular files of a tar archive (plain, gzip, bzip2, xz or zstd) whose last part of
 * the path is one of names[count] into `folder`, under that name, each completely or not at all.
 * Paths in the archive never determine where a file is written; links and other entries are
 * ignored. ROG_EFORMAT: not such an archive, damaged, or a wanted file is missing, occurs twice or
 * exceeds 4 GiB.
 */
int rog_unpack(const char *archive, const char *const *names, size_t count, const char *folder,
               struct rog_error *err);

#endif
