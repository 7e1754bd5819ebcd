/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_UNPACK_UNPACK_H
#define ROG_UNPACK_UNPACK_H

/*
 * The host's half of a deployment: reads `count` objects from the stream `input` (objects.h) and
 * creates the tree HASH below ROOT (tree.h). It works in ROOT/part-XXXXXX, which it removes in
 * every case; the folder of a killed process is removed by a later one after a day.
 *
 * Errors: as objects.h and tree.h; ROG_EINVAL root is not an absolute path or hash not a SHA-256.
 */

#include <stddef.h>

#include <rog/error.h>

int rog_unpack(const char *root, const char *hash, size_t count, int input, struct rog_error *err);

#endif
