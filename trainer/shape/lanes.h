/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SHAPE_LANES_H
#define ROG_SHAPE_LANES_H

/* Lanes: the tbf qdiscs of one replay, each with its trace. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rog/error.h>
#include <trainer/shape/host.h>
#include <trainer/shape/options.h>
#include <trainer/shape/state.h>

struct rog_shape_counters {
    double t_s; /* time at which they were read */
    double bytes, drops, backlog_bytes;
};

/* A time in which the queue was not empty at any sample. */
struct rog_shape_stretch {
    double seconds, requested_bits, achieved_bits;
};

struct rog_shape_lane {
    char device[ROG_SHAPE_IFACE_BYTES];
    char where[48];        /* "root handle 726f:" or "parent 726f:1 handle 1001:" */
    char handle[8];        /* as tc prints it */
    const char *direction; /* "egress", "ingress", "downlink" */
    uint32_t rank;
    bool tells_rate; /* writes the bandwidth events of its rank */
    const struct rog_trace *trace;
    double offset_s;
    uint32_t frame_bytes;
    bool keeps_large;                   /* packets larger than a frame need not be cut */
    double mbps;                        /* the current rate */
    double next_change_s;               /* since the replay's start */
    struct rog_shape_counters last;     /* at the last answer of tc */
    struct rog_shape_counters reported; /* at the last line of the audit */
    bool busy;                          /* the queue was not empty at any answer since then */
    double busy_s;                      /* total time in which the queue was not empty */
    struct rog_shape_stretch stretch;   /* the current time of a filled queue */
    struct rog_shape_stretch judged;    /* sum of all that were long enough */
};

struct rog_shape_lanes {
    struct rog_shape_lane *lane;
    size_t count;
    uint32_t frame_bytes;
};

/* Creates the qdiscs, each lane with its initial rate. After a failure, rog_shape_state_undo
 * removes what was created. */
int rog_shape_lanes_make(struct rog_shape_lanes *lanes, const struct rog_shape_options *options,
                         const struct rog_shape_state *state, struct rog_error *err);
void rog_shape_lanes_release(struct rog_shape_lanes *lanes);

/* Return the lane's rate in Mbit/s at t_s since the replay's start, and the mean over a time. */
double rog_shape_lane_rate(const struct rog_shape_lane *lane, double t_s);
double rog_shape_lane_mean(const struct rog_shape_lane *lane, double from_s, double to_s);
/* Returns the next time after t_s at which its rate changes; infinity if it does not. */
double rog_shape_lane_next(const struct rog_shape_lane *lane, double t_s);

/* Returns "qdisc VERB dev DEVICE WHERE tbf rate ... burst ... limit ...\n"; heap memory, NULL if
 * out of memory. */
char *rog_shape_lane_line(const struct rog_shape_lane *lane, const char *verb, double mbps);

#endif
