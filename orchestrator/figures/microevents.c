/* SPDX-License-Identifier: Apache-2.0 */
/* Collects what one worker did in a period of time. */
#include <orchestrator/figures/microevents.h>

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <common/trace_name.h>
#include <orchestrator/text/label.h>
#include <orchestrator/figures/queries.h>
#include <orchestrator/store/summary.h>

#define EVER 1e18 /* seconds: later than the end of any run */
/* The published script samples staleness when this worker pushes. */
#define SAMPLED_WORKER 3

static int add(struct rog_microevent_list *list, double t, double value, struct rog_error *err)
{
    if (list->count % 256 == 0) {
        struct rog_microevent *more = realloc(list->item, (list->count + 256) * sizeof *list->item);
        if (!more)
            return rog_fail_nomem(err);
        list->item = more;
    }
    list->item[list->count++] = (struct rog_microevent){t, value};
    return 0;
}

/* Adds a point to a list for lines. Points come in order of time; the list keeps those within the
 * time shown, the last one before it and the first one after it, so that lines continue to the
 * edges. */
static int add_beside(const struct rog_microevents *events, struct rog_microevent_list *list,
                      double t, double value, struct rog_error *err)
{
    if (t < events->from_s)
        list->count = 0;
    else if (list->count > 0 && list->item[list->count - 1].t > events->to_s)
        return 0;
    return add(list, t, value, err);
}

/* Appends to messages which runs microevents can draw ("try A, B"), or what data it needs. */
static void advise(struct rog_db *db, char *text, size_t bytes)
{
    struct rog_query *query = NULL;
    int code = rog_query_new(&query, db, NULL, rog_query_microevents_runs, "");
    size_t at = 0;
    snprintf(text, bytes, "no recorded run has them");
    while (code == 0 && at < bytes && rog_query_step(query, NULL) == 1)
        at += (size_t)snprintf(text + at, bytes - at, "%s%s",
                               at ? ", " : "runs that have them: ", rog_query_text(query, 0));
    rog_query_free(query);
}

/* Checks what drawing as published requires: the published script draws runs of ROG, and samples
 * staleness when the third worker pushes. */
static int check_published(const struct rog_microevents *events, const char *library,
                           size_t workers, struct rog_error *err)
{
    if (strcmp(library, "ROG") != 0)
        return rog_fail(err, ROG_EINVAL,
                        "run %s is one of %.40s, and the published script draws only runs of ROG; "
                        "leave out --as-published",
                        events->run_id, library);
    if (workers < SAMPLED_WORKER)
        return rog_fail(err, ROG_EINVAL,
                        "run %s has %zu worker%s, and the published script samples staleness by "
                        "the third one; leave out --as-published",
                        events->run_id, workers, workers == 1 ? "" : "s");
    return 0;
}

/* Checks the rank and the start time against the run, and sets the run's end. */
static int check(struct rog_db *db, const struct rog_microevents *events, double start_s,
                 double *end_s, size_t *workers, struct rog_error *err)
{
    struct rog_query *query = NULL;
    char ranks[256] = "", advice[400];
    size_t at = 0;
    bool found = false;
    int64_t readings = 0;
    int code = rog_query_new(&query, db, err, rog_query_microevents_ranks, "s", events->run_id);
    while (code == 0 && (code = rog_query_step(query, err)) == 1) {
        code = 0;
        *end_s = fmax(*end_s, rog_query_real(query, 2));
        ++*workers;
        if (at < sizeof ranks)
            at += (size_t)snprintf(ranks + at, sizeof ranks - at, "%s%lld", at ? ", " : "",
                                   (long long)rog_query_int(query, 0));
        if (rog_query_int(query, 0) == events->rank) {
            found = true;
            readings = rog_query_int(query, 4);
        }
    }
    rog_query_free(query);
    if (code < 0)
        return code;
    advise(db, advice, sizeof advice);
    if (at == 0)
        return rog_fail(err, ROG_ENOTFOUND, "run %s has no iterations of workers; %s",
                        events->run_id, advice);
    if (events->rank == 0)
        return rog_fail(err, ROG_EINVAL,
                        "rank 0 is the server, which has no link and no staleness of its own; the "
                        "workers of %s are %s",
                        events->run_id, ranks);
    if (!found)
        return rog_fail(err, ROG_EINVAL, "run %s has no worker of rank %lld; its workers are %s",
                        events->run_id, (long long)events->rank, ranks);
    if (!(start_s >= 0 && start_s < *end_s))
        return rog_fail(err, ROG_EINVAL,
                        "run %s ends at %.0f s: START must be from 0 to that "
                        "(found %g)",
                        events->run_id, floor(*end_s), start_s);
    if (readings == 0 && !events->unlimited)
        return rog_fail(err, ROG_ENOTFOUND, "no bandwidth is recorded for rank %lld of run %s; %s",
                        (long long)events->rank, events->run_id, advice);
    return 0;
}

/* Loads points of a line from a query of (t, value). */
static int load_points(struct rog_db *db, const char *sql, const struct rog_microevents *events,
                       struct rog_microevent_list *list, struct rog_error *err)
{
    struct rog_query *query = NULL;
    int code = rog_query_new(&query, db, err, sql, "sidd", events->run_id, events->rank, 0.0, EVER);
    while (code == 0 && (code = rog_query_step(query, err)) == 1)
        code = add_beside(events, list, rog_query_real(query, 0), rog_query_real(query, 1), err);
    rog_query_free(query);
    return code;
}

/* Loads a quantity that keeps its value until the next one, from a query of (t, value). */
static int load_steps(struct rog_db *db, const char *sql, const struct rog_microevents *events,
                      struct rog_microevent_list *list, struct rog_error *err)
{
    struct rog_query *query = NULL;
    int code = rog_query_new(&query, db, err, sql, "sidd", events->run_id, events->rank,
                             events->from_s, events->to_s);
    while (code == 0 && (code = rog_query_step(query, err)) == 1)
        code = add(list, fmax(rog_query_real(query, 0), events->from_s), rog_query_real(query, 1),
                   err);
    rog_query_free(query);
    if (code == 0 && list->count > 0)
        code = add(list, events->to_s, list->item[list->count - 1].value, err);
    return code;
}

static int add_transmission(const struct rog_microevents *events, struct rog_microevent_list *list,
                            double t, double percent, struct rog_error *err)
{
    bool shown = t >= events->from_s && t <= events->to_s;
    if (isnan(t) || isnan(percent) || (!shown && !events->as_published))
        return 0;
    return events->as_published ? add_beside(events, list, t, percent, err)
                                : add(list, t, percent, err);
}

static int load_transmissions(struct rog_db *db, struct rog_microevents *events,
                              struct rog_error *err)
{
    struct rog_query *query = NULL;
    int code = rog_query_new(&query, db, err, rog_query_transmissions, "sidd", events->run_id,
                             events->rank, events->as_published ? 0.0 : events->from_s,
                             events->as_published ? EVER : events->to_s);
    while (code == 0 && (code = rog_query_step(query, err)) == 1) {
        code = 0;
        double pulled_t = rog_query_real(query, 0);
        double pull_s = rog_query_real(query, 2), stall_s = rog_query_real(query, 3);
        double pushed_t = pulled_t - pull_s - (isnan(stall_s) ? 0 : stall_s);
        code = add_transmission(events, &events->push, pushed_t, rog_query_real(query, 4), err);
        if (code == 0)
            code = add_transmission(events, &events->pull, pulled_t, rog_query_real(query, 5), err);
    }
    rog_query_free(query);
    return code;
}

static int look_for_limit(struct rog_microevents *events, const struct rog_run_row *row,
                          struct rog_error *err)
{
    struct rog_json *config = NULL;
    int code =
        rog_json_parse(row->config, strlen(row->config), "the run's configuration", &config, err);
    events->unlimited = code == 0 && !rog_trace_is_limited(config, events->rank);
    rog_json_free(config);
    return code;
}

int rog_microevents_load(struct rog_db *db, const char *run, int64_t rank, double start_s,
                         double span_s, bool as_published, struct rog_microevents *events,
                         struct rog_error *err)
{
    struct rog_run_row row = {0};
    double end_s = 0;
    size_t workers = 0;
    *events = (struct rog_microevents){.rank = rank, .as_published = as_published};
    if (!(span_s > 0))
        return rog_fail(err, ROG_EINVAL, "the span must be more than 0 s (found %g)", span_s);
    int code = rog_run_find(db, run, &events->run_id, err);
    if (code == 0)
        code = rog_run_row_load(db, events->run_id, &row, err);
    if (code == 0)
        code = look_for_limit(events, &row, err);
    if (code == 0)
        code = check(db, events, start_s, &end_s, &workers, err);
    if (code == 0 && as_published)
        code = check_published(events, row.library, workers, err);
    if (code < 0)
        goto out;
    events->threshold = row.threshold;
    events->is_virtual = row.is_virtual;
    events->from_s = start_s;
    events->to_s = as_published ? start_s + span_s : fmin(start_s + span_s, end_s);
    code = load_transmissions(db, events, err);
    if (code == 0 && as_published)
        code = load_points(db, rog_query_bandwidth, events, &events->bandwidth, err);
    else if (code == 0)
        code = load_steps(db, rog_query_bandwidth, events, &events->bandwidth, err);
    if (code == 0 && as_published)
        code = load_points(db, rog_query_staleness_as_published, events, &events->staleness, err);
    else if (code == 0)
        code = load_steps(db, rog_query_staleness, events, &events->staleness, err);
out:
    rog_run_row_release(&row);
    if (code < 0)
        rog_microevents_release(events);
    return code;
}

void rog_microevents_release(struct rog_microevents *events)
{
    free(events->run_id);
    free(events->bandwidth.item);
    free(events->push.item);
    free(events->pull.item);
    free(events->staleness.item);
    *events = (struct rog_microevents){0};
}
