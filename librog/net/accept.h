/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_LINK_ACCEPT_H
#define ROG_LINK_ACCEPT_H

/*
 * Connections to a server before they are accepted as workers. Their number, memory and time are
 * limited; if there are too many, the oldest one from the address with the most of them is closed,
 * so that a client that opens many only gets in its own way.
 */

#include <stdbool.h>
#include <stdint.h>

#include <uv.h>

#include <common/json.h>
#include <librog/net/conn.h>
#include <librog/net/seal.h>
#include <rog/error.h>

struct rog_accept;

/* Why a worker is rejected. */
struct rog_accept_refusal {
    char message[ROG_ERROR_MESSAGE_BYTES]; /* empty: it is accepted */
    bool again;                            /* trying again later makes sense */
};

struct rog_accept_hooks {
    /* A peer has proved that it has the secret and sends a hello as this worker, counted from 0;
     * `hello` has a session (hello.h). Takes over the connection, or fills in *refusal (which is
     * empty), or fails: then the connection is closed. */
    int (*hello)(void *user, uint32_t worker, struct rog_conn *conn, const struct rog_json *hello,
                 struct rog_accept_refusal *refusal, struct rog_error *err);
    /* There was no memory or no descriptor for a connection, and no other one to close for it. */
    void (*lack)(void *user, const struct rog_error *why);
};

/* Listens at `address` ([HOST]:PORT) for workers 1 to `workers`; `secret` and `hooks` are borrowed.
 * *port: the actual port. ROG_EINVAL: the address; ROG_EIO: it cannot listen there. */
int rog_accept_new(struct rog_accept **accept, uv_loop_t *loop, const char *address,
                   const struct rog_secret *secret, uint32_t workers,
                   const struct rog_accept_hooks *hooks, void *user, uint16_t *port,
                   struct rog_error *err);
/* Closes connections that took too long. */
void rog_accept_watch(struct rog_accept *accept);
/* Closes all connections that are not accepted, and stops listening. The loop must run once more
 * before it is closed. No effect on NULL. */
void rog_accept_free(struct rog_accept *accept);

#endif
