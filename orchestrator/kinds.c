/* SPDX-License-Identifier: Apache-2.0 */
/* Table of the kinds of cluster. Each kind is defined in the file of its executor, or by what
 * provides its agents. */
#include <orchestrator/kinds.h>

#include <orchestrator/fleet/cluster_kinds.h>
#include <orchestrator/pool/slurm/settings.h>

const struct rog_cluster_kind *const rog_cluster_kinds[] = {
    &rog_virtual_cluster, &rog_local_cluster, &rog_ssh_cluster, &rog_slurm_cluster, NULL,
};
