/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_POOL_FILES_H
#define ROG_POOL_FILES_H

/* Handles files of a pool, which may be on a network file system. */

#include <stdbool.h>
#include <stddef.h>

#include <common/json.h>
#include <rog/error.h>

/* Returns whether a name exists now. An NFS client may have cached that it did not; opening the
 * folder makes it ask the server again. */
bool rog_pool_is_there(const char *path);

/* Renames a file that only the caller uses. Replaces an existing file. */
int rog_pool_replace(const char *from, const char *to, struct rog_error *err);

/* Writes a complete file, first under the name `part`, which no other process uses. After a crash
 * of the system the file may be damaged, so readers must check it. */
int rog_pool_write(const char *path, const char *part, const struct rog_json *value,
                   struct rog_error *err);
/* Reads a JSON object. Errors: ROG_ENOTFOUND if there is no such file. */
int rog_pool_read_file(const char *path, size_t max_bytes, struct rog_json **value,
                       struct rog_error *err);

#endif
