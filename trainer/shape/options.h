/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SHAPE_OPTIONS_H
#define ROG_SHAPE_OPTIONS_H

/* Options and results of a replay (shape.h), and the names by which its traces on the system are
 * found. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <librog/trace/trace.h>

#define ROG_SHAPE_HANDLE "726f:" /* of the qdiscs created here */
#define ROG_SHAPE_STATE_DIR "/run/rog-shape"
#define ROG_SHAPE_USER_STATE_DIR "/tmp/rog-shape" /* followed by -UID */
#define ROG_SHAPE_MAX_PEERS 100
#define ROG_SHAPE_ADDRESS_BYTES 64

enum rog_shape_direction { ROG_SHAPE_BOTH, ROG_SHAPE_EGRESS, ROG_SHAPE_INGRESS };

/* A worker, as seen by the server. */
struct rog_shape_peer {
    char address[ROG_SHAPE_ADDRESS_BYTES]; /* IPv4 or IPv6 */
    uint32_t rank;
    double offset_s;               /* time of its trace at which the replay starts */
    const struct rog_trace *trace; /* borrowed */
};

struct rog_shape_options {
    const char *iface;
    /* On a worker: its own trace. Unused if there are peers. */
    const struct rog_trace *trace; /* borrowed */
    double offset_s;
    uint32_t rank;
    enum rog_shape_direction direction;
    /* On the server: one class for each peer. */
    const struct rog_shape_peer *peers;
    size_t peer_count;
    bool silent; /* no "bandwidth" events: workers that shape their own interface report them */

    double seconds; /* duration; 0: until stop_fd is readable */
    /* Origin of the time. 0: t = 0 is the replay's start. Otherwise the rates of t = 0 are used
     * until a double can be read from this descriptor: t = 0 in seconds of CLOCK_MONOTONIC. */
    int clock_fd;
    /* Called when the interface is shaped; may be NULL. */
    void (*ready)(void *user);
    void *user;
    int stop_fd; /* the replay ends when this is readable; -1: none */
    /* If this file was not touched for lease_timeout_s, or is gone, the replay ends and the
     * interface is restored, by the guard if this process does not react. NULL: no lease. */
    const char *lease;
    double lease_timeout_s;
    double tolerance; /* permitted error of the replay, for readers of the audit; 0: none */
    FILE *audit;      /* the stream described below; NULL: none */
};

/*
 * Lines of `audit`, one JSON object each, t in seconds since the replay's start:
 *   bandwidth     rank, mbps: a rate was set (once per rank, not per direction)
 *   replay-audit  each second and lane: rank, direction, requested_mbps and achieved_mbps (tc's
 *                 byte counter: frames with their Ethernet headers), backlog_bytes, drops, busy
 *                 (the queue was filled all the time: sampled ten times per second)
 *   replay-end    rank, steps, late_max_s, busy_s, error (null if unknown), tolerance (if there is
 *                 one)
 */
struct rog_shape_summary {
    double seconds;
    uint64_t steps;    /* number of rates set */
    double late_max_s; /* maximum delay until tc was told about a rate */
    double busy_s;     /* seconds, summed over lanes, in which the queue was filled */
    double error;      /* achieved bits / requested bits - 1, over times of at least one second
                          in which the queue was filled without a break; NaN if there were none */
};

#endif
