/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_LINK_WORK_METER_H
#define ROG_LINK_WORK_METER_H

/* The energy of a worker by its profile's model, and the bandwidth of its trace: accumulated and
 * reported as events. */

#include <stdbool.h>
#include <stdint.h>

#include <librog/events/events.h>
#include <librog/trace/trace.h>
#include <rog/error.h>

struct rog_work_meter {
    struct rog_events *events;     /* borrowed */
    const struct rog_trace *trace; /* borrowed; NULL: bandwidth is not reported */
    double trace_offset;
    uint32_t rank;
    bool energy; /* energy is reported */

    double joules, metered_s, reported_s, mbps;
    bool over; /* the last value has been reported */
};

/* The run starts at `now`, a time of rog_link_now. The members above are already set. */
void rog_work_meter_begin(struct rog_work_meter *meter, double now);
/* The worker has used this power until `now`, which is t_s of the run. `last`: it uses none from
 * now on. */
int rog_work_meter_add(struct rog_work_meter *meter, double now, double t_s, double watts,
                       bool last, struct rog_error *err);
/* More calls follow after `last` after all. */
void rog_work_meter_continue(struct rog_work_meter *meter);

#endif
