/* SPDX-License-Identifier: Apache-2.0 */
/* States of workers and the energy that they take, and adding events. */
#include <trainer/sim/cluster_state.h>

int rog_sim_put_at(struct rog_sim_cluster *cluster, enum rog_sim_event kind, struct rog_moment at,
                   uint32_t worker, uint32_t slot, struct rog_error *err)
{
    cluster->work += kind < ROG_SIM_WORK_KINDS;
    return rog_queue_put(
        &cluster->queue,
        (struct rog_queue_item){.at = at, .kind = kind, .worker = worker, .slot = slot}, err);
}

int rog_sim_put(struct rog_sim_cluster *cluster, enum rog_sim_event kind, double t_s,
                uint32_t worker, uint32_t slot, struct rog_error *err)
{
    struct rog_moment at = {.t_s = t_s, .order = ++cluster->order};
    return rog_sim_put_at(cluster, kind, at, worker, slot, err);
}

static double watts_of_state(const struct rog_sim_node *node)
{
    const struct rog_run_worker *profile = node->profile;
    switch (node->state) {
    case ROG_SIM_COMPUTING:
    case ROG_SIM_COMPRESSING:
    case ROG_SIM_DECOMPRESSING:
        return profile->watts_compute;
    case ROG_SIM_PUSHING:
    case ROG_SIM_PULLING:
        return profile->watts_communicate;
    case ROG_SIM_STALLED:
        return node->link[ROG_SIM_UP].queued ? profile->watts_communicate : profile->watts_stall;
    case ROG_SIM_FINISHED:
    case ROG_SIM_LEFT:
        return 0;
    }
    return 0;
}

static double watts(const struct rog_sim_node *node)
{
    const struct rog_run_worker *profile = node->profile;
    double own = watts_of_state(node);
    bool exchanges = node->state == ROG_SIM_PUSHING || node->state == ROG_SIM_STALLED ||
                     node->state == ROG_SIM_PULLING;
    if (!node->ahead || node->ahead_over || !exchanges)
        return own;
    return profile->watts_compute + (own > profile->watts_stall ? own - profile->watts_stall : 0);
}

void rog_sim_meter(struct rog_sim_cluster *cluster, struct rog_sim_node *node)
{
    node->joules += watts(node) * (cluster->now_s - node->metered_s);
    node->metered_s = cluster->now_s;
}

void rog_sim_enter(struct rog_sim_cluster *cluster, struct rog_sim_node *node,
                   enum rog_sim_state state)
{
    rog_sim_meter(cluster, node);
    node->state = state;
}

bool rog_sim_pushes_deltas(const struct rog_sim_cluster *cluster)
{
    const struct rog_contribution_config *contribution = cluster->config->contribution;
    return contribution && contribution->kind == ROG_CONTRIBUTION_DELTA;
}

/* ---- for hooks ---- */

void rog_cluster_state(struct rog_sim_cluster *cluster, uint32_t worker, uint32_t tensor,
                       float **momentum, float **update)
{
    rog_worker_state(cluster->nodes[worker].core, tensor, momentum, update);
}

void rog_cluster_statistics(const struct rog_sim_cluster *cluster, uint32_t worker,
                            struct rog_statistics *statistics)
{
    const struct rog_sim_node *node = &cluster->nodes[worker];
    *statistics = node->counted;
    statistics->t_s = cluster->now_s;
    statistics->iteration = node->iterations;
    statistics->largest_iteration = cluster->iterations;
    statistics->rows_total = cluster->config->rows->row_count;
    statistics->over = cluster->over;
}

void rog_cluster_settle(struct rog_sim_cluster *cluster, uint32_t worker)
{
    rog_worker_merge(cluster->nodes[worker].core);
}
