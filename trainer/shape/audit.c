/* SPDX-License-Identifier: Apache-2.0 */
/* Compares tc's counters with the requested rates and records the result. */
#include <trainer/shape/audit.h>

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <common/json.h>
#include <rog/events.h>

/* Seconds for which a queue must be filled without a break to be used for judging the replay.
 * Shorter times show nothing: a sender of short messages may have emptied the queue between two
 * samples, and after each pause the bucket is full. */
#define ENOUGH_S 1.0
#define ROUNDING_S 1e-6

/* Writes an event and frees it. */
static int put(FILE *file, struct rog_json *event, struct rog_error *err)
{
    int code = ROG_OK;
    char *text = file ? rog_json_text(event) : NULL;
    if (file && !text)
        code = rog_fail_nomem(err);
    else if (file && (fprintf(file, "%s\n", text) < 0 || fflush(file) != 0))
        code = rog_fail(err, ROG_EIO, "cannot write the replay audit: %s", strerror(errno));
    free(text);
    rog_json_free(event);
    return code;
}

static struct rog_json *event_new(const char *name, double t_s)
{
    struct rog_json *event = rog_json_object();
    rog_json_put_string(event, "event", name);
    rog_json_put_number(event, "t", rint(t_s * 1e6) / 1e6);
    return event;
}

int rog_shape_audit_rate(FILE *file, const struct rog_shape_lane *lane, double t_s, double mbps,
                         struct rog_error *err)
{
    if (!lane->tells_rate)
        return ROG_OK;
    struct rog_json *event = event_new(ROG_EVENT_BANDWIDTH, t_s);
    rog_json_put_integer(event, "rank", lane->rank);
    rog_json_put_number(event, "mbps", mbps);
    return put(file, event, err);
}

/* Ends the time of a filled queue: it counts if it was long enough. */
static void end_stretch(struct rog_shape_lane *lane)
{
    const struct rog_shape_stretch stretch = lane->stretch;
    lane->stretch = (struct rog_shape_stretch){0};
    if (stretch.seconds < ENOUGH_S - ROUNDING_S)
        return;
    lane->judged.seconds += stretch.seconds;
    lane->judged.requested_bits += stretch.requested_bits;
    lane->judged.achieved_bits += stretch.achieved_bits;
}

/* A queue that is not empty at both ends of so short an interval is assumed to be filled in
 * between. */
static void add_up(struct rog_shape_lane *lane, const struct rog_shape_counters *now)
{
    const struct rog_shape_counters last = lane->last;
    double elapsed_s = now->t_s - last.t_s;
    lane->last = *now;
    lane->busy = lane->busy && last.backlog_bytes > 0 && now->backlog_bytes > 0;
    if (last.backlog_bytes <= 0 || now->backlog_bytes <= 0) {
        end_stretch(lane);
        return;
    }
    lane->busy_s += elapsed_s;
    lane->stretch.seconds += elapsed_s;
    lane->stretch.requested_bits += rog_shape_lane_mean(lane, last.t_s, now->t_s) * 1e6 * elapsed_s;
    lane->stretch.achieved_bits += (now->bytes - last.bytes) * 8;
}

static int compare(FILE *file, struct rog_shape_lane *lane, const struct rog_shape_counters *now,
                   struct rog_error *err)
{
    if (lane->last.t_s <= 0) {
        lane->last = lane->reported = *now;
        lane->busy = true;
        return ROG_OK;
    }
    if (now->t_s <= lane->last.t_s)
        return ROG_OK;
    add_up(lane, now);
    const struct rog_shape_counters last = lane->reported;
    if (floor(now->t_s) <= floor(last.t_s))
        return ROG_OK; /* one line per second */
    double requested = rog_shape_lane_mean(lane, last.t_s, now->t_s);
    double achieved = (now->bytes - last.bytes) * 8e-6 / (now->t_s - last.t_s);
    bool busy = lane->busy;
    lane->reported = *now;
    lane->busy = true;
    struct rog_json *event = event_new("replay-audit", now->t_s);
    rog_json_put_integer(event, "rank", lane->rank);
    rog_json_put_string(event, "direction", lane->direction);
    rog_json_put_number(event, "requested_mbps", requested);
    rog_json_put_number(event, "achieved_mbps", achieved);
    rog_json_put_number(event, "backlog_bytes", now->backlog_bytes);
    rog_json_put_number(event, "drops", now->drops - last.drops);
    rog_json_put_bool(event, "busy", busy);
    return put(file, event, err);
}

int rog_shape_audit_answer(FILE *file, struct rog_shape_lanes *lanes, const char *device,
                           const char *text, size_t size, double t_s, struct rog_error *err)
{
    struct rog_json *list = NULL;
    int code = rog_json_parse(text, size, "tc", &list, err);
    for (size_t i = 0; i < lanes->count && !code; i++) {
        struct rog_shape_lane *lane = &lanes->lane[i];
        if (strcmp(lane->device, device) != 0)
            continue;
        const struct rog_json *found = NULL;
        for (size_t k = 0; k < rog_json_size(list) && !found; k++)
            if (strcmp(rog_json_get_string(rog_json_at(list, k), "handle", ""), lane->handle) == 0)
                found = rog_json_at(list, k);
        if (!found) {
            code = rog_fail(err, ROG_EFAILED,
                            "the qdisc %s on %s is gone: another program changed the interface",
                            lane->handle, device);
            break;
        }
        const struct rog_shape_counters now = {t_s, rog_json_get_number(found, "bytes", 0),
                                               rog_json_get_number(found, "drops", 0),
                                               rog_json_get_number(found, "backlog", 0)};
        code = compare(file, lane, &now, err);
    }
    rog_json_free(list);
    return code;
}

int rog_shape_audit_end(const struct rog_shape_options *options, struct rog_shape_lanes *lanes,
                        struct rog_shape_summary *summary, struct rog_error *err)
{
    double requested = 0, achieved = 0;
    for (size_t i = 0; i < lanes->count; i++) {
        end_stretch(&lanes->lane[i]);
        summary->busy_s += lanes->lane[i].busy_s;
        requested += lanes->lane[i].judged.requested_bits;
        achieved += lanes->lane[i].judged.achieved_bits;
    }
    summary->error = requested > 0 ? achieved / requested - 1 : (double)NAN;
    struct rog_json *event = event_new("replay-end", summary->seconds);
    rog_json_put_integer(event, "rank", options->rank);
    rog_json_put_integer(event, "steps", (int64_t)summary->steps);
    rog_json_put_number(event, "late_max_s", summary->late_max_s);
    rog_json_put_number(event, "busy_s", summary->busy_s);
    rog_json_put_number(event, "error", summary->error);
    if (options->tolerance > 0)
        rog_json_put_number(event, "tolerance", options->tolerance);
    return put(options->audit, event, err);
}
