/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SSH_QUOTE_H
#define ROG_SSH_QUOTE_H

/* A command line for a shell: each argument (argv ends with NULL) in quotes, whatever is in it.
 * Heap memory. */
char *rog_ssh_quote(const char *const *argv);

#endif
