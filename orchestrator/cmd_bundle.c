/* SPDX-License-Identifier: Apache-2.0 */
/* rogctl bundle: packs a case and everything needed to reproduce it into one archive. */
#include <orchestrator/commands.h>

#include <stdlib.h>

#include <common/file.h>
#include <orchestrator/bundle/bundle.h>
#include <orchestrator/terminal/output.h>
#include <orchestrator/text/quote.h>

static const struct rog_setting options[] = {
    {.name = "to",
     .type = ROG_SETTING_STRING,
     .help = "archive to write, FILE.tar.zst or FILE.zip; default: CASE.tar.zst"},
    {.name = "without-data",
     .type = ROG_SETTING_FLAG,
     .help =
         "include only the checksums of traces and other files that the runs read, except plugins"},
    {.name = NULL},
};

static void remark(void *user, const char *text)
{
    rog_remark(user, "%s", text);
}

static int run(const struct rog_cli *cli, struct rog_error *err)
{
    struct rog_output output = rog_output_of(cli);
    const struct rog_bundle_options bundle = {
        .without_data = rog_cli_flag(cli, "without-data"), .log = remark, .user = &output};
    struct rog_db *db = NULL;
    char *stem = rog_quote_file_name(rog_cli_arg(cli, 0));
    char *named = stem ? rog_format("%s.tar.zst", stem) : NULL;
    const char *file = rog_cli_string(cli, "to") ? rog_cli_string(cli, "to") : named;
    int code = named ? rog_command_db(cli, ROG_DB_READ, &db, err) : rog_fail_nomem(err);
    if (code == 0)
        code = rog_bundle_pack(db, rog_cli_arg(cli, 0), file, &bundle, err);
    rog_db_close(db);
    if (code == 0 && output.json) {
        struct rog_json *result = rog_json_object();
        rog_json_put_string(result, "file", file);
        code = rog_print_json(result, err);
    } else if (code == 0) {
        rog_print("%s", file);
    }
    free(named);
    free(stem);
    return code;
}

static const struct rog_command *const parts[] = {&rog_cmd_bundle_verify, NULL};

const struct rog_command rog_cmd_bundle = {
    .name = "bundle",
    .usage = "CASE [options]",
    .summary = "Pack a case and everything needed to repeat it into one archive",
    .details =
        "The bundle contains the case's part of the database, event streams, figures, the files "
        "that its runs read (only checksums of data sets), an experiment file that repeats the "
        "runs, versions, and a README and an RO-Crate that describe it. Saved models are left out. "
        "The same case gives the same bytes. `rogctl bundle verify FILE` checks a bundle.",
    .options = options,
    .min_args = 1,
    .max_args = 1,
    .run = run,
    .outlives_reader = true,
    .parts = parts,
};
