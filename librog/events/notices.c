/* SPDX-License-Identifier: Apache-2.0 */
/* Writes events of stalls, admissions and demands. */
#include <librog/events/notices.h>

#include <math.h>

#include <rog/events.h>

static void begin(struct rog_events *events, const char *kind,
                  const struct rog_server_notice *notice)
{
    rog_event_begin(events, kind, notice->now, (int64_t)notice->worker + 1);
}

int rog_stall_report(struct rog_events *events, const struct rog_server_notice *notice,
                     struct rog_error *err)
{
    struct rog_json *blocker = rog_json_object(), *blockers = rog_json_array();
    rog_json_put_integer(blocker, "rank", (int64_t)notice->blocker + 1);
    rog_json_put_integer(blocker, "version", notice->needed);
    rog_json_append(blockers, blocker);
    begin(events, ROG_EVENT_STALL_BEGIN, notice);
    rog_event_integer(events, "iteration", notice->iteration);
    rog_event_json(events, "waits_for", blockers);
    return rog_event_end(events, err);
}

static int end_stall(struct rog_events *events, const struct rog_server_notice *notice,
                     double stall_s, struct rog_error *err)
{
    begin(events, ROG_EVENT_STALL_END, notice);
    rog_event_integer(events, "iteration", notice->iteration);
    rog_event_seconds(events, "stall_s", stall_s);
    return rog_event_end(events, err);
}

int rog_admit_report(struct rog_events *events, const struct rog_server_notice *notice,
                     double stall_s, struct rog_error *err)
{
    int code = isnan(stall_s) ? 0 : end_stall(events, notice, stall_s, err);
    if (code)
        return code;
    begin(events, ROG_EVENT_ADMIT, notice);
    rog_event_integer(events, "iteration", notice->iteration);
    rog_event_integer(events, "oldest", notice->oldest);
    rog_event_integer(events, "needed", notice->needed);
    if (notice->granted)
        rog_event_integer(events, "granted", notice->granted);
    if (notice->active) {
        rog_event_integer(events, "slowest", notice->slowest);
        rog_event_integer(events, "reached", notice->reached);
        rog_event_integer(events, "active", notice->active);
    }
    return rog_event_end(events, err);
}

int rog_demand_report(struct rog_events *events, const struct rog_server_notice *notice,
                      struct rog_error *err)
{
    begin(events, ROG_EVENT_MUST_UPDATE, notice);
    rog_event_integer(events, "rows", notice->rows);
    rog_event_integer(events, "version", notice->version);
    return rog_event_end(events, err);
}
