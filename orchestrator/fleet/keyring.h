/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FLEET_KEYRING_H
#define ROG_FLEET_KEYRING_H

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

struct rog_keyring;

/* Asks a person. `text` is the question, `echo` whether the answer may be seen; `cancel_fd` becomes
 * readable when nobody waits for the answer any more. False: there is no answer. */
typedef bool (*rog_keyring_prompt)(void *user, const char *text, bool echo, int cancel_fd,
                                   char *answer, size_t bytes);

int rog_keyring_new(struct rog_keyring **keyring, rog_keyring_prompt prompt, void *user,
                    struct rog_error *err);
void rog_keyring_free(struct rog_keyring *keyring);

/* As rog_ssh_options.ask; `keyring` is one, or NULL: nobody is asked. */
bool rog_keyring_ask(void *keyring, const char *what, bool echo, unsigned *number, char *answer,
                     size_t bytes);

/* Whether a person is being asked now: the terminal is theirs. False on NULL. */
bool rog_keyring_is_asking(struct rog_keyring *keyring);
/* No question is put from now on, and one that is open is taken back. Harmless on NULL. */
void rog_keyring_cancel(struct rog_keyring *keyring);

#endif
