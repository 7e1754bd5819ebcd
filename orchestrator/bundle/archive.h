/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_BUNDLE_ARCHIVE_H
#define ROG_BUNDLE_ARCHIVE_H

/* Archives of bundles (libarchive behind it; its types stay in archive.c). */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <common/json.h>
#include <rog/error.h>

/* ROG_EINVAL: the name of an archive to write has neither ending. */
int rog_bundle_archive_check_name(const char *file, struct rog_error *err);

/* A tar archive, compressed with Zstandard, where `file` ends in .tar.zst, else a zip (.zip). In it
 * are the files of the manifest's list below `folder`, the manifest first and its files in their
 * order; in a tar archive all of them are in a folder `top`. Owners are nobody's, times are
 * `time_s` (since 1970). ROG_EINVAL for another ending. */
int rog_bundle_archive_write(const char *file, const char *folder, const char *top,
                             const struct rog_json *files, int64_t time_s, struct rog_error *err);

/* Unpacks such a tar archive into a folder that is there. The manifest has to be the first, and
 * says how large each file is: anything else that is in the archive, more bytes than that, a path
 * that leads elsewhere, a link and whatever is no file are ROG_EFORMAT before they are written, as
 * are more bytes than the disk has room for. */
int rog_bundle_archive_read(const char *file, const char *folder, struct rog_error *err);

/* What may be the path of a file of a bundle: relative, without "..", short, and not deep. */
bool rog_bundle_path_is_plain(const char *path);

/* Reads a manifest and checks its form. */
int rog_bundle_manifest_read(const char *path, struct rog_json **manifest, struct rog_error *err);

#endif
