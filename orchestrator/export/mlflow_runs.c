/* SPDX-License-Identifier: Apache-2.0 */
/* Creates and updates cases and runs on an MLflow server. */
#include <orchestrator/export/mlflow_runs.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <common/hash.h>
#include <orchestrator/export/ends.h>
#include <orchestrator/text/label.h>
#include <orchestrator/text/quote.h>

#define TAG_IDENTITY "rogctl.identity" /* by which a run is found on the server */
#define NOTE_COLUMNS 1000
#define KEY_BYTES 200

/* Milliseconds since 1970 of a UTC time of the tables; 0 if it is not a time. */
static const char time_sql[] = "SELECT coalesce(1000 * CAST(strftime('%s', ?1) AS INTEGER), 0)";

static int milliseconds(struct rog_db *db, const char *time, int64_t *ms, struct rog_error *err)
{
    struct rog_query *query = NULL;
    int code = rog_query_new(&query, db, err, time_sql, "s", time);
    if (code == 0 && (code = rog_query_step(query, err)) == 1) {
        *ms = rog_query_int(query, 0);
        code = 0;
    }
    rog_query_free(query);
    return code;
}

/* --- parameters --- */

static int add_param(const char *key, const struct rog_json *value, void *user)
{
    struct rog_json *params = user;
    char *name = rog_quote_mlflow_key(key);
    char *json = rog_json_is_string(value) ? NULL : rog_json_text(value);
    char *text = rog_quote_mlflow_value(rog_json_string(value, json ? json : ""));
    if (name && text)
        rog_json_append(params, rog_mlflow_pair(name, text));
    free(text);
    free(json);
    free(name);
    return name && text ? 0 : ROG_ENOMEM;
}

/* Sends the configuration, in several requests if necessary. The configuration includes what is in
 * the columns of runs, except for imported runs, which have a very short one. */
int rog_mlflow_send_params(const struct rog_mlflow_case *c, const struct rog_mlflow_run *run,
                           const struct rog_run_row *row, struct rog_error *err)
{
    struct rog_json *config = NULL, *params = rog_json_array();
    int code = 0;
    if (rog_json_parse(row->config, strlen(row->config), "", &config, NULL) != 0)
        config = rog_json_object();
    rog_json_put_string(config, "library", row->library);
    rog_json_put_integer(config, "threshold", row->threshold);
    rog_json_put_string(config, "control", row->control);
    rog_json_put_integer(config, "batchsize", row->batchsize);
    rog_json_put_integer(config, "epochs", row->epochs);
    rog_json_put_integer(config, "seed", row->seed);
    if (rog_json_each(config, add_param, params) != 0)
        code = rog_fail_nomem(err);
    for (size_t sent = 0; code == 0 && sent < rog_json_size(params);) {
        struct rog_json *some = rog_json_array();
        for (size_t i = 0; i < ROG_MLFLOW_PARAMS_MAX && sent < rog_json_size(params); i++)
            rog_json_append(some, rog_json_copy(rog_json_at(params, sent++)));
        code = rog_mlflow_log(c->client, run->id, NULL, some, NULL, err);
    }
    rog_json_free(params);
    rog_json_free(config);
    return code;
}

/* --- metrics --- */

static void add_metric(struct rog_json *metrics, const char *key, double value, int64_t ms,
                       int64_t step)
{
    struct rog_json *metric = rog_json_object();
    char *name = rog_quote_mlflow_key(key);
    rog_json_put_string(metric, "key", name ? name : "");
    rog_json_put_number(metric, "value", value);
    rog_json_put_integer(metric, "timestamp", ms);
    rog_json_put_integer(metric, "step", step);
    rog_json_append(metrics, metric);
    free(name);
}

/* Returns the name on the server: "stall_s/worker2", "energy_j/worker2/model". Heap memory. */
static char *key_of(const struct rog_query *query)
{
    char name[KEY_BYTES];
    const char *key = rog_query_text(query, ROG_SERIES_KEY),
               *source = rog_query_text(query, ROG_SERIES_SOURCE);
    int64_t rank = rog_query_int(query, ROG_SERIES_RANK);
    if (rank)
        snprintf(name, sizeof name, "%s/worker%lld%s%s", key, (long long)rank, source ? "/" : "",
                 source ? source : "");
    else
        snprintf(name, sizeof name, "%s", key);
    return rog_quote_mlflow_key(name);
}

/* The smallest last step over all workers' curves with this prefix that the server has. */
struct least {
    const char *beginning;
    int64_t step;
    size_t count;
};

static int look_at_curve(const char *key, const struct rog_json *step, void *user)
{
    struct least *least = user;
    if (strncmp(key, least->beginning, strlen(least->beginning)) == 0) {
        int64_t value = rog_json_integer(step, 0);
        least->step = least->count && least->step < value ? least->step : value;
        least->count++;
    }
    return 0;
}

/* Determines from where points are compared: those that the server has of every worker are
 * skipped. */
static int since(const struct rog_mlflow_case *c, const struct rog_mlflow_run *run,
                 const char *run_id, struct rog_series_since *since, struct rog_error *err)
{
    struct least iteration = {.beginning = "compute_s/worker"}, second = {.beginning = "energy_j/"};
    struct rog_query *query = NULL;
    *since = ROG_SERIES_ALL;
    int code =
        rog_query_new(&query, c->db, err,
                      "SELECT count(*) FROM workers WHERE run_id = ? AND rank > 0", "s", run_id);
    if (code == 0 && (code = rog_query_step(query, err)) == 1) {
        size_t workers = (size_t)rog_query_int(query, 0);
        code = 0;
        rog_json_each(run->latest, look_at_curve, &iteration);
        rog_json_each(run->latest, look_at_curve, &second);
        if (iteration.count >= workers)
            since->iteration = iteration.step;
        if (second.count >= workers)
            since->t_s = (double)second.step;
    }
    rog_query_free(query);
    return code;
}

/* Sends metrics, which are the first that the server lacks, and records that it has them. */
static int send_batch(const struct rog_mlflow_case *c, struct rog_mlflow_run *run,
                      struct rog_json *metrics, struct rog_error *err)
{
    struct rog_json *sent = rog_json_copy(metrics);
    int code = rog_mlflow_log(c->client, run->id, metrics, NULL, NULL, err);
    for (size_t i = 0; code == 0 && i < rog_json_size(sent); i++) {
        const struct rog_json *metric = rog_json_at(sent, i);
        rog_json_put_integer(run->latest, rog_json_get_string(metric, "key", ""),
                             rog_json_get_integer(metric, "step", 0));
    }
    rog_json_free(sent);
    return code;
}

int rog_mlflow_send_points(const struct rog_mlflow_case *c, struct rog_mlflow_run *run,
                           const char *run_id, int64_t start_ms, bool in_progress, int64_t *sent,
                           struct rog_error *err)
{
    struct rog_series_choice choice = {.order = ROG_SERIES_BY_TIME, .in_progress = in_progress};
    struct rog_query *query = NULL;
    struct rog_json *metrics = rog_json_array();
    int code = since(c, run, run_id, &choice.since, err);
    if (code == 0)
        code = rog_series_query(&query, c->db, run_id, &choice, err);
    while (code == 0 && (code = rog_query_step(query, err)) == 1) {
        double value = rog_query_real(query, ROG_SERIES_VALUE);
        double t = rog_query_real(query, ROG_SERIES_T);
        int64_t step = rog_query_int(query, ROG_SERIES_STEP);
        char *key = key_of(query);
        code = key ? 0 : rog_fail_nomem(err);
        if (code == 0 && step > rog_json_get_integer(run->latest, key, INT64_MIN)) {
            add_metric(metrics, key, value, start_ms + (int64_t)(1000 * fmin(fmax(t, 0), 1e9)),
                       step);
            (*sent)++;
        }
        free(key);
        if (code == 0 && rog_json_size(metrics) == ROG_MLFLOW_METRICS_MAX) {
            code = send_batch(c, run, metrics, err);
            metrics = rog_json_array();
        }
    }
    rog_query_free(query);
    if (code == 0 && rog_json_size(metrics)) {
        code = send_batch(c, run, metrics, err);
        metrics = NULL;
    }
    rog_json_free(metrics);
    return code;
}

/* Numbers of the summary, which belong to the run's end. */
struct ends {
    struct rog_json *metrics;
    int64_t ms;
};

static void add_end(void *user, const char *key, double value)
{
    struct ends *ends = user;
    add_metric(ends->metrics, key, value, ends->ms, 0);
}

int rog_mlflow_send_end(const struct rog_mlflow_case *c, const struct rog_mlflow_run *run,
                        const struct rog_report *report, size_t index, int64_t start_ms,
                        struct rog_error *err)
{
    const struct rog_run_row *row = &report->data.run[index].row;
    struct rog_json *summary = NULL;
    int code = rog_run_summary(c->db, row->id, &summary, err);
    if (code)
        return code;
    int64_t end_ms = start_ms + (int64_t)(1000 * rog_json_get_number(summary, "seconds", 0));
    if (rog_mlflow_takes_files(run))
        code = rog_mlflow_put_file(c->client, run, "config.json", NULL, row->config,
                                   strlen(row->config), err);
    if (code == 0 && rog_mlflow_takes_files(run) && row->versions)
        code = rog_mlflow_put_file(c->client, run, "versions.json", NULL, row->versions,
                                   strlen(row->versions), err);
    if (code == 0 && !rog_json_get(run->tags, ROG_MLFLOW_TAG_SUMMARY)) {
        struct ends ends = {rog_json_array(), end_ms};
        struct rog_json *tags = rog_json_array();
        rog_ends_each(summary, report, index, add_end, &ends);
        rog_json_append(tags, rog_mlflow_pair(ROG_MLFLOW_TAG_SUMMARY, "sent"));
        code = rog_mlflow_log(c->client, run->id, ends.metrics, NULL, tags, err);
    }
    if (code == 0)
        code = rog_mlflow_set_status(c->client, run->id, ROG_MLFLOW_FINISHED, end_ms, err);
    rog_json_free(summary);
    return code;
}

/* --- runs --- */

/* Computes what identifies a run: runs of different databases may have the same id, but not the
 * same of all of this. */
static int identity_of(const char *kind, const char *id, const char *config_hash,
                       const char *started_at, char hex[ROG_SHA256_HEX_BYTES],
                       struct rog_error *err)
{
    char *text = rog_format("%s\n%s\n%s\n%s", kind, id, config_hash ? config_hash : "",
                            started_at ? started_at : "");
    if (!text)
        return rog_fail_nomem(err);
    rog_sha256(text, strlen(text), hex);
    free(text);
    return 0;
}

/* Returns a note for the server's pages, with Markdown escaped at the beginning of lines, because
 * the server interprets it. The parameter `note` has the original. */
static char *markdown_of(const char *note)
{
    char *text = NULL, *clean = rog_label_clean(note, NOTE_COLUMNS);
    size_t size = 0;
    FILE *file = clean ? open_memstream(&text, &size) : NULL;
    if (file) {
        fputs(clean[0] && strchr("-+=", clean[0]) ? "\\" : "", file);
        rog_quote_markdown(file, clean);
        if (fclose(file) != 0) {
            free(text);
            text = NULL;
        }
    }
    free(clean);
    return text;
}

static struct rog_json *tags_of(const struct rog_mlflow_case *c, const struct rog_run_row *row)
{
    struct rog_json *tags = rog_json_array();
    rog_json_append(tags, rog_mlflow_pair("mlflow.source.name", "rogctl " ROG_VERSION));
    rog_json_append(tags, rog_mlflow_pair("mlflow.parentRunId", c->run.id));
    rog_json_append(tags, rog_mlflow_pair("rogctl.run_id", row->id));
    rog_json_append(tags, rog_mlflow_pair("rogctl.config_hash", row->config_hash));
    char *note = row->note && row->note[0] ? markdown_of(row->note) : NULL;
    if (note)
        rog_json_append(tags, rog_mlflow_pair("mlflow.note.content", note));
    free(note);
    return tags;
}

int rog_mlflow_open_run(const struct rog_mlflow_case *c, const struct rog_run_row *row,
                        struct rog_mlflow_run *run, int64_t *start_ms, struct rog_error *err)
{
    char identity[ROG_SHA256_HEX_BYTES];
    int code =
        milliseconds(c->db, row->started_at ? row->started_at : c->created_at, start_ms, err);
    if (code == 0)
        code = identity_of("run", row->id, row->config_hash, row->started_at, identity, err);
    if (code == 0)
        code = rog_mlflow_run_obtain(c->client, c->experiment_id, TAG_IDENTITY, identity, row->id,
                                     *start_ms, tags_of(c, row), run, err);
    return code;
}

/* --- the case --- */

int rog_mlflow_case_open(struct rog_mlflow_case *c, const struct rog_case_row *row,
                         const char *title, struct rog_error *err)
{
    char identity[ROG_SHA256_HEX_BYTES];
    int64_t start_ms = 0;
    struct rog_json *tags = rog_json_array();
    c->created_at = row->created_at;
    rog_json_append(tags, rog_mlflow_pair("mlflow.source.name", "rogctl " ROG_VERSION));
    rog_json_append(tags, rog_mlflow_pair("rogctl.case", row->name));
    int code = milliseconds(c->db, row->created_at, &start_ms, err);
    if (code == 0)
        code = identity_of("case", row->name, NULL, row->created_at, identity, err);
    if (code == 0)
        code = rog_mlflow_experiment(c->client, row->name, &c->experiment_id, err);
    if (code) {
        rog_json_free(tags);
        return code;
    }
    return rog_mlflow_run_obtain(c->client, c->experiment_id, TAG_IDENTITY, identity, title,
                                 start_ms, tags, &c->run, err);
}

void rog_mlflow_case_close(struct rog_mlflow_case *c)
{
    free(c->experiment_id);
    rog_mlflow_run_release(&c->run);
}
