/* SPDX-License-Identifier: Apache-2.0 */
/* Clusters of real hosts that are reached by ssh. */
#include <orchestrator/fleet/remote/remote.h>

static const struct rog_setting settings[] = {
    {.name = "ssh_config",
     .type = ROG_SETTING_STRING,
     .help = "file that ssh reads instead of ~/.ssh/config"},
    {.name = NULL},
};

const struct rog_cluster_kind rog_ssh_cluster = {
    .name = "ssh",
    .summary = "real hosts, in real time; bandwidth is replayed on their network interfaces",
    .real_time = true,
    .has_hosts = true,
    .settings = settings,
    .executor = &rog_remote_executor,
};
