/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_LINK_SESSION_H
#define ROG_LINK_SESSION_H

/*
 * A stream of messages that outlives connections: each message has a number, from 1, and is kept
 * until the peer has acknowledged it; on a new connection each side announces how many it has, and
 * both continue from there. So a link that was interrupted costs only time. No sockets, no clock.
 */

#include <stddef.h>
#include <stdint.h>

#include <rog/error.h>

struct rog_session;

struct rog_packet {
    uint64_t number;
    uint8_t kind;  /* defined by the user */
    size_t size;   /* of the body */
    uint8_t *body; /* NULL: this many zeros (padding) */
    double written_s;
    struct rog_packet *next;
};

int rog_session_new(struct rog_session **session, struct rog_error *err);
void rog_session_free(struct rog_session *session);

/* Appends a message; the body is copied; NULL: zeros. */
int rog_session_put(struct rog_session *session, uint8_t kind, const uint8_t *body, size_t size,
                    struct rog_error *err);

/* Returns the next message to write on this connection, borrowed; NULL if all have been written. */
struct rog_packet *rog_session_next(const struct rog_session *session);
/* Records that this message was written at `now`. */
void rog_session_written(struct rog_session *session, double now);

/* Returns the bytes written on this connection that have not been acknowledged. */
size_t rog_session_unacked(const struct rog_session *session);

/* Begins a new connection; the peer has `received` messages: the rest is written again.
 * ROG_EFORMAT: that is impossible. */
int rog_session_resume(struct rog_session *session, uint64_t received, struct rog_error *err);

/* The peer has everything up to `number`. *bytes: how much of that is new; *written_s: when the
 * last of it was written. ROG_EFORMAT: that number was never written. */
int rog_session_acknowledge(struct rog_session *session, uint64_t number, size_t *bytes,
                            double *written_s, struct rog_error *err);

/* A message has arrived; ROG_EFORMAT if it is not the next one. */
int rog_session_receive(struct rog_session *session, uint64_t number, struct rog_error *err);
/* Returns the number of messages received. */
uint64_t rog_session_received(const struct rog_session *session);

#endif
