/* SPDX-License-Identifier: Apache-2.0 */
/* rogctl bundle verify: checks a bundle's files, and whether its runs can be reproduced. */
#include <orchestrator/commands.h>

#include <orchestrator/bundle/verify.h>
#include <orchestrator/terminal/output.h>

static const struct rog_setting options[] = {
    {.name = "again",
     .type = ROG_SETTING_FLAG,
     .help = "also repeat the runs on virtual clusters and compare their events; this executes "
             "plugins and programs of the bundle"},
    {.name = NULL},
};

static void remark(void *user, const char *text)
{
    rog_remark(user, "%s", text);
}

static void print_lines(const struct rog_bundle_verified *v, bool again)
{
    rog_print("%s", v->case_name);
    rog_print("  files     %zu, with the hashes of the manifest", v->files);
    if (v->runs)
        rog_print("  database  %zu runs; the event streams of %zu are present and match", v->runs,
                  v->streams);
    if (v->runs)
        rog_print("  figures   %zu of %zu files have the same bytes when redrawn", v->figures_same,
                  v->figures);
    if (again && v->runs)
        rog_print("  again     %zu of %zu runs have the same events", v->again_same, v->again);
    if (again && v->not_again)
        rog_print("            %zu were in real time and are not repeated", v->not_again);
}

static int print_json(const struct rog_bundle_verified *v, struct rog_error *err)
{
    const struct {
        const char *name;
        size_t value;
    } numbers[] = {{"files", v->files},
                   {"runs", v->runs},
                   {"streams", v->streams},
                   {"figures", v->figures},
                   {"figures_same", v->figures_same},
                   {"again", v->again},
                   {"again_same", v->again_same},
                   {"not_again", v->not_again}};
    struct rog_json *result = rog_json_object();
    rog_json_put_string(result, "case", v->case_name);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        rog_json_put_integer(result, numbers[i].name, (int64_t)numbers[i].value);
    rog_json_put(result, "findings", rog_json_copy(v->findings));
    return rog_print_json(result, err);
}

static int run(const struct rog_cli *cli, struct rog_error *err)
{
    struct rog_output output = rog_output_of(cli);
    const struct rog_bundle_verify_options verify = {
        .again = rog_cli_flag(cli, "again"), .log = remark, .user = &output};
    struct rog_bundle_verified verified;
    int code = rog_bundle_verify(rog_cli_arg(cli, 0), &verify, &verified, err);
    if (code == 0 && output.json)
        code = print_json(&verified, err);
    else if (code == 0)
        print_lines(&verified, verify.again);
    size_t findings = rog_json_size(verified.findings);
    for (size_t i = 0; i < findings && code == 0; i++)
        rog_warn(&output, "%s", rog_json_string(rog_json_at(verified.findings, i), ""));
    rog_bundle_verified_release(&verified);
    return code == 0 && findings
               ? rog_fail(err, ROG_EFAILED, "%s failed the check", rog_cli_arg(cli, 0))
               : code;
}

const struct rog_command rog_cmd_bundle_verify = {
    .name = "bundle verify",
    .usage = "FILE|FOLDER [options]",
    .summary = "Check a bundle: hashes, database and figures, with --again also its runs",
    .details = "Every file must have the hash in the manifest, the tables must match the event "
               "streams, and redrawn figures must have the same bytes. Without --again nothing "
               "from the bundle is executed. Exit status 1: something differs.",
    .options = options,
    .min_args = 1,
    .max_args = 1,
    .run = run,
    .outlives_reader = true,
};
