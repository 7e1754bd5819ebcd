/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SSH_WATCH_H
#define ROG_SSH_WATCH_H

/*
 * Ends calls that take too long or are no longer needed. Most calls of libssh wait for the host
 * forever, so a thread for each connection shuts down its sockets, upon which the waiting call
 * returns.
 *
 * Used only by the thread of the connection.
 */

#include <stdbool.h>

#include <rog/error.h>

struct rog_ssh_watch;

enum rog_ssh_cut {
    ROG_SSH_NOT_CUT,
    ROG_SSH_LATE,    /* a call has timed out */
    ROG_SSH_STOPPED, /* `stopped` returned true */
};

/* `stopped` (NULL: never) is called several times a second while a call waits, by another thread.
 * Errors: ROG_ENOMEM, ROG_EIO. */
int rog_ssh_watch_new(struct rog_ssh_watch **watch, bool (*stopped)(void *user), void *user,
                      struct rog_error *err);
void rog_ssh_watch_free(struct rog_ssh_watch *watch);

/* Adds a socket that is cut with the others, until rog_ssh_watch_free, even if its own descriptor
 * is closed earlier. Errors: ROG_EIO. */
int rog_ssh_watch_socket(struct rog_ssh_watch *watch, int fd, struct rog_error *err);

/* Marks the start or continuation of a call, which must end within `limit_s` from now. */
void rog_ssh_watch_begin(struct rog_ssh_watch *watch, double limit_s);
/* Marks the end of a call. */
void rog_ssh_watch_end(struct rog_ssh_watch *watch);

/* Returns whether and why the sockets were cut. That cannot be undone. */
enum rog_ssh_cut rog_ssh_watch_cut(struct rog_ssh_watch *watch);

#endif
