/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FLEET_REMOTE_KEY_H
#define ROG_FLEET_REMOTE_KEY_H

/*
 * The key of a run's training link. On this machine it is kept only in memory, while the run
 * continues: a host that is late or has lost the run needs it, too.
 */

#include <rog/error.h>

struct rog_connection;

struct rog_remote_key {
    int fd;        /* memory file; -1: none */
    char path[32]; /* path of the memory file */
};

#define ROG_REMOTE_KEY_NONE ((struct rog_remote_key){.fd = -1})

/* Draws a new key. */
int rog_remote_key_make(struct rog_remote_key *key, struct rog_error *err);
/* Reads the key from the run's folder on a host. Errors: ROG_ENOTFOUND if it no longer exists. */
int rog_remote_key_fetch(struct rog_remote_key *key, struct rog_connection *connection,
                         const char *folder, struct rog_error *err);
/* Does nothing if there is no key. */
void rog_remote_key_forget(struct rog_remote_key *key);

#endif
