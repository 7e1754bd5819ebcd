/* SPDX-License-Identifier: Apache-2.0 */
/* Prints summaries of runs as text. */
#include <orchestrator/terminal/run_view.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <common/metric.h>
#include <orchestrator/figures/run_targets.h>
#include <orchestrator/fleet/job.h>
#include <orchestrator/fleet/run_files.h>
#include <orchestrator/pool/controller.h>
#include <orchestrator/store/identity.h>
#include <orchestrator/store/imported.h>
#include <orchestrator/store/iterations.h>
#include <orchestrator/store/paths.h>
#include <orchestrator/store/progress.h>
#include <orchestrator/store/replay.h>
#include <orchestrator/store/setbacks.h>
#include <orchestrator/store/robots.h>
#include <orchestrator/store/started.h>
#include <orchestrator/store/summary.h>
#include <orchestrator/terminal/output.h>
#include <rog/events.h>

/* Returns whether all runs have the same metric. */
static bool one_metric(const struct rog_json *runs, struct rog_metric *metric)
{
    rog_metric_read(rog_json_at(runs, 0), metric, NULL);
    for (size_t i = 1; i < rog_json_size(runs); i++) {
        struct rog_metric other;
        rog_metric_read(rog_json_at(runs, i), &other, NULL);
        if (!rog_metric_is_same(metric, &other))
            return false;
    }
    return true;
}

/* Prints the last test's result, with the metric's name and unit unless the heading has them. */
static void result_cell(struct rog_table *table, const struct rog_json *run,
                        const struct rog_json *last, bool one)
{
    struct rog_metric metric;
    double value = last ? rog_json_number(rog_json_at(last, 2), (double)NAN) : (double)NAN;
    rog_metric_read(run, &metric, NULL);
    int digits = rog_metric_digits(&metric, value);
    if (one || isnan(value))
        rog_table_number(table, value, digits);
    else
        rog_table_cell(table, "%s %.*f%s%s", metric.name, digits, value, metric.unit[0] ? " " : "",
                       metric.unit);
}

/* Remarks on runs that are done but have no results. */
static void remark_empty(const struct rog_json *runs)
{
    for (size_t i = 0; i < rog_json_size(runs); i++) {
        const struct rog_json *run = rog_json_at(runs, i);
        if (strcmp(rog_json_get_string(run, "status", ""), "done") == 0 &&
            rog_json_get_integer(run, "iterations", 0) == 0)
            rog_print("%s ended before any worker had finished an iteration",
                      rog_json_get_string(run, "id", ""));
    }
}

/* Remarks on missing readings of runs executed here; imported runs may lack them. */
static void remark_no_readings(const struct rog_json *runs)
{
    for (size_t i = 0; i < rog_json_size(runs); i++) {
        const struct rog_json *run = rog_json_at(runs, i);
        if (strcmp(rog_json_get_string(run, "status", ""), "done") == 0 &&
            rog_json_get_string(run, "cluster", NULL) &&
            rog_json_get_integer(run, "iterations", 0) > 0 &&
            isnan(rog_json_get_number(run, "energy_j", (double)NAN))) {
            rog_print("energy is unknown where a profile has no watts_compute, watts_communicate "
                      "and watts_stall and no sensor measures it");
            return;
        }
    }
}

/* Returns whether workers were missing at the end of any of the runs. */
static bool some_were_away(const struct rog_json *runs)
{
    for (size_t i = 0; i < rog_json_size(runs); i++) {
        struct rog_setbacks setbacks;
        rog_setbacks_read(&setbacks, rog_json_at(runs, i));
        if (setbacks.finished < setbacks.workers)
            return true;
    }
    return false;
}

/* Prints "3 of 4". */
static void workers_cell(struct rog_table *table, const struct rog_json *run)
{
    struct rog_setbacks setbacks;
    rog_setbacks_read(&setbacks, run);
    if (setbacks.workers > 0)
        rog_table_cell(table, "%lld of %lld", (long long)setbacks.finished,
                       (long long)setbacks.workers);
    else
        rog_table_cell(table, "-");
}

/* Returns whether any of the runs has that number. */
static bool some_have(const struct rog_json *runs, const char *name)
{
    for (size_t i = 0; i < rog_json_size(runs); i++)
        if (rog_json_get_number(rog_json_at(runs, i), name, 0) > 0)
            return true;
    return false;
}

static enum rog_paint status_paint(const struct rog_json *run)
{
    const char *status = rog_json_get_string(run, "status", "");
    return strcmp(status, "done") == 0     ? ROG_GREEN
           : strcmp(status, "failed") == 0 ? ROG_RED
                                           : ROG_YELLOW;
}

int rog_runs_table(const struct rog_json *runs, struct rog_error *err)
{
    struct rog_metric metric;
    bool one = one_metric(runs, &metric);
    bool some_lost = some_have(runs, "lost_s"), some_away = some_were_away(runs);
    struct rog_table *table = rog_table_new("run|~?9note|status|>?2seed|>?7seconds|>?6iterations"
                                            "|>?3compute s|>?4communication s|>?5stall s");
    char *result =
        one ? rog_format("%s%s%s", metric.name, metric.unit[0] ? " " : "", metric.unit) : NULL;
    rog_table_column(table, ">", result ? result : "test result");
    free(result);
    rog_table_column(table, ">?1", "energy kJ");
    if (some_lost)
        rog_table_column(table, ">?8", "lost s");
    if (some_away)
        rog_table_column(table, ">?8", "workers");
    for (size_t i = 0; i < rog_json_size(runs); i++) {
        const struct rog_json *run = rog_json_at(runs, i);
        const struct rog_json *accuracy = rog_json_get(run, "accuracy");
        size_t points = rog_json_size(accuracy);
        const struct rog_json *last = points ? rog_json_at(accuracy, points - 1) : NULL;
        double none = (double)NAN;
        rog_table_cell(table, "%s", rog_json_get_string(run, "id", ""));
        rog_table_cell(table, "%s", rog_json_get_string(run, "note", ""));
        rog_table_cell(table, "%s", rog_run_status_words(run));
        rog_table_paint(table, status_paint(run));
        rog_table_cell(table, "%lld", (long long)rog_json_get_integer(run, "seed", 0));
        rog_table_number(table, rog_json_get_number(run, "seconds", none), 0);
        rog_table_cell(table, "%lld", (long long)rog_json_get_integer(run, "iterations", 0));
        rog_table_number(table, rog_json_get_number(run, "compute_s", none), 2);
        rog_table_number(table, rog_json_get_number(run, "communication_s", none), 2);
        rog_table_number(table, rog_json_get_number(run, "stall_s", none), 2);
        result_cell(table, run, last, one);
        rog_table_number(table, rog_json_get_number(run, "energy_j", none) / 1000, 2);
        if (some_lost)
            rog_table_number(table, rog_json_get_number(run, "lost_s", none), 1);
        if (some_away)
            workers_cell(table, run);
    }
    int code = rog_table_print(table, err);
    if (code == 0)
        remark_empty(runs);
    if (code == 0)
        remark_no_readings(runs);
    return code;
}

const char *rog_run_status_words(const struct rog_json *summary)
{
    const char *status = rog_json_get_string(summary, "status", "");
    return strcmp(status, "left") == 0 ? "on its hosts" : status;
}

/* Returns whether a sweep's process follows agents that execute the run: they do so in a pool of a
 * case, which the process locks. */
static bool is_followed(struct rog_db *db, const char *id)
{
    struct rog_query *query = NULL;
    bool followed = false;
    int code = rog_query_new(&query, db, NULL, "SELECT case_name FROM case_runs WHERE run_id = ?",
                             "s", id);
    while (code == 0 && !followed && rog_query_step(query, NULL) == 1) {
        char *pool = rog_pool_place_of(rog_db_path(db), rog_query_text(query, 0));
        followed = pool && rog_file_exists(pool) && rog_run_is_locked(pool);
        free(pool);
    }
    rog_query_free(query);
    return followed;
}

const char *rog_run_abandoned(struct rog_db *db, const char *id)
{
    struct rog_run_progress progress;
    char *relative = rog_run_folder_name(rog_db_path(db), id);
    char *folder = relative ? rog_store_path(rog_db_path(db), relative) : NULL;
    bool locked = !folder || rog_run_is_locked(folder);
    free(folder);
    free(relative);
    if (locked)
        return NULL;
    bool has_progress = rog_run_progress_load(db, id, &progress, NULL) == 1;
    if (has_progress && is_followed(db, id))
        return NULL;
    return has_progress && progress.age_s < progress.alone_s ? "left" : "interrupted";
}

void rog_run_correct_status(struct rog_db *db, struct rog_json *summary)
{
    if (strcmp(rog_json_get_string(summary, "status", ""), "running") != 0)
        return;
    const char *status = rog_run_abandoned(db, rog_json_get_string(summary, "id", ""));
    struct rog_run_progress progress;
    if (!status &&
        rog_run_progress_load(db, rog_json_get_string(summary, "id", ""), &progress, NULL) == 1 &&
        strcmp(progress.state, rog_fleet_state_name(ROG_FLEET_WAITING)) == 0)
        status = progress.state;
    if (status)
        rog_json_put_string(summary, "status", status);
}

int rog_runs_summaries(struct rog_db *db, struct rog_query *query, struct rog_json **runs,
                       struct rog_error *err)
{
    *runs = rog_json_array();
    int code = *runs ? rog_query_step(query, err) : rog_fail_nomem(err);
    while (code == 1) {
        struct rog_json *summary = NULL;
        code = rog_run_summary(db, rog_query_text(query, 0), &summary, err);
        if (code == 0) {
            rog_run_correct_status(db, summary);
            rog_json_append(*runs, summary);
            code = rog_query_step(query, err);
        }
    }
    rog_query_free(query);
    if (code < 0) {
        rog_json_free(*runs);
        *runs = NULL;
    }
    return code;
}

/* Counts the events of each kind, and collects those that report problems. */
static int load_events(struct rog_db *db, const char *id, struct rog_json *counts,
                       struct rog_json *notable, struct rog_error *err)
{
    struct rog_query *query = NULL;
    int code = rog_query_new(&query, db, err,
                             "SELECT kind, count(*) FROM events WHERE run_id = ? GROUP BY kind"
                             " ORDER BY kind",
                             "s", id);
    while (code == 0 && (code = rog_query_step(query, err)) == 1) {
        rog_json_put_integer(counts, rog_query_text(query, 0), rog_query_int(query, 1));
        code = 0;
    }
    rog_query_free(query);
    if (code < 0)
        return code;
    code = rog_query_new(&query, db, err,
                         "SELECT t, rank, kind, CASE WHEN json_valid(data)"
                         " THEN coalesce(json_extract(data, '$.message'),"
                         "  json_extract(data, '$.reason'))"
                         " WHEN data IS NOT NULL THEN '(data that is not JSON)' END"
                         " FROM events WHERE run_id = ?"
                         " AND kind IN ('" ROG_EVENT_WARNING "', '" ROG_EVENT_ERROR "',"
                         " '" ROG_EVENT_LEAVE "', '" ROG_EVENT_RESTART "',"
                         " '" ROG_EVENT_RESUME "',"
                         " '" ROG_EVENT_RETRY "') ORDER BY t, rank",
                         "s", id);
    while (code == 0 && (code = rog_query_step(query, err)) == 1) {
        struct rog_json *event = rog_json_object();
        rog_json_put_number(event, "t", rog_query_real(query, 0));
        if (!rog_query_is_null(query, 1))
            rog_json_put_integer(event, "rank", rog_query_int(query, 1));
        rog_json_put_string(event, "kind", rog_query_text(query, 2));
        rog_json_put_string(event, "message", rog_query_text(query, 3));
        rog_json_append(notable, event);
        code = 0;
    }
    rog_query_free(query);
    return code;
}

/* Puts "replay": how precisely the bandwidth was replayed, in words. */
static int put_replay(struct rog_db *db, const char *id, struct rog_json *summary,
                      struct rog_error *err)
{
    struct rog_replay replay;
    int code = rog_replay_load(db, id, &replay, err);
    char *text = code == 0 && replay.recorded ? rog_replay_text(&replay) : NULL;
    if (text)
        rog_json_put_string(summary, "replay", text);
    free(text);
    return code;
}

/* Puts "measured": {rank, step_s} of workers whose steps were measured. */
static int put_measured(struct rog_db *db, const char *id, struct rog_json *summary,
                        struct rog_error *err)
{
    struct rog_json *event = NULL, *list = rog_json_array();
    int code = list ? rog_started_load(db, id, &event, err) : rog_fail_nomem(err);
    const struct rog_json *workers = rog_json_get(event, "workers");
    for (size_t i = 0; code == 0 && i < rog_json_size(workers); i++) {
        const struct rog_json *worker = rog_json_at(workers, i);
        if (!rog_json_get_bool(worker, "measured", false))
            continue;
        struct rog_json *step = rog_json_object();
        rog_json_put_integer(step, "rank", rog_json_get_integer(worker, "rank", 0));
        rog_json_put_number(step, "step_s", rog_json_get_number(worker, "step_s", (double)NAN));
        rog_json_append(list, step);
    }
    if (code == 0 && rog_json_size(list) > 0)
        rog_json_put(summary, "measured", list);
    else
        rog_json_free(list);
    rog_json_free(event);
    return code;
}

/* Puts "progress" of a run that is being executed, or was when its rogctl ended. */
static int put_progress(struct rog_db *db, const char *id, struct rog_json *summary,
                        struct rog_error *err)
{
    struct rog_run_progress progress;
    int code = rog_run_progress_load(db, id, &progress, err);
    if (code != 1)
        return code;
    struct rog_json *json = rog_json_object();
    rog_json_put_string(json, "state", progress.state);
    rog_json_put_number(json, "done", progress.done);
    rog_json_put_number(json, "seconds", progress.t_s);
    rog_json_put_string(json, "waiting", progress.waiting[0] ? progress.waiting : NULL);
    rog_json_put_number(json, "waiting_s", progress.waiting_s);
    rog_json_put_number(json, "age_s", progress.age_s);
    rog_json_put_number(json, "alone_s", progress.alone_s);
    rog_json_put(summary, "progress", json);
    return 0;
}

int rog_run_details(struct rog_db *db, const char *text, struct rog_json **summary,
                    struct rog_error *err)
{
    char *id = NULL;
    struct rog_run_row row = {0};
    int code = rog_run_find(db, text, &id, err);
    if (code == 0)
        code = rog_run_row_load(db, id, &row, err);
    if (code == 0)
        code = rog_run_summary_means(db, id, summary, err);
    if (code == 0) {
        struct rog_json *counts = rog_json_object(), *notable = rog_json_array();
        struct rog_json *config = NULL, *versions = NULL;
        char *folder = rog_run_folder_name(rog_db_path(db), id);
        rog_run_correct_status(db, *summary);
        code = put_progress(db, id, *summary, err);
        if (code == 0)
            code = load_events(db, id, counts, notable, err);
        if (rog_json_parse(row.config, strlen(row.config), "config", &config, NULL) == 0)
            rog_json_put(*summary, "config", config);
        if (row.versions &&
            rog_json_parse(row.versions, strlen(row.versions), "versions", &versions, NULL) == 0)
            rog_json_put(*summary, "versions", versions);
        struct rog_json *identity = NULL;
        if (code == 0)
            code = rog_identity_load(db, id, &identity, err);
        if (identity)
            rog_json_put(*summary, "inputs", identity);
        if (code == 0)
            code = put_replay(db, id, *summary, err);
        if (code == 0)
            code = put_measured(db, id, *summary, err);
        if (code == 0)
            code = rog_setbacks_put_away(db, id, *summary, err);
        struct rog_json *imported = NULL;
        if (code == 0)
            code = rog_imported_load(db, id, &imported, err);
        if (imported)
            rog_json_put(*summary, "imported", imported);
        struct rog_json *targets = NULL;
        if (code == 0)
            code = rog_run_targets(db, id, &targets, err);
        if (targets)
            rog_json_put(*summary, "targets", targets);
        struct rog_json *robots = NULL;
        if (code == 0)
            code = rog_robots_json(db, id, &robots, err);
        if (robots)
            rog_json_put(*summary, "robots", robots);
        rog_json_put_string(*summary, "folder", folder);
        rog_json_put(*summary, "events", counts);
        rog_json_put(*summary, "notable_events", notable);
        free(folder);
    }
    rog_run_row_release(&row);
    free(id);
    return code;
}

/* Returns the digits needed to distinguish such gains, whatever the scale of the metric. */
static int digits_of(double mean, double half)
{
    const struct rog_metric any = {.name = "any"};
    return rog_metric_digits(&any, isnan(half) ? mean : fmax(fabs(mean), half));
}

int rog_gains_table(const struct rog_json *gains, struct rog_error *err)
{
    struct rog_table *table = rog_table_new("gain of|over|>gain|>95% interval|~unit|>?1pairs");
    for (size_t i = 0; i < rog_json_size(gains); i++) {
        const struct rog_json *gain = rog_json_at(gains, i);
        double mean = rog_json_get_number(gain, "mean", (double)NAN);
        double half = rog_json_get_number(gain, "interval95", (double)NAN);
        rog_table_cell(table, "%s", rog_json_get_string(gain, "series", ""));
        rog_table_cell(table, "%s", rog_json_get_string(gain, "against", ""));
        const char *of = rog_json_get_string(gain, "of", "time");
        const char *unit = rog_json_get_string(gain, "unit", "percent");
        bool points = strcmp(unit, "points") == 0, percent = strcmp(unit, "percent") == 0;
        int digits = points || percent ? 2 : digits_of(mean, half);
        rog_table_cell(table, "%+.*f", digits, mean);
        if (isnan(half))
            rog_table_cell(table, "-");
        else
            rog_table_cell(table, "%+.*f to %+.*f", digits, mean - half, digits, mean + half);
        if (percent)
            rog_table_cell(table, "%% less time per iteration");
        else if (points)
            rog_table_cell(table, "points of %s", of);
        else
            rog_table_cell(table, "%s%s%s", of, strcmp(of, unit) ? ", " : "",
                           strcmp(of, unit) ? unit : "");
        rog_table_cell(table, "%lld", (long long)rog_json_get_integer(gain, "pairs", 0));
    }
    return rog_table_print(table, err);
}

static void percent_cell(struct rog_table *table, double share)
{
    if (isnan(share))
        rog_table_cell(table, "-");
    else
        rog_table_cell(table, "%.0f%%", 100 * share);
}

/* Prints how long ago a host was last heard of; for a run that has ended, when. */
static void heard_cell(struct rog_table *table, const struct rog_json *robot, bool live)
{
    if (live)
        rog_table_cell(table, "%lld s ago", (long long)rog_json_get_integer(robot, "silent_s", 0));
    else
        rog_table_cell(table, "%s", rog_json_get_string(robot, "heard_at", "-"));
}

int rog_robots_table(const struct rog_json *robots, bool live, struct rog_error *err)
{
    if (rog_json_size(robots) == 0)
        return 0;
    struct rog_table *table = rog_table_new("node|?5host|last heard|>?6iteration|>?4up Mbit/s|"
                                            ">?4down Mbit/s|>?3battery|>?2\302\260C|?1throttled");
    for (size_t i = 0; i < rog_json_size(robots); i++) {
        const struct rog_json *robot = rog_json_at(robots, i);
        const struct rog_json *throttled = rog_json_get(robot, "throttled");
        int64_t rank = rog_json_get_integer(robot, "rank", 0);
        if (rank)
            rog_table_cell(table, "worker %lld", (long long)rank);
        else
            rog_table_cell(table, "server");
        rog_table_cell(table, "%s", rog_json_get_string(robot, "host", ""));
        heard_cell(table, robot, live);
        rog_table_number(table, rog_json_get_number(robot, "iteration", (double)NAN), 0);
        rog_table_number(table, rog_json_get_number(robot, "mbps_up", (double)NAN), 2);
        rog_table_number(table, rog_json_get_number(robot, "mbps_down", (double)NAN), 2);
        percent_cell(table, rog_json_get_number(robot, "battery", (double)NAN));
        rog_table_number(table, rog_json_get_number(robot, "celsius", (double)NAN), 1);
        rog_table_cell(table, "%s",
                       !throttled || rog_json_is_null(throttled)      ? "-"
                       : rog_json_get_bool(robot, "throttled", false) ? "yes"
                                                                      : "no");
    }
    return rog_table_print(table, err);
}
