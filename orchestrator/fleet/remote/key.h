/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FLEET_REMOTE_KEY_H
#define ROG_FLEET_REMOTE_KEY_H

/*
 * The key of a run's training link. Here it is only in memory while the run continues: a host that
 * is late, or has lost the run, needs it, too.
 */

#include <rog/error.h>

struct rog_connection;

struct rog_remote_key {
    int fd;        /* of a memory file; -1: none */
    char path[32]; /* by which it can be read */
};

#define ROG_REMOTE_KEY_NONE ((struct rog_remote_key){.fd = -1})

/* Draws one. */
int rog_remote_key_make(struct rog_remote_key *key, struct rog_error *err);
/* Reads it from the run's folder on a host; ROG_ENOTFOUND: it no longer exists. */
int rog_remote_key_fetch(struct rog_remote_key *key, struct rog_connection *connection,
                         const char *folder, struct rog_error *err);
/* Harmless without one. */
void rog_remote_key_forget(struct rog_remote_key *key);

#endif
