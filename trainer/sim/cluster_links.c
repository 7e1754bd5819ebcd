/* SPDX-License-Identifier: Apache-2.0 */
/* Messages from a sender to the end of their link: what it hands over when, what waits behind the
 * message on the air, and when that one arrives. How long the air takes is the medium's affair. */
#include <trainer/sim/cluster_state.h>

#include <assert.h>
#include <stdlib.h>

#include <librog/sync/message.h>

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

/* The first of the link's queue goes on the air. */
static int transmit(struct rog_sim_cluster *cluster, struct rog_medium_link at,
                    struct rog_error *err)
{
    const struct rog_sim_node *node = &cluster->nodes[at.station];
    const struct rog_slot *slot = &cluster->slots.items[node->link[at.direction].queue.first - 1];
    return cluster->air.medium->send(cluster->air.state, at, cluster->now_s,
                                     link_bytes(cluster, node, slot), slot->order, err);
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
        code = next_message(cluster, worker, direction, &cluster->slots.items[index], err);
        if (code || !cluster->slots.items[index].size) {
            rog_slots_give(&cluster->slots, index);
            break;
        }
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
    link->queued_bytes = 0;
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
