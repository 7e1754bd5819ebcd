/* SPDX-License-Identifier: Apache-2.0 */

/* Reports energy and bandwidth of a worker as events. */

#include <librog/net/work_meter.h>

#include <math.h>

#include <rog/events.h>

#define ENERGY_PERIOD_S 10.0

void rog_work_meter_begin(struct rog_work_meter *meter, double now)
{
    meter->metered_s = now;
    meter->reported_s = -INFINITY;
    meter->mbps = -1;
}

void rog_work_meter_continue(struct rog_work_meter *meter)
{
    meter->over = false;
}

static int report_bandwidth(struct rog_work_meter *meter, double t_s, struct rog_error *err)
{
    double mbps = meter->trace ? rog_trace_rate(meter->trace, t_s + meter->trace_offset) : 0;
    if (!meter->trace || !(fabs(mbps - meter->mbps) > 0))
        return ROG_OK;
    meter->mbps = mbps;
    rog_event_begin(meter->events, ROG_EVENT_BANDWIDTH, t_s, meter->rank);
    rog_event_number(meter->events, "mbps", mbps);
    return rog_event_end(meter->events, err);
}

int rog_work_meter_add(struct rog_work_meter *meter, double now, double t_s, double watts,
                       bool last, struct rog_error *err)
{
    meter->joules += watts * (now - meter->metered_s);
    meter->metered_s = now;
    int code = report_bandwidth(meter, t_s, err);
    if (code || !meter->energy || meter->over ||
        (!last && now - meter->reported_s < ENERGY_PERIOD_S))
        return code;
    meter->reported_s = now;
    meter->over = last;
    rog_event_begin(meter->events, ROG_EVENT_ENERGY, t_s, meter->rank);
    rog_event_seconds(meter->events, "joules", meter->joules);
    rog_event_string(meter->events, "source", "model");
    return rog_event_end(meter->events, err);
}
