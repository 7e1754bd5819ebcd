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
        return rog_fail(err, ROG_EINVAL, "--folder is missing: where is the host's host.json?");
    if (rog_cli_flag(cli, "try"))
        return try_wrapper(folder, err);
    return rog_cli_flag(cli, "stop") ? rog_host_stop(folder, err) : rog_host_run(folder, err);
}

static const struct rog_setting options[] = {
    {.name = "folder",
     .type = ROG_SETTING_STRING,
     .help = "where host.json, config.json, key and lease are",
     .letter = 'f'},
    {.name = "stop",
     .type = ROG_SETTING_FLAG,
     .help = "end what runs there, put the interface back and remove the folder"},
    {.name = "try",
     .type = ROG_SETTING_FLAG,
     .help = "start the wrapper or container of host.json with nothing in it, end it, and print "
             "what is wrong, as JSON"},
    {.name = NULL},
};

const struct rog_command rog_cmd_host = {
    .name = "host",
    .usage = "--folder DIR [--stop | --try]",
    .summary = "Run one node of a cluster on this host, with its bandwidth and its energy",
    .details =
        "What rogctl starts on each host. It runs `serve` or `work` as host.json says, replays the "
        "host's\nbandwidth, measures its energy, starts a role again that was killed, and leaves "
        "all that happened\nin the folder for rogctl to fetch. When nobody touches the file lease "
        "for the time that host.json\nsays, everything is stopped and the folder removed.",
    .options = options,
    .run = run,
};
