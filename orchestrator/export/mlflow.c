/* SPDX-License-Identifier: Apache-2.0 */
/* A case as an experiment of an MLflow server. */
#include <orchestrator/export/mlflow.h>

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <common/scratch.h>
#include <common/hash.h>
#include <orchestrator/figures/figures.h>
#include <orchestrator/report/table.h>
#include <orchestrator/text/label.h>
#include <orchestrator/text/quote.h>
#include <rog/iteration.h>

/* By which a run is found again, how many of its metrics the server has, and whether it has its
 * summary. */
#define TAG_IDENTITY "rogctl.identity"
#define TAG_SENT "rogctl.metrics_sent"
#define TAG_SUMMARY "rogctl.summary"
#define NOTE_COLUMNS 1000

/* ?1 run, ?2 how many to leave out. Metrics of a finished run in an order that never changes: key,
 * value, t, step. Energy every ten seconds, and the last reading. Heap memory. */
static char *metrics_sql(void)
{
    static const struct {
        const char *key, *value;
    } made[] = {
        {"communication_s", "push_s + pull_s"},
        {"rows_pushed_percent", "100.0 * rows_pushed / rows_total"},
        {"rows_pulled_percent", "100.0 * rows_pulled / rows_total"},
    };
    static const char curve[] = "    UNION ALL SELECT '%s/worker' || rank, %s, t, iteration\n"
                                "    FROM iterations WHERE run_id = ?1 AND rank > 0\n";
    char *sql = NULL;
    size_t size = 0;
    FILE *text = open_memstream(&sql, &size);
    if (!text)
        return NULL;
    fputs("SELECT key, value, t, step FROM (\n"
          "    SELECT coalesce(CASE WHEN json_valid(config)\n"
          "            THEN json_extract(config, '$.metric.name') END, 'accuracy') AS key,\n"
          "        accuracy AS value, t, iteration AS step\n"
          "    FROM checkpoints JOIN runs ON id = run_id WHERE run_id = ?1\n",
          text);
    for (size_t i = 0; i < sizeof made / sizeof *made; i++)
        fprintf(text, curve, made[i].key, made[i].value);
    for (const struct rog_iteration_column *c = rog_iteration_columns; c->name; c++)
        if (c->series)
            fprintf(text, curve, c->name, c->name);
    fputs("    UNION ALL SELECT 'energy_j/worker' || rank || '/' || coalesce(source, 'unknown'),\n"
          "        joules, max(t), CAST(t AS INTEGER)\n"
          "    FROM energy WHERE run_id = ?1 AND rank > 0\n"
          "    GROUP BY rank, source, CAST(t / 10 AS INTEGER))\n"
          "WHERE value IS NOT NULL AND t IS NOT NULL\n"
          "ORDER BY t, key, step LIMIT -1 OFFSET ?2",
          text);
    if (fclose(text) == 0)
        return sql;
    free(sql);
    return NULL;
}

/* Milliseconds since 1970 of a UTC time as the tables have them; 0 where it is none. */
static const char time_sql[] = "SELECT coalesce(1000 * CAST(strftime('%s', ?1) AS INTEGER), 0)";

struct sending {
    struct rog_db *db;
    const struct rog_mlflow_options *options;
    const struct rog_report *report;
    struct rog_mlflow_client *client;
    const char *created_at; /* of the case: an imported run may not know when it was */
    char *experiment_id, *parent_id;
    struct rog_json *runs, *files; /* of the result */
};

static void log_line(const struct sending *sending, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static void log_line(const struct sending *sending, const char *format, ...)
{
    char text[512];
    va_list args;
    if (!sending->options->log)
        return;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    sending->options->log(sending->options->user, text);
}

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

/* The configuration, in as many requests as it takes. What the columns of runs say of a run stands
 * in its configuration, too, but for imported runs, which have little of one. */
static int send_params(struct sending *sending, const char *run_id, const struct rog_run_row *row,
                       struct rog_error *err)
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
        code = rog_mlflow_log(sending->client, run_id, NULL, some, NULL, err);
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

/* Sends metrics and, in the same request, how many the server has with them. */
static int send_batch(struct sending *sending, const char *run_id, struct rog_json *metrics,
                      int64_t sent, struct rog_error *err)
{
    char count[32];
    struct rog_json *tags = rog_json_array();
    snprintf(count, sizeof count, "%lld", (long long)sent);
    rog_json_append(tags, rog_mlflow_pair(TAG_SENT, count));
    return rog_mlflow_log(sending->client, run_id, metrics, NULL, tags, err);
}

/* All from the `sent`th on; *sent becomes how many there are. */
static int send_metrics(struct sending *sending, const char *run_id, const struct rog_run_row *row,
                        int64_t start_ms, int64_t *sent, struct rog_error *err)
{
    struct rog_query *query = NULL;
    struct rog_json *metrics = rog_json_array();
    char *sql = metrics_sql();
    int code = sql ? rog_query_new(&query, sending->db, err, sql, "si", row->id, *sent)
                   : rog_fail_nomem(err);
    free(sql);
    while (code == 0 && (code = rog_query_step(query, err)) == 1) {
        double value = rog_query_real(query, 1), t = rog_query_real(query, 2);
        int64_t ms = start_ms + (int64_t)(1000 * fmin(fmax(t, 0), 1e9));
        add_metric(metrics, rog_query_text(query, 0), value, ms, rog_query_int(query, 3));
        (*sent)++;
        code = 0;
        if (rog_json_size(metrics) == ROG_MLFLOW_METRICS_MAX) {
            code = send_batch(sending, run_id, metrics, *sent, err);
            metrics = rog_json_array();
        }
    }
    rog_query_free(query);
    if (code == 0 && rog_json_size(metrics)) {
        code = send_batch(sending, run_id, metrics, *sent, err);
        metrics = NULL;
    }
    rog_json_free(metrics);
    return code;
}

/* Numbers of the summary, as `rogctl show --json` has them, at the run's end. */
struct ends {
    struct rog_json *metrics;
    int64_t ms;
};

static int add_end(const char *key, const struct rog_json *value, void *user)
{
    static const char *const wanted[] = {
        "iterations", "seconds",      "compute_s",    "stall_s",   "energy_j",  "communication_s",
        "workers",    "bytes_pushed", "bytes_pulled", "roughness", "worst_drop"};
    struct ends *ends = user;
    char name[64];
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        if (strcmp(key, wanted[i]) == 0 && rog_json_is_number(value)) {
            snprintf(name, sizeof name, "summary/%s", key);
            add_metric(ends->metrics, name, rog_json_number(value, 0), ends->ms, 0);
        }
    return 0;
}

/* Time and energy to the case's target, as its report has them; where it was not reached, how far
 * the run was seen. */
static void add_targets(const struct rog_report *report, size_t index, struct ends *ends)
{
    for (size_t m = 0; m < report->measures.count; m++) {
        enum rog_measure_kind kind = report->measures.of[m].kind;
        const struct rog_measured *measured = rog_report_run(report, index, m);
        char name[64];
        if (!rog_measure_is_to_target(kind) || (isnan(measured->value) && !measured->censored))
            continue;
        snprintf(name, sizeof name, "summary/%s%s", rog_measure_facts[kind].json,
                 measured->censored ? "_beyond" : "");
        add_metric(ends->metrics, name, measured->censored ? measured->until : measured->value,
                   ends->ms, 0);
    }
}

static int finish_run(struct sending *sending, const struct rog_mlflow_run *run, size_t index,
                      int64_t start_ms, struct rog_error *err)
{
    const struct rog_run_row *row = &sending->report->data.run[index].row;
    struct rog_json *summary = NULL;
    int code = rog_run_summary(sending->db, row->id, &summary, err);
    if (code)
        return code;
    int64_t end_ms = start_ms + (int64_t)(1000 * rog_json_get_number(summary, "seconds", 0));
    if (!rog_json_get(run->tags, TAG_SUMMARY)) {
        struct ends ends = {rog_json_array(), end_ms};
        struct rog_json *tags = rog_json_array();
        rog_json_each(summary, add_end, &ends);
        add_targets(sending->report, index, &ends);
        rog_json_append(tags, rog_mlflow_pair(TAG_SUMMARY, "sent"));
        code = rog_mlflow_log(sending->client, run->id, ends.metrics, NULL, tags, err);
    }
    if (code == 0 && rog_mlflow_takes_files(run))
        code = rog_mlflow_put_file(sending->client, run, "config.json", NULL, row->config,
                                   strlen(row->config), err);
    if (code == 0 && rog_mlflow_takes_files(run) && row->versions)
        code = rog_mlflow_put_file(sending->client, run, "versions.json", NULL, row->versions,
                                   strlen(row->versions), err);
    if (code == 0)
        code = rog_mlflow_finish(sending->client, run->id, end_ms, err);
    rog_json_free(summary);
    return code;
}

/* --- runs --- */

/* Two runs of different databases may share their id, but not all of this. */
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

/* A note as the server's pages have it: they take it for Markdown, in which what a line begins with
 * may mean something of its own. The parameter `note` is the note as it is. */
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

static struct rog_json *tags_of(const struct sending *sending, const struct rog_run_row *row)
{
    struct rog_json *tags = rog_json_array();
    rog_json_append(tags, rog_mlflow_pair("mlflow.source.name", "rogctl " ROG_VERSION));
    rog_json_append(tags, rog_mlflow_pair("mlflow.parentRunId", sending->parent_id));
    rog_json_append(tags, rog_mlflow_pair("rogctl.run_id", row->id));
    rog_json_append(tags, rog_mlflow_pair("rogctl.config_hash", row->config_hash));
    char *note = row->note && row->note[0] ? markdown_of(row->note) : NULL;
    if (note)
        rog_json_append(tags, rog_mlflow_pair("mlflow.note.content", note));
    free(note);
    return tags;
}

static int send_run(struct sending *sending, size_t index, struct rog_error *err)
{
    const struct rog_run_row *row = &sending->report->data.run[index].row;
    char identity[ROG_SHA256_HEX_BYTES];
    struct rog_mlflow_run run = {0};
    int64_t start_ms = 0;
    int code = milliseconds(sending->db, row->started_at ? row->started_at : sending->created_at,
                            &start_ms, err);
    if (code == 0)
        code = identity_of("run", row->id, row->config_hash, row->started_at, identity, err);
    if (code == 0)
        code = rog_mlflow_run_obtain(sending->client, sending->experiment_id, TAG_IDENTITY,
                                     identity, row->id, start_ms, tags_of(sending, row), &run, err);
    if (code)
        return code;
    int64_t had = strtoll(rog_json_get_string(run.tags, TAG_SENT, "0"), NULL, 10), sent;
    sent = had = had > 0 ? had : 0;
    bool finished = strcmp(run.status, "FINISHED") == 0;
    if (!finished && had == 0)
        code = send_params(sending, run.id, row, err);
    if (code == 0)
        code = send_metrics(sending, run.id, row, start_ms, &sent, err);
    if (code == 0 && !finished)
        code = finish_run(sending, &run, index, start_ms, err);
    if (code == 0) {
        struct rog_json *line = rog_json_object();
        rog_json_put_string(line, "id", row->id);
        rog_json_put_string(line, "mlflow_run_id", run.id);
        rog_json_put_bool(line, "found", run.found);
        rog_json_put_integer(line, "metrics_sent", sent - had);
        rog_json_append(sending->runs, line);
        if (finished && sent == had)
            log_line(sending, "%s: is there already", row->id);
        else
            log_line(sending, "%s: %lld metric values sent", row->id, (long long)(sent - had));
    }
    rog_mlflow_run_release(&run);
    return code;
}

/* --- the case's own run: figures and report --- */

struct pictures {
    struct sending *sending;
    struct rog_json *paths;
};

static void drawn(void *user, const char *path)
{
    struct pictures *pictures = user;
    rog_json_append(pictures->paths, rog_json_new_string(path));
}

static void left_out(void *user, const char *text)
{
    struct pictures *pictures = user;
    log_line(pictures->sending, "%s", text);
}

/* Names on the server are plain; the pictures are named by case and panel. */
static int put(struct sending *sending, const struct rog_mlflow_run *run, const char *folder,
               const char *path, const char *text, size_t size, struct rog_error *err)
{
    const char *slash = strrchr(path, '/'), *begin = slash ? slash + 1 : path;
    const char *extension = strrchr(begin, '.'); /* the server shows a picture by it */
    char *stem = strndup(begin, (size_t)(extension - begin));
    char *key = stem ? rog_quote_mlflow_key(stem) : NULL;
    char *name = key ? rog_format("%s%s%s", folder, key, extension) : NULL;
    int code =
        name ? rog_mlflow_put_file(sending->client, run, name, text ? NULL : path, text, size, err)
             : rog_fail_nomem(err);
    if (code == 0)
        rog_json_append(sending->files, rog_json_new_string(name));
    free(name);
    free(key);
    free(stem);
    return code;
}

static int put_figures(struct sending *sending, const struct rog_mlflow_run *run,
                       const char *case_name, struct rog_error *err)
{
    struct rog_scratch scratch;
    int code = rog_scratch_make(&scratch, NULL, "rogctl-mlflow", err);
    if (code)
        return code;
    struct pictures pictures = {sending, rog_json_array()};
    const struct rog_figures_options options = {
        .plots = scratch.path, .drawn = drawn, .log = left_out, .user = &pictures};
    code = rog_figures_draw_case(sending->db, case_name, &options, err);
    for (size_t i = 0; code == 0 && i < rog_json_size(pictures.paths); i++)
        code = put(sending, run, "figures/", rog_json_string(rog_json_at(pictures.paths, i), ""),
                   NULL, 0, err);
    if (code == ROG_ENOTFOUND) { /* a case may have nothing to draw */
        log_line(sending, "%s", err->message);
        code = 0;
    }
    rog_json_free(pictures.paths);
    rog_scratch_remove(&scratch, NULL);
    return code;
}

static int put_report(struct sending *sending, const struct rog_mlflow_run *run,
                      const struct rog_report *report, struct rog_error *err)
{
    char *text = NULL;
    size_t size = 0;
    FILE *page = open_memstream(&text, &size);
    if (!page)
        return rog_fail_nomem(err);
    int code = rog_report_html(report, sending->db, page, err);
    if (fclose(page) != 0 && code == 0)
        code = rog_fail_nomem(err);
    if (code == 0)
        code = put(sending, run, "", "report.html", text, size, err);
    free(text);
    struct rog_json *numbers = code == 0 ? rog_report_json(report) : NULL;
    text = numbers ? rog_json_text_pretty(numbers) : NULL;
    if (code == 0)
        code = text ? put(sending, run, "", "report.json", text, strlen(text), err)
                    : rog_fail_nomem(err);
    free(text);
    rog_json_free(numbers);
    return code;
}

static int put_files(struct sending *sending, const struct rog_mlflow_run *run,
                     const struct rog_report *report, struct rog_error *err)
{
    if (!rog_mlflow_takes_files(run)) {
        log_line(
            sending,
            "figures and report are left out: the server does not take files itself, they would "
            "go to %s (start it with --serve-artifacts)",
            run->artifact_uri);
        return 0;
    }
    int code = put_figures(sending, run, report->data.row.name, err);
    if (code == 0)
        code = put_report(sending, run, report, err);
    if (code == 0)
        log_line(sending, "%zu files sent: figures and report", rog_json_size(sending->files));
    return code;
}

static int send_case(struct sending *sending, const struct rog_report *report,
                     struct rog_error *err)
{
    const struct rog_case_row *row = &report->data.row;
    char identity[ROG_SHA256_HEX_BYTES];
    struct rog_mlflow_run run = {0};
    int64_t start_ms = 0;
    struct rog_json *tags = rog_json_array();
    sending->created_at = row->created_at;
    sending->report = report;
    rog_json_append(tags, rog_mlflow_pair("mlflow.source.name", "rogctl " ROG_VERSION));
    rog_json_append(tags, rog_mlflow_pair("rogctl.case", row->name));
    int code = milliseconds(sending->db, row->created_at, &start_ms, err);
    if (code == 0)
        code = identity_of("case", row->name, NULL, row->created_at, identity, err);
    if (code == 0)
        code = rog_mlflow_experiment(sending->client, row->name, &sending->experiment_id, err);
    if (code) {
        rog_json_free(tags);
        return code;
    }
    code = rog_mlflow_run_obtain(sending->client, sending->experiment_id, TAG_IDENTITY, identity,
                                 report->data.title, start_ms, tags, &run, err);
    if (code == 0) {
        sending->parent_id = rog_strdup(run.id);
        code = sending->parent_id ? 0 : rog_fail_nomem(err);
    }
    for (size_t i = 0; code == 0 && i < report->data.run_count; i++) {
        const struct rog_case_run *one = &report->data.run[i];
        if (one->done)
            code = send_run(sending, i, err);
        else
            log_line(sending, "%s is left out because it %s%s", one->row.id,
                     strcmp(one->row.status, "failed") ? "is " : "", one->row.status);
    }
    if (code == 0)
        code = put_files(sending, &run, report, err);
    if (code == 0)
        code = rog_mlflow_finish(sending->client, run.id, 0, err);
    rog_mlflow_run_release(&run);
    return code;
}

int rog_export_mlflow(struct rog_db *db, const char *case_name,
                      const struct rog_mlflow_options *options, struct rog_json **result,
                      struct rog_error *err)
{
    struct sending sending = {
        .db = db, .options = options, .runs = rog_json_array(), .files = rog_json_array()};
    struct rog_report report = {0};
    *result = NULL;
    int code = rog_report_make(db, case_name, &(struct rog_report_options){0}, &report, err);
    if (code == 0 && report.data.series_count == 0)
        code = rog_fail(err, ROG_ENOTFOUND,
                        "case %s has no finished run to export (`rogctl runs` shows their state)",
                        report.data.title);
    if (code == 0)
        code = rog_mlflow_client_new(&sending.client, &options->access, err);
    if (code == 0)
        code = send_case(&sending, &report, err);
    if (code == 0) {
        *result = rog_json_object();
        rog_json_put_string(*result, "experiment", report.data.row.name);
        rog_json_put_string(*result, "experiment_id", sending.experiment_id);
        rog_json_put(*result, "runs", sending.runs);
        rog_json_put(*result, "files", sending.files);
        sending.runs = sending.files = NULL;
    }
    rog_json_free(sending.runs);
    rog_json_free(sending.files);
    free(sending.experiment_id);
    free(sending.parent_id);
    rog_mlflow_client_free(sending.client);
    rog_report_release(&report);
    return code;
}
