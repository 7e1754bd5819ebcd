/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_LINK_ACCEPT_H
#define ROG_LINK_ACCEPT_H

/*
 * Who comes in: connections to a server that have not yet been let in as a worker. There may be few
 * of them, they have little memory and little time; when there are too many, the oldest one from
 * the address with the most of them is closed, so that whoever opens many is in nobody's way but
 * its own.
 */

#include <stdbool.h>
#include <stdint.h>

#include <uv.h>

#include <common/json.h>
#include <librog/net/conn.h>
#include <librog/net/seal.h>
#include <rog/error.h>

struct rog_accept;

/* Why a worker is not let in. */
struct rog_accept_refusal {
    char message[ROG_ERROR_MESSAGE_BYTES]; /* empty: it is let in */
    bool again;                            /* trying again later makes sense */
};

struct rog_accept_hooks {
    /* A peer has proved to know the secret and says hello as the zero-based worker; `hello` has a
     * session (hello.h). Takes the connection over, or fills in *refusal (which is empty), or
     * fails: then the connection is closed. */
    int (*hello)(void *user, uint32_t worker, struct rog_conn *conn, const struct rog_json *hello,
                 struct rog_accept_refusal *refusal, struct rog_error *err);
    /* There was no memory or no descriptor for a connection, and no other one to close for it. */
    void (*lack)(void *user, const struct rog_error *why);
};

/* Listens at `address` ([HOST]:PORT) for workers 1 to `workers`; `secret` and `hooks` are borrowed.
 * *port: where it listens. ROG_EINVAL: the address; ROG_EIO: it cannot listen there. */
int rog_accept_new(struct rog_accept **accept, uv_loop_t *loop, const char *address,
                   const struct rog_secret *secret, uint32_t workers,
                   const struct rog_accept_hooks *hooks, void *user, uint16_t *port,
                   struct rog_error *err);
/* Closes what took too long. */
void rog_accept_watch(struct rog_accept *accept);
/* Closes all that has not been let in, and listens no more. The loop must run once more before it
 * is closed. Harmless on NULL. */
void rog_accept_free(struct rog_accept *accept);

#endif
