/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SSH_TEXT_FILE_H
#define ROG_SSH_TEXT_FILE_H

/* Reads the files of an ssh configuration. */

#include <stddef.h>

#include <rog/error.h>

/* Reads the whole file into *text, heap memory; /dev/null is empty. Errors: ROG_EFORMAT if it is
 * not a regular file (a pipe might never end), is larger than max_bytes, or contains a NUL byte,
 * after which the text would be ignored; ROG_EIO; ROG_ENOMEM. */
int rog_ssh_text_file_read(const char *path, size_t max_bytes, char **text, struct rog_error *err);

#endif
