/* SPDX-License-Identifier: Apache-2.0 */
#include <orchestrator/commands.h>

#include <string.h>

#include <orchestrator/export/export.h>
#include <orchestrator/output.h>

static const struct rog_setting options[] = {
    {"format", ROG_SETTING_STRING, "csv", 0, 0, "csv|json", NULL,
     "csv: a file for each table; json: one for the case", 0},
    {"to", ROG_SETTING_STRING, "exports", 0, 0, NULL, NULL, "the folder for the files", 0},
    {NULL, ROG_SETTING_FLAG, NULL, 0, 0, NULL, NULL, NULL, 0},
};

static void written(void *user, const char *path)
{
    rog_json_append(user, rog_json_new_string(path));
}

static int run(const struct rog_cli *cli, struct rog_error *err)
{
    struct rog_db *db = NULL;
    struct rog_json *files = rog_json_array();
    struct rog_export_options export = {
        .folder = rog_cli_string(cli, "to"), .written = written, .user = files};
    bool json = strcmp(rog_cli_string(cli, "format"), "json") == 0;
    int code = rog_command_db(cli, ROG_DB_READ, &db, err);
    if (code == 0)
        code = (json ? rog_export_json : rog_export_csv)(db, rog_cli_arg(cli, 0), &export, err);
    if (code == 0 && rog_output_of(cli).json) {
        struct rog_json *result = rog_json_object();
        rog_json_put(result, "files", files);
        files = NULL;
        code = rog_print_json(result, err);
    }
    for (size_t i = 0; files && code == 0 && i < rog_json_size(files); i++)
        rog_print("%s", rog_json_string(rog_json_at(files, i), ""));
    rog_json_free(files);
    rog_db_close(db);
    return code;
}

const struct rog_command rog_cmd_export = {
    .name = "export",
    .usage = "CASE [options]",
    .summary = "write a case's runs with all their rows for other programs",
    .details = "Columns are those of the database. Numbers read back as the same numbers.",
    .options = options,
    .min_args = 1,
    .max_args = 1,
    .run = run,
};
