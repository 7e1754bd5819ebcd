/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FLEET_CLUSTER_KINDS_H
#define ROG_FLEET_CLUSTER_KINDS_H

/* The kinds of cluster that executors define, for the table of all (orchestrator/kinds.c). */

#include <orchestrator/conf/cluster_kind.h>

extern const struct rog_cluster_kind rog_virtual_cluster;
extern const struct rog_cluster_kind rog_local_cluster;
extern const struct rog_cluster_kind rog_ssh_cluster;

#endif
