/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SSH_TOKEN_H
#define ROG_SSH_TOKEN_H

/* Expands a leading ~, tokens (%h) and variables (${NAME}) in values of an ssh configuration, as
 * described in ssh_config(5). */

#include <orchestrator/ssh/settings.h>

/* A token that only some words have. A list of tokens ends with the letter 0. */
struct rog_ssh_token {
    char letter;
    const char *text;
};

/* Expands all of these; *expanded is heap memory. `what` is the word of the configuration, for
 * errors; `more` (or NULL) takes precedence over the tokens that all words have. Errors: ROG_EINVAL
 * if a token or variable does not exist. */
int rog_ssh_token_expand(const struct rog_ssh_settings *settings, const char *what,
                         const char *text, const struct rog_ssh_token *more, char **expanded,
                         struct rog_error *err);
/* Expands only tokens, for a command line, as the shell expands the rest. */
int rog_ssh_token_expand_command(const struct rog_ssh_settings *settings, const char *what,
                                 const char *text, char **expanded, struct rog_error *err);

#endif
