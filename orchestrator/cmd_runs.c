/* SPDX-License-Identifier: Apache-2.0 */
/* rogctl runs: lists recorded runs. */
#include <orchestrator/commands.h>

#include <orchestrator/store/cases.h>
#include <orchestrator/store/summary.h>
#include <orchestrator/terminal/output.h>
#include <orchestrator/terminal/run_view.h>

static int query_runs(struct rog_db *db, const char *case_name, struct rog_query **query,
                      struct rog_error *err)
{
    struct rog_case_row row = {0};
    int code = case_name ? rog_case_row_load(db, case_name, &row, err) : 0;
    rog_case_row_release(&row);
    return code < 0 ? code : rog_case_run_ids(db, case_name, query, err);
}

static int run(const struct rog_cli *cli, struct rog_error *err)
{
    struct rog_db *db = NULL;
    struct rog_query *query = NULL;
    struct rog_json *runs = NULL;
    int code = rog_command_db(cli, ROG_DB_READ, &db, err);
    if (code == 0)
        code = query_runs(db, rog_cli_arg(cli, 0), &query, err);
    if (code == 0)
        code = rog_runs_summaries(db, query, &runs, err);
    if (code == 0 && rog_json_size(runs) == 0) {
        rog_json_free(runs);
        code = rog_fail(err, ROG_ENOTFOUND, "%s: no runs are recorded", rog_db_path(db));
    } else if (code == 0 && rog_cli_flag(cli, "json")) {
        code = rog_print_json(runs, err);
    } else if (code == 0) {
        code = rog_runs_table(runs, err);
        rog_json_free(runs);
    }
    rog_db_close(db);
    return code;
}

const struct rog_command rog_cmd_runs = {
    .name = "runs",
    .usage = "[CASE]",
    .summary = "List recorded runs, of a case or all",
    .max_args = 1,
    .run = run,
};
