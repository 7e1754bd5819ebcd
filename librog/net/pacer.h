/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_LINK_PACER_H
#define ROG_LINK_PACER_H

/*
 * Bandwidth in user space, for clusters on one machine: one direction of one link as a trace says.
 * A frame is handed to the kernel at the moment at which its last bit would be through, so that a
 * receiver sees it when the link would have delivered it; a rate of 0 lets nothing through. Time
 * that a late wake-up lost is made up for, up to ROG_PACER_BURST_S. No sockets, no clock.
 */

#include <stdbool.h>
#include <stddef.h>

#include <librog/trace/trace.h>

#define ROG_PACER_BURST_S 0.05

struct rog_pacer {
    const struct rog_trace *trace; /* borrowed; NULL: no pacing */
    double offset_s;               /* the trace's time minus the clock's */
    double free_s;                 /* the frame before this one is through */
    bool busy;                     /* there has been something to send ever since */
};

void rog_pacer_init(struct rog_pacer *pacer, const struct rog_trace *trace, double offset_s);

/* The moment at which a frame of `bytes` that is there at `now` (s, by any clock, the same each
 * time) is through. */
double rog_pacer_finish(struct rog_pacer *pacer, double now, size_t bytes);
/* Nothing is left to send. */
void rog_pacer_idle(struct rog_pacer *pacer);
/* Bits per second at `now`; 0 without a trace. */
double rog_pacer_rate_bps(const struct rog_pacer *pacer, double now);

#endif
