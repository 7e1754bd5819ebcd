/* SPDX-License-Identifier: Apache-2.0 */
/* rogctl report: compares the runs of a case. */
#include <orchestrator/commands.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <common/file.h>
#include <orchestrator/report/report.h>
#include <orchestrator/text/label.h>
#include <orchestrator/output.h>

static const struct rog_setting options[] = {
    {.name = "as-published",
     .type = ROG_SETTING_FLAG,
     .help =
         "time composition made as in the published table: computation and communication of host "
         "rank 3 (of BSP and SSP without compressing and unpacking), stall of all workers"},
    {.name = "baseline",
     .type = ROG_SETTING_STRING,
     .help = "report gains over this one only (a library or a run's note), whatever the case says"},
    {.name = "html",
     .type = ROG_SETTING_FLAG,
     .help =
         "one self-contained page on standard output, with figures, configuration and host facts"},
    {.name = NULL},
};

/* "68.10", with its interval or range where there is one, and a star before the best. */
static void value_cell(struct rog_table *table, const struct rog_interval *value, int digits,
                       bool best)
{
    const char *star = best ? "*" : "";
    if (isnan(value->mean))
        rog_table_cell(table, "-");
    else if (isnan(value->low))
        rog_table_cell(table, "%s%.*f", star, digits, value->mean);
    else if (isnan(value->half))
        rog_table_cell(table, "%s%.*f [%.*f, %.*f]", star, digits, value->mean, digits, value->low,
                       digits, value->high);
    else
        rog_table_cell(table, "%s%.*f ±%.*f", star, digits, value->mean, digits, value->half);
}

static struct rog_table *values_table(const struct rog_report *report, const char *first)
{
    char *titles = rog_format("%s|>%% at 1800 s|>3600 s|>5400 s|>end|>s to %g%%|>J to %g%%|"
                              ">compute s|>comm. s|>stall s",
                              first, report->target, report->target);
    struct rog_table *table = titles ? rog_table_new(titles) : NULL;
    free(titles);
    return table;
}

static int print_series(const struct rog_report *report, struct rog_error *err)
{
    if (report->data.series_count == 0)
        return 0;
    struct rog_table *table = values_table(report, "run");
    if (!table)
        return rog_fail_nomem(err);
    for (size_t i = 0; i < report->data.series_count; i++) {
        char *label = rog_report_label(report, i);
        rog_table_cell(table, "%s", label ? label : "");
        free(label);
        for (int m = 0; m < ROG_MEASURES; m++)
            value_cell(table, &report->series[i].value[m], rog_measure_kinds[m].digits,
                       rog_report_is_best(report, i, (enum rog_measure)m));
    }
    return rog_table_print(table, err);
}

/* The runs one by one: where some are repeats, or not finished. */
static int print_runs(const struct rog_report *report, struct rog_error *err)
{
    if (report->data.series_count == report->data.run_count)
        return 0;
    struct rog_table *table = values_table(report, "id|>seed|status");
    if (!table)
        return rog_fail_nomem(err);
    if (report->data.series_count > 0)
        rog_print("%s", "");
    for (size_t i = 0; i < report->data.run_count; i++) {
        const struct rog_case_run *run = &report->data.run[i];
        rog_table_cell(table, "%s", run->row.id);
        rog_table_cell(table, "%lld", (long long)run->row.seed);
        rog_table_cell(table, "%s", run->row.status);
        for (int m = 0; m < ROG_MEASURES; m++)
            value_cell(table, &report->run[i].value[m], rog_measure_kinds[m].digits, false);
    }
    return rog_table_print(table, err);
}

static int print_gains(const struct rog_report *report, struct rog_error *err)
{
    if (report->gains == 0)
        return 0;
    char *titles = rog_format("gain of|over|>points at 1800 s|>3600 s|>5400 s|>end|"
                              ">less time to %g%%|>less energy to %g%%",
                              report->target, report->target);
    struct rog_table *table = titles ? rog_table_new(titles) : NULL;
    free(titles);
    if (!table)
        return rog_fail_nomem(err);
    rog_print("%s", "");
    for (size_t i = 0; i < report->gains; i++) {
        const struct rog_report_gain *gain = &report->gain[i];
        rog_table_cell(table, "%s", report->data.series[gain->series].label);
        rog_table_cell(table, "%s", report->data.series[gain->against].label);
        for (int m = 0; m < ROG_GAIN_MEASURES; m++) {
            char text[ROG_GAIN_TEXT_BYTES];
            rog_report_gain_text(gain, m, text);
            rog_table_cell(table, "%s", text);
        }
    }
    return rog_table_print(table, err);
}

/* Runs whose bandwidth was not what was asked for are not compared silently. */
static void print_replays(const struct rog_report *report)
{
    for (size_t i = 0; i < report->data.run_count; i++) {
        const struct rog_case_run *run = &report->data.run[i];
        char *text = rog_replay_is_off(&run->replay) ? rog_replay_text(&run->replay) : NULL;
        if (text)
            rog_print("REPLAY of %s: %s", run->row.id, text);
        free(text);
    }
}

static int print_text(const struct rog_report *report, struct rog_error *err)
{
    const struct rog_case_data *data = &report->data;
    rog_print(
        "%s: %zu run%s; accuracy in %%, energy per worker, seconds per iteration%s; * best; ± 95%% "
        "interval, of two runs [their range]",
        data->title, data->run_count, data->run_count == 1 ? "" : "s",
        report->as_published ? " as published (host rank 3)" : "");
    int code = print_series(report, err);
    if (code == 0)
        code = print_runs(report, err);
    if (code == 0)
        code = print_gains(report, err);
    if (code == 0)
        print_replays(report);
    return code;
}

static int print_html(const struct rog_report *report, struct rog_db *db, struct rog_error *err)
{
    char *text = NULL;
    size_t size = 0;
    FILE *page = open_memstream(&text, &size);
    if (!page)
        return rog_fail_nomem(err);
    int code = rog_report_html(report, db, page, err);
    if (fclose(page) != 0 && code == 0)
        code = rog_fail_nomem(err);
    if (code == 0)
        rog_print("%s", text);
    free(text);
    return code;
}

static int run(const struct rog_cli *cli, struct rog_error *err)
{
    struct rog_db *db = NULL;
    struct rog_report report = {0};
    bool html = rog_cli_flag(cli, "html"), json = rog_output_of(cli).json;
    if (html && json)
        return rog_fail(err, ROG_EINVAL, "--html and --json: one of them at a time");
    int code = rog_command_db(cli, ROG_DB_READ, &db, err);
    if (code == 0)
        code = rog_report_make(db, rog_cli_arg(cli, 0), rog_cli_flag(cli, "as-published"),
                               rog_cli_string(cli, "baseline"), &report, err);
    if (code == 0)
        code = json   ? rog_print_json(rog_report_json(&report), err)
               : html ? print_html(&report, db, err)
                      : print_text(&report, err);
    rog_report_release(&report);
    rog_db_close(db);
    return code;
}

const struct rog_command rog_cmd_report = {
    .name = "report",
    .usage = "CASE [options]",
    .summary = "Compare the runs of a case",
    .details = "Accuracy after 1800, 3600 and 5400 s and at the end, time and energy to the case's "
               "target accuracy, where the time of an iteration goes, and what each gains over the "
               "others. Runs that differ in their seed alone stand in one line: mean and 95% "
               "interval. What was not recorded is a dash.",
    .options = options,
    .min_args = 1,
    .max_args = 1,
    .run = run,
};
