/* SPDX-License-Identifier: Apache-2.0 */
/* Messages from a sender to the end of their link: what it hands over when, what waits behind the
 * message on the air, and when that one arrives. How long the air takes is the medium's affair. */
#include <trainer/sim/cluster_state.h>

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include <librog/sync/message.h>

/* What the sender in a direction has a time budget for, s; 0 also when it sends nothing. */
static double budget_s(const struct rog_sim_cluster *cluster, uint32_t worker,
                       enum rog_sim_direction direction)
{
    if (direction == ROG_SIM_DOWN)
        return rog_server_budget_s(cluster->server, worker);
    struct rog_worker_status status;
    rog_worker_status(cluster->nodes[worker].core, &status);
    return status.budget_s;
}

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
    return budget_s(cluster, worker, direction) <= 0;
}

/* Bytes of messages, with all that they take on the link. */
static double on_link(const struct rog_sim_cluster *cluster, const struct rog_sim_node *node,
                      double bytes)
{
    return bytes * cluster->config->wire_scale * (1 + node->profile->packet_headers);
}

/* A message was made. Who sends to a time budget has left all to its kernel at once; what is not
 * through at the end of the time goes over the link all the same. */
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

/* What drains beside a message of so many bytes, or before it: two streams share a link evenly, but
 * what has a time budget goes by the one that drains, behind it. */
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

/* The first of the link's queue goes on the air. */
static int transmit(struct rog_sim_cluster *cluster, struct rog_medium_link at,
                    struct rog_error *err)
{
    const struct rog_sim_node *node = &cluster->nodes[at.station];
    const struct rog_slot *slot = &cluster->slots.items[node->link[at.direction].queue.first - 1];
    double bytes = link_bytes(cluster, node, slot);
    return cluster->air.medium->send(cluster->air.state, at, cluster->now_s,
                                     bytes + drained_beside(cluster, at, bytes), slot->order, err);
}

/* Puts a message behind those that are on the link already. Its end and its arrival take their
 * places in the order of events here, so that the order is that of sending on every medium. */
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
    /* The end of a pull can be the grant of another one. */
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
    /* A part of a message is of no use. */
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

/* ---- life ---- */

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
