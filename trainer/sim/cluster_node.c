/* SPDX-License-Identifier: Apache-2.0 */
/* An iteration of a worker, from beginning to end, and a worker's departure. */
#include <trainer/sim/cluster_state.h>

#include <math.h>

#include <string.h>

#include <librog/events/iteration.h>
#include <rog/events.h>

static int64_t wire_bytes(const struct rog_sim_cluster *cluster, uint64_t bytes)
{
    return llround((double)bytes * cluster->config->wire_scale);
}

int rog_sim_leave(struct rog_sim_cluster *cluster, uint32_t worker, struct rog_error *err)
{
    struct rog_sim_node *node = &cluster->nodes[worker];
    if (node->link[ROG_SIM_UP].in_flight)
        return ROG_OK;
    struct rog_events *events = cluster->config->events;
    rog_sim_enter(cluster, node, ROG_SIM_LEFT);
    rog_sim_cut(cluster, worker, ROG_SIM_DOWN);
    rog_event_begin(events, ROG_EVENT_LEAVE, cluster->now_s, (int64_t)worker + 1);
    rog_event_string(events, "reason", "finished");
    int code = rog_event_end(events, err);
    if (code)
        return code;
    rog_server_leave(cluster->server, worker, cluster->now_s);
    return rog_sim_take_notices(cluster, err);
}

/* Returns the worker's last iteration. Recorded times end with the run from which they were
 * recorded, unless this run is limited by the clock. */
static uint32_t last_iteration(const struct rog_sim_cluster *cluster, uint32_t worker)
{
    const struct rog_times *times = &cluster->nodes[worker].times;
    bool by_times = times->count && cluster->config->run->seconds <= 0;
    return by_times ? times->count : cluster->config->iterations[worker];
}

/* Returns the sleep that brings a device that computes for computing_s to the pace of the slowest
 * device. */
static double sleep_s(const struct rog_sim_cluster *cluster, const struct rog_run_worker *profile,
                      double computing_s)
{
    double busy_s = computing_s + profile->compress_s;
    double left_s = cluster->selects ? profile->pace_rows_s - busy_s
                                     : profile->pace_s - busy_s - profile->decompress_s;
    return left_s > 0 ? left_s : 0;
}

/* Returns the recorded sleep after the local steps of an iteration; NAN if none was recorded. */
static double padding_s(const struct rog_sim_node *node, uint32_t iteration)
{
    const struct rog_times *times = &node->times;
    return times->padding_s ? times->padding_s[iteration % times->count] : (double)NAN;
}

/* Returns the time of the local steps that follow `iterations` complete iterations, with the sleep
 * after them. */
static double computing_s(const struct rog_sim_cluster *cluster, const struct rog_sim_node *node,
                          uint32_t iterations)
{
    const struct rog_times *times = &node->times;
    if (times->count)
        return times->step_s[iterations % times->count] +
               (times->padding_s ? padding_s(node, iterations) : 0);
    double steps_s = rog_worker_local_steps(node->core) * node->profile->step_s;
    return steps_s + sleep_s(cluster, node->profile, steps_s);
}

/* Describes the local steps that follow `iterations` complete iterations; the core has begun
 * them. */
static struct rog_cluster_turn turn_of(const struct rog_sim_cluster *cluster, uint32_t worker,
                                       uint32_t iterations)
{
    const struct rog_sim_node *node = &cluster->nodes[worker];
    return (struct rog_cluster_turn){.worker = worker,
                                     .iteration = iterations + 1,
                                     .steps = rog_worker_local_steps(node->core),
                                     .params = node->params};
}

/* Gives control to the code that computes for the worker. */
static int hand_over(struct rog_sim_cluster *cluster, uint32_t worker, uint32_t iterations,
                     struct rog_error *err)
{
    const struct rog_cluster_config *config = cluster->config;
    struct rog_statistics statistics;
    if (!config->begin)
        return ROG_OK;
    const struct rog_cluster_turn turn = turn_of(cluster, worker, iterations);
    rog_cluster_statistics(cluster, worker, &statistics);
    return config->begin(config->user, &turn, &statistics, err);
}

/* Begins the local steps that follow `iterations` complete iterations. */
static int begin_computing(struct rog_sim_cluster *cluster, uint32_t worker, uint32_t iterations,
                           struct rog_error *err)
{
    struct rog_sim_node *node = &cluster->nodes[worker];
    int code = rog_worker_begin(node->core, cluster->now_s, err);
    node->steps_s = computing_s(cluster, node, iterations);
    node->ahead_s = cluster->now_s + node->steps_s;
    if (!code)
        code = hand_over(cluster, worker, iterations, err);
    return code ? code : rog_sim_put(cluster, ROG_SIM_COMPUTED, node->ahead_s, worker, 0, err);
}

/* If the core rejects the values, the worker has diverged. */
static int push(struct rog_sim_cluster *cluster, uint32_t worker,
                const struct rog_worker_gradients *given, struct rog_error *err)
{
    struct rog_error why = {0};
    int code = rog_worker_push(cluster->nodes[worker].core, given, cluster->now_s, &why);
    if (!code)
        return ROG_OK;
    rog_fail_prefix(&why, "worker %u", worker + 1);
    why.code = code == ROG_EINVAL ? ROG_EFAILED : code;
    return rog_fail_again(err, &why);
}

/* Requests the result of the local steps when it is pushed, not when the steps began. The weights
 * are the same: a pull that has arrived meanwhile is kept aside. So a gradient can be written
 * directly into the push. */
static int make_push(struct rog_sim_cluster *cluster, uint32_t worker, struct rog_error *err)
{
    static const struct rog_rule nothing = {.learning_rate = 0};
    const struct rog_cluster_config *config = cluster->config;
    struct rog_sim_node *node = &cluster->nodes[worker];
    const struct rog_cluster_turn turn = turn_of(cluster, worker, node->iterations);
    bool gradients = node->params && !rog_sim_pushes_deltas(cluster);
    struct rog_cluster_work work = {.gradients = gradients ? cluster->gradients : NULL,
                                    .rules = &nothing,
                                    .rule_count = 1,
                                    .loss = (double)NAN};
    memset(cluster->gradients, 0, config->rows->tensor_count * sizeof *cluster->gradients);
    int code = config->work ? config->work(config->user, &turn, &work, err) : ROG_OK;
    if (code)
        return code;
    const struct rog_worker_gradients given = {
        .tensors = work.gradients, .rules = work.rules, .rule_count = work.rule_count};
    const struct rog_report report = {.compute_s = node->steps_s,
                                      .loss = work.loss,
                                      .energy_j =
                                          node->profile->watts_known ? node->joules : (double)NAN};
    node->loss = work.loss;
    rog_worker_measured(node->core, &report);
    return push(cluster, worker, &given, err);
}

/* Starts the push. If computing does not wait for the exchange, also begins the next iteration's
 * steps. */
static int start_push(struct rog_sim_cluster *cluster, uint32_t worker, struct rog_error *err)
{
    struct rog_sim_node *node = &cluster->nodes[worker];
    int code = ROG_OK;
    rog_sim_enter(cluster, node, ROG_SIM_PUSHING);
    node->ahead =
        rog_worker_overlaps(node->core) && node->iterations + 1 < last_iteration(cluster, worker);
    if (node->ahead)
        code = begin_computing(cluster, worker, node->iterations + 1, err);
    return code ? code : rog_sim_pump(cluster, worker, ROG_SIM_UP, err);
}

/* Ends the worker's iterations. Its last pull is merged into its model first. */
static int finish(struct rog_sim_cluster *cluster, uint32_t worker, struct rog_error *err)
{
    struct rog_sim_node *node = &cluster->nodes[worker];
    rog_worker_merge(node->core);
    rog_sim_enter(cluster, node, ROG_SIM_FINISHED);
    cluster->running--;
    int code = rog_sim_leave(cluster, worker, err);
    return code ? code : rog_sim_transfer_meet(cluster, err);
}

/* If a push may have no rows, it is made first, since a push without rows takes no time. */
static int compress(struct rog_sim_cluster *cluster, uint32_t worker, struct rog_error *err)
{
    struct rog_sim_node *node = &cluster->nodes[worker];
    struct rog_worker_status status;
    rog_sim_enter(cluster, node, ROG_SIM_COMPRESSING);
    if (cluster->may_be_silent) {
        int code = make_push(cluster, worker, err);
        if (code)
            return code;
        rog_worker_status(node->core, &status);
        if (status.silent)
            return start_push(cluster, worker, err);
        rog_worker_hold(node->core, true, cluster->now_s);
    }
    double took_s = node->profile->compress_s + (cluster->selects ? node->profile->rank_s : 0);
    return rog_sim_put(cluster, ROG_SIM_COMPRESSED, cluster->now_s + took_s, worker, 0, err);
}

/* `apart`: the iteration did not involve the core, so it has no rows. */
static int report_iteration(struct rog_sim_cluster *cluster, uint32_t worker, bool apart,
                            struct rog_error *err)
{
    const struct rog_cluster_config *config = cluster->config;
    struct rog_sim_node *node = &cluster->nodes[worker];
    struct rog_iteration row;
    rog_iteration_init(&row);
    row.rank = (int64_t)worker + 1;
    row.iteration = node->iterations;
    row.t = cluster->now_s;
    row.compute_s = node->computed_s - node->began_s;
    row.padding_s = padding_s(node, node->iterations - 1);
    if (!isnan(row.padding_s)) {
        row.padding_s = fmin(row.padding_s, row.compute_s); /* the rest was slept during the
                                                               exchange */
        row.compute_s -= row.padding_s;
    }
    const struct rog_sim_transfers *transfers = &node->transfers;
    double exchange_s = transfers->count ? transfers->over_s : node->computed_s;
    row.push_s = node->pushed_s - exchange_s + transfers->push_s;
    row.pull_s = cluster->now_s - node->admitted_s + transfers->pull_s;
    row.stall_s = node->admitted_s - node->pushed_s + transfers->stall_s;
    row.local_steps = rog_worker_local_steps(node->core);
    if (!apart)
        row.rows_total = config->rows->row_count;
    row.bytes_pushed = wire_bytes(cluster, node->link[ROG_SIM_UP].bytes);
    row.bytes_pulled = wire_bytes(cluster, node->link[ROG_SIM_DOWN].bytes);
    if (isfinite(node->loss))
        row.loss = node->loss;
    row.staleness = cluster->iterations - node->iterations + node->lagged;
    int code =
        rog_iteration_report(config->events, config->layers, apart ? NULL : node->core, &row, err);
    rog_iteration_count(&node->counted, &row);
    return code;
}

/* Ends the iteration and begins the next one. */
static int end_iteration(struct rog_sim_cluster *cluster, uint32_t worker, bool apart,
                         struct rog_error *err)
{
    struct rog_sim_node *node = &cluster->nodes[worker];
    node->iterations++;
    if (node->iterations > cluster->iterations)
        cluster->iterations = node->iterations;
    int code = report_iteration(cluster, worker, apart, err);
    node->link[ROG_SIM_UP].bytes = node->link[ROG_SIM_DOWN].bytes = 0;
    if (!node->ahead)
        rog_worker_merge(node->core);
    return code ? code : rog_sim_begin(cluster, worker, err);
}

/* Ends an iteration whose values, if any, were exchanged by transfers. */
static int end_apart(struct rog_sim_cluster *cluster, uint32_t worker,
                     const struct rog_cluster_ending *ending, struct rog_error *err)
{
    struct rog_sim_node *node = &cluster->nodes[worker];
    int code = ending->model ? rog_sim_take_model(cluster, ending->model, err) : ROG_OK;
    cluster->transfers = true;
    node->loss = ending->loss;
    node->pushed_s = node->admitted_s = cluster->now_s;
    return code ? code : end_iteration(cluster, worker, true, err);
}

/* Asks the hook how the local steps end, and continues accordingly. */
static int continue_iteration(struct rog_sim_cluster *cluster, uint32_t worker,
                              struct rog_error *err)
{
    const struct rog_cluster_config *config = cluster->config;
    const struct rog_sim_node *node = &cluster->nodes[worker];
    const struct rog_cluster_turn turn = turn_of(cluster, worker, node->iterations);
    struct rog_cluster_ending ending = {.kind = ROG_CLUSTER_PUSHES, .loss = (double)NAN};
    int code = ROG_OK;
    if (config->ended)
        code = config->ended(config->user, cluster, &turn, &ending, err);
    if (code)
        return code;
    switch (ending.kind) {
    case ROG_CLUSTER_THROUGH:
        return finish(cluster, worker, err);
    case ROG_CLUSTER_TRANSFERS:
        return rog_sim_transfer(cluster, worker, &ending, err);
    case ROG_CLUSTER_APART:
        return end_apart(cluster, worker, &ending, err);
    case ROG_CLUSTER_PUSHES:
        break;
    }
    return compress(cluster, worker, err);
}

/* Called when the local steps and the previous exchange have both ended. */
static int end_computing(struct rog_sim_cluster *cluster, uint32_t worker, struct rog_error *err)
{
    struct rog_sim_node *node = &cluster->nodes[worker];
    node->computed_s = cluster->now_s;
    node->lagged = node->ahead;
    node->ahead = node->ahead_over = false;
    node->transfers = (struct rog_sim_transfers){0};
    return continue_iteration(cluster, worker, err);
}

int rog_sim_transferred(struct rog_sim_cluster *cluster, uint32_t worker, struct rog_error *err)
{
    struct rog_sim_node *node = &cluster->nodes[worker];
    rog_sim_transfer_over(cluster, worker);
    rog_sim_enter(cluster, node, ROG_SIM_COMPUTING);
    int code = hand_over(cluster, worker, node->iterations, err);
    return code ? code : rog_sim_put(cluster, ROG_SIM_RETURNED, cluster->now_s, worker, 0, err);
}

int rog_sim_returned(struct rog_sim_cluster *cluster, uint32_t worker, struct rog_error *err)
{
    return continue_iteration(cluster, worker, err);
}

int rog_sim_begin(struct rog_sim_cluster *cluster, uint32_t worker, struct rog_error *err)
{
    struct rog_sim_node *node = &cluster->nodes[worker];
    if (node->iterations < last_iteration(cluster, worker)) {
        node->began_s = cluster->now_s;
        if (node->ahead && node->ahead_over)
            return end_computing(cluster, worker, err);
        rog_sim_enter(cluster, node, ROG_SIM_COMPUTING);
        return node->ahead ? ROG_OK : begin_computing(cluster, worker, node->iterations, err);
    }
    return finish(cluster, worker, err);
}

int rog_sim_computed(struct rog_sim_cluster *cluster, uint32_t worker, struct rog_error *err)
{
    struct rog_sim_node *node = &cluster->nodes[worker];
    if (node->ahead && cluster->now_s < node->ahead_s) /* decompressing has delayed the steps */
        return rog_sim_put(cluster, ROG_SIM_COMPUTED, node->ahead_s, worker, 0, err);
    if (node->state == ROG_SIM_COMPUTING)
        return end_computing(cluster, worker, err);
    rog_sim_meter(cluster, node);
    node->ahead_over = true;
    return ROG_OK;
}

int rog_sim_compressed(struct rog_sim_cluster *cluster, uint32_t worker, struct rog_error *err)
{
    int code = cluster->may_be_silent ? ROG_OK : make_push(cluster, worker, err);
    if (code)
        return code;
    rog_worker_hold(cluster->nodes[worker].core, false, cluster->now_s);
    return start_push(cluster, worker, err);
}

int rog_sim_pulled(struct rog_sim_cluster *cluster, uint32_t worker, struct rog_error *err)
{
    struct rog_sim_node *node = &cluster->nodes[worker];
    struct rog_worker_status status;
    rog_worker_status(node->core, &status);
    rog_sim_enter(cluster, node, ROG_SIM_DECOMPRESSING);
    double took_s = cluster->selects ? node->profile->unpack_rows_s : node->profile->decompress_s;
    if (!status.rows_pulled)
        took_s = 0;
    if (node->ahead && !node->ahead_over)
        node->ahead_s += took_s;
    return rog_sim_put(cluster, ROG_SIM_DECOMPRESSED, cluster->now_s + took_s, worker, 0, err);
}

int rog_sim_decompressed(struct rog_sim_cluster *cluster, uint32_t worker, struct rog_error *err)
{
    return end_iteration(cluster, worker, false, err);
}
