/* SPDX-License-Identifier: Apache-2.0 */
/* rogctl lab: creates and removes a cluster of network namespaces. */
#include <orchestrator/commands.h>

#include <common/meant.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <orchestrator/lab/lab.h>

static int print_json(struct rog_json *json, struct rog_error *err)
{
    char *text = rog_json_text(json);
    rog_json_free(json);
    if (!text)
        return rog_fail_nomem(err);
    printf("%s\n", text);
    free(text);
    return ROG_OK;
}

static int up(const struct rog_cli *cli, struct rog_error *err)
{
    unsigned workers = (unsigned)rog_cli_int(cli, "workers");
    int code = rog_lab_up(workers, err);
    if (code)
        return code;
    if (rog_cli_flag(cli, "json")) {
        struct rog_json *json = rog_json_object();
        rog_json_put_string(json, "cluster", ROG_LAB_CLUSTER);
        rog_json_put_string(json, "ssh_config", ROG_LAB_SSH_CONFIG);
        rog_json_put_integer(json, "workers", workers);
        return print_json(json, err);
    }
    if (!rog_cli_flag(cli, "quiet"))
        printf("A server and %u workers are up; ssh -F %s roglab0 is the server.\n", workers,
               ROG_LAB_SSH_CONFIG);
    printf("%s\n", ROG_LAB_CLUSTER);
    return ROG_OK;
}

static int down(const struct rog_cli *cli, struct rog_error *err)
{
    bool found = false;
    int code = rog_lab_down(&found, err);
    if (!code && rog_cli_flag(cli, "json")) {
        struct rog_json *json = rog_json_object();
        rog_json_put_bool(json, "removed", found);
        return print_json(json, err);
    }
    if (!code && !rog_cli_flag(cli, "quiet"))
        printf("%s\n", found ? "the lab was removed" : "there was no lab");
    return code;
}

static int status(const struct rog_cli *cli, struct rog_error *err)
{
    struct rog_lab_status *lab = calloc(1, sizeof *lab);
    if (!lab)
        return rog_fail_nomem(err);
    int code = rog_lab_status(lab, err);
    struct rog_json *hosts = rog_json_array();
    bool json = rog_cli_flag(cli, "json");
    for (unsigned i = 0; i < lab->count && !code; i++) {
        const struct rog_lab_host *host = &lab->host[i];
        struct rog_json *row = rog_json_object();
        rog_json_put_string(row, "namespace", host->space);
        rog_json_put_string(row, "role", host->number ? "worker" : "server");
        rog_json_put_integer(row, "rank", host->number);
        rog_json_put_string(row, "address", host->address);
        rog_json_put_integer(row, "sshd", host->sshd);
        rog_json_append(hosts, row);
        if (!json)
            printf("%-10s  %-6s  %-15s  sshd %ld%s\n", host->space,
                   host->number ? "worker" : "server", host->address, (long)host->sshd,
                   host->sshd ? "" : " (does not run)");
    }
    if (!code && json) {
        struct rog_json *result = rog_json_object();
        rog_json_put_bool(result, "complete", lab->complete);
        rog_json_put(result, "hosts", rog_json_copy(hosts));
        code = print_json(result, err);
    } else if (!code && !lab->count) {
        code = rog_fail(err, ROG_ENOTFOUND, "there is no lab; `rogctl lab up` creates one");
    } else if (!code && !lab->complete) {
        code = rog_fail(
            err, ROG_EFAILED,
            "the lab is incomplete; `rogctl lab up` rebuilds it, `rogctl lab down` removes it");
    }
    rog_json_free(hosts);
    free(lab);
    return code;
}

static int run(const struct rog_cli *cli, struct rog_error *err)
{
    char meant[ROG_MEANT_BYTES];
    static const struct {
        const char *name;
        int (*run)(const struct rog_cli *cli, struct rog_error *err);
    } verbs[] = {{"up", up}, {"down", down}, {"status", status}};
    const char *verb = rog_cli_arg(cli, 0);
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        if (strcmp(verb, verbs[i].name) == 0)
            return verbs[i].run(cli, err);
    return rog_fail(err, ROG_EINVAL, "lab must be followed by up, down or status (found %s)%s",
                    verb, rog_meant_choice(verb, "up|down|status", meant));
}

static const struct rog_setting options[] = {
    {.name = "workers",
     .type = ROG_SETTING_INT,
     .fallback = "4",
     .min = 1,
     .max = ROG_LAB_MAX_WORKERS,
     .unit = "workers",
     .help = "number of workers"},
    {.name = NULL},
};

const struct rog_command rog_cmd_lab = {
    .name = "lab",
    .usage = "up|down|status [--workers N]",
    .summary = "Build a cluster of kind ssh from network namespaces on this machine",
    .details = "up creates a server and N workers, each a network namespace with a real sshd, and "
               "prints the\n"
               "path of the cluster file as its last line; --cluster lab means that file. down "
               "removes everything,\n"
               "even after a crash. Needs root and sshd (package openssh-server).",
    .options = options,
    .min_args = 1,
    .max_args = 1,
    .run = run,
};
