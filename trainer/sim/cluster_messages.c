/* SPDX-License-Identifier: Apache-2.0 */
/* Messages that arrive, handled at once or when their receiver is ready, and the dispatch of
 * events. */
#include <trainer/sim/cluster_state.h>

#include <librog/sync/message.h>

/* ---- arrivals ---- */

static int at_server(struct rog_sim_cluster *cluster, uint32_t worker, const struct rog_slot *slot,
                     struct rog_error *err)
{
    int code =
        rog_server_receive(cluster->server, worker, slot->data, slot->size, cluster->now_s, err);
    if (!code)
        code = rog_sim_take_notices(cluster, err);
    if (!code && cluster->nodes[worker].state == ROG_SIM_FINISHED)
        code = rog_sim_leave(cluster, worker, err);
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
        return rog_sim_pump(cluster, worker, ROG_SIM_UP, err);
    return rog_sim_pulled(cluster, worker, err);
}

/* Delivers a message to its receiver. */
static int handle(struct rog_sim_cluster *cluster, uint32_t worker,
                  enum rog_sim_direction direction, uint32_t index, struct rog_error *err)
{
    struct rog_sim_node *node = &cluster->nodes[worker];
    struct rog_slot slot = cluster->slots.items[index]; /* a copy: the pool may move meanwhile */
    node->link[direction].in_flight--;
    node->link[direction].bytes += slot.wire_bytes;
    cluster->result->received_bytes += slot.wire_bytes;
    int code = ROG_OK;
    if (node->state == ROG_SIM_LEFT)
        code = ROG_OK; /* a request that arrived too late */
    else if (!slot.size)
        code = direction == ROG_SIM_UP ? rog_sim_transfer_up(cluster, worker, err)
                                       : rog_sim_transferred(cluster, worker, err);
    else if (direction == ROG_SIM_UP)
        code = at_server(cluster, worker, &slot, err);
    else
        code = at_worker(cluster, worker, &slot, err);
    rog_slots_give(&cluster->slots, index);
    return code;
}

/* Handles the messages of a list of held ones, and empties the list. */
static int handle_held(struct rog_sim_cluster *cluster, uint32_t worker,
                       enum rog_sim_direction direction, struct rog_slot_list *held,
                       struct rog_error *err)
{
    struct rog_slot_list list = *held;
    *held = (struct rog_slot_list){0};
    uint32_t index;
    int code = ROG_OK;
    while (!code && rog_slots_pop(&cluster->slots, &list, &index))
        code = handle(cluster, worker, direction, index, err);
    return code;
}

/* The server handles the end of a push when the push is unpacked, and later messages after that. If
 * it handles only complete pushes, it handles nothing of a push earlier. */
static int arrived_up(struct rog_sim_cluster *cluster, uint32_t worker, uint32_t index,
                      struct rog_error *err)
{
    struct rog_sim_node *node = &cluster->nodes[worker];
    const struct rog_slot *slot = &cluster->slots.items[index];
    const struct rog_rows *rows = cluster->config->rows;
    uint32_t count = 0;
    bool is_push = false, is_first = !node->held.first;
    if (!slot->size)
        return handle(cluster, worker, ROG_SIM_UP, index, err);
    bool ends = rog_message_ends(rows, slot->data, slot->size, &count, &is_push);
    if (!node->pushes_whole && is_first &&
        (node->profile->server_unpack_s <= 0 || !ends || !is_push))
        return handle(cluster, worker, ROG_SIM_UP, index, err);
    rog_slots_append(&cluster->slots, &node->held, index);
    if (node->pushes_whole ? !ends : !is_first)
        return ROG_OK;
    double share = (double)count / rows->row_count;
    return rog_sim_give_work(cluster, worker, ROG_SIM_UNPACK,
                             share * node->profile->server_unpack_s, err);
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
    if (!node->only_waiting || !slot->size || !rog_message_is_request(slot->data, slot->size) ||
        hears_requests(node))
        return handle(cluster, worker, ROG_SIM_DOWN, index, err);
    rog_slots_append(&cluster->slots, &node->unheard, index);
    return ROG_OK;
}

static int served(struct rog_sim_cluster *cluster, const struct rog_queue_item *item,
                  struct rog_error *err)
{
    uint32_t worker;
    enum rog_sim_server_job job;
    if (!rog_sim_work_done(cluster, item, &worker, &job))
        return ROG_OK;
    int code = rog_sim_expect_work(cluster, err);
    if (code)
        return code;
    if (job == ROG_SIM_UNPACK)
        return handle_held(cluster, worker, ROG_SIM_UP, &cluster->nodes[worker].held, err);
    rog_server_hold(cluster->server, worker, false);
    return rog_sim_pump(cluster, worker, ROG_SIM_DOWN, err);
}

/* ---- events ---- */

static int do_work(struct rog_sim_cluster *cluster, const struct rog_queue_item *item,
                   struct rog_error *err)
{
    switch ((enum rog_sim_event)item->kind) {
    case ROG_SIM_COMPUTED:
        return rog_sim_computed(cluster, item->worker, err);
    case ROG_SIM_COMPRESSED:
        return rog_sim_compressed(cluster, item->worker, err);
    case ROG_SIM_DECOMPRESSED:
        return rog_sim_decompressed(cluster, item->worker, err);
    case ROG_SIM_ARRIVED_UP:
        return arrived_up(cluster, item->worker, item->slot, err);
    case ROG_SIM_ARRIVED_DOWN:
        return arrived_down(cluster, item->worker, item->slot, err);
    case ROG_SIM_SERVED:
        return served(cluster, item, err);
    case ROG_SIM_TRANSFERRED:
        return rog_sim_transferred(cluster, item->worker, err);
    case ROG_SIM_RETURNED:
        return rog_sim_returned(cluster, item->worker, err);
    default:
        return ROG_OK;
    }
}

/* Delivers held requests when the worker's thread can receive them. */
static int hear(struct rog_sim_cluster *cluster, uint32_t worker, struct rog_error *err)
{
    struct rog_sim_node *node = &cluster->nodes[worker];
    if (!node->unheard.first || !hears_requests(node))
        return ROG_OK;
    return handle_held(cluster, worker, ROG_SIM_DOWN, &node->unheard, err);
}

int rog_sim_work(struct rog_sim_cluster *cluster, const struct rog_queue_item *item,
                 struct rog_error *err)
{
    int code = do_work(cluster, item, err);
    return code ? code : hear(cluster, item->worker, err);
}

int rog_sim_work_on_air(struct rog_sim_cluster *cluster, struct rog_error *err)
{
    struct rog_medium_link link;
    if (!cluster->air.medium->advance(cluster->air.state, cluster->now_s, &link))
        return ROG_OK;
    int code = rog_sim_sent(cluster, link, err);
    return code ? code : hear(cluster, link.station, err);
}
