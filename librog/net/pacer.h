/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_LINK_PACER_H
#define ROG_LINK_PACER_H

/*
 * Bandwidth in user space, for clusters on one machine: one direction of one link, along a trace. A
 * frame is handed to the kernel at the moment when its last bit would have been transmitted, so
 * that a receiver sees it when the link would have delivered it; a rate of 0 transmits nothing.
 * Time lost to a late wake-up is caught up, up to ROG_PACER_BURST_S. No sockets, no clock.
 */

#include <stdbool.h>
#include <stddef.h>

#include <librog/trace/trace.h>

#define ROG_PACER_BURST_S 0.05

struct rog_pacer {
    const struct rog_trace *trace; /* borrowed; NULL: no pacing */
    double offset_s;               /* the trace's time minus the clock's */
    double free_s;                 /* when the previous frame was transmitted */
    bool busy;                     /* there has always been something to send since free_s */
};

void rog_pacer_init(struct rog_pacer *pacer, const struct rog_trace *trace, double offset_s);

/* Returns when a frame of `bytes` that is ready at `now` (s, by any clock, always the same) has
 * been transmitted. */
double rog_pacer_finish(struct rog_pacer *pacer, double now, size_t bytes);
/* Call this when there is nothing left to send. */
void rog_pacer_idle(struct rog_pacer *pacer);
/* Returns bits/s at `now`; 0 without a trace. */
double rog_pacer_rate_bps(const struct rog_pacer *pacer, double now);

#endif
