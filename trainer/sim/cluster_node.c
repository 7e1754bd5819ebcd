/* SPDX-License-Identifier: Apache-2.0 */
#include <trainer/sim/cluster_state.h>

#include <math.h>

#include <rog/events.h>
#include <trainer/sync/message.h>

static double watts(const struct rog_sim_node *node)
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
        return node->link[ROG_SIM_UP].busy ? profile->watts_communicate : profile->watts_stall;
    case ROG_SIM_FINISHED:
    case ROG_SIM_LEFT:
        return 0;
    }
    return 0;
}

void rog_sim_meter(struct rog_sim_cluster *cluster, struct rog_sim_node *node)
{
    node->joules += watts(node) * (cluster->now_s - node->metered_s);
    node->metered_s = cluster->now_s;
}

static void enter(struct rog_sim_cluster *cluster, struct rog_sim_node *node,
                  enum rog_sim_state state)
{
    rog_sim_meter(cluster, node);
    node->state = state;
}

static int64_t wire_bytes(const struct rog_sim_cluster *cluster, uint64_t bytes)
{
    return llround((double)bytes * cluster->config->wire_scale);
}

/* ---- the links ---- */

/* Sends the next message in a direction, if the link is free and there is one. */
static int pump(struct rog_sim_cluster *cluster, uint32_t worker, enum rog_sim_direction direction,
                struct rog_error *err)
{
    struct rog_sim_node *node = &cluster->nodes[worker];
    struct rog_sim_link *link = &node->link[direction];
    if (link->busy || node->state == ROG_SIM_LEFT)
        return ROG_OK;

    uint32_t index;
    int code = rog_slots_take(&cluster->slots, &index, err);
    if (code)
        return code;
    struct rog_slot *slot = &cluster->slots.items[index];
    size_t room = cluster->slots.bytes;
    slot->size = 0;
    if (direction == ROG_SIM_UP)
        code = rog_worker_send(node->core, cluster->now_s, slot->data, room, &slot->size, err);
    else
        code = rog_server_send(cluster->server, worker, cluster->now_s, slot->data, room,
                               &slot->size, err);
    if (code || !slot->size) {
        rog_slots_give(&cluster->slots, index);
        return code;
    }

    slot->wire_bytes = rog_message_wire_bytes(cluster->config->rows, slot->data, slot->size);
    double bits = 8 * (double)slot->wire_bytes * cluster->config->wire_scale;
    double offset_s = node->profile->trace_offset;
    double sent_s = rog_trace_finish(node->trace, cluster->now_s + offset_s, bits) - offset_s;
    if (sent_s < cluster->now_s)
        sent_s = cluster->now_s;
    rog_sim_meter(cluster, node);
    link->busy = true;
    link->in_flight++;
    cluster->result->sent_bytes += slot->wire_bytes;
    bool up = direction == ROG_SIM_UP;
    code = rog_sim_put(cluster, up ? ROG_SIM_SENT_UP : ROG_SIM_SENT_DOWN, sent_s, worker, 0, err);
    if (!code)
        code = rog_sim_put(cluster, up ? ROG_SIM_ARRIVED_UP : ROG_SIM_ARRIVED_DOWN,
                           sent_s + cluster->config->run->latency, worker, index, err);
    return code;
}

static int sent(struct rog_sim_cluster *cluster, uint32_t worker, enum rog_sim_direction direction,
                struct rog_error *err)
{
    rog_sim_meter(cluster, &cluster->nodes[worker]);
    cluster->nodes[worker].link[direction].busy = false;
    return pump(cluster, worker, direction, err);
}

/* ---- what the server says ---- */

static int report_stall(struct rog_sim_cluster *cluster, const struct rog_server_notice *notice,
                        struct rog_error *err)
{
    struct rog_json *blocker = rog_json_object(), *blockers = rog_json_array();
    rog_json_put_integer(blocker, "rank", (int64_t)notice->blocker + 1);
    rog_json_put_integer(blocker, "version", notice->needed);
    rog_json_append(blockers, blocker);
    struct rog_events *events = cluster->config->events;
    rog_event_begin(events, ROG_EVENT_STALL_BEGIN, cluster->now_s, (int64_t)notice->worker + 1);
    rog_event_integer(events, "iteration", notice->iteration);
    rog_event_json(events, "waits_for", blockers);
    cluster->nodes[notice->worker].stall_reported = true;
    return rog_event_end(events, err);
}

static int admitted(struct rog_sim_cluster *cluster, const struct rog_server_notice *notice,
                    struct rog_error *err)
{
    struct rog_sim_node *node = &cluster->nodes[notice->worker];
    struct rog_events *events = cluster->config->events;
    int64_t rank = (int64_t)notice->worker + 1;
    int code = ROG_OK;
    node->admitted_s = cluster->now_s;
    if (node->stall_reported) {
        node->stall_reported = false;
        rog_event_begin(events, ROG_EVENT_STALL_END, cluster->now_s, rank);
        rog_event_integer(events, "iteration", notice->iteration);
        rog_event_seconds(events, "stall_s", node->admitted_s - node->pushed_s);
        code = rog_event_end(events, err);
    }
    if (code)
        return code;
    rog_event_begin(events, ROG_EVENT_ADMIT, cluster->now_s, rank);
    rog_event_integer(events, "iteration", notice->iteration);
    rog_event_integer(events, "oldest", notice->oldest);
    rog_event_integer(events, "needed", notice->needed);
    code = rog_event_end(events, err);
    if (code)
        return code;
    enter(cluster, node, ROG_SIM_PULLING);
    return pump(cluster, notice->worker, ROG_SIM_DOWN, err);
}

static int demanded(struct rog_sim_cluster *cluster, const struct rog_server_notice *notice,
                    struct rog_error *err)
{
    struct rog_events *events = cluster->config->events;
    rog_event_begin(events, ROG_EVENT_MUST_UPDATE, cluster->now_s, (int64_t)notice->worker + 1);
    rog_event_integer(events, "rows", notice->rows);
    rog_event_integer(events, "version", notice->version);
    int code = rog_event_end(events, err);
    return code ? code : pump(cluster, notice->worker, ROG_SIM_DOWN, err);
}

static int take_notices(struct rog_sim_cluster *cluster, struct rog_error *err)
{
    struct rog_server_notice notice;
    int code = ROG_OK;
    while (!code && rog_server_notice(cluster->server, &notice)) {
        struct rog_sim_node *node = &cluster->nodes[notice.worker];
        switch (notice.kind) {
        case ROG_SERVER_PUSHED:
            node->pushed_s = cluster->now_s;
            enter(cluster, node, ROG_SIM_STALLED);
            break;
        case ROG_SERVER_STALLED:
            code = report_stall(cluster, &notice, err);
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
    return code;
}

/* ---- an iteration ---- */

/* A worker that is through leaves when what it was asked for is out. */
static int leave(struct rog_sim_cluster *cluster, uint32_t worker, struct rog_error *err)
{
    struct rog_sim_node *node = &cluster->nodes[worker];
    if (node->link[ROG_SIM_UP].in_flight)
        return ROG_OK;
    struct rog_events *events = cluster->config->events;
    enter(cluster, node, ROG_SIM_LEFT);
    rog_event_begin(events, ROG_EVENT_LEAVE, cluster->now_s, (int64_t)worker + 1);
    rog_event_string(events, "reason", "finished");
    int code = rog_event_end(events, err);
    if (code)
        return code;
    rog_server_leave(cluster->server, worker, cluster->now_s);
    return take_notices(cluster, err);
}

int rog_sim_begin(struct rog_sim_cluster *cluster, uint32_t worker, struct rog_error *err)
{
    struct rog_sim_node *node = &cluster->nodes[worker];
    if (node->iterations < cluster->config->iterations[worker]) {
        const struct rog_run_worker *profile = node->profile;
        node->began_s = cluster->now_s;
        enter(cluster, node, ROG_SIM_COMPUTING);
        return rog_sim_put(cluster, ROG_SIM_COMPUTED,
                           cluster->now_s + profile->local_steps * profile->step_s, worker, 0, err);
    }
    enter(cluster, node, ROG_SIM_FINISHED);
    cluster->running--;
    return leave(cluster, worker, err);
}

static int computed(struct rog_sim_cluster *cluster, uint32_t worker, struct rog_error *err)
{
    struct rog_sim_node *node = &cluster->nodes[worker];
    node->computed_s = cluster->now_s;
    enter(cluster, node, ROG_SIM_COMPRESSING);
    return rog_sim_put(cluster, ROG_SIM_COMPRESSED, cluster->now_s + node->profile->compress_s,
                       worker, 0, err);
}

/* The gradient is evaluated here and not when computing began: the weights are the same, and so the
 * result can go straight into the push. */
static int compressed(struct rog_sim_cluster *cluster, uint32_t worker, struct rog_error *err)
{
    const struct rog_cluster_config *config = cluster->config;
    struct rog_sim_node *node = &cluster->nodes[worker];
    const float *gradients = NULL;
    int code = ROG_OK;
    if (node->params)
        code = config->gradients(config->user, worker, node->profile->local_steps, node->params,
                                 &gradients, &node->loss, err);
    if (!code)
        code = rog_worker_push(node->core, gradients,
                               rog_run_config_learning_rate(config->run, node->iterations + 1),
                               cluster->now_s, err);
    if (code)
        return code;
    enter(cluster, node, ROG_SIM_PUSHING);
    return pump(cluster, worker, ROG_SIM_UP, err);
}

static int report_iteration(struct rog_sim_cluster *cluster, uint32_t worker, struct rog_error *err)
{
    struct rog_sim_node *node = &cluster->nodes[worker];
    struct rog_events *events = cluster->config->events;
    struct rog_worker_status status;
    rog_worker_status(node->core, &status);
    rog_event_begin(events, ROG_EVENT_ITERATION, cluster->now_s, (int64_t)worker + 1);
    rog_event_integer(events, "iteration", node->iterations);
    rog_event_seconds(events, "compute_s", node->computed_s - node->began_s);
    rog_event_seconds(events, "push_s", node->pushed_s - node->computed_s);
    rog_event_seconds(events, "pull_s", cluster->now_s - node->admitted_s);
    rog_event_seconds(events, "stall_s", node->admitted_s - node->pushed_s);
    rog_event_integer(events, "rows_pushed", status.rows_pushed);
    rog_event_integer(events, "rows_pulled", status.rows_pulled);
    rog_event_integer(events, "rows_total", cluster->config->rows->row_count);
    rog_event_integer(events, "bytes_pushed", wire_bytes(cluster, node->link[ROG_SIM_UP].bytes));
    rog_event_integer(events, "bytes_pulled", wire_bytes(cluster, node->link[ROG_SIM_DOWN].bytes));
    if (node->params)
        rog_event_number(events, "loss", node->loss);
    rog_event_integer(events, "staleness", cluster->iterations - node->iterations);
    return rog_event_end(events, err);
}

static int decompressed(struct rog_sim_cluster *cluster, uint32_t worker, struct rog_error *err)
{
    struct rog_sim_node *node = &cluster->nodes[worker];
    node->iterations++;
    if (node->iterations > cluster->iterations)
        cluster->iterations = node->iterations;
    int code = report_iteration(cluster, worker, err);
    node->link[ROG_SIM_UP].bytes = node->link[ROG_SIM_DOWN].bytes = 0;
    return code ? code : rog_sim_begin(cluster, worker, err);
}

/* ---- arrivals ---- */

static int at_server(struct rog_sim_cluster *cluster, uint32_t worker, const struct rog_slot *slot,
                     struct rog_error *err)
{
    int code =
        rog_server_receive(cluster->server, worker, slot->data, slot->size, cluster->now_s, err);
    if (!code)
        code = take_notices(cluster, err);
    if (!code && cluster->nodes[worker].state == ROG_SIM_FINISHED)
        code = leave(cluster, worker, err);
    return code;
}

static int at_worker(struct rog_sim_cluster *cluster, uint32_t worker, const struct rog_slot *slot,
                     struct rog_error *err)
{
    struct rog_sim_node *node = &cluster->nodes[worker];
    enum rog_worker_notice notice = ROG_WORKER_NOTHING;
    int code = rog_worker_receive(node->core, slot->data, slot->size, cluster->now_s, &notice, err);
    if (code || notice == ROG_WORKER_NOTHING || notice == ROG_WORKER_ADMITTED)
        return code;
    if (notice == ROG_WORKER_DEMANDED)
        return pump(cluster, worker, ROG_SIM_UP, err);
    enter(cluster, node, ROG_SIM_DECOMPRESSING);
    return rog_sim_put(cluster, ROG_SIM_DECOMPRESSED, cluster->now_s + node->profile->decompress_s,
                       worker, 0, err);
}

static int arrived(struct rog_sim_cluster *cluster, const struct rog_queue_item *item,
                   enum rog_sim_direction direction, struct rog_error *err)
{
    struct rog_sim_node *node = &cluster->nodes[item->worker];
    struct rog_slot slot = cluster->slots.items[item->slot]; /* the pool may move meanwhile */
    node->link[direction].in_flight--;
    node->link[direction].bytes += slot.wire_bytes;
    cluster->result->received_bytes += slot.wire_bytes;
    int code = ROG_OK;
    if (node->state == ROG_SIM_LEFT)
        code = ROG_OK; /* a request that came too late */
    else if (direction == ROG_SIM_UP)
        code = at_server(cluster, item->worker, &slot, err);
    else
        code = at_worker(cluster, item->worker, &slot, err);
    rog_slots_give(&cluster->slots, item->slot);
    return code;
}

int rog_sim_work(struct rog_sim_cluster *cluster, const struct rog_queue_item *item,
                 struct rog_error *err)
{
    switch ((enum rog_sim_event)item->kind) {
    case ROG_SIM_COMPUTED:
        return computed(cluster, item->worker, err);
    case ROG_SIM_COMPRESSED:
        return compressed(cluster, item->worker, err);
    case ROG_SIM_DECOMPRESSED:
        return decompressed(cluster, item->worker, err);
    case ROG_SIM_SENT_UP:
        return sent(cluster, item->worker, ROG_SIM_UP, err);
    case ROG_SIM_SENT_DOWN:
        return sent(cluster, item->worker, ROG_SIM_DOWN, err);
    case ROG_SIM_ARRIVED_UP:
        return arrived(cluster, item, ROG_SIM_UP, err);
    case ROG_SIM_ARRIVED_DOWN:
        return arrived(cluster, item, ROG_SIM_DOWN, err);
    default:
        return ROG_OK;
    }
}
