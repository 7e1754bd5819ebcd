/* SPDX-License-Identifier: Apache-2.0 */
/* Writes traces and times of a recorded run, and prepares a run that uses them. */
#include <orchestrator/replay/replay.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <common/trace_name.h>
#include <common/workload.h>
#include <orchestrator/store/imported.h>
#include <orchestrator/store/iterations.h>
#include <orchestrator/store/started.h>
#include <orchestrator/store/summary.h>

/* More than any run needs: the replay ends with the recorded times, or with the clock. */
#define EPOCHS 100000
/* The values of a trace must be at least 0.1 ms apart (librog/trace/trace.h). */
#define APART_S 2e-4

/* ---- recorded data ---- */

/* Fails with a message that lists runs that can be replayed. */
static int fail_unsuitable(struct rog_db *db, const char *id, const char *why, int64_t rank,
                           struct rog_error *err)
{
    char list[600] = "", who[32] = "";
    struct rog_query *query = NULL;
    int code = rog_query_new(&query, db, err,
                             "SELECT id FROM runs WHERE status = 'done' AND"
                             " json_extract(config, '$.overlap') IS NULL AND (id IN"
                             " (SELECT run_id FROM bandwidth) OR json_extract(config, '$.trace')"
                             " = '" ROG_TRACE_NO_LIMIT "') AND id IN (SELECT run_id FROM"
                             " iterations WHERE stall_s IS NOT NULL) ORDER BY id LIMIT 8",
                             "");
    size_t at = 0;
    while (code == 0 && (code = rog_query_step(query, err)) == 1) {
        at += (size_t)snprintf(list + at, sizeof list - at, "%s%.60s", at ? ", " : "",
                               rog_query_text(query, 0));
        code = 0;
    }
    rog_query_free(query);
    if (rank > 0)
        snprintf(who, sizeof who, " of worker %lld", (long long)rank);
    return code < 0 ? code
                    : rog_fail(err, ROG_EINVAL,
                               "run %s cannot be replayed: %s%s; a replay needs bandwidth and "
                               "times of every worker, which %s%s%s",
                               id, why, who, list[0] ? "have: " : "no run here has", list,
                               at ? " (the first of them)" : "");
}

/* Writes a line "seconds,mbps" for each row. Rows whose time does not increase, and rows without a
 * value, are left out; a time that increases by less than a trace allows is shifted. */
static int write_values(struct rog_query *query, FILE *file, int64_t *lines, struct rog_error *err)
{
    double last = -INFINITY;
    int code;
    while ((code = rog_query_step(query, err)) == 1) {
        double t = rog_query_real(query, 0), mbps = rog_query_real(query, 1);
        if (isnan(t) || isnan(mbps) || t <= last)
            continue;
        last = fmax(t, last + APART_S);
        fprintf(file, "%.6f,%.9g\n", last, mbps);
        ++*lines;
    }
    return code;
}

/* Writes a line with the compute time of each iteration and the time slept; iterations without a
 * stall were interrupted and are left out. */
static int write_steps(struct rog_query *query, FILE *file, int64_t *lines, struct rog_error *err)
{
    struct rog_iteration row;
    int code;
    while ((code = rog_iterations_step(query, &row, err)) == 1) {
        if (isnan(row.compute_s) || isnan(row.stall_s))
            continue;
        fprintf(file, "%.9g,%.9g\n", fmax(row.compute_s, 0),
                isnan(row.padding_s) ? 0 : fmax(row.padding_s, 0));
        ++*lines;
    }
    return code;
}

/* Writes the file at `path`: a header, and what `write` makes of the query. */
static int write_file(struct rog_query *query,
                      int (*write)(struct rog_query *, FILE *, int64_t *, struct rog_error *),
                      const char *path, const char *header, int64_t *lines, struct rog_error *err)
{
    struct rog_file_writer writer = {0};
    int code = rog_file_writer_open(&writer, path, err);
    if (code == 0) {
        fprintf(writer.file, "%s\n", header);
        code = write(query, writer.file, lines, err);
    }
    if (code == 0)
        code = rog_file_writer_commit(&writer, err);
    rog_file_writer_discard(&writer);
    return code;
}

struct source {
    struct rog_db *db;
    const char *id, *folder;
    const struct rog_json *config;
    struct rog_totals totals;
};

static int write_trace(const struct source *source, int64_t rank, const char *path,
                       struct rog_error *err)
{
    /* The last value stays valid at least until the run's end. */
    struct rog_query *query = NULL;
    int64_t lines = 0;
    int code = rog_query_new(&query, source->db, err,
                             "WITH known AS (SELECT max(t, 0) AS t, mbps FROM bandwidth"
                             " WHERE run_id = ?1 AND rank = ?2),"
                             " last AS (SELECT mbps FROM known ORDER BY t DESC LIMIT 1)"
                             " SELECT t, mbps FROM (SELECT t, mbps FROM known UNION ALL"
                             " SELECT ?3, mbps FROM last)"
                             " WHERE (SELECT max(mbps) FROM known) > 0 ORDER BY t",
                             "sid", source->id, rank, source->totals.extent.seconds);
    if (code == 0)
        code = write_file(query, write_values, path, "seconds,mbps", &lines, err);
    rog_query_free(query);
    if (code == 0 && lines == 0)
        code = fail_unsuitable(source->db, source->id, "there is no bandwidth", rank, err);
    return code;
}

static int write_times(const struct source *source, int64_t rank, const char *path,
                       struct rog_error *err)
{
    struct rog_query *query = NULL;
    int64_t lines = 0;
    int code = rog_iterations_query(&query, source->db, source->id, rank, err);
    if (code == 0)
        code = write_file(query, write_steps, path, "step_s,padding_s", &lines, err);
    rog_query_free(query);
    if (code == 0 && lines == 0)
        code = fail_unsuitable(source->db, source->id, "there are no times or stalls", rank, err);
    return code;
}

/* ---- the cluster ---- */

/* Makes a worker like the recorded one, with its recorded trace and times. */
static int replay_worker(const struct source *source, const struct rog_json *was, int64_t rank,
                         struct rog_json **worker, struct rog_error *err)
{
    struct rog_json *made = *worker = rog_json_object();
    /* For a link without a limit no bandwidth is recorded. */
    bool limited = rog_trace_is_limited(source->config, rank);
    char *trace = limited ? rog_format("%s/trace%lld.csv", source->folder, (long long)rank)
                          : rog_strdup(ROG_TRACE_NO_LIMIT);
    char *times = rog_format("%s/times%lld.csv", source->folder, (long long)rank);
    int code = made && trace && times ? 0 : rog_fail_nomem(err);
    rog_settings_copy(rog_worker_settings, 0, ROG_SETTING_RECORDED, was, made);
    if (rog_workload_measures(was))
        rog_json_put_number(made, "step_s", 0); /* step_times contains the measured times */
    if (code == 0 && limited)
        code = write_trace(source, rank, trace, err);
    if (code == 0)
        code = write_times(source, rank, times, err);
    rog_json_put_integer(made, "rank", rank);
    rog_json_put_string(made, "trace", trace);
    rog_json_put_string(made, "step_times", times);
    free(times);
    free(trace);
    return code;
}

static int64_t worker_count(const struct source *source, int *code, struct rog_error *err)
{
    struct rog_query *query = NULL;
    int64_t count = 0;
    *code =
        rog_query_new(&query, source->db, err,
                      "SELECT max((SELECT count(*) FROM workers WHERE run_id = ?1 AND rank > 0),"
                      " (SELECT coalesce(max(rank), 0) FROM iterations WHERE run_id = ?1))",
                      "s", source->id);
    if (*code == 0 && (*code = rog_query_step(query, err)) == 1) {
        count = rog_query_int(query, 0);
        *code = 0;
    }
    rog_query_free(query);
    return count;
}

static int make_cluster(struct rog_replay_run *replay, struct source *source,
                        const struct rog_cluster_kind *kind, const struct rog_json *were,
                        struct rog_error *err)
{
    int code;
    int64_t count = worker_count(source, &code, err);
    if (code == 0 && (count == 0 || rog_json_size(were) == 0))
        code = fail_unsuitable(source->db, source->id, "it has no workers", 0, err);
    replay->cluster.kind = kind;
    replay->cluster.name = rog_strdup("replay");
    replay->cluster.workers = rog_json_array();
    if (code == 0 && (!replay->cluster.name || !replay->cluster.workers))
        code = rog_fail_nomem(err);
    for (int64_t rank = 1; code == 0 && rank <= count; rank++) {
        struct rog_json *worker = NULL;
        /* If there are more workers than in the cluster, use its devices in turn. */
        const struct rog_json *was = rog_json_at(were, (size_t)(rank - 1) % rog_json_size(were));
        code = replay_worker(source, was, rank, &worker, err);
        rog_json_append(replay->cluster.workers, worker);
    }
    return code;
}

/* ---- the settings ---- */

/* Parameters in which the published program differs from its publication, which our strategies
 * follow: its decide_row_importance_metric, of worker and server, and decide_mta_transmission_time
 * (ROG_utils.py). */
static const struct {
    const char *library, *parameters;
} published[] = {
    {"ROG", "{\"importance\":\"tensor\",\"pulls\":\"importance\",\"start_budget\":5}"}};

int rog_replay_run_parameters(struct rog_replay_run *replay, struct rog_error *err)
{
    const struct rog_setting *row = rog_setting_find(rog_run_settings, "library");
    const char *library = rog_json_get_string(replay->settings, "library", row->fallback);
    if (rog_json_get(replay->settings, "parameters"))
        return 0;
    if (!replay->imported && replay->parameters && strcmp(library, replay->library) == 0)
        rog_json_put(replay->settings, "parameters", rog_json_copy(replay->parameters));
    for (size_t i = 0; replay->imported && i < sizeof published / sizeof *published; i++) {
        struct rog_json *parameters = NULL;
        if (strcmp(library, published[i].library) != 0)
            continue;
        const char *text = published[i].parameters;
        int code = rog_json_parse(text, strlen(text), "published parameters", &parameters, err);
        if (code < 0)
            return code;
        rog_json_put(replay->settings, "parameters", parameters);
    }
    return 0;
}

/* A run without gradients is replayed with the magnitudes that it had. */
static int put_magnitudes(struct rog_json *settings, const char *workload, const char *profiles,
                          struct rog_error *err)
{
    if (strcmp(workload, "none") == 0 || rog_json_get(settings, "layout"))
        return 0;
    const struct rog_setting *row = rog_setting_find(rog_run_settings, "model");
    char *path =
        rog_format("%s/%s.csv", profiles, rog_json_get_string(settings, "model", row->fallback));
    if (!path)
        return rog_fail_nomem(err);
    if (rog_file_exists(path))
        rog_json_put_string(settings, "magnitudes", path);
    free(path);
    return 0;
}

/* Puts the layout of the model that a program has brought, from the run's start event. */
static int put_layout(struct rog_json *settings, const struct source *source, struct rog_error *err)
{
    if (!rog_workload_is_program(source->config) || rog_workload_has_network(source->config))
        return 0;
    struct rog_json *event = NULL;
    int code = rog_started_load(source->db, source->id, &event, err);
    const struct rog_json *layout = rog_json_get(event, "layout");
    char *text = layout ? rog_json_text(layout) : NULL;
    char *path = rog_path_join(source->folder, "layout.json");
    if (code == 0 && !layout)
        code = rog_fail(err, ROG_EINVAL,
                        "run %s cannot be replayed: its model belongs to a program, and an earlier "
                        "version of rogctl did not record its tensors; hint: sweep its experiment "
                        "file on a virtual cluster, which runs the program itself",
                        source->id);
    else if (code == 0)
        code = text && path ? rog_file_write(path, text, strlen(text), err) : rog_fail_nomem(err);
    if (code == 0)
        rog_json_put_string(settings, "layout", path);
    free(path);
    free(text);
    rog_json_free(event);
    return code;
}

static int make_settings(struct rog_replay_run *replay, const struct source *source,
                         const struct rog_json *config, struct rog_error *err)
{
    struct rog_json *settings = replay->settings = rog_json_object();
    int code = settings ? 0 : rog_fail_nomem(err);
    rog_settings_copy(rog_run_settings, ROG_SETTING_KEPT_BY_REPLAY, 0, config, settings);
    if (replay->imported) { /* settings of the published runs */
        rog_json_put_string(settings, "model", "convmlp-m");
        rog_json_put_string(settings, "wire_model", "convmlp-m");
    }
    const struct rog_json *parameters = rog_json_get(config, "parameters");
    replay->parameters = parameters ? rog_json_copy(parameters) : NULL;
    /* Whether the run was ended by the clock or by its last iteration. */
    double seconds = rog_json_get_number(config, "seconds", 0);
    bool by_clock = seconds > 0 && source->totals.extent.seconds >= seconds;
    rog_json_put_number(settings, "seconds", by_clock ? seconds : 0);
    rog_json_put_integer(settings, "epochs", EPOCHS);
    rog_json_put_string(settings, "workload", "none");
    return code;
}

int rog_replay_run_prepare(struct rog_replay_run *replay, struct rog_db *db, const char *id,
                           const struct rog_cluster *artifact, const char *profiles,
                           const char *folder, struct rog_error *err)
{
    *replay = (struct rog_replay_run){0};
    struct source source = {.db = db, .id = id, .folder = folder};
    struct rog_run_row row;
    struct rog_json *config = NULL;
    int code = rog_run_row_load(db, id, &row, err);
    if (code == 0 && strcmp(row.status, "done") != 0) {
        char *why = rog_format("it is %s", row.status);
        code = why ? fail_unsuitable(db, id, why, 0, err) : rog_fail_nomem(err);
        free(why);
    }
    if (code == 0)
        code =
            rog_json_parse(row.config, strlen(row.config), "the run's configuration", &config, err);
    if (code == 0 && rog_json_get_bool(config, "overlap", false))
        code =
            fail_unsuitable(db, id,
                            "its iterations were computed during exchanges (overlap), and the full "
                            "computing times are not recorded",
                            0, err);
    source.config = config;
    if (code == 0)
        code = rog_totals_load(db, id, &source.totals, NULL, NULL, err);
    const char *workload = row.workload ? row.workload : "train";
    bool imported = replay->imported = rog_imported_is(&row);
    if (code == 0 && !(replay->library = rog_strdup(row.library)))
        code = rog_fail_nomem(err);
    if (code == 0)
        code = make_cluster(replay, &source, artifact->kind,
                            imported ? artifact->workers : rog_json_get(config, "workers"), err);
    if (code == 0)
        code = make_settings(replay, &source, config, err);
    if (code == 0)
        code = put_layout(replay->settings, &source, err);
    if (code == 0)
        code = put_magnitudes(replay->settings, workload, profiles, err);
    rog_json_free(config);
    rog_run_row_release(&row);
    if (code < 0)
        rog_replay_run_release(replay);
    return code;
}

void rog_replay_run_release(struct rog_replay_run *replay)
{
    rog_json_free(replay->settings);
    rog_json_free(replay->cluster.workers);
    free(replay->cluster.name);
    rog_json_free(replay->parameters);
    free(replay->library);
    *replay = (struct rog_replay_run){0};
}
