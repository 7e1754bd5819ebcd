/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_UNPACK_TREE_H
#define ROG_UNPACK_TREE_H

/*
 * Creates ROOT/trees/HASH, hard links to objects, as listed in ROOT/manifests/HASH ("SHA256 MODE
 * NAME" per line). The tree is assembled in the folder `part` and renamed; if another process was
 * faster, its tree is used. Then it is marked as complete, for this boot of the host.
 *
 * Errors: ROG_EFORMAT the manifest does not have this hash, or is invalid; ROG_ENOTFOUND, ROG_EIO,
 * ROG_ENOMEM.
 */

#include <rog/error.h>

int rog_unpack_tree(const char *root, const char *part, const char *hash, struct rog_error *err);

#endif
