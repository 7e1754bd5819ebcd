/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SSH_TEXT_FILE_H
#define ROG_SSH_TEXT_FILE_H

/* The files of an ssh configuration. */

#include <stddef.h>

#include <rog/error.h>

/* The whole file as heap memory in *text; /dev/null is empty. ROG_EFORMAT: it is not a regular file
 * (a pipe might never end), larger than max_bytes, or has a NUL byte, behind which nobody would
 * look; ROG_EIO; ROG_ENOMEM. */
int rog_ssh_text_file_read(const char *path, size_t max_bytes, char **text, struct rog_error *err);

#endif
