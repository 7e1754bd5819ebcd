/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SSH_NAMES_H
#define ROG_SSH_NAMES_H

/* A list of names, each in heap memory. Zero-initialize; release when done. */

#include <stddef.h>

#include <rog/error.h>

struct rog_ssh_names {
    char **name;
    size_t count;
};

/* Adds a copy of the first `bytes` bytes of the text. */
int rog_ssh_names_add(struct rog_ssh_names *names, const char *text, size_t bytes,
                      struct rog_error *err);
void rog_ssh_names_release(struct rog_ssh_names *names);

#endif
