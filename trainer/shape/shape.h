/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SHAPE_SHAPE_H
#define ROG_SHAPE_SHAPE_H

/*
 * Replays bandwidth traces on a network interface with the kernel's traffic control (tc).
 *
 * On a worker both directions of its interface get the trace: what it sends through a tbf at the
 * interface's root, what it receives through an ifb device (ingress qdisc, u32 filter, mirred)
 * with a tbf of its own. Where the kernel has no ifb, the worker shapes egress alone and the server
 * shapes the other direction: on its interface an htb with one class for each worker's address, a
 * tbf inside; other traffic is not touched.
 *
 * A rate of 0 becomes 8 bit/s, the smallest that tbf has, with a queue that holds what arrives: at
 * most one frame slips out at the moment of the change, then a byte a second. Because packets are
 * kept and not dropped, TCP goes on as soon as the rate is back; tbf, which then sleeps, is woken
 * up by one small frame of ours (Ethernet type 0x88B5, addressed to the interface itself).
 *
 * Without root all that changes something is run by `sudo -n`: tc, and ip for the ifb devices
 * (docs/cluster-setup.md has the lines for sudoers). Users do not see each other's locks.
 *
 * One `tc -batch` child applies all steps and answers all questions about counters; no process is
 * started for a step. Before anything is changed a guard process is forked that holds the other
 * end of a pipe: when this process ends, however it ends, the guard puts the interface back as it
 * was. The state of a shaped interface (what was there before, who shapes) lies in
 * ROG_SHAPE_STATE_DIR, one file an interface, locked by whoever shapes. What a power cut or a
 * kill -9 of both processes leaves is found by that file and by the handle ROG_SHAPE_HANDLE, and
 * removed by rog_shape_restore or by the next replay.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <librog/trace/trace.h>
#include <rog/error.h>

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
    bool untold; /* no "bandwidth": the workers, who shape what they send, tell it */

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
 *   replay-end    rank, steps, late_max_s, busy_s, error, tolerance (where there is one)
 */
struct rog_shape_summary {
    double seconds;
    uint64_t steps;    /* rates set */
    double late_max_s; /* longest time between a step's moment and tc being told */
    double busy_s;     /* seconds of lanes that had something to send all the time */
    double error;      /* of those: achieved bits / requested bits - 1; 0 for less than a second */
};

/*
 * Shapes until the end and puts the interface back. Errors: ROG_EINVAL no such interface, a qdisc
 * of somebody else on it, no right to change it; ROG_ENOTFOUND no tc, ip or sudo;
 * ROG_EBUSY somebody shapes it already; ROG_EFAILED the kernel lacks something, or refused a
 * change. The interface is as before in any case, or the message says that it is not.
 * The caller ignores SIGPIPE (tc may end under us).
 */
int rog_shape_replay(const struct rog_shape_options *options, struct rog_shape_summary *summary,
                     struct rog_error *err);

/* Removes what a replay has left on the interface that was killed together with its guard. One that
 * runs is left alone, and so is an interface that is gone. */
int rog_shape_clean(const char *iface, struct rog_error *err);

/* Ends a replay that runs on the interface, and removes what one has left there. *found (may be
 * NULL) says whether there was anything. */
int rog_shape_restore(const char *iface, bool *found, struct rog_error *err);

/* What can be shaped here. Tried out on a device made for the purpose, not on `iface`. */
struct rog_shape_probe {
    bool tools;     /* tc and ip are installed */
    bool permitted; /* devices may be made and changed */
    bool tbf, htb, u32, ifb, mirred;
    bool exists;       /* the interface */
    bool left_over;    /* a replay's qdiscs are on it */
    char obstacle[64]; /* kind of a qdisc of somebody else that is in the way, "" where there is
                          none */
    bool egress, ingress, downlink; /* what follows for this interface */
};
int rog_shape_probe(const char *iface, struct rog_shape_probe *probe, struct rog_error *err);

#endif
