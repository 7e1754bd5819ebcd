/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_POOL_TREE_H
#define ROG_POOL_TREE_H

/* Folders of runs, copied and moved, also to another file system. */

#include <rog/error.h>

/* Copies all files and folders; a link is none of either. Files of a folder `linked` (NULL: none),
 * which nobody changes, are the same files where that is possible. What ROG_SNAPSHOT_FOLDER has is
 * copied first: as long as somebody writes, the rest is newer. ROG_EIO. */
int rog_tree_copy(const char *from, const char *to, const char *linked, struct rog_error *err);

/* Renames, or copies and removes. What is there under the other name is removed first. */
int rog_tree_move(const char *from, const char *to, struct rog_error *err);

#endif
