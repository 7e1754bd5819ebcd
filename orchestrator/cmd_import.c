/* SPDX-License-Identifier: Apache-2.0 */
/* rogctl import: imports runs of the published artifact. */
#include <orchestrator/commands.h>

#include <orchestrator/import/import.h>
#include <orchestrator/terminal/output.h>

static const struct rog_setting options[] = {
    {.name = "case",
     .type = ROG_SETTING_STRING,
     .help = "case for the runs; default: the cases in experiment_records.txt"},
    {.name = NULL},
};

static void log_line(void *user, bool detail, const char *text)
{
    if (detail)
        rog_detail(user, "%s", text);
    else
        rog_remark(user, "%s", text);
}

static int run(const struct rog_cli *cli, struct rog_error *err)
{
    struct rog_db *db = NULL;
    struct rog_json *result = NULL;
    struct rog_output output = rog_output_of(cli);
    struct rog_import_options import = {
        .case_name = rog_cli_string(cli, "case"), .log = log_line, .user = &output};
    int code = rog_command_db(cli, ROG_DB_WRITE, &db, err);
    if (code == 0)
        code = rog_import_artifact(db, rog_cli_arg(cli, 0), &import, &result, err);
    if (code == 0 && output.json) {
        code = rog_print_json(result, err);
        result = NULL;
    } else if (code == 0) {
        const struct rog_json *ids = rog_json_get(result, "imported");
        for (size_t i = 0; i < rog_json_size(ids); i++)
            rog_print("%s", rog_json_string(rog_json_at(ids, i), ""));
    }
    rog_json_free(result);
    rog_db_close(db);
    return code;
}

const struct rog_command rog_cmd_import = {
    .name = "import",
    .usage = "DIR [--case NAME]",
    .summary = "Import runs recorded by the published artifact",
    .details =
        "DIR is the artifact's folder (with `result` and experiment_records.txt), its result "
        "folder, or the folder of a run. Times of each host are relative to its own start, because "
        "clocks differ. Values missing in the logs are reported and stay missing. Rejected rows "
        "are counted by reason; --verbose, --json and `rogctl show` list each file with its number "
        "of rows and of stored rows. A run that is already recorded is not changed.",
    .options = options,
    .min_args = 1,
    .max_args = 1,
    .run = run,
    .outlives_reader = true,
};
