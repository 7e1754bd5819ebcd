/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_POOL_FILES_H
#define ROG_POOL_FILES_H

/* Files of a pool, which may be on a network file system. */

#include <stdbool.h>
#include <stddef.h>

#include <common/json.h>
#include <rog/error.h>

/* Whether a name is there now. An NFS client may remember that it was not: opening its folder makes
 * it ask again. */
bool rog_pool_is_there(const char *path);

/* Renames a file that only the caller has, whatever is there under the other name. */
int rog_pool_replace(const char *from, const char *to, struct rog_error *err);

/* Writes a file whole: under the name `part` first, which nobody else uses. What a system that
 * breaks down leaves of it may be damaged: whoever reads it must live with that. */
int rog_pool_write(const char *path, const char *part, const struct rog_json *value,
                   struct rog_error *err);
/* An object. ROG_ENOTFOUND: there is no such file. */
int rog_pool_read_file(const char *path, size_t max_bytes, struct rog_json **value,
                       struct rog_error *err);

#endif
