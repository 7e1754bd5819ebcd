/* SPDX-License-Identifier: Apache-2.0 */
/* Exports a case to an experiment of an MLflow server. */
#include <orchestrator/export/mlflow.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <common/scratch.h>
#include <orchestrator/export/mlflow_runs.h>
#include <orchestrator/figures/figures.h>
#include <orchestrator/report/table.h>
#include <orchestrator/text/quote.h>

struct sending {
    struct rog_mlflow_case on; /* the case on the server */
    const struct rog_mlflow_options *options;
    const struct rog_report *report;
    struct rog_json *runs, *files; /* members of the result */
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

static int send_run(struct sending *sending, size_t index, struct rog_error *err)
{
    const struct rog_run_row *row = &sending->report->data.run[index].row;
    struct rog_mlflow_run run = {0};
    int64_t start_ms = 0, sent = 0;
    int code = rog_mlflow_open_run(&sending->on, row, &run, &start_ms, err);
    if (code)
        return code;
    bool whole = rog_json_get(run.tags, ROG_MLFLOW_TAG_SUMMARY) != NULL &&
                 strcmp(run.status, ROG_MLFLOW_FINISHED) == 0;
    if (!whole)
        code = rog_mlflow_send_params(&sending->on, &run, row, err);
    if (code == 0)
        code = rog_mlflow_send_points(&sending->on, &run, row->id, start_ms, false, &sent, err);
    if (code == 0 && !whole)
        code = rog_mlflow_send_end(&sending->on, &run, sending->report, index, start_ms, err);
    if (code == 0) {
        struct rog_json *line = rog_json_object();
        rog_json_put_string(line, "id", row->id);
        rog_json_put_string(line, "mlflow_run_id", run.id);
        rog_json_put_bool(line, "found", run.found);
        rog_json_put_integer(line, "metrics_sent", sent);
        rog_json_append(sending->runs, line);
        if (whole && sent == 0)
            log_line(sending, "%s: already exported", row->id);
        else
            log_line(sending, "%s: %lld metric values sent", row->id, (long long)sent);
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

/* Sends a file; its name on the server is plain: pictures are named by case and panel. */
static int put(struct sending *sending, const struct rog_mlflow_run *run, const char *folder,
               const char *path, const char *text, size_t size, struct rog_error *err)
{
    const char *slash = strrchr(path, '/'), *begin = slash ? slash + 1 : path;
    /* The server decides by it how to show a picture. */
    const char *extension = strrchr(begin, '.');
    char *stem = strndup(begin, (size_t)(extension - begin));
    char *key = stem ? rog_quote_mlflow_key(stem) : NULL;
    char *name = key ? rog_format("%s%s%s", folder, key, extension) : NULL;
    int code = name ? rog_mlflow_put_file(sending->on.client, run, name, text ? NULL : path, text,
                                          size, err)
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
    code = rog_figures_draw_case(sending->on.db, case_name, &options, err);
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
    int code = rog_report_html(report, sending->on.db, page, err);
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
        log_line(sending,
                 "figures and report are left out: the server does not accept files itself; they "
                 "would go to %s (start it with --serve-artifacts)",
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

static int send_case(struct sending *sending, struct rog_error *err)
{
    const struct rog_report *report = sending->report;
    int code = rog_mlflow_case_open(&sending->on, &report->data.row, report->data.title, err);
    for (size_t i = 0; code == 0 && i < report->data.run_count; i++) {
        const struct rog_case_run *one = &report->data.run[i];
        if (one->done)
            code = send_run(sending, i, err);
        else
            log_line(sending, "%s is left out because it %s%s", one->row.id,
                     strcmp(one->row.status, "failed") ? "is " : "", one->row.status);
    }
    if (code == 0)
        code = put_files(sending, &sending->on.run, report, err);
    if (code == 0)
        code = rog_mlflow_set_status(sending->on.client, sending->on.run.id, ROG_MLFLOW_FINISHED, 0,
                                     err);
    return code;
}

int rog_export_mlflow(struct rog_db *db, const char *case_name,
                      const struct rog_mlflow_options *options, struct rog_json **result,
                      struct rog_error *err)
{
    struct sending sending = {
        .on.db = db, .options = options, .runs = rog_json_array(), .files = rog_json_array()};
    struct rog_report report = {0};
    *result = NULL;
    int code = rog_report_make(db, case_name, &(struct rog_report_options){0}, &report, err);
    sending.report = &report;
    if (code == 0 && report.data.series_count == 0)
        code = rog_fail(err, ROG_ENOTFOUND,
                        "case %s has no finished run to export (`rogctl runs` shows their state)",
                        report.data.title);
    if (code == 0)
        code = rog_mlflow_client_new(&sending.on.client, &options->access, err);
    if (code == 0)
        code = send_case(&sending, err);
    if (code == 0) {
        *result = rog_json_object();
        rog_json_put_string(*result, "experiment", report.data.row.name);
        rog_json_put_string(*result, "experiment_id", sending.on.experiment_id);
        rog_json_put(*result, "runs", sending.runs);
        rog_json_put(*result, "files", sending.files);
        sending.runs = sending.files = NULL;
    }
    rog_json_free(sending.runs);
    rog_json_free(sending.files);
    rog_mlflow_case_close(&sending.on);
    rog_mlflow_client_free(sending.on.client);
    rog_report_release(&report);
    return code;
}
