/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_LINK_CONN_H
#define ROG_LINK_CONN_H

/*
 * One TCP connection of the training link: handshake, frames in and out (seal.h), pacing. It asks
 * for the next frame only when the kernel has accepted the previous one, and limits the data in the
 * kernel (TCP_NOTSENT_LOWAT), so that what is sent next is decided as late as possible. All calls
 * come from the loop's thread. A connection frees itself after `closed`.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sys/socket.h>
#include <uv.h>

#include <librog/net/pacer.h>
#include <librog/net/seal.h>
#include <rog/error.h>

struct rog_conn;

struct rog_conn_hooks {
    /* The handshake is complete: frames can be sent. A server's peer may still be replaying a
     * recording of an old client; only its first frame proves that it is live. */
    void (*ready)(struct rog_conn *conn, void *user);
    /* A frame has arrived; its payload is valid during the call. An error closes the connection. */
    int (*frame)(struct rog_conn *conn, void *user, uint8_t type, const uint8_t *payload,
                 size_t size, struct rog_error *err);
    /* All frames received so far have been passed to `frame`; may be NULL. */
    void (*batch)(struct rog_conn *conn, void *user);
    /* Writes the payload of the next frame (at most ROG_FRAME_PAYLOAD_MAX bytes), *type and *size;
     * false if there is none: then rog_conn_wake must be called once there is one. */
    bool (*next)(struct rog_conn *conn, void *user, uint8_t *payload, uint8_t *type, size_t *size);
    /* The connection is closed and must not be used any more. `why` is never NULL. */
    void (*closed)(struct rog_conn *conn, void *user, const struct rog_error *why);
};

/* Takes over `fd`, even if it fails. `secret` is borrowed until the connection is closed. */
int rog_conn_accept(struct rog_conn **conn, uv_loop_t *loop, int fd,
                    const struct rog_secret *secret, const struct rog_conn_hooks *hooks, void *user,
                    struct rog_error *err);
int rog_conn_connect(struct rog_conn **conn, uv_loop_t *loop, const struct sockaddr *address,
                     socklen_t address_bytes, const struct rog_secret *secret,
                     const struct rog_conn_hooks *hooks, void *user, struct rog_error *err);

/* Changes the owner. */
void rog_conn_hand_over(struct rog_conn *conn, const struct rog_conn_hooks *hooks, void *user);
/* The peer is authenticated: frames of up to ROG_FRAME_BYTES_MAX are allowed. Payloads passed to
 * `frame` before become invalid. */
int rog_conn_trust(struct rog_conn *conn, struct rog_error *err);
/* Sends at the pacer's rate; borrowed; NULL: as fast as possible. */
void rog_conn_pace(struct rog_conn *conn, struct rog_pacer *pacer);
/* Call this when there may be something to send. */
void rog_conn_wake(struct rog_conn *conn);
/* Closes it without calling `closed`; no effect on NULL. */
void rog_conn_close(struct rog_conn *conn);
/* The same once everything from `next` has been written; incoming data are ignored from now on. */
void rog_conn_finish(struct rog_conn *conn);

/* Return when data last arrived from, or were written to, the peer: a time of rog_link_now. */
double rog_conn_heard_s(const struct rog_conn *conn);
double rog_conn_wrote_s(const struct rog_conn *conn);
/* Returns when the connection was opened. */
double rog_conn_opened_s(const struct rog_conn *conn);
/* Returns the peer's address as text, without the port. */
const char *rog_conn_peer(const struct rog_conn *conn);

/* Returns seconds of a monotonic clock. */
double rog_link_now(void);

#endif
