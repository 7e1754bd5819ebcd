/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SSH_CREDENTIALS_H
#define ROG_SSH_CREDENTIALS_H

/*
 * Passphrases and passwords of this process. The user is asked for each once, however many
 * connections need it, and again if the answer was wrong, three times in all. Answers are kept in
 * locked memory that is left out of core dumps. They are wiped at the end and never written to a
 * file.
 *
 * Threads: any number may ask; one question is asked at a time.
 */

#include <stdbool.h>
#include <stddef.h>

#include <rog/error.h>

struct rog_credentials;

/* Asks the user. `text` is the question, `echo` whether the answer may be shown; `cancel_fd`
 * becomes readable when the answer is no longer needed. Returns false if there is no answer. */
typedef bool (*rog_credentials_prompt)(void *user, const char *text, bool echo, int cancel_fd,
                                       char *answer, size_t bytes);

int rog_credentials_new(struct rog_credentials **credentials, rog_credentials_prompt prompt,
                        void *user, struct rog_error *err);
void rog_credentials_free(struct rog_credentials *credentials);

/* Has the signature of rog_ssh_options.ask. `credentials` is a struct rog_credentials; NULL: never
 * ask. */
bool rog_credentials_ask(void *credentials, const char *what, bool echo, unsigned *number,
                         char *answer, size_t bytes);

/* Returns whether the user is being asked now, so that nothing else may use the terminal. False for
 * NULL. */
bool rog_credentials_is_asking(struct rog_credentials *credentials);
/* Asks no more questions from now on, and withdraws an open one. NULL is allowed. */
void rog_credentials_cancel(struct rog_credentials *credentials);

#endif
