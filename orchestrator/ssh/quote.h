/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SSH_QUOTE_H
#define ROG_SSH_QUOTE_H

/* Returns a command line for a shell: each argument (argv ends with NULL) in quotes, whatever it
 * contains. Heap memory. */
char *rog_ssh_quote(const char *const *argv);

/* Does the same for an unknown login shell: sh, bash, zsh, csh, tcsh or fish. */
char *rog_ssh_command_line(const char *const *argv);

/* Returns one word of such a line, for a message: in quotes only if a shell needs them. Heap
 * memory. */
char *rog_ssh_quote_word(const char *word);

#endif
