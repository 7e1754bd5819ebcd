/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SSH_QUOTE_H
#define ROG_SSH_QUOTE_H

/* A command line for a shell: each argument (argv ends with NULL) in quotes, whatever is in it.
 * Heap memory. */
char *rog_ssh_quote(const char *const *argv);

/* The same for a shell that may be any: sh, bash, zsh, csh, tcsh, fish. */
char *rog_ssh_command_line(const char *const *argv);

/* One word of such a line, for a message: in quotes only where a shell wants them. Heap memory. */
char *rog_ssh_quote_word(const char *word);

#endif
