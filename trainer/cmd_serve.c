/* SPDX-License-Identifier: Apache-2.0 */
#include <trainer/commands.h>

#include <string.h>

#include <trainer/net/serve.h>
#include <trainer/pretrain.h>

static int run(const struct rog_cli *cli, struct rog_error *err)
{
    struct rog_run_config *config = NULL;
    struct rog_pretrained start = {0};
    struct rog_secret *secret = NULL;
    struct rog_serve_options options = {
        .listen = rog_cli_string(cli, "listen"),
        .port_file = rog_cli_string(cli, "port-file"),
        .out_dir = rog_cli_string(cli, "out"),
        .resume = rog_cli_flag(cli, "resume"),
        .pace = rog_cli_flag(cli, "pace"),
        .worker_timeout_s = rog_cli_real(cli, "worker-timeout"),
        .join_timeout_s = rog_cli_real(cli, "join-timeout"),
    };
    if (!rog_cli_given(cli, "config") || !options.out_dir || !rog_cli_given(cli, "key-file"))
        return rog_fail(err, ROG_EINVAL,
                        "serve needs --config FILE, --key-file FILE and --out DIR");
    int code = rog_command_config(cli, &config, err);
    if (!code)
        code = rog_secret_read(&secret, rog_cli_string(cli, "key-file"), err);
    if (code)
        goto out;
    rog_command_threads(cli, rog_processors());
    if (strcmp(config->workload, "none") != 0) {
        code = rog_pretrain_ensure(config, NULL, NULL, &start, err);
        options.start_model = start.path;
    }
    options.secret = secret;
    if (!code)
        code = rog_serve(config, &options, err);
out:
    rog_secret_free(secret);
    rog_pretrained_release(&start);
    rog_run_config_free(config);
    return code;
}

static const struct rog_setting options[] = {
    {ROG_OPTION_CONFIG},
    {ROG_OPTION_KEY},
    {.name = "out",
     .type = ROG_SETTING_STRING,
     .help = "folder for events.jsonl, chkpt/ and server.json; made if missing",
     .letter = 'o'},
    {.name = "listen",
     .type = ROG_SETTING_STRING,
     .fallback = ":0",
     .help = "address to listen on, [HOST]:PORT; port 0: any free one"},
    {.name = "port-file",
     .type = ROG_SETTING_STRING,
     .help = "write the port to this file when workers can come"},
    {.name = "resume", .type = ROG_SETTING_FLAG, .help = "go on from the last checkpoint in --out"},
    {.name = "worker-timeout",
     .type = ROG_SETTING_REAL,
     .fallback = "60",
     .min = 0.1,
     .max = 1e6,
     .unit = "s",
     .help = "a worker that is not heard of for so long is not waited for"},
    {.name = "join-timeout",
     .type = ROG_SETTING_REAL,
     .fallback = "300",
     .min = 0.1,
     .max = 1e6,
     .unit = "s",
     .help = "end the run when workers do not come, or nobody is there, for so long"},
    {ROG_OPTION_PACE},
    {ROG_OPTION_THREADS},
    {.name = NULL},
};

const struct rog_command rog_cmd_serve = {
    .name = "serve",
    .usage = "--config FILE --key-file FILE --out DIR [options]",
    .summary = "Be the parameter server of a run on real hosts",
    .details =
        "The configuration is that of `simulate`. The run begins when all workers are there. "
        "A worker that\ngoes away comes back by itself, and so do all workers to a server "
        "that is started again with\n--resume. SIGINT and SIGTERM save a checkpoint and end "
        "the run without the event \"end\".",
    .options = options,
    .run = run,
};
