/* SPDX-License-Identifier: Apache-2.0 */
/* rogctl cases: lists recorded cases. */
#include <orchestrator/commands.h>

#include <math.h>

#include <common/metric.h>
#include <orchestrator/figures/case_data.h>
#include <orchestrator/store/cases.h>
#include <orchestrator/terminal/output.h>

static int print_table(const struct rog_json *cases, struct rog_error *err)
{
    struct rog_table *table = rog_table_new("case|?2figure|>runs|>done|>?3target|?1created (UTC)");
    for (size_t i = 0; i < rog_json_size(cases); i++) {
        const struct rog_json *row = rog_json_at(cases, i);
        rog_table_cell(table, "%s", rog_json_get_string(row, "name", ""));
        rog_table_cell(table, "%s", rog_json_get_string(row, "figure", "-"));
        rog_table_cell(table, "%lld", (long long)rog_json_get_integer(row, "runs", 0));
        rog_table_cell(table, "%lld", (long long)rog_json_get_integer(row, "done", 0));
        double target = rog_json_get_number(row, "target_accuracy", (double)NAN);
        struct rog_metric metric;
        char text[ROG_METRIC_TEXT_BYTES];
        rog_metric_read(row, &metric, NULL);
        double used = isnan(target) ? rog_target_default(&metric) : target;
        rog_metric_value(&metric, used, text);
        rog_table_cell(table, "%s%s", isnan(used) ? "-" : text,
                       isnan(target) && !isnan(used) ? " (default)" : "");
        rog_table_cell(table, "%s", rog_json_get_string(row, "created_at", ""));
    }
    return rog_table_print(table, err);
}

static int run(const struct rog_cli *cli, struct rog_error *err)
{
    struct rog_db *db = NULL;
    struct rog_json *cases = rog_json_array();
    int code = cases ? rog_command_db(cli, ROG_DB_READ, &db, err) : rog_fail_nomem(err);
    if (code == 0)
        code = rog_cases_list(db, cases, err);
    if (code == 0 && rog_json_size(cases) == 0)
        code = rog_fail(err, ROG_ENOTFOUND, "%s: no cases are recorded", rog_db_path(db));
    else if (code == 0 && !rog_cli_flag(cli, "json"))
        code = print_table(cases, err);
    if (code == 0 && rog_cli_flag(cli, "json"))
        code = rog_print_json(cases, err);
    else
        rog_json_free(cases);
    rog_db_close(db);
    return code;
}

const struct rog_command rog_cmd_cases = {
    .name = "cases",
    .usage = "",
    .summary = "List recorded cases",
    .run = run,
};
