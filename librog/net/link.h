/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_LINK_LINK_H
#define ROG_LINK_LINK_H

/*
 * One node's link to one other: a session (session.h) over whatever connection there is now,
 * acknowledgements and heartbeats, and how much may be on its way.
 *
 * Unless the link is paced, it measures the rate at which messages are acknowledged and keeps no
 * more than about ROG_LINK_QUEUE_S of it on its way beyond the round trip, in messages of about
 * ROG_LINK_MESSAGE_S each. A sender whose time is up has therefore little still to come, wherever
 * in the network the queue is.
 *
 * Frames: DATA is u64 number, u8 kind, body; ACK is u64 number of the last message received. Others
 * come before a link exists (hello.h). A message that is too long for a frame is cut: all of its
 * frames but the last have ROG_LINK_MORE in their kind. Each has a number of its own, so that a
 * message goes on where a connection broke.
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
/* A connection on which nothing comes for so long is given up; there will be another. */
#define ROG_LINK_SILENT_S 5.0
/* Longest body of a frame, and how long they are at least where the user can choose. */
#define ROG_LINK_BODY_MAX (ROG_FRAME_PAYLOAD_MAX - 9)
#define ROG_LINK_BODY_MIN 1024
#define ROG_LINK_MORE 0x80u /* kinds of messages are below */

enum rog_link_frame {
    ROG_FRAME_HELLO = 1, /* client: who it is */
    ROG_FRAME_WELCOME,   /* server: how it goes on */
    ROG_FRAME_REFUSE,    /* server: why not */
    ROG_FRAME_DATA,
    ROG_FRAME_ACK,
};

struct rog_link;

struct rog_link_hooks {
    /* A message came in. An error breaks the connection, not the session. */
    int (*message)(void *user, uint8_t kind, const uint8_t *body, size_t size,
                   struct rog_error *err);
    /* There is room for a message of about `bytes`: puts some with rog_link_put, or nothing. */
    void (*produce)(void *user, size_t bytes);
    /* The connection is gone; the session goes on with the next one. */
    void (*down)(void *user, const struct rog_error *why);
};

int rog_link_new(struct rog_link **link, uv_loop_t *loop, const struct rog_link_hooks *hooks,
                 void *user, struct rog_error *err);
/* Closes the connection too; the link frees itself when the loop has let go of it. */
void rog_link_free(struct rog_link *link);

/* A connection on which the peer has said that it has `received` messages of the session. The link
 * takes the connection over, replacing the one it has. `welcome` (NULL: none) is a frame of type
 * ROG_FRAME_WELCOME to be sent before anything else. */
int rog_link_attach(struct rog_link *link, struct rog_conn *conn, uint64_t received,
                    const char *welcome, struct rog_error *err);
bool rog_link_up(const struct rog_link *link);
/* Breaks the connection, if there is one; `down` is not called. */
void rog_link_detach(struct rog_link *link);

/* Forgets the session on both of its sides' behalf: a new one begins. */
int rog_link_restart(struct rog_link *link, struct rog_error *err);
uint64_t rog_link_received(const struct rog_link *link);

/* Appends a message (body NULL: zeros) and sends it when those before it are sent. */
int rog_link_put(struct rog_link *link, uint8_t kind, const uint8_t *body, size_t size,
                 struct rog_error *err);
/* There may be something to produce. */
void rog_link_wake(struct rog_link *link);
/* Everything that was put has been acknowledged. */
bool rog_link_settled(const struct rog_link *link);

/* Takes messages of up to so many bytes, not more than one frame holds beforehand. */
void rog_link_take_up_to(struct rog_link *link, size_t bytes);

/* Sends along a trace from now on (pacer.h); trace borrowed, NULL: as fast as it goes. */
void rog_link_pace(struct rog_link *link, const struct rog_trace *trace, double offset_s);

/* A time of rog_link_now: when the peer was last heard, 0 before the first connection. */
double rog_link_heard_s(const struct rog_link *link);
/* Measured, or the trace's; bits per second. */
double rog_link_rate_bps(const struct rog_link *link);

#endif
