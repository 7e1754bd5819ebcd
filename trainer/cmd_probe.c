/* SPDX-License-Identifier: Apache-2.0 */
/* rog-trainer probe: measures links repeatedly, for `rogctl trace record`. */
#include <trainer/commands.h>

#include <common/probe_options.h>
#include <trainer/probe/probe.h>

static int run(const struct rog_cli *cli, struct rog_error *err)
{
    const char *listen = rog_cli_string(cli, "listen"), *server = rog_cli_string(cli, "server");
    const struct rog_probe_options options = {
        .folder = rog_cli_string(cli, "folder"),
        .address = listen ? listen : server,
        .workers = (uint32_t)rog_cli_int(cli, "workers"),
        .rank = (uint32_t)rog_cli_int(cli, "rank"),
        .seconds = rog_cli_real(cli, "seconds"),
        .period_s = rog_cli_real(cli, "period"),
        .load = rog_cli_real(cli, "load"),
        .train_s = 1e-3 * rog_cli_real(cli, "train"),
        .lease_s = rog_cli_real(cli, "lease"),
    };
    if (!options.folder || !listen == !server)
        return rog_fail(err, ROG_EINVAL,
                        "probe needs --folder DIR, and --listen [HOST]:PORT or --server HOST:PORT");
    return listen ? rog_probe_serve(&options, err) : rog_probe_work(&options, err);
}

static const struct rog_setting options[] = {
    {.name = "folder",
     .type = ROG_SETTING_STRING,
     .help = "folder with the files key and lease",
     .letter = 'f'},
    {.name = "listen", .type = ROG_SETTING_STRING, .help = "run as the server, at [HOST]:PORT"},
    {.name = "server",
     .type = ROG_SETTING_STRING,
     .help = "run as a worker of the server at HOST:PORT"},
    {.name = "workers",
     .type = ROG_SETTING_INT,
     .fallback = "1",
     .min = 1,
     .max = ROG_PROBE_MAX_WORKERS,
     .help = "server: number of workers"},
    {.name = "rank",
     .type = ROG_SETTING_INT,
     .fallback = "1",
     .min = 1,
     .max = ROG_PROBE_MAX_WORKERS,
     .help = "worker: its rank"},
    {ROG_PROBE_SECONDS, .help = "server: duration; 0: until stopped"},
    {ROG_PROBE_PERIOD, .help = "server: minimum time between two samples of all links"},
    {ROG_PROBE_LOAD, .help = "server: maximum share of the time spent sampling"},
    {ROG_PROBE_TRAIN, .help = "server: time that each end sends per sample"},
    {.name = "lease",
     .type = ROG_SETTING_REAL,
     .fallback = "600",
     .min = 1,
     .max = 1e7,
     .unit = "s",
     .help = "exit when the file lease has not been touched for this long"},
    {.name = NULL},
};

const struct rog_command rog_cmd_probe = {
    .name = "probe",
    .usage = "--folder DIR (--listen [HOST]:PORT | --server HOST:PORT --rank K)  [options]",
    .summary = "Sample the bandwidth between a server and its workers",
    .details = "Sends short trains of UDP datagrams, one at a time; DIR/samples.csv of the server "
               "has a row for each\n"
               "sample of a link. `rogctl trace record` runs it on the hosts of a cluster.",
    .options = options,
    .run = run,
};
