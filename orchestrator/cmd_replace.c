/* SPDX-License-Identifier: Apache-2.0 */
/* rogctl replace: replaces a run of a case by another one. */
#include <orchestrator/commands.h>

#include <stdlib.h>

#include <orchestrator/store/cases.h>
#include <orchestrator/store/summary.h>
#include <orchestrator/terminal/output.h>

static int run(const struct rog_cli *cli, struct rog_error *err)
{
    const struct rog_output output = rog_output_of(cli);
    const char *case_name = rog_cli_arg(cli, 0);
    struct rog_db *db = NULL;
    struct rog_case_row row = {0};
    char *old = NULL, *new = NULL;
    /* Fails if the database does not exist. */
    int code = rog_command_db(cli, ROG_DB_READ, &db, err);
    rog_db_close(db);
    db = NULL;
    if (code == 0)
        code = rog_command_db(cli, ROG_DB_WRITE, &db, err);
    if (code == 0)
        code = rog_case_row_load(db, case_name, &row, err);
    if (code == 0)
        code = rog_run_find(db, rog_cli_arg(cli, 1), &old, err);
    if (code == 0)
        code = rog_run_find(db, rog_cli_arg(cli, 2), &new, err);
    if (code == 0)
        code = rog_case_has_run(db, case_name, new, err);
    if (code == 1)
        code = rog_fail(err, ROG_EINVAL, "%s is already in %s", new, case_name);
    if (code == 0)
        code = rog_case_replace_run(db, case_name, old, new, err);
    if (code == 0)
        rog_remark(&output, "%s: %s replaced %s; `rogctl redraw %s` redraws the case", case_name,
                   new, old, case_name);
    if (code == 0 && output.json) {
        struct rog_json *result = rog_json_object();
        rog_json_put_string(result, "case", case_name);
        rog_json_put_string(result, "old", old);
        rog_json_put_string(result, "new", new);
        code = rog_print_json(result, err);
    }
    free(new);
    free(old);
    rog_case_row_release(&row);
    rog_db_close(db);
    return code;
}

const struct rog_command rog_cmd_replace = {
    .name = "replace",
    .usage = "CASE OLD NEW",
    .summary = "Replace run OLD by run NEW in a case",
    .details = "Both runs stay recorded. `rogctl redraw CASE` redraws the case.",
    .min_args = 3,
    .max_args = 3,
    .run = run,
};
