/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_UNPACK_UNPACK_H
#define ROG_UNPACK_UNPACK_H

/*
 * The host's half of a deployment: takes `count` objects from the stream `input` (objects.h) and
 * makes the tree HASH below ROOT (tree.h). It works in ROOT/part-XXXXXX, which it removes in
 * every case; what one that was killed has left there is removed by a later one after a day.
 *
 * Errors: as objects.h and tree.h; ROG_EINVAL root is no absolute path or hash no SHA-256.
 */

#include <stddef.h>

#include <rog/error.h>

int rog_unpack(const char *root, const char *hash, size_t count, int input, struct rog_error *err);

#endif
