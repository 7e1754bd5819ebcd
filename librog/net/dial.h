/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_LINK_DIAL_H
#define ROG_LINK_DIAL_H

/*
 * How a worker connects to its server: it connects and sends its hello; if that fails, or the
 * connection is lost later, it tries again, waiting a little longer each time.
 */

#include <uv.h>

#include <common/json.h>
#include <librog/net/conn.h>
#include <librog/net/seal.h>
#include <rog/error.h>

struct rog_dial;

struct rog_dial_hooks {
    /* The hello (hello.h) as text, heap memory; NULL without memory. */
    char *(*hello)(void *user);
    /* The server accepts the worker: takes over the connection. An error closes it. */
    int (*welcome)(void *user, struct rog_conn *conn, const struct rog_json *welcome,
                   struct rog_error *err);
    /* Connecting has failed for good: the server rejects the worker (ROG_EINVAL), or could not be
     * reached for too long (ROG_EFAILED). */
    void (*failed)(void *user, int code, const struct rog_error *err);
};

/* server: HOST:PORT. Server, secret and hooks are borrowed. ROG_EINVAL: the address. */
int rog_dial_new(struct rog_dial **dial, uv_loop_t *loop, const char *server,
                 const struct rog_secret *secret, double timeout_s,
                 const struct rog_dial_hooks *hooks, void *user, struct rog_error *err);
/* The loop must run once more before it is closed. No effect on NULL. */
void rog_dial_free(struct rog_dial *dial);

void rog_dial_begin(struct rog_dial *dial);
/* Call this when the connection that was taken over has been closed. */
void rog_dial_lost(struct rog_dial *dial, const struct rog_error *why);
/* Stops trying. */
void rog_dial_stop(struct rog_dial *dial);
/* Cancels attempts that take too long; call this regularly. */
void rog_dial_watch(struct rog_dial *dial, double now);
/* Returns the time since which there is no connection, by rog_link_now. */
double rog_dial_lost_s(const struct rog_dial *dial);

#endif
