/* SPDX-License-Identifier: Apache-2.0 */
/* rog-trainer host: supervises one node of a run on this host. */
#include <trainer/commands.h>

#include <stdio.h>
#include <stdlib.h>

#include <trainer/host/host.h>
#include <trainer/host/try.h>

static int try_wrapper(const char *folder, struct rog_error *err)
{
    struct rog_json *found;
    int code = rog_host_try(folder, &found, err);
    char *text = found ? rog_json_text(found) : NULL;
    if (text)
        puts(text);
    free(text);
    rog_json_free(found);
    return code;
}

static int run(const struct rog_cli *cli, struct rog_error *err)
{
    const char *folder = rog_cli_string(cli, "folder");
    if (!folder || !folder[0])
        return rog_fail(err, ROG_EINVAL, "--folder is missing: give the folder with host.json");
    if (rog_cli_flag(cli, "try"))
        return try_wrapper(folder, err);
    return rog_cli_flag(cli, "stop") ? rog_host_stop(folder, err) : rog_host_run(folder, err);
}

static const struct rog_setting options[] = {
    {.name = "folder",
     .type = ROG_SETTING_STRING,
     .help = "folder with host.json, config.json, key and lease",
     .letter = 'f'},
    {.name = "stop",
     .type = ROG_SETTING_FLAG,
     .help = "stop what runs there, restore the interface and remove the folder"},
    {.name = "try",
     .type = ROG_SETTING_FLAG,
     .help = "start the wrapper or container of host.json with nothing in it, stop it, and print "
             "problems as JSON"},
    {.name = NULL},
};

const struct rog_command rog_cmd_host = {
    .name = "host",
    .usage = "--folder DIR [--stop | --try]",
    .summary = "Run one node of a cluster on this host: replay its bandwidth, measure its energy",
    .details =
        "rogctl starts this on each host. It runs `serve` or `work` as set in host.json, replays "
        "the host's\n"
        "bandwidth, measures its energy, restarts a role that was killed, and records everything\n"
        "in the folder for rogctl to fetch. When the file lease is not touched for the time set in "
        "host.json,\n"
        "everything is stopped and the folder is removed.",
    .options = options,
    .run = run,
};
