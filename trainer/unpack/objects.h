/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_UNPACK_OBJECTS_H
#define ROG_UNPACK_OBJECTS_H

/*
 * Reads the stream described in common/deployed.h and stores its objects in ROOT/objects, each when
 * it is complete and its hash is correct. Incomplete objects are in the folder `part` (on the same
 * file system, empty). Objects before one that fails are kept: they are correct, and need not be
 * sent again.
 *
 * Errors: ROG_EFORMAT the bytes do not match the announced ones; ROG_EFAILED the stream ends before
 * `count` objects have arrived; ROG_EINTR a signal (signals that the caller blocks are received
 * while it waits for input); ROG_EIO with the space that is left; ROG_ENOMEM.
 */

#include <stddef.h>

#include <rog/error.h>

int rog_unpack_objects(int input, const char *root, const char *part, size_t count,
                       struct rog_error *err);

#endif
