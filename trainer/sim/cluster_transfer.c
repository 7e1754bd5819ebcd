/* SPDX-License-Identifier: Apache-2.0 */
/* Transfers by the code that computes for a worker: up its link, a meeting at the server, and
 * down. */
#include <trainer/sim/cluster_state.h>

#include <stdlib.h>
#include <string.h>

#include <common/memory.h>

/* Larger messages than this, 1 PiB, are rejected as mistakes. */
#define BYTES_MAX ((uint64_t)1 << 50)

static int check(const struct rog_sim_cluster *cluster, uint32_t worker,
                 const struct rog_cluster_ending *ending, struct rog_error *err)
{
    const struct rog_contribution_config *contribution = cluster->config->contribution;
    if (contribution && contribution->overlap)
        return rog_fail(err, ROG_EINVAL,
                        "worker %u transfers values of its own, which is not possible while it "
                        "computes: set overlap = false",
                        worker + 1);
    uint64_t bytes = ending->bytes_up > ending->bytes_down ? ending->bytes_up : ending->bytes_down;
    if (bytes > BYTES_MAX)
        return rog_fail(err, ROG_EINVAL, "worker %u transfers %llu bytes: at most %llu are allowed",
                        worker + 1, (unsigned long long)bytes, (unsigned long long)BYTES_MAX);
    return ROG_OK;
}

int rog_sim_transfer(struct rog_sim_cluster *cluster, uint32_t worker,
                     const struct rog_cluster_ending *ending, struct rog_error *err)
{
    struct rog_sim_node *node = &cluster->nodes[worker];
    int code = check(cluster, worker, ending, err);
    if (code)
        return code;
    cluster->transfers = true;
    node->transfers.bytes_down = ending->bytes_down;
    rog_sim_enter(cluster, node, ROG_SIM_PUSHING);
    return ending->bytes_up ? rog_sim_send_bytes(cluster, worker, ROG_SIM_UP, ending->bytes_up, err)
                            : rog_sim_transfer_up(cluster, worker, err);
}

int rog_sim_transfer_up(struct rog_sim_cluster *cluster, uint32_t worker, struct rog_error *err)
{
    struct rog_sim_node *node = &cluster->nodes[worker];
    node->pushed_s = cluster->now_s;
    node->transfers.waits = true;
    rog_sim_enter(cluster, node, ROG_SIM_STALLED);
    return rog_sim_transfer_meet(cluster, err);
}

static int answer(struct rog_sim_cluster *cluster, uint32_t worker, struct rog_error *err)
{
    struct rog_sim_node *node = &cluster->nodes[worker];
    node->admitted_s = cluster->now_s;
    node->transfers.waits = false;
    rog_sim_enter(cluster, node, ROG_SIM_PULLING);
    return node->transfers.bytes_down
               ? rog_sim_send_bytes(cluster, worker, ROG_SIM_DOWN, node->transfers.bytes_down, err)
               : rog_sim_put(cluster, ROG_SIM_TRANSFERRED, cluster->now_s, worker, 0, err);
}

int rog_sim_transfer_meet(struct rog_sim_cluster *cluster, struct rog_error *err)
{
    uint32_t here = 0;
    for (uint32_t i = 0; i < cluster->workers; i++) {
        const struct rog_sim_node *node = &cluster->nodes[i];
        if (node->state < ROG_SIM_FINISHED && !node->transfers.waits)
            return ROG_OK;
        here += node->transfers.waits;
    }
    int code = ROG_OK;
    for (uint32_t i = 0; i < cluster->workers && here && !code; i++)
        if (cluster->nodes[i].transfers.waits)
            code = answer(cluster, i, err);
    return code;
}

void rog_sim_transfer_over(struct rog_sim_cluster *cluster, uint32_t worker)
{
    struct rog_sim_node *node = &cluster->nodes[worker];
    struct rog_sim_transfers *transfers = &node->transfers;
    double began_s = transfers->count ? transfers->over_s : node->computed_s;
    transfers->push_s += node->pushed_s - began_s;
    transfers->stall_s += node->admitted_s - node->pushed_s;
    transfers->pull_s += cluster->now_s - node->admitted_s;
    transfers->over_s = cluster->now_s;
    transfers->count++;
}

int rog_sim_take_model(struct rog_sim_cluster *cluster, const float *model, struct rog_error *err)
{
    uint64_t count = cluster->config->rows->params;
    if (!cluster->handed_model)
        cluster->handed_model = rog_floats(count);
    if (!cluster->handed_model)
        return rog_fail_nomem(err);
    memcpy(cluster->handed_model, model, count * sizeof *model);
    return ROG_OK;
}
