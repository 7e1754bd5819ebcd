/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_COMMON_DEPLOYED_H
#define ROG_COMMON_DEPLOYED_H

/*
 * What rogctl (orchestrator/deploy) and rog-unpack, its hand on hosts (trainer/unpack), agree on
 * besides the folders that deploy.h draws.
 *
 * Objects travel as a stream of members, each
 *
 *     KEY BYTES\n     the object's name, "SHA256-MODE"; how many bytes follow, decimal
 *     BYTES bytes     one Zstandard frame (RFC 8878) with the content
 *
 * Its decoder needs no more memory than a window of 2^ROG_DEPLOYED_WINDOW_LOG bytes.
 */

#include <stdbool.h>

#define ROG_DEPLOYED_KEY_BYTES 72  /* room for a key with its NUL: 64 digits, '-', up to 3 more */
#define ROG_DEPLOYED_LINE_BYTES 96 /* room for a member's first line */
#define ROG_DEPLOYED_WINDOW_LOG 23

/* rog-unpack's exit status: other bytes arrived than were promised. */
#define ROG_DEPLOYED_STATUS_DAMAGED 3

/* Whether a file of a tree may be called that: a relative path without "." and "..", control
 * characters, backslashes and blanks at its ends. */
bool rog_deployed_name_is_good(const char *name);

/* Whether it is a key: 64 hexadecimal digits, '-', one to three octal digits, of which none lets
 * anybody write. */
bool rog_deployed_key_is_good(const char *key);

#endif
