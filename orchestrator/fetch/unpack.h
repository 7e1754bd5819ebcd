/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FETCH_UNPACK_H
#define ROG_FETCH_UNPACK_H

/* Extracts single files from tar archives (libarchive behind it; its types stay in unpack.c). */

#include <stddef.h>

#include <rog/error.h>

/*
 * Writes those regular files of a tar archive (plain, gzip, bzip2, xz or zstd) whose path's last
 * part is one of names[count] into `folder`, under that last part, each whole or not at all. Paths
 * of the archive never decide where something goes; links and everything else are passed over.
 * ROG_EFORMAT: no such archive, damaged, a wanted file is missing, twice there or above 4 GiB.
 */
int rog_unpack(const char *archive, const char *const *names, size_t count, const char *folder,
               struct rog_error *err);

#endif
