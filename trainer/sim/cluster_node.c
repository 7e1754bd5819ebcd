/* SPDX-License-Identifier: Apache-2.0 */
#include <trainer/sim/cluster_state.h>

#include <math.h>

#include <librog/events/iteration.h>
#include <librog/sync/message.h>
#include <rog/events.h>

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
        return node->link[ROG_SIM_UP].queued ? profile->watts_communicate : profile->watts_stall;
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

/* Whether the sender may hand over one more message: when nothing is being sent, or its kernel
 * takes it. Who has a time budget wants to know what has got through, and leaves nothing to the
 * kernel. */
static bool may_send(const struct rog_sim_cluster *cluster, uint32_t worker,
                     enum rog_sim_direction direction)
{
    const struct rog_sim_node *node = &cluster->nodes[worker];
    const struct rog_sim_link *link = &node->link[direction];
    if (!link->queued)
        return true;
    if (link->queued_bytes >= node->profile->send_buffer)
        return false;
    if (direction == ROG_SIM_DOWN)
        return rog_server_budget_s(cluster->server, worker) <= 0;
    struct rog_worker_status status;
    rog_worker_status(node->core, &status);
    return status.budget_s <= 0;
}

static int next_message(struct rog_sim_cluster *cluster, uint32_t worker,
                        enum rog_sim_direction direction, struct rog_slot *slot,
                        struct rog_error *err)
{
    size_t room = cluster->slots.bytes;
    slot->size = 0;
    int code = direction == ROG_SIM_UP
                   ? rog_worker_send(cluster->nodes[worker].core, cluster->now_s, slot->data, room,
                                     &slot->size, err)
                   : rog_server_send(cluster->server, worker, cluster->now_s, slot->data, room,
                                     &slot->size, err);
    slot->wire_bytes = rog_message_wire_bytes(cluster->config->rows, slot->data, slot->size);
    return code;
}

static double link_bytes(const struct rog_sim_cluster *cluster, const struct rog_sim_node *node,
                         const struct rog_slot *slot)
{
    return (double)slot->wire_bytes * cluster->config->wire_scale *
           (1 + node->profile->packet_headers);
}

/* Puts a message behind those that are on the link already. */
static int queue_message(struct rog_sim_cluster *cluster, uint32_t worker,
                         enum rog_sim_direction direction, uint32_t index, struct rog_error *err)
{
    struct rog_sim_node *node = &cluster->nodes[worker];
    struct rog_sim_link *link = &node->link[direction];
    const struct rog_slot *slot = &cluster->slots.items[index];
    double bytes = link_bytes(cluster, node, slot), offset_s = node->profile->trace_offset;
    double begin_s = link->queued ? link->free_s : cluster->now_s;
    double sent_s = rog_trace_finish(node->trace, begin_s + offset_s, 8 * bytes) - offset_s;
    if (sent_s < begin_s)
        sent_s = begin_s;
    rog_sim_meter(cluster, node);
    link->free_s = sent_s;
    link->queued++;
    link->queued_bytes += bytes;
    link->in_flight++;
    cluster->result->sent_bytes += slot->wire_bytes;
    bool up = direction == ROG_SIM_UP;
    int code =
        rog_sim_put(cluster, up ? ROG_SIM_SENT_UP : ROG_SIM_SENT_DOWN, sent_s, worker, index, err);
    if (!code)
        code = rog_sim_put(cluster, up ? ROG_SIM_ARRIVED_UP : ROG_SIM_ARRIVED_DOWN,
                           sent_s + cluster->config->run->latency, worker, index, err);
    return code;
}

/* Hands over messages in a direction as long as there are any and the sender may. */
static int pump(struct rog_sim_cluster *cluster, uint32_t worker, enum rog_sim_direction direction,
                struct rog_error *err)
{
    int code = ROG_OK;
    while (!code && cluster->nodes[worker].state != ROG_SIM_LEFT &&
           may_send(cluster, worker, direction)) {
        uint32_t index;
        code = rog_slots_take(&cluster->slots, &index, err);
        if (code)
            break;
        code = next_message(cluster, worker, direction, &cluster->slots.items[index], err);
        if (code || !cluster->slots.items[index].size) {
            rog_slots_give(&cluster->slots, index);
            break;
        }
        code = queue_message(cluster, worker, direction, index, err);
    }
    return code;
}

static int sent(struct rog_sim_cluster *cluster, const struct rog_queue_item *item,
                enum rog_sim_direction direction, struct rog_error *err)
{
    struct rog_sim_node *node = &cluster->nodes[item->worker];
    struct rog_sim_link *link = &node->link[direction];
    rog_sim_meter(cluster, node);
    link->queued--;
    link->queued_bytes -= link_bytes(cluster, node, &cluster->slots.items[item->slot]);
    if (!link->queued)
        link->queued_bytes = 0;
    return pump(cluster, item->worker, direction, err);
}

/* ---- the server's processor ---- */

enum server_job { UNPACK, MAKE_PULL, SERVER_JOBS };

/* The end of the job that is done next is put in as an event; an earlier one of these does not hold
 * any more and is known by its turn. */
static int expect_service(struct rog_sim_cluster *cluster, struct rog_error *err)
{
    double end_s;
    if (!rog_processor_next(&cluster->processor, &end_s))
        return ROG_OK;
    if (end_s < cluster->now_s)
        end_s = cluster->now_s;
    return rog_sim_put(cluster, ROG_SIM_SERVED, end_s, 0, cluster->processor.turn, err);
}

static int give_work(struct rog_sim_cluster *cluster, uint32_t worker, enum server_job job,
                     double work_s, struct rog_error *err)
{
    int code = rog_processor_add(&cluster->processor, cluster->now_s, worker * SERVER_JOBS + job,
                                 work_s, err);
    return code ? code : expect_service(cluster, err);
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
    double work_s = node->profile->server_compress_s;
    if (cluster->selects)
        work_s += node->profile->server_rank_s;
    if (work_s <= 0)
        return pump(cluster, notice->worker, ROG_SIM_DOWN, err);
    rog_server_hold(cluster->server, notice->worker, true);
    return give_work(cluster, notice->worker, MAKE_PULL, work_s, err);
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

/* Recorded times end with the run they were recorded of, unless the clock ends this one. */
static uint32_t last_iteration(const struct rog_sim_cluster *cluster, uint32_t worker)
{
    const struct rog_times *times = &cluster->nodes[worker].times;
    bool by_times = times->count && cluster->config->run->seconds <= 0;
    return by_times ? times->count : cluster->config->iterations[worker];
}

/* What brings a device to the pace of the slowest one. */
static double sleep_s(const struct rog_sim_cluster *cluster, const struct rog_run_worker *profile)
{
    double busy_s = profile->local_steps * profile->step_s + profile->compress_s;
    double left_s = cluster->selects ? profile->pace_rows_s - busy_s
                                     : profile->pace_s - busy_s - profile->decompress_s;
    return left_s > 0 ? left_s : 0;
}

int rog_sim_begin(struct rog_sim_cluster *cluster, uint32_t worker, struct rog_error *err)
{
    struct rog_sim_node *node = &cluster->nodes[worker];
    if (node->iterations < last_iteration(cluster, worker)) {
        const struct rog_run_worker *profile = node->profile;
        node->began_s = cluster->now_s;
        enter(cluster, node, ROG_SIM_COMPUTING);
        double took_s = node->times.count
                            ? node->times.step_s[node->iterations % node->times.count]
                            : profile->local_steps * profile->step_s + sleep_s(cluster, profile);
        return rog_sim_put(cluster, ROG_SIM_COMPUTED, cluster->now_s + took_s, worker, 0, err);
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
    double took_s = node->profile->compress_s + (cluster->selects ? node->profile->rank_s : 0);
    return rog_sim_put(cluster, ROG_SIM_COMPRESSED, cluster->now_s + took_s, worker, 0, err);
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
    const struct rog_cluster_config *config = cluster->config;
    const struct rog_sim_node *node = &cluster->nodes[worker];
    struct rog_iteration row;
    rog_iteration_init(&row);
    row.rank = (int64_t)worker + 1;
    row.iteration = node->iterations;
    row.t = cluster->now_s;
    row.compute_s = node->computed_s - node->began_s;
    row.push_s = node->pushed_s - node->computed_s;
    row.pull_s = cluster->now_s - node->admitted_s;
    row.stall_s = node->admitted_s - node->pushed_s;
    row.rows_total = config->rows->row_count;
    row.bytes_pushed = wire_bytes(cluster, node->link[ROG_SIM_UP].bytes);
    row.bytes_pulled = wire_bytes(cluster, node->link[ROG_SIM_DOWN].bytes);
    if (node->params)
        row.loss = node->loss;
    row.staleness = cluster->iterations - node->iterations;
    return rog_iteration_report(config->events, config->layers, node->core, &row, err);
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
    double took_s = cluster->selects ? node->profile->unpack_rows_s : node->profile->decompress_s;
    return rog_sim_put(cluster, ROG_SIM_DECOMPRESSED, cluster->now_s + took_s, worker, 0, err);
}

/* A message is handled where it was going. */
static int handle(struct rog_sim_cluster *cluster, uint32_t worker,
                  enum rog_sim_direction direction, uint32_t index, struct rog_error *err)
{
    struct rog_sim_node *node = &cluster->nodes[worker];
    struct rog_slot slot = cluster->slots.items[index]; /* the pool may move meanwhile */
    node->link[direction].in_flight--;
    node->link[direction].bytes += slot.wire_bytes;
    cluster->result->received_bytes += slot.wire_bytes;
    int code = ROG_OK;
    if (node->state == ROG_SIM_LEFT)
        code = ROG_OK; /* a request that came too late */
    else if (direction == ROG_SIM_UP)
        code = at_server(cluster, worker, &slot, err);
    else
        code = at_worker(cluster, worker, &slot, err);
    rog_slots_give(&cluster->slots, index);
    return code;
}

/* Appends a message to a list of held ones. */
static void hold(struct rog_sim_cluster *cluster, uint32_t *first, uint32_t *last, uint32_t index)
{
    cluster->slots.items[index].next_held = 0;
    if (*first)
        cluster->slots.items[*last - 1].next_held = index + 1;
    else
        *first = index + 1;
    *last = index + 1;
}

/* Handles the messages of a list of held ones, from `next` on. */
static int handle_held(struct rog_sim_cluster *cluster, uint32_t worker,
                       enum rog_sim_direction direction, uint32_t next, struct rog_error *err)
{
    int code = ROG_OK;
    while (next && !code) {
        uint32_t index = next - 1;
        next = cluster->slots.items[index].next_held;
        code = handle(cluster, worker, direction, index, err);
    }
    return code;
}

/* The end of a push is heard of when the push is unpacked, and what comes behind it after that. */
static int arrived_up(struct rog_sim_cluster *cluster, uint32_t worker, uint32_t index,
                      struct rog_error *err)
{
    struct rog_sim_node *node = &cluster->nodes[worker];
    const struct rog_slot *slot = &cluster->slots.items[index];
    const struct rog_rows *rows = cluster->config->rows;
    uint32_t count = 0;
    bool is_first = !node->held_first;
    if (is_first && (node->profile->server_unpack_s <= 0 ||
                     !rog_message_ends_push(rows, slot->data, slot->size, &count)))
        return handle(cluster, worker, ROG_SIM_UP, index, err);
    hold(cluster, &node->held_first, &node->held_last, index);
    if (!is_first)
        return ROG_OK;
    double share = (double)count / rows->row_count;
    return give_work(cluster, worker, UNPACK, share * node->profile->server_unpack_s, err);
}

static bool hears_requests(const struct rog_sim_node *node)
{
    struct rog_worker_status status;
    rog_worker_status(node->core, &status);
    return status.waiting && !status.pushing;
}

static int arrived_down(struct rog_sim_cluster *cluster, uint32_t worker, uint32_t index,
                        struct rog_error *err)
{
    struct rog_sim_node *node = &cluster->nodes[worker];
    const struct rog_slot *slot = &cluster->slots.items[index];
    if (!node->only_waiting || !rog_message_is_request(slot->data, slot->size) ||
        hears_requests(node))
        return handle(cluster, worker, ROG_SIM_DOWN, index, err);
    hold(cluster, &node->unheard_first, &node->unheard_last, index);
    return ROG_OK;
}

static int unpacked(struct rog_sim_cluster *cluster, uint32_t worker, struct rog_error *err)
{
    struct rog_sim_node *node = &cluster->nodes[worker];
    uint32_t first = node->held_first;
    node->held_first = node->held_last = 0;
    return handle_held(cluster, worker, ROG_SIM_UP, first, err);
}

static int served(struct rog_sim_cluster *cluster, const struct rog_queue_item *item,
                  struct rog_error *err)
{
    if (item->slot != cluster->processor.turn)
        return ROG_OK;
    uint32_t owner = rog_processor_take(&cluster->processor, cluster->now_s);
    uint32_t worker = owner / SERVER_JOBS;
    int code = expect_service(cluster, err);
    if (code)
        return code;
    if (owner % SERVER_JOBS == UNPACK)
        return unpacked(cluster, worker, err);
    rog_server_hold(cluster->server, worker, false);
    return pump(cluster, worker, ROG_SIM_DOWN, err);
}

static int do_work(struct rog_sim_cluster *cluster, const struct rog_queue_item *item,
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
        return sent(cluster, item, ROG_SIM_UP, err);
    case ROG_SIM_SENT_DOWN:
        return sent(cluster, item, ROG_SIM_DOWN, err);
    case ROG_SIM_ARRIVED_UP:
        return arrived_up(cluster, item->worker, item->slot, err);
    case ROG_SIM_ARRIVED_DOWN:
        return arrived_down(cluster, item->worker, item->slot, err);
    case ROG_SIM_SERVED:
        return served(cluster, item, err);
    default:
        return ROG_OK;
    }
}

int rog_sim_work(struct rog_sim_cluster *cluster, const struct rog_queue_item *item,
                 struct rog_error *err)
{
    int code = do_work(cluster, item, err);
    struct rog_sim_node *node = &cluster->nodes[item->worker];
    if (code || !node->unheard_first || !hears_requests(node))
        return code;
    uint32_t first = node->unheard_first;
    node->unheard_first = node->unheard_last = 0;
    return handle_held(cluster, item->worker, ROG_SIM_DOWN, first, err);
}
