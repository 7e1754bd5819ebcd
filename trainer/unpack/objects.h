/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_UNPACK_OBJECTS_H
#define ROG_UNPACK_OBJECTS_H

/*
 * Reads the stream that common/deployed.h describes and puts its objects into ROOT/objects, each
 * once it is whole and its hash is right. What is being written lies in the folder `part` (of the
 * same file system, empty). Objects before one that fails stay: they are good, and need not travel
 * again.
 *
 * Errors: ROG_EFORMAT the bytes are not those that were promised; ROG_EFAILED the stream ends
 * before `count` objects have come; ROG_EINTR a signal (those that are blocked while it runs are
 * taken when it waits for input); ROG_EIO with the space that is left; ROG_ENOMEM.
 */

#include <stddef.h>

#include <rog/error.h>

int rog_unpack_objects(int input, const char *root, const char *part, size_t count,
                       struct rog_error *err);

#endif
