/* SPDX-License-Identifier: Apache-2.0 */
/* Defines the kind of cluster whose hosts are reached by ssh. */
#include <orchestrator/fleet/cluster_kinds.h>
#include <orchestrator/fleet/remote/remote.h>
#include <orchestrator/ssh/ssh.h>

static const struct rog_setting settings[] = {
    {.name = "ssh_config",
     .type = ROG_SETTING_STRING,
     .help = "file that ssh reads instead of ~/.ssh/config",
     .flags = ROG_SETTING_PATH},
    {.name = NULL},
};

static int connect_host(struct rog_connection **connection,
                        const struct rog_connect_options *options, struct rog_error *err)
{
    const struct rog_ssh_options ssh = {
        .host = options->host,
        .user = rog_json_get_string(options->host_settings, "user", NULL),
        .config = rog_json_get_string(options->kind_settings, "ssh_config", NULL),
        .timeout_s = options->timeout_s,
        .ask = options->ask,
        .ask_user = options->ask_user,
        .stopped = options->stopped,
        .stopped_user = options->stopped_user,
    };
    return rog_ssh_connect(connection, &ssh, err);
}

const struct rog_cluster_kind rog_ssh_cluster = {
    .name = "ssh",
    .summary = "real hosts, in real time; bandwidth is replayed on their network interfaces",
    .real_time = true,
    .has_hosts = true,
    .settings = settings,
    .executor = &rog_remote_executor,
    .connect = connect_host,
};
