/* SPDX-License-Identifier: Apache-2.0 */
/* rogctl report: compares the runs of a case. */
#include <orchestrator/commands.h>

#include <stdio.h>
#include <stdlib.h>

#include <common/file.h>
#include <orchestrator/curve_options.h>
#include <orchestrator/report/table.h>
#include <orchestrator/terminal/output.h>

static const struct rog_setting options[] = {
    {.name = "as-published",
     .type = ROG_SETTING_FLAG,
     .help = "compute time composition and energy as published: computation and communication of "
             "rank 3 (for BSP and SSP without compression and decompression), stall of all "
             "workers, energy as mean power of rank 3 times time"},
    ROG_CURVE_OPTIONS,
    {.name = "accuracy",
     .type = ROG_SETTING_STRING,
     .help = "how the accuracy at a time is computed, instead of the case's setting: interpolated, "
             "last, smoothed or mean:CHECKPOINTS"},
    {.name = "at",
     .type = ROG_SETTING_STRING,
     .help = "report the accuracy at these times, in seconds, at most 12; default: 1800,3600,5400"},
    {.name = "baseline",
     .type = ROG_SETTING_STRING,
     .help = "report gains only over this library or note, instead of the case's setting"},
    {.name = "html",
     .type = ROG_SETTING_FLAG,
     .help = "print one self-contained HTML page, with figures, configuration and host facts"},
    {.name = "latex",
     .type = ROG_SETTING_FLAG,
     .help = "print the tables in LaTeX, for a document with the package booktabs"},
    {.name = "markdown", .type = ROG_SETTING_FLAG, .help = "print the tables in Markdown"},
    {.name = NULL},
};

/* Prints a table of the report on the terminal, with a star before the best values. */
static int print_table(const struct rog_report_table *report_table, struct rog_error *err)
{
    struct rog_table *table = rog_table_new("");
    for (size_t c = 0; c < report_table->columns; c++)
        rog_table_column(table, report_table->column[c].is_number ? ">" : "",
                         report_table->column[c].title);
    for (size_t i = 0; i < report_table->cells; i++)
        rog_table_cell(table, "%s%s", report_table->cell[i].is_best ? "*" : "",
                       report_table->cell[i].text);
    return rog_table_print(table, err);
}

static int print_text(const struct rog_report_tables *tables, struct rog_error *err)
{
    int code = 0;
    for (size_t i = 0; i < tables->count && code == 0; i++) {
        const struct rog_report_table *table = &tables->table[i];
        if (i)
            rog_print("%s", "");
        rog_print_hanging(0, "%s%s", table->caption, table->marks_best ? "; * best" : "");
        if (table->cells > 0)
            code = print_table(table, err);
    }
    if (tables->remarks)
        rog_print("%s", "");
    for (size_t i = 0; i < tables->remarks; i++)
        rog_print_hanging(0, "%s", tables->remark[i]);
    return code;
}

enum form { FORM_TEXT, FORM_JSON, FORM_HTML, FORM_LATEX, FORM_MARKDOWN, FORMS };
static const char *const form_options[FORMS] = {NULL, "json", "html", "latex", "markdown"};

static int form_of(const struct rog_cli *cli, enum form *form, struct rog_error *err)
{
    *form = FORM_TEXT;
    for (int i = 1; i < FORMS; i++) {
        if (!rog_cli_flag(cli, form_options[i]))
            continue;
        if (*form != FORM_TEXT)
            return rog_fail(err, ROG_EINVAL, "--%s and --%s cannot be used together",
                            form_options[*form], form_options[i]);
        *form = (enum form)i;
    }
    return 0;
}

/* Prints a page or document of tables, complete or not at all. */
static int print_document(const struct rog_report *report, enum form form, struct rog_db *db,
                          struct rog_error *err)
{
    struct rog_report_tables tables = {0};
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);
    if (!file)
        return rog_fail_nomem(err);
    int code = form == FORM_HTML ? rog_report_html(report, db, file, err)
                                 : rog_report_tables_make(report, &tables, err);
    if (code == 0 && form == FORM_LATEX)
        rog_report_latex(&tables, file);
    if (code == 0 && form == FORM_MARKDOWN)
        rog_report_markdown(&tables, file);
    if (fclose(file) != 0 && code == 0)
        code = rog_fail_nomem(err);
    if (code == 0 && form == FORM_TEXT)
        code = print_text(&tables, err);
    else if (code == 0)
        fputs(text, stdout);
    rog_report_tables_release(&tables);
    free(text);
    return code;
}

static int run(const struct rog_cli *cli, struct rog_error *err)
{
    struct rog_db *db = NULL;
    struct rog_report report = {0};
    struct rog_json *curves = rog_curve_options(cli);
    const struct rog_report_options wanted = {
        .curves = curves,
        .as_published = rog_cli_flag(cli, "as-published"),
        .baseline = rog_cli_string(cli, "baseline"),
        .times = rog_cli_string(cli, "at"),
    };
    enum form form = FORM_TEXT;
    int code = curves ? form_of(cli, &form, err) : rog_fail_nomem(err);
    if (code == 0)
        code = rog_command_db(cli, ROG_DB_READ, &db, err);
    if (code == 0)
        code = rog_report_make(db, rog_cli_arg(cli, 0), &wanted, &report, err);
    if (code == 0)
        code = form == FORM_JSON ? rog_print_json(rog_report_json(&report), err)
                                 : print_document(&report, form, db, err);
    rog_json_free(curves);
    rog_report_release(&report);
    rog_db_close(db);
    return code;
}

const struct rog_command rog_cmd_report = {
    .name = "report",
    .usage = "CASE [options]",
    .summary = "Compare the runs of a case",
    .details =
        "Prints the accuracy at given times and at the end, time and energy to the target, the "
        "time composition of an iteration, and gains with statistical tests. Runs that differ "
        "only in their seed share a line: their mean with its 95% interval (three runs or more) or "
        "their range (two). Gains are computed over pairs of runs with the same seed. A dash is a "
        "value that was not recorded; columns of only dashes are omitted.",
    .options = options,
    .min_args = 1,
    .max_args = 1,
    .run = run,
};
