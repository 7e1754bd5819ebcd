/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_BUNDLE_ARCHIVE_H
#define ROG_BUNDLE_ARCHIVE_H

/* Archives of bundles, based on libarchive, whose types stay in archive.c. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <common/json.h>
#include <rog/error.h>

/* Checks the name of an archive to write. ROG_EINVAL: it has neither of the endings below. */
int rog_bundle_archive_check_name(const char *file, struct rog_error *err);

/* Writes a tar archive compressed with Zstandard if `file` ends in .tar.zst, otherwise a zip
 * (.zip). It contains the files that the manifest lists below `folder`, the manifest first and then
 * its files in order; in a tar archive all of them are in a folder `top`. Owners are removed, times
 * are `time_s` (since 1970). ROG_EINVAL for another ending. */
int rog_bundle_archive_write(const char *file, const char *folder, const char *top,
                             const struct rog_json *files, int64_t time_s, struct rog_error *err);

/* Unpacks such a tar archive into an existing folder. The manifest must come first and gives the
 * size of each file: any other entry, a longer file, a path that leads elsewhere, a link and
 * anything that is not a file are ROG_EFORMAT before they are written, and so are more bytes than
 * fit on the disk. */
int rog_bundle_archive_read(const char *file, const char *folder, struct rog_error *err);

/* Returns whether this can be the path of a file in a bundle: relative, without "..", short, and
 * not deep. */
bool rog_bundle_path_is_plain(const char *path);

/* Reads a manifest and checks its form. */
int rog_bundle_manifest_read(const char *path, struct rog_json **manifest, struct rog_error *err);

#endif
