/* SPDX-License-Identifier: Apache-2.0 */
/* rog-trainer inside: runs the role as its child, behind a wrapper. */
#include <trainer/commands.h>

#include <trainer/host/inside.h>

static int run(const struct rog_cli *cli, struct rog_error *err)
{
    const char *folder = rog_cli_string(cli, "folder");
    if (!folder || !folder[0])
        return rog_fail(err, ROG_EINVAL, "--folder is missing: give the folder with host.json");
    return rog_cli_flag(cli, "try")
               ? rog_host_inside_try(folder, err)
               : rog_host_inside(folder, (uint32_t)rog_cli_int(cli, "start"), err);
}

static const struct rog_setting options[] = {
    {.name = "folder",
     .type = ROG_SETTING_STRING,
     .help = "folder with host.json, config.json and key",
     .letter = 'f'},
    {.name = "start",
     .type = ROG_SETTING_INT,
     .fallback = "0",
     .max = 1e6,
     .help = "number of previous starts of the role"},
    {.name = "try", .type = ROG_SETTING_FLAG, .help = "start nothing and wait to be stopped"},
    {.name = NULL},
};

const struct rog_command rog_cmd_inside = {
    .name = "inside",
    .usage = "--folder DIR [--start N | --try]",
    .summary = "Run the server or worker of a host inside its wrapper or container",
    .details = "`rog-trainer host` has a wrapper or container start this. It runs `serve` or "
               "`work`, and stops it with\n"
               "all its descendants when the supervisor says so or has died.",
    .options = options,
    .run = run,
};
