/* SPDX-License-Identifier: Apache-2.0 */
/* rogctl export: writes a case's rows for other programs. */
#include <orchestrator/commands.h>

#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <orchestrator/bundle/bundle.h>
#include <orchestrator/export/export.h>
#include <orchestrator/export/mlflow.h>
#include <orchestrator/export/tensorboard.h>
#include <orchestrator/terminal/output.h>
#include <orchestrator/text/quote.h>

static const struct rog_setting options[] = {
    {.name = "format",
     .type = ROG_SETTING_STRING,
     .fallback = "csv",
     .choices = "csv|json|tensorboard|ro-crate|mlflow",
     .help = "csv: a file for each table; json: one file for the case; tensorboard: a log folder; "
             "ro-crate: a folder or zip file with a description; mlflow: to a tracking server"},
    {.name = "to",
     .type = ROG_SETTING_STRING,
     .help = "folder for the files (default: exports); ro-crate: a new folder or FILE.zip "
             "(default: CASE.zip); mlflow: the server's URL (default: $MLFLOW_TRACKING_URI)"},
    {.name = NULL},
};

static void written(void *user, const char *path)
{
    rog_json_append(user, rog_json_new_string(path));
}

static int to_files(const struct rog_cli *cli, struct rog_db *db, struct rog_error *err)
{
    const char *folder = rog_cli_string(cli, "to");
    struct rog_json *files = rog_json_array();
    struct rog_export_options export = {
        .folder = folder ? folder : "exports", .written = written, .user = files};
    const char *format = rog_cli_string(cli, "format");
    int code = (strcmp(format, "json") == 0 ? rog_export_json
                : strcmp(format, "tensorboard") == 0
                    ? rog_export_tensorboard
                    : rog_export_csv)(db, rog_cli_arg(cli, 0), &export, err);
    if (code == 0 && rog_output_of(cli).json) {
        struct rog_json *result = rog_json_object();
        rog_json_put(result, "files", files);
        files = NULL;
        code = rog_print_json(result, err);
    }
    for (size_t i = 0; files && code == 0 && i < rog_json_size(files); i++)
        rog_print("%s", rog_json_string(rog_json_at(files, i), ""));
    rog_json_free(files);
    return code;
}

static void remark(void *user, const char *text)
{
    rog_remark(user, "%s", text);
}

static int to_mlflow(const struct rog_cli *cli, struct rog_db *db, struct rog_error *err)
{
    struct rog_output output = rog_output_of(cli);
    const struct rog_mlflow_options export = {
        .access = rog_mlflow_access_of(rog_cli_string(cli, "to")), .log = remark, .user = &output};
    struct rog_json *result = NULL;
    if (!export.access.url)
        return rog_fail(err, ROG_EINVAL,
                        "--format mlflow needs the tracking server: --to http://HOST:5000, or "
                        "MLFLOW_TRACKING_URI in the environment");
    int code = rog_export_mlflow(db, rog_cli_arg(cli, 0), &export, &result, err);
    if (code == 0 && output.json)
        return rog_print_json(result, err);
    if (code == 0)
        rog_print("%s: %zu runs and %zu files in the experiment \"%s\"", export.access.url,
                  rog_json_size(rog_json_get(result, "runs")),
                  rog_json_size(rog_json_get(result, "files")),
                  rog_json_get_string(result, "experiment", ""));
    rog_json_free(result);
    return code;
}

/* Writes an RO-Crate: a bundle, either a folder or, if its name ends in .zip, an archive. */
static int to_crate(const struct rog_cli *cli, struct rog_db *db, struct rog_error *err)
{
    struct rog_output output = rog_output_of(cli);
    const struct rog_bundle_options bundle = {.log = remark, .user = &output};
    const char *to = rog_cli_string(cli, "to");
    char *stem = rog_quote_file_name(rog_cli_arg(cli, 0));
    char *named = stem ? rog_format("%s.zip", stem) : NULL;
    to = to ? to : named;
    size_t size = to ? strlen(to) : 0;
    bool zip = size > 4 && strcmp(to + size - 4, ".zip") == 0;
    int code =
        to ? (zip ? rog_bundle_pack : rog_bundle_make)(db, rog_cli_arg(cli, 0), to, &bundle, err)
           : rog_fail_nomem(err);
    if (code == 0 && output.json) {
        struct rog_json *result = rog_json_object(), *files = rog_json_array();
        rog_json_append(files, rog_json_new_string(to));
        rog_json_put(result, "files", files);
        code = rog_print_json(result, err);
    } else if (code == 0) {
        rog_print("%s", to);
    }
    free(named);
    free(stem);
    return code;
}

static int run(const struct rog_cli *cli, struct rog_error *err)
{
    struct rog_db *db = NULL;
    const char *format = rog_cli_string(cli, "format");
    int code = rog_command_db(cli, ROG_DB_READ, &db, err);
    if (code == 0)
        code = (strcmp(format, "mlflow") == 0     ? to_mlflow
                : strcmp(format, "ro-crate") == 0 ? to_crate
                                                  : to_files)(cli, db, err);
    rog_db_close(db);
    return code;
}

const struct rog_command rog_cmd_export = {
    .name = "export",
    .usage = "CASE [options]",
    .summary = "Export a case's runs with all their rows for other programs",
    .details =
        "Files have the columns of the database, and numbers read back exactly. For TensorBoard, "
        "each run is a folder with a folder for each worker; `tensorboard "
        "--logdir exports/CASE` shows curves by iteration or by the run's own time, and settings "
        "under HParams. An RO-Crate contains what `rogctl bundle` packs, with a machine-readable "
        "description. In MLflow, the case is an experiment with a run for each finished run "
        "(parameters, metrics with steps and times, configuration) and one with the figures and "
        "the report; a repeated export sends only what is missing. Credentials: "
        "MLFLOW_TRACKING_TOKEN, or MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, in the "
        "environment, or ~/.netrc.",
    .options = options,
    .min_args = 1,
    .max_args = 1,
    .run = run,
};
