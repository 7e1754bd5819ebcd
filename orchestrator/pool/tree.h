/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_POOL_TREE_H
#define ROG_POOL_TREE_H

/* Copies and moves the folders of runs, also to another file system. */

#include <rog/error.h>

/* Copies all files and folders, but no symbolic links. Files of a folder `linked` (NULL: none),
 * which never change, become hard links if possible. ROG_SNAPSHOT_FOLDER is copied first, so that
 * the rest is newer if another process is writing. Errors: ROG_EIO. */
int rog_tree_copy(const char *from, const char *to, const char *linked, struct rog_error *err);

/* Renames, or copies and removes. First removes what exists under the new name. */
int rog_tree_move(const char *from, const char *to, struct rog_error *err);

#endif
