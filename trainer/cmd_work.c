/* SPDX-License-Identifier: Apache-2.0 */
/* rog-trainer work: one worker of a run in real time. */
#include <trainer/commands.h>

#include <common/workload.h>
#include <trainer/run/program.h>
#include <trainer/run/train.h>
#include <trainer/run/work.h>

static int become_program(const struct rog_cli *cli, const struct rog_run_config *config,
                          const struct rog_work_run *options, struct rog_error *err)
{
    const struct rog_program_worker worker = {
        .config_path = rog_cli_string(cli, "config"),
        .key_path = rog_cli_string(cli, "key-file"),
        .out_dir = options->out_dir,
        .server = options->server,
        .rank = options->rank,
        .pace = options->pace,
        .energy = options->energy,
        .server_timeout_s = options->server_timeout_s,
        .threads = config->program_threads,
    };
    return rog_program_become(config, &worker, err);
}

static int run(const struct rog_cli *cli, struct rog_error *err)
{
    struct rog_run_config *config = NULL;
    struct rog_command_node node = {0};
    struct rog_work_run options = {
        .server = rog_cli_string(cli, "server"),
        .out_dir = rog_cli_string(cli, "out"),
        .rank = (uint32_t)rog_cli_int(cli, "rank"),
        .pace = rog_cli_flag(cli, "pace"),
        .energy = !rog_cli_flag(cli, "no-energy"),
        .server_timeout_s = rog_cli_real(cli, "server-timeout"),
    };
    if (!rog_cli_given(cli, "config") || !options.out_dir || !options.server || !options.rank ||
        !rog_cli_given(cli, "key-file"))
        return rog_fail(err, ROG_EINVAL,
                        "work needs --config FILE, --rank N, --server HOST:PORT, --key-file FILE "
                        "and --out DIR");
    int code = rog_command_config(cli, &config, err);
    if (code)
        return code;
    if (rog_workload_runs_program(config->json, options.rank)) {
        code = become_program(cli, config, &options, err);
        rog_run_config_free(config);
        return code;
    }
    code = rog_command_node_init(&node, config, cli, err);
    options.start_model = node.start.path;
    options.secret = node.secret;
    if (!code)
        code = rog_work_run(config, &options, err);
    rog_command_node_release(&node);
    return code;
}

static const struct rog_setting options[] = {
    {ROG_OPTION_CONFIG},
    {.name = "rank",
     .type = ROG_SETTING_INT,
     .min = 1,
     .max = 65536,
     .help = "rank of this worker in the configuration",
     .letter = 'r'},
    {.name = "server", .type = ROG_SETTING_STRING, .help = "the server's address, HOST:PORT"},
    {ROG_OPTION_KEY},
    {.name = "out",
     .type = ROG_SETTING_STRING,
     .help = "folder for events.jsonl; made if missing",
     .letter = 'o'},
    {.name = "server-timeout",
     .type = ROG_SETTING_REAL,
     .fallback = "600",
     .min = 0.1,
     .max = 1e6,
     .unit = "s",
     .help = "exit when the server cannot be reached for this long"},
    {ROG_OPTION_PACE},
    {.name = "no-energy",
     .type = ROG_SETTING_FLAG,
     .help = "do not report energy by the profile's model: it is measured elsewhere"},
    {ROG_OPTION_THREADS},
    {.name = NULL},
};

const struct rog_command rog_cmd_work = {
    .name = "work",
    .usage = "--config FILE --rank N --server HOST:PORT --key-file FILE --out DIR [options]",
    .summary = "Run one worker of a run on real hosts",
    .details = "The configuration, the starting model and the data must be the same as the "
               "server's. A device that is\n"
               "faster than its profile (step_s, compress_s, decompress_s) waits for the rest of "
               "the time. When the\n"
               "connection is lost, the worker reconnects and continues. On SIGINT and SIGTERM it "
               "leaves the run. With workload `program` this process executes that program, unless "
               "the setting `ranks` excludes\n"
               "it.",
    .options = options,
    .run = run,
};
