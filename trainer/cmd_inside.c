/* SPDX-License-Identifier: Apache-2.0 */
/* rog-trainer inside: has the role as its child, behind a wrapper. */
#include <trainer/commands.h>

#include <trainer/host/inside.h>

static int run(const struct rog_cli *cli, struct rog_error *err)
{
    const char *folder = rog_cli_string(cli, "folder");
    if (!folder || !folder[0])
        return rog_fail(err, ROG_EINVAL, "--folder is missing: where is the host's host.json?");
    return rog_cli_flag(cli, "try")
               ? rog_host_inside_try(folder, err)
               : rog_host_inside(folder, (uint32_t)rog_cli_int(cli, "start"), err);
}

static const struct rog_setting options[] = {
    {.name = "folder",
     .type = ROG_SETTING_STRING,
     .help = "where host.json, config.json and key are",
     .letter = 'f'},
    {.name = "start",
     .type = ROG_SETTING_INT,
     .fallback = "0",
     .max = 1e6,
     .help = "how often the role has been started before"},
    {.name = "try", .type = ROG_SETTING_FLAG, .help = "start nothing, wait for the end"},
    {.name = NULL},
};

const struct rog_command rog_cmd_inside = {
    .name = "inside",
    .usage = "--folder DIR [--start N | --try]",
    .summary = "Run the server or worker of a host inside its wrapper or container",
    .details = "What `rog-trainer host` has a wrapper or container start. It runs `serve` or "
               "`work`, and ends it with\nall that it has started when the supervisor says so or "
               "is dead.",
    .options = options,
    .run = run,
};
