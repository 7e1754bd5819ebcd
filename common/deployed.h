/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_COMMON_DEPLOYED_H
#define ROG_COMMON_DEPLOYED_H

/*
 * The format that rogctl (orchestrator/deploy) uses for rog-unpack on hosts (trainer/unpack);
 * deploy.h describes the folders.
 *
 * Objects are sent as a stream of members, each with
 *
 *     KEY BYTES\n     the object's name, "SHA256-MODE"; how many bytes follow, decimal
 *     BYTES bytes     one Zstandard frame (RFC 8878) with the content
 *
 * Its decoder needs no more memory than a window of 2^ROG_DEPLOYED_WINDOW_LOG bytes.
 */

#include <stdbool.h>

#define ROG_DEPLOYED_KEY_BYTES 72  /* of a key with its NUL: 64 digits, '-', up to 3 more */
#define ROG_DEPLOYED_LINE_BYTES 96 /* of the first line of a member */
#define ROG_DEPLOYED_WINDOW_LOG 23

/* rog-unpack's exit status if the received bytes differ from those announced. */
#define ROG_DEPLOYED_STATUS_DAMAGED 3

/* Returns whether a file of a tree may have this name: a relative path without "." and "..",
 * control characters, backslashes and spaces at its ends. */
bool rog_deployed_name_is_good(const char *name);

/* Returns whether this is a key: 64 hexadecimal digits, '-', one to three octal digits without
 * write permission. */
bool rog_deployed_key_is_good(const char *key);

#endif
