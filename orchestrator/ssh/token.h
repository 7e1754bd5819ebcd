/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SSH_TOKEN_H
#define ROG_SSH_TOKEN_H

/* What stands for something else in values of an ssh configuration: a leading ~, tokens (%h) and
 * variables (${NAME}), as ssh_config(5) lists them. */

#include <orchestrator/ssh/settings.h>

/* A token that only some words have. A list of them ends with the letter 0. */
struct rog_ssh_token {
    char letter;
    const char *text;
};

/* The text with all of that filled in, heap memory in *expanded; `what` is the word of the
 * configuration, for errors; `more` (or NULL) goes before the tokens that all words have.
 * ROG_EINVAL: a token or variable that is not there. */
int rog_ssh_token_expand(const struct rog_ssh_settings *settings, const char *what,
                         const char *text, const struct rog_ssh_token *more, char **expanded,
                         struct rog_error *err);
/* The same of a command line for a shell, which does the rest: tokens alone. */
int rog_ssh_token_expand_command(const struct rog_ssh_settings *settings, const char *what,
                                 const char *text, char **expanded, struct rog_error *err);

#endif
