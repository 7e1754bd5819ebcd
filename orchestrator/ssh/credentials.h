/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SSH_CREDENTIALS_H
#define ROG_SSH_CREDENTIALS_H

/*
 * Passphrases and passwords of this process: a person is asked for each once, however many
 * connections need it, and again where the answer was not right, three times in all. Answers lie in
 * locked memory that is left out of core dumps, are wiped at the end, and are written nowhere.
 *
 * Threads: any number may ask; one question is put at a time.
 */

#include <stdbool.h>
#include <stddef.h>

#include <rog/error.h>

struct rog_credentials;

/* Asks a person. `text` is the question, `echo` whether the answer may be seen; `cancel_fd` becomes
 * readable when nobody waits for the answer any more. False: there is no answer. */
typedef bool (*rog_credentials_prompt)(void *user, const char *text, bool echo, int cancel_fd,
                                       char *answer, size_t bytes);

int rog_credentials_new(struct rog_credentials **credentials, rog_credentials_prompt prompt,
                        void *user, struct rog_error *err);
void rog_credentials_free(struct rog_credentials *credentials);

/* As rog_ssh_options.ask; `credentials` is one, or NULL: nobody is asked. */
bool rog_credentials_ask(void *credentials, const char *what, bool echo, unsigned *number,
                         char *answer, size_t bytes);

/* Whether a person is being asked now: the terminal is theirs. False on NULL. */
bool rog_credentials_is_asking(struct rog_credentials *credentials);
/* No question is put from now on, and one that is open is taken back. Harmless on NULL. */
void rog_credentials_cancel(struct rog_credentials *credentials);

#endif
