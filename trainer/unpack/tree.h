/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_UNPACK_TREE_H
#define ROG_UNPACK_TREE_H

/*
 * Makes ROOT/trees/HASH, hard links to objects, as ROOT/manifests/HASH says ("SHA256 MODE NAME" a
 * line). It is put together in the folder `part` and appears at once; when somebody else was faster
 * that is as good. Then it is marked as whole, for this boot of the host.
 *
 * Errors: ROG_EFORMAT the manifest is not the one of that hash, or is none; ROG_ENOTFOUND, ROG_EIO,
 * ROG_ENOMEM.
 */

#include <rog/error.h>

int rog_unpack_tree(const char *root, const char *part, const char *hash, struct rog_error *err);

#endif
