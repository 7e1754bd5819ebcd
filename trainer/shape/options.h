/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SHAPE_OPTIONS_H
#define ROG_SHAPE_OPTIONS_H

/* What a replay (shape.h) is told and what it tells, and the names by which it is found again. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <librog/trace/trace.h>

#define ROG_SHAPE_HANDLE "726f:" /* of the qdiscs made here */
#define ROG_SHAPE_STATE_DIR "/run/rog-shape"
#define ROG_SHAPE_USER_STATE_DIR "/tmp/rog-shape" /* -UID */
#define ROG_SHAPE_MAX_PEERS 100
#define ROG_SHAPE_ADDRESS_BYTES 64

enum rog_shape_direction { ROG_SHAPE_BOTH, ROG_SHAPE_EGRESS, ROG_SHAPE_INGRESS };

/* A worker as the server sees it. */
struct rog_shape_peer {
    char address[ROG_SHAPE_ADDRESS_BYTES]; /* IPv4 or IPv6 */
    uint32_t rank;
    double offset_s;               /* where in its trace the replay starts */
    const struct rog_trace *trace; /* borrowed */
};

struct rog_shape_options {
    const char *iface;
    /* On a worker: its own trace. Unused where there are peers. */
    const struct rog_trace *trace; /* borrowed */
    double offset_s;
    uint32_t rank;
    enum rog_shape_direction direction;
    /* On the server: one class for each. */
    const struct rog_shape_peer *peers;
    size_t peer_count;
    bool silent; /* no "bandwidth": the workers, who shape what they send, tell it */

    double seconds; /* how long; 0: until stop_fd says so */
    /* Where t = 0 comes from: 0: the replay's beginning. Else the rates of t = 0 hold until a
     * double can be read from this descriptor: the moment of t = 0 in seconds of CLOCK_MONOTONIC.
     */
    int clock_fd;
    /* Called once the interface is shaped; may be NULL. */
    void (*ready)(void *user);
    void *user;
    int stop_fd; /* the replay ends when something can be read from it; -1: none */
    /* The dead-man's timer: when this file has not been touched for lease_timeout_s, or is gone,
     * the replay ends and the interface is put back, without this process if need be. NULL: none.*/
    const char *lease;
    double lease_timeout_s;
    double tolerance; /* how far the replay may be off, for who reads the audit; 0: not told */
    FILE *audit;      /* see below; NULL: none */
};

/*
 * What goes to `audit`, one JSON object a line, t in seconds since the replay's start:
 *   bandwidth     rank, mbps: a rate was set (once a rank, not a direction)
 *   replay-audit  each second and lane: rank, direction, requested_mbps and achieved_mbps (tc's
 *                 byte counter: frames with their Ethernet headers), backlog_bytes, drops, busy
 *                 (something was waiting to be sent all the time: looked at ten times a second)
 *   replay-end    rank, steps, late_max_s, busy_s, error (null where it is not known), tolerance
 *                 (where there is one)
 */
struct rog_shape_summary {
    double seconds;
    uint64_t steps;    /* rates set */
    double late_max_s; /* longest time between a step's moment and tc being told */
    double busy_s;     /* seconds of lanes that had something to send all the time */
    double error;      /* achieved bits / requested bits - 1, over the times of a second or more in
                          which something waited without a break; NaN: there were none, and nobody
                          knows */
};

#endif
