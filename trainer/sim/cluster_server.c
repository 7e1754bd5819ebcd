/* SPDX-License-Identifier: Apache-2.0 */
/* The server's processor, and the server's notices: who stalls, who is admitted, which rows it
 * demands. */
#include <trainer/sim/cluster_state.h>

#include <math.h>

#include <librog/events/notices.h>

/* ---- the processor ---- */

/* Adds an event for the end of the next job. Earlier such events are no longer valid, and are
 * recognized by the processor's `change`. */
int rog_sim_expect_work(struct rog_sim_cluster *cluster, struct rog_error *err)
{
    double end_s;
    if (!rog_processor_next(&cluster->processor, &end_s))
        return ROG_OK;
    if (end_s < cluster->now_s)
        end_s = cluster->now_s;
    return rog_sim_put(cluster, ROG_SIM_SERVED, end_s, 0, cluster->processor.change, err);
}

int rog_sim_give_work(struct rog_sim_cluster *cluster, uint32_t worker, enum rog_sim_server_job job,
                      double work_s, struct rog_error *err)
{
    int code = rog_processor_add(&cluster->processor, cluster->now_s,
                                 worker * ROG_SIM_SERVER_JOBS + job, work_s, err);
    return code ? code : rog_sim_expect_work(cluster, err);
}

bool rog_sim_work_done(struct rog_sim_cluster *cluster, const struct rog_queue_item *item,
                       uint32_t *worker, enum rog_sim_server_job *job)
{
    if (item->slot != cluster->processor.change)
        return false;
    uint32_t owner = rog_processor_take(&cluster->processor, cluster->now_s);
    *worker = owner / ROG_SIM_SERVER_JOBS;
    *job = owner % ROG_SIM_SERVER_JOBS;
    return true;
}

/* ---- notices of the server ---- */

static int stalled(struct rog_sim_cluster *cluster, const struct rog_server_notice *notice,
                   struct rog_error *err)
{
    cluster->nodes[notice->worker].stall_reported = true;
    int code = rog_stall_report(cluster->config->events, notice, err);
    /* Requests that had to wait for the stall can be sent now. */
    return code ? code : rog_sim_pump(cluster, notice->worker, ROG_SIM_DOWN, err);
}

static int admitted(struct rog_sim_cluster *cluster, const struct rog_server_notice *notice,
                    struct rog_error *err)
{
    struct rog_sim_node *node = &cluster->nodes[notice->worker];
    double stall_s = node->stall_reported ? cluster->now_s - node->pushed_s : (double)NAN;
    int code = rog_admit_report(cluster->config->events, notice, stall_s, err);
    if (code)
        return code;
    node->admitted_s = cluster->now_s;
    node->stall_reported = false;
    rog_sim_enter(cluster, node, ROG_SIM_PULLING);
    double work_s = node->profile->server_compress_s;
    if (cluster->selects)
        work_s += node->profile->server_rank_s;
    bool silent = false;
    if (work_s > 0 && cluster->may_be_silent)
        code = rog_server_plan_pull(cluster->server, notice->worker, cluster->now_s, &silent, err);
    if (code)
        return code;
    if (work_s <= 0 || silent)
        return rog_sim_pump(cluster, notice->worker, ROG_SIM_DOWN, err);
    rog_server_hold(cluster->server, notice->worker, true);
    return rog_sim_give_work(cluster, notice->worker, ROG_SIM_MAKE_PULL, work_s, err);
}

static int demanded(struct rog_sim_cluster *cluster, const struct rog_server_notice *notice,
                    struct rog_error *err)
{
    int code = rog_demand_report(cluster->config->events, notice, err);
    return code ? code : rog_sim_pump(cluster, notice->worker, ROG_SIM_DOWN, err);
}

int rog_sim_take_notices(struct rog_sim_cluster *cluster, struct rog_error *err)
{
    struct rog_server_notice notice;
    int code = ROG_OK;
    if (cluster->taking_notices)
        return ROG_OK;
    cluster->taking_notices = true;
    while (!code && rog_server_notice(cluster->server, &notice)) {
        struct rog_sim_node *node = &cluster->nodes[notice.worker];
        switch (notice.kind) {
        case ROG_SERVER_PUSHED:
            node->pushed_s = cluster->now_s;
            rog_sim_enter(cluster, node, ROG_SIM_STALLED);
            break;
        case ROG_SERVER_STALLED:
            code = stalled(cluster, &notice, err);
            break;
        case ROG_SERVER_ADMITTED:
            code = admitted(cluster, &notice, err);
            break;
        case ROG_SERVER_DEMANDED:
            code = demanded(cluster, &notice, err);
            break;
        case ROG_SERVER_PUSH_BEGUN:
        case ROG_SERVER_PULL_SENT:
            break;
        }
    }
    cluster->taking_notices = false;
    return code;
}
