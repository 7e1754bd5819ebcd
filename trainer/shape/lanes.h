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
    double t_s; /* when they were read */
    double bytes, drops, backlog_bytes;
};

/* A time in which something was waiting at every look. */
struct rog_shape_stretch {
    double seconds, requested_bits, achieved_bits;
};

struct rog_shape_lane {
    char device[ROG_SHAPE_IFACE_BYTES];
    char where[48];        /* "root handle 726f:" or "parent 726f:1 handle 1001:" */
    char handle[8];        /* as tc prints it */
    const char *direction; /* "egress", "ingress", "downlink" */
    uint32_t rank;
    bool tells_rate; /* writes its rank's bandwidth events */
    const struct rog_trace *trace;
    double offset_s;
    uint32_t frame_bytes;
    bool keeps_large;                   /* packets larger than a frame need not be cut */
    double mbps;                        /* the present rate */
    double next_change_s;               /* since the replay's start */
    struct rog_shape_counters last;     /* at the last answer */
    struct rog_shape_counters reported; /* at the last line of the audit */
    bool busy;                          /* at every answer since then something was waiting */
    double busy_s;                      /* in which something was waiting, in all */
    struct rog_shape_stretch stretch;   /* since something waits without a break */
    struct rog_shape_stretch judged;    /* all that were long enough */
};

struct rog_shape_lanes {
    struct rog_shape_lane *lane;
    size_t count;
    uint32_t frame_bytes;
};

/* Makes the qdiscs, each lane with its rate at the start. What fails half-way is for
 * rog_shape_state_undo to remove. */
int rog_shape_lanes_make(struct rog_shape_lanes *lanes, const struct rog_shape_options *options,
                         const struct rog_shape_state *state, struct rog_error *err);
void rog_shape_lanes_release(struct rog_shape_lanes *lanes);

/* Mbit/s of the lane at t_s since the replay's start, and the mean over a time. */
double rog_shape_lane_rate(const struct rog_shape_lane *lane, double t_s);
double rog_shape_lane_mean(const struct rog_shape_lane *lane, double from_s, double to_s);
/* The next moment after t_s at which its rate changes; infinity where it does not. */
double rog_shape_lane_next(const struct rog_shape_lane *lane, double t_s);

/* "qdisc VERB dev DEVICE WHERE tbf rate ... burst ... limit ...\n"; heap memory or NULL. */
char *rog_shape_lane_line(const struct rog_shape_lane *lane, const char *verb, double mbps);

#endif
