/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_LINK_LINK_H
#define ROG_LINK_LINK_H

/*
 * The link of a node to another one: a session (session.h) over the current connection,
 * acknowledgements and heartbeats, and a limit for data in flight.
 *
 * Unless the link is paced, it measures the rate at which messages are acknowledged, and limits the
 * data in flight to what this rate transmits in about ROG_LINK_QUEUE_S plus the round trip time, in
 * messages of about ROG_LINK_MESSAGE_S each. When a sender's time budget is used up, little data is
 * therefore still queued, wherever in the network the queue is.
 *
 * Frames: DATA is u64 number, u8 kind, body; ACK is u64 number of the last message received. Other
 * frames are sent before a link exists (hello.h). A message that is too long for a frame is split:
 * all of its frames except the last have ROG_LINK_MORE in their kind. Each frame has its own
 * number, so that a message continues where a connection was interrupted.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <uv.h>

#include <librog/net/conn.h>
#include <librog/net/pacer.h>
#include <librog/net/session.h>
#include <rog/error.h>

#define ROG_LINK_QUEUE_S 0.05
#define ROG_LINK_MESSAGE_S 0.02
#define ROG_LINK_HEARTBEAT_S 1.0
/* A connection that is silent for this long is dropped; another one will follow. */
#define ROG_LINK_SILENT_S 5.0
/* Maximum bytes of a frame's body, and the minimum that a user can choose. */
#define ROG_LINK_BODY_MAX (ROG_FRAME_PAYLOAD_MAX - 9)
#define ROG_LINK_BODY_MIN 1024
#define ROG_LINK_MORE 0x80u /* kinds of messages are smaller */

enum rog_link_frame {
    ROG_FRAME_HELLO = 1, /* client: its rank and session */
    ROG_FRAME_WELCOME,   /* server: how the session begins */
    ROG_FRAME_REFUSE,    /* server: why the worker is rejected */
    ROG_FRAME_DATA,
    ROG_FRAME_ACK,
};

struct rog_link;

struct rog_link_hooks {
    /* A message has arrived. An error breaks the connection, not the session. */
    int (*message)(void *user, uint8_t kind, const uint8_t *body, size_t size,
                   struct rog_error *err);
    /* There is room for a message of about `bytes`: puts messages with rog_link_put, or none. */
    void (*produce)(void *user, size_t bytes);
    /* The connection is lost; the session continues with the next one. */
    void (*down)(void *user, const struct rog_error *why);
};

int rog_link_new(struct rog_link **link, uv_loop_t *loop, const struct rog_link_hooks *hooks,
                 void *user, struct rog_error *err);
/* Also closes the connection; the link frees itself when the loop has released it. */
void rog_link_free(struct rog_link *link);

/* Takes over a connection on which the peer has announced that it has `received` messages of the
 * session; it replaces the current one. `welcome` (NULL: none) is a frame of type ROG_FRAME_WELCOME
 * to be sent first. */
int rog_link_attach(struct rog_link *link, struct rog_conn *conn, uint64_t received,
                    const char *welcome, struct rog_error *err);
bool rog_link_up(const struct rog_link *link);
/* Breaks the connection, if there is one, without calling `down`. */
void rog_link_detach(struct rog_link *link);

/* Discards the session for both sides: a new one begins. */
int rog_link_restart(struct rog_link *link, struct rog_error *err);
uint64_t rog_link_received(const struct rog_link *link);

/* Appends a message (body NULL: zeros), which is sent after those before it. */
int rog_link_put(struct rog_link *link, uint8_t kind, const uint8_t *body, size_t size,
                 struct rog_error *err);
/* Call this when there may be something to produce. */
void rog_link_wake(struct rog_link *link);
/* Returns true if everything that was put has been acknowledged. */
bool rog_link_settled(const struct rog_link *link);

/* Accepts messages of up to this many bytes; before that, no more than one frame holds. */
void rog_link_take_up_to(struct rog_link *link, size_t bytes);

/* Paces sending along a trace from now on (pacer.h); borrowed; NULL: as fast as possible. */
void rog_link_pace(struct rog_link *link, const struct rog_trace *trace, double offset_s);

/* Returns when data were last received from the peer, by rog_link_now; 0 before the first
 * connection. */
double rog_link_heard_s(const struct rog_link *link);
/* Returns the measured rate, or that of the trace; bits/s. */
double rog_link_rate_bps(const struct rog_link *link);

#endif
