/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SSH_WATCH_H
#define ROG_SSH_WATCH_H

/*
 * Ends calls that wait for too long, or that nobody wants any more. Most calls of libssh wait for
 * the host without end, so that a thread beside each connection cuts its sockets: whatever waits
 * for them returns then.
 *
 * Used by the thread of the connection alone.
 */

#include <stdbool.h>

#include <rog/error.h>

struct rog_ssh_watch;

enum rog_ssh_cut {
    ROG_SSH_NOT_CUT,
    ROG_SSH_LATE,    /* a call has not ended in time */
    ROG_SSH_STOPPED, /* `stopped` said so */
};

/* `stopped` (NULL: never) is asked several times a second while a call waits, by another thread.
 * ROG_ENOMEM, ROG_EIO. */
int rog_ssh_watch_new(struct rog_ssh_watch **watch, bool (*stopped)(void *user), void *user,
                      struct rog_error *err);
void rog_ssh_watch_free(struct rog_ssh_watch *watch);

/* A socket that is cut with the others, until rog_ssh_watch_free: also when its own descriptor is
 * closed before. ROG_EIO. */
int rog_ssh_watch_socket(struct rog_ssh_watch *watch, int fd, struct rog_error *err);

/* A call begins, or goes on: it has to end within `limit_s` from now. */
void rog_ssh_watch_begin(struct rog_ssh_watch *watch, double limit_s);
/* It has ended. */
void rog_ssh_watch_end(struct rog_ssh_watch *watch);

/* Once cut, everything stays so. */
enum rog_ssh_cut rog_ssh_watch_cut(struct rog_ssh_watch *watch);

#endif
