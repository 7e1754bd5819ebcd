/* SPDX-License-Identifier: Apache-2.0 */
/* Messages from a sender to the end of their link: when they are handed over, what waits behind the
 * message on the air, and when that message arrives. The medium decides how long the air takes. */
#include <trainer/sim/cluster_state.h>

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include <librog/sync/message.h>

/* Returns the time budget of the sender in a direction, in s; 0 also if it sends nothing. */
static double budget_s(const struct rog_sim_cluster *cluster, uint32_t worker,
                       enum rog_sim_direction direction)
{
    if (direction == ROG_SIM_DOWN)
        return rog_server_budget_s(cluster->server, worker);
    struct rog_worker_status status;
    rog_worker_status(cluster->nodes[worker].core, &status);
    return status.budget_s;
}

/* Returns whether the sender may hand over one more message: if nothing is being sent, or if its
 * kernel has room. A sender with a time budget has to know what has been transmitted, and leaves
 * nothing to the kernel. */
static bool may_send(const struct rog_sim_cluster *cluster, uint32_t worker,
                     enum rog_sim_direction direction)
{
    const struct rog_sim_node *node = &cluster->nodes[worker];
    const struct rog_sim_link *link = &node->link[direction];
    if (!link->queued)
        return true;
    if (link->queued_bytes >= node->profile->send_buffer)
        return false;
    return budget_s(cluster, worker, direction) <= 0;
}

/* Returns the bytes that messages occupy on the link, with headers. */
static double on_link(const struct rog_sim_cluster *cluster, const struct rog_sim_node *node,
                      double bytes)
{
    return bytes * cluster->config->wire_scale * (1 + node->profile->packet_headers);
}

/* Counts a message that was made. A sender with a time budget has handed everything to its kernel
 * at once; what was not transmitted within the budget still occupies the link. */
static void count_stream(struct rog_sim_cluster *cluster, uint32_t worker,
                         enum rog_sim_direction direction, const struct rog_slot *slot, bool timed)
{
    const struct rog_sim_node *node = &cluster->nodes[worker];
    const struct rog_rows *rows = cluster->config->rows;
    struct rog_sim_link *link = &cluster->nodes[worker].link[direction];
    uint64_t full = rows->way[direction == ROG_SIM_UP ? ROG_ROWS_PUSH : ROG_ROWS_PULL].wire_bytes;
    uint32_t count;
    bool is_push;
    link->stream_bytes += slot->wire_bytes;
    if (!rog_message_ends(rows, slot->data, slot->size, &count, &is_push))
        return;
    if (timed && node->profile->drains && full > link->stream_bytes) {
        double left = on_link(cluster, node, (double)(full - link->stream_bytes));
        link->left_bytes = fmin(link->left_bytes + left, node->profile->send_buffer);
    }
    link->stream_bytes = 0;
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
    return on_link(cluster, node, (double)slot->wire_bytes);
}

/* Returns the bytes that drain beside a message of `bytes` bytes, or before it: two streams share a
 * link evenly, but a message with a time budget waits behind the stream that drains. */
static double drained_beside(struct rog_sim_cluster *cluster, struct rog_medium_link at,
                             double bytes)
{
    struct rog_sim_node *node = &cluster->nodes[at.station];
    struct rog_sim_link *link = &node->link[at.direction];
    if (link->left_bytes <= 0)
        return 0;
    double alone = rog_trace_bits(node->trace, node->trace_start_s + link->idle_s,
                                  node->trace_start_s + cluster->now_s) /
                   8;
    link->idle_s = cluster->now_s;
    link->left_bytes = fmax(link->left_bytes - alone, 0);
    bool timed = budget_s(cluster, at.station, at.direction) > 0;
    double beside = timed ? link->left_bytes : fmin(link->left_bytes, bytes);
    link->left_bytes -= beside;
    return beside;
}

/* Puts the first message of the link's queue on the air. */
static int transmit(struct rog_sim_cluster *cluster, struct rog_medium_link at,
                    struct rog_error *err)
{
    const struct rog_sim_node *node = &cluster->nodes[at.station];
    const struct rog_slot *slot = &cluster->slots.items[node->link[at.direction].queue.first - 1];
    double bytes = link_bytes(cluster, node, slot);
    return cluster->air.medium->send(cluster->air.state, at, cluster->now_s,
                                     bytes + drained_beside(cluster, at, bytes), slot->order, err);
}

/* Appends a message to the link's queue. The places of its end and its arrival in the order of
 * events are reserved here, so that the order is that of sending on every medium. */
static int queue_message(struct rog_sim_cluster *cluster, uint32_t worker,
                         enum rog_sim_direction direction, uint32_t index, struct rog_error *err)
{
    struct rog_sim_node *node = &cluster->nodes[worker];
    struct rog_sim_link *link = &node->link[direction];
    struct rog_slot *slot = &cluster->slots.items[index];
    slot->order = cluster->order + 1;
    cluster->order += 2;
    rog_sim_meter(cluster, node);
    rog_slots_append(&cluster->slots, &link->queue, index);
    link->queued++;
    link->queued_bytes += link_bytes(cluster, node, slot);
    link->in_flight++;
    cluster->result->sent_bytes += slot->wire_bytes;
    if (link->queued > 1)
        return ROG_OK;
    return transmit(cluster, (struct rog_medium_link){worker, direction}, err);
}

int rog_sim_send_bytes(struct rog_sim_cluster *cluster, uint32_t worker,
                       enum rog_sim_direction direction, uint64_t bytes, struct rog_error *err)
{
    uint32_t index;
    int code = rog_slots_take(&cluster->slots, &index, err);
    if (code)
        return code;
    cluster->slots.items[index].size = 0;
    cluster->slots.items[index].wire_bytes = bytes;
    return queue_message(cluster, worker, direction, index, err);
}

int rog_sim_pump(struct rog_sim_cluster *cluster, uint32_t worker, enum rog_sim_direction direction,
                 struct rog_error *err)
{
    int code = ROG_OK;
    while (!code && cluster->nodes[worker].state != ROG_SIM_LEFT &&
           may_send(cluster, worker, direction)) {
        uint32_t index;
        code = rog_slots_take(&cluster->slots, &index, err);
        if (code)
            break;
        bool timed = budget_s(cluster, worker, direction) > 0;
        code = next_message(cluster, worker, direction, &cluster->slots.items[index], err);
        if (code || !cluster->slots.items[index].size) {
            rog_slots_give(&cluster->slots, index);
            break;
        }
        count_stream(cluster, worker, direction, &cluster->slots.items[index], timed);
        code = queue_message(cluster, worker, direction, index, err);
    }
    /* The end of one pull can admit another. */
    return code ? code : rog_sim_take_notices(cluster, err);
}

int rog_sim_sent(struct rog_sim_cluster *cluster, struct rog_medium_link at, struct rog_error *err)
{
    struct rog_sim_node *node = &cluster->nodes[at.station];
    struct rog_sim_link *link = &node->link[at.direction];
    uint32_t index;
    bool any = rog_slots_pop(&cluster->slots, &link->queue, &index);
    assert(any);
    (void)any;
    const struct rog_slot *slot = &cluster->slots.items[index];
    rog_sim_meter(cluster, node);
    link->idle_s = cluster->now_s;
    link->queued--;
    link->queued_bytes -= link_bytes(cluster, node, slot);
    if (!link->queued)
        link->queued_bytes = 0;
    struct rog_moment arrival = {.t_s = cluster->now_s + cluster->config->run->latency,
                                 .order = slot->order + 1};
    bool up = at.direction == ROG_SIM_UP;
    int code = rog_sim_put_at(cluster, up ? ROG_SIM_ARRIVED_UP : ROG_SIM_ARRIVED_DOWN, arrival,
                              at.station, index, err);
    if (!code && link->queued)
        code = transmit(cluster, at, err);
    return code ? code : rog_sim_pump(cluster, at.station, at.direction, err);
}

void rog_sim_cut(struct rog_sim_cluster *cluster, uint32_t worker, enum rog_sim_direction direction)
{
    struct rog_sim_link *link = &cluster->nodes[worker].link[direction];
    if (!link->queued)
        return;
    /* A partial message is useless. */
    (void)cluster->air.medium->cancel(cluster->air.state,
                                      (struct rog_medium_link){worker, direction}, cluster->now_s);
    uint32_t index;
    while (rog_slots_pop(&cluster->slots, &link->queue, &index)) {
        cluster->result->cut_bytes += cluster->slots.items[index].wire_bytes;
        rog_slots_give(&cluster->slots, index);
        link->in_flight--;
    }
    link->queued = 0;
    link->queued_bytes = link->left_bytes = 0;
}

/* ---- setting up and releasing ---- */

int rog_sim_links_init(struct rog_sim_cluster *cluster, struct rog_error *err)
{
    cluster->stations = calloc(cluster->workers, sizeof *cluster->stations);
    if (!cluster->stations)
        return rog_fail_nomem(err);
    for (uint32_t i = 0; i < cluster->workers; i++)
        cluster->stations[i] = (struct rog_medium_station){
            .trace = cluster->nodes[i].trace,
            .trace_offset_s = cluster->nodes[i].trace_start_s,
        };
    return rog_air_init(&cluster->air, rog_medium_at(0), cluster->stations, cluster->workers, NULL,
                        err);
}

void rog_sim_links_release(struct rog_sim_cluster *cluster)
{
    rog_air_release(&cluster->air);
    free(cluster->stations);
}
