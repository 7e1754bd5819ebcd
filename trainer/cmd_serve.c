/* SPDX-License-Identifier: Apache-2.0 */
/* rog-trainer serve: the server of a run in real time. */
#include <trainer/commands.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <trainer/run/serve.h>

/* Creates the configuration of a run with --workers workers whose programs bring the model. */
static int make_config(const struct rog_cli *cli, struct rog_run_config **config,
                       struct rog_error *err)
{
    struct rog_json *object = rog_json_object(), *workers = rog_json_array();
    rog_cli_settings(cli, object);
    rog_json_put_string(object, "workload", "program");
    rog_json_put_string(object, "wire_model", "same");
    for (long long rank = 1; rank <= rog_cli_int(cli, "workers"); rank++) {
        struct rog_json *worker = rog_json_object();
        rog_json_put_integer(worker, "rank", rank);
        for (const struct rog_setting *row = rog_worker_settings; row->name; row++)
            if (rog_setting_is(row, ROG_SETTING_REQUIRED, 0))
                rog_json_put_number(worker, row->name, 0);
        rog_json_append(workers, worker);
    }
    rog_json_put(object, "workers", workers);
    return rog_run_config_new(config, object, "the options", err);
}

static int read_config(const struct rog_cli *cli, struct rog_run_config **config,
                       struct rog_error *err)
{
    bool file = rog_cli_given(cli, "config");
    if (!rog_cli_given(cli, "out") || !rog_cli_given(cli, "key-file") ||
        file == rog_cli_given(cli, "workers"))
        return rog_fail(err, ROG_EINVAL,
                        "serve needs --config FILE or --workers N, and --key-file FILE and "
                        "--out DIR");
    struct rog_json *settings = rog_json_object();
    rog_cli_settings(cli, settings);
    bool both = file && rog_json_size(settings) > 0;
    rog_json_free(settings);
    if (both)
        return rog_fail(err, ROG_EINVAL,
                        "settings of the run can be given only with --workers; with --config they "
                        "are in the file");
    return file ? rog_command_config(cli, config, err) : make_config(cli, config, err);
}

static int run(const struct rog_cli *cli, struct rog_error *err)
{
    struct rog_run_config *config = NULL;
    struct rog_command_node node = {0};
    struct rog_serve_run options = {
        .listen = rog_cli_string(cli, "listen"),
        .port_file = rog_cli_string(cli, "port-file"),
        .out_dir = rog_cli_string(cli, "out"),
        .resume = rog_cli_flag(cli, "resume"),
        .pace = rog_cli_flag(cli, "pace"),
        .worker_timeout_s = rog_cli_real(cli, "worker-timeout"),
        .join_timeout_s = rog_cli_real(cli, "join-timeout"),
        .state_period_s = rog_cli_real(cli, "state-period"),
        .min_workers = (uint32_t)rog_cli_int(cli, "min-workers"),
        .awaited = (uint32_t)rog_cli_int(cli, "awaited"),
    };
    int code = read_config(cli, &config, err);
    if (code)
        return code;
    code = rog_command_node_init(&node, config, cli, err);
    options.start_model = node.start.path;
    options.secret = node.secret;
    if (!code)
        code = rog_serve_run(config, &options, err);
    rog_command_node_release(&node);
    return code;
}

static const struct rog_setting options[] = {
    {ROG_OPTION_CONFIG},
    {.name = "workers",
     .type = ROG_SETTING_INT,
     .min = 1,
     .max = 65536,
     .help = "instead of --config: number of workers, programs with a model of their own (librog)"},
    {ROG_OPTION_KEY},
    {.name = "out",
     .type = ROG_SETTING_STRING,
     .help = "folder for events.jsonl, chkpt/, server.json and state/; made if missing",
     .letter = 'o'},
    {.name = "listen",
     .type = ROG_SETTING_STRING,
     .fallback = ":0",
     .help = "address to listen on, [HOST]:PORT; port 0: any free one"},
    {.name = "port-file",
     .type = ROG_SETTING_STRING,
     .help = "write the port to this file when workers can connect"},
    {.name = "resume",
     .type = ROG_SETTING_FLAG,
     .help = "resume from what was saved last in --out: a checkpoint, or a later state"},
    {.name = "state-period",
     .type = ROG_SETTING_REAL,
     .fallback = "5",
     .min = 0,
     .max = 1e6,
     .unit = "s",
     .help = "interval at which the state for resuming is saved between checkpoints, longer if "
             "saving takes over 5% of the time; 0: only with checkpoints"},
    {.name = "worker-timeout",
     .type = ROG_SETTING_REAL,
     .fallback = "60",
     .min = 0.1,
     .max = 1e6,
     .unit = "s",
     .help = "drop a worker that has been silent for this long"},
    {.name = "join-timeout",
     .type = ROG_SETTING_REAL,
     .fallback = "300",
     .min = 0.1,
     .max = 1e6,
     .unit = "s",
     .help = "end the run when workers do not connect, or none is connected, for this long"},
    {.name = "min-workers",
     .type = ROG_SETTING_INT,
     .fallback = "0",
     .min = 0,
     .max = 65536,
     .help = "start with this many workers when the others have not connected within "
             "--worker-timeout, and continue with no fewer; 0: start with all, continue with one"},
    {.name = "awaited",
     .type = ROG_SETTING_INT,
     .fallback = "0",
     .min = 0,
     .max = 65536,
     .help = "start as soon as this many workers are connected, as the others are known to be "
             "missing; 0: all"},
    {ROG_OPTION_PACE},
    {ROG_OPTION_THREADS},
    {.name = NULL},
};

const struct rog_command rog_cmd_serve = {
    .name = "serve",
    .usage = "--config FILE | --workers N --key-file FILE --out DIR [options]",
    .summary = "Run the server of a run in real time",
    .details =
        "The configuration is that of `simulate`. With --workers none is needed: the model comes "
        "from the\n"
        "workers, programs that use librog, and settings of the run are given as options. The run "
        "starts when all workers are connected. A worker that\n"
        "is disconnected reconnects by itself, and so do all workers to a server that is restarted "
        "with\n"
        "--resume. SIGINT and SIGTERM save a checkpoint and end the run without the event \"end\".",
    .options = options,
    .settings = ROG_SETTING_OPTION_OF_SERVE,
    .run = run,
};
