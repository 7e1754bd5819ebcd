/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_LINK_DIAL_H
#define ROG_LINK_DIAL_H

/*
 * How a worker comes to its server: connects, says hello, and where that does not succeed, or the
 * connection is lost later, tries again, waiting a little longer each time.
 */

#include <uv.h>

#include <common/json.h>
#include <librog/net/conn.h>
#include <librog/net/seal.h>
#include <rog/error.h>

struct rog_dial;

struct rog_dial_hooks {
    /* What is said: a hello (hello.h) as text, heap memory; NULL when there is none. */
    char *(*hello)(void *user);
    /* The server lets the worker in: takes the connection over. An error closes it. */
    int (*welcome)(void *user, struct rog_conn *conn, const struct rog_json *welcome,
                   struct rog_error *err);
    /* There is no way in: the server refuses (ROG_EINVAL), or could not be reached for so long
     * (ROG_EFAILED). */
    void (*failed)(void *user, int code, const struct rog_error *err);
};

/* server: HOST:PORT. Server, secret and hooks are borrowed. ROG_EINVAL: the address. */
int rog_dial_new(struct rog_dial **dial, uv_loop_t *loop, const char *server,
                 const struct rog_secret *secret, double timeout_s,
                 const struct rog_dial_hooks *hooks, void *user, struct rog_error *err);
/* The loop must run once more before it is closed. Harmless on NULL. */
void rog_dial_free(struct rog_dial *dial);

void rog_dial_begin(struct rog_dial *dial);
/* The connection that was taken over is gone. */
void rog_dial_lost(struct rog_dial *dial, const struct rog_error *why);
/* No more tries, neither at once nor later. */
void rog_dial_stop(struct rog_dial *dial);
/* Gives up what takes too long; to be called every now and then. */
void rog_dial_watch(struct rog_dial *dial, double now);
/* Since when there is no connection, a time of rog_link_now. */
double rog_dial_lost_s(const struct rog_dial *dial);

#endif
