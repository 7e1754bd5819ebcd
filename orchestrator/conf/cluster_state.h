/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_CONF_CLUSTER_STATE_H
#define ROG_CONF_CLUSTER_STATE_H

/* State of reading a cluster file, shared by cluster.c and cluster_workers.c. */

#include <stdbool.h>
#include <string.h>

#include <orchestrator/conf/cluster.h>
#include <orchestrator/conf/file.h>

#define ROG_CLUSTER_WORKER_DEFAULTS "worker_defaults"

struct rog_cluster_reader {
    struct rog_cluster *cluster;
    const struct rog_cluster_kind *const *kinds;
    const struct rog_conf_node *root, *profiles;
    struct rog_conf_node *own_profiles;   /* from the file that `profiles` names; NULL: none */
    const struct rog_conf_node *defaults; /* worker_defaults; NULL: not given */
    bool is_shipped; /* an installed file: its profile was not chosen by the user */
};

/* Settings that belong to each host, in which ranges are allowed. */
static inline bool rog_cluster_is_name(const struct rog_conf_node *node)
{
    return strcmp(node->name, "host") == 0 || strcmp(node->name, "address") == 0;
}

/* In cluster.c. ROG_EINVAL if the setting belongs to other kinds. */
int rog_cluster_check_use(const struct rog_cluster_reader *reader, const struct rog_conf_node *node,
                          struct rog_error *err);
/* Checks a member against a table and rog_cluster_host_settings. */
int rog_cluster_check_host_member(const struct rog_conf_node *node, const struct rog_setting *table,
                                  struct rog_error *err);
/* Adds the settings of the table that `node` has and `made` lacks. Their paths are relative to the
 * node's file. */
int rog_cluster_take_settings(const struct rog_conf_node *node, const struct rog_setting *table,
                              struct rog_json *made, struct rog_error *err);

/* In cluster_workers.c. Sets `workers` and `assumed` of the cluster. */
int rog_cluster_take_workers(struct rog_cluster_reader *reader, struct rog_error *err);

#endif
