/* SPDX-License-Identifier: Apache-2.0 */
/* The whole state of a virtual cluster as bytes, saved and loaded. Messages are saved where they
 * are (on a link, in flight, held), so that no index of a buffer is ever loaded. Values that follow
 * from others are not saved. */
#include <trainer/sim/cluster_state.h>

#include <float.h>
#include <math.h>
#include <stdlib.h>

#define MESSAGE_BYTES (3 * sizeof(uint64_t)) /* of each message, besides its content */
#define ITEM_BYTES (sizeof(struct rog_moment) + 2 * sizeof(uint32_t))

/* ---- messages ---- */

/* Saves a message, or loads one into a new buffer, *index. */
static void archive_message(struct rog_sim_cluster *cluster, uint32_t *index,
                            struct rog_archive *archive)
{
    if (archive->loading && rog_slots_take(&cluster->slots, index, NULL))
        rog_archive_nomem(archive);
    if (rog_archive_failed(archive))
        return;
    struct rog_slot *slot = &cluster->slots.items[*index];
    rog_archive_size(archive, &slot->size);
    rog_archive_size(archive, &slot->wire_bytes);
    rog_archive_u64(archive, &slot->order);
    if (archive->loading && (!slot->size || slot->size > cluster->slots.bytes))
        rog_archive_refuse(archive, "the length of a message");
    if (!rog_archive_failed(archive))
        rog_archive_bytes(archive, slot->data, slot->size);
}

/* Saves or loads a list of messages; returns their number. */
static uint32_t archive_list(struct rog_sim_cluster *cluster, struct rog_slot_list *list,
                             struct rog_archive *archive)
{
    uint32_t count = 0, next = list->first;
    for (uint32_t i = next; i; i = cluster->slots.items[i - 1].next)
        count++;
    rog_archive_count(archive, &count, MESSAGE_BYTES, "messages");
    for (uint32_t i = 0; i < count && !rog_archive_failed(archive); i++) {
        uint32_t index = next - 1;
        archive_message(cluster, &index, archive);
        if (archive->loading && !rog_archive_failed(archive))
            rog_slots_append(&cluster->slots, list, index);
        else if (!archive->loading)
            next = cluster->slots.items[index].next;
    }
    return count;
}

/* ---- workers ---- */

static void archive_link(struct rog_sim_cluster *cluster, struct rog_sim_link *link,
                         struct rog_archive *archive)
{
    uint32_t queued = archive_list(cluster, &link->queue, archive);
    rog_archive_within(archive, &link->queued_bytes, 0, DBL_MAX, "bytes on a link");
    rog_archive_u64(archive, &link->bytes);
    rog_archive_u64(archive, &link->stream_bytes);
    rog_archive_within(archive, &link->left_bytes, 0, DBL_MAX, "bytes that drain");
    rog_archive_within(archive, &link->idle_s, 0, cluster->now_s,
                       "the time when a link became idle");
    if (!archive->loading)
        return;
    link->queued = queued;
    link->in_flight += queued;
}

static void archive_counted(struct rog_statistics *counted, struct rog_archive *archive)
{
    rog_archive_real(archive, &counted->compute_s);
    rog_archive_real(archive, &counted->push_s);
    rog_archive_real(archive, &counted->stall_s);
    rog_archive_real(archive, &counted->pull_s);
    rog_archive_u32(archive, &counted->rows_pushed);
    rog_archive_u32(archive, &counted->rows_pulled);
    rog_archive_u64(archive, &counted->bytes_pushed);
    rog_archive_u64(archive, &counted->bytes_pulled);
    rog_archive_u64(archive, &counted->all_bytes_pushed);
    rog_archive_u64(archive, &counted->all_bytes_pulled);
}

static void archive_node(struct rog_sim_cluster *cluster, struct rog_sim_node *node,
                         struct rog_archive *archive)
{
    uint32_t state = node->state;
    rog_archive_number(archive, &state, ROG_SIM_LEFT, "the state of a worker");
    node->state = state;
    rog_archive_within(archive, &node->change_s, 0, INFINITY, "the time of a rate change");
    rog_archive_real(archive, &node->mbps);
    rog_archive_u32(archive, &node->iterations);
    rog_archive_real(archive, &node->loss);
    archive_counted(&node->counted, archive);
    rog_archive_real(archive, &node->began_s);
    rog_archive_real(archive, &node->computed_s);
    rog_archive_real(archive, &node->pushed_s);
    rog_archive_real(archive, &node->admitted_s);
    rog_archive_flag(archive, &node->stall_reported);
    rog_archive_flag(archive, &node->lagged);
    rog_archive_flag(archive, &node->ahead);
    rog_archive_flag(archive, &node->ahead_over);
    rog_archive_within(archive, &node->ahead_s, 0, DBL_MAX, "the times of steps");
    rog_archive_within(archive, &node->steps_s, 0, DBL_MAX, "the durations of steps");
    rog_archive_real(archive, &node->joules);
    rog_archive_real(archive, &node->metered_s);
    archive_link(cluster, &node->link[ROG_SIM_UP], archive);
    archive_link(cluster, &node->link[ROG_SIM_DOWN], archive);
    uint32_t held = archive_list(cluster, &node->held, archive);
    uint32_t unheard = archive_list(cluster, &node->unheard, archive);
    if (archive->loading) {
        node->link[ROG_SIM_UP].in_flight += held;
        node->link[ROG_SIM_DOWN].in_flight += unheard;
        cluster->running += state < ROG_SIM_FINISHED;
    }
    if (node->own)
        rog_archive_bytes(archive, node->own, cluster->config->rows->params * sizeof *node->own);
    rog_worker_archive(node->core, archive);
}

/* ---- events to come ---- */

/* Saves or loads an event, with its message if it has one. */
static void archive_item(struct rog_sim_cluster *cluster, struct rog_queue_item *item,
                         struct rog_archive *archive)
{
    rog_archive_within(archive, &item->at.t_s, cluster->now_s, DBL_MAX, "the time of an event");
    rog_archive_u64(archive, &item->at.order);
    rog_archive_number(archive, &item->kind, ROG_SIM_KINDS - 1, "the kind of an event");
    rog_archive_number(archive, &item->worker, cluster->workers - 1, "the worker of an event");
    if (rog_archive_failed(archive))
        return;
    if (item->kind == ROG_SIM_SERVED)
        rog_archive_u32(archive, &item->slot);
    if (item->kind != ROG_SIM_ARRIVED_UP && item->kind != ROG_SIM_ARRIVED_DOWN)
        return;
    archive_message(cluster, &item->slot, archive);
    if (archive->loading)
        cluster->nodes[item->worker]
            .link[item->kind == ROG_SIM_ARRIVED_UP ? ROG_SIM_UP : ROG_SIM_DOWN]
            .in_flight++;
}

static bool is_time(double t_s, double expected_s)
{
    return !(t_s < expected_s || t_s > expected_s);
}

/* Returns whether an event is possible in the loaded state and has the time that this requires. */
static bool can_happen(const struct rog_sim_cluster *cluster, const struct rog_queue_item *item)
{
    const struct rog_sim_node *node = &cluster->nodes[item->worker];
    switch (item->kind) {
    case ROG_SIM_BANDWIDTH:
        return is_time(item->at.t_s, node->change_s - node->trace_start_s);
    case ROG_SIM_CHECKPOINT:
        return cluster->config->params && is_time(item->at.t_s, cluster->schedule.next_s);
    case ROG_SIM_SERVED:
        return cluster->processor.count > 0 || item->slot != cluster->processor.change;
    case ROG_SIM_TRANSFERRED:
    case ROG_SIM_RETURNED:
        return false; /* a run with transfers has no snapshots */
    default:
        return true;
    }
}

static void archive_queue(struct rog_sim_cluster *cluster, struct rog_archive *archive)
{
    uint32_t count = (uint32_t)cluster->queue.count;
    rog_archive_count(archive, &count, ITEM_BYTES, "events");
    for (uint32_t i = 0; i < count && !rog_archive_failed(archive); i++) {
        struct rog_queue_item item = {0};
        if (!archive->loading)
            item = cluster->queue.items[i];
        archive_item(cluster, &item, archive);
        if (!archive->loading || rog_archive_failed(archive))
            continue;
        if (!can_happen(cluster, &item))
            rog_archive_refuse(archive, "the queue of events");
        else if (rog_sim_put_at(cluster, (enum rog_sim_event)item.kind, item.at, item.worker,
                                item.slot, NULL))
            rog_archive_nomem(archive);
    }
}

static void archive_air(struct rog_sim_cluster *cluster, struct rog_archive *archive)
{
    bool *on_air = calloc((size_t)2 * cluster->workers, sizeof *on_air);
    if (!on_air) {
        rog_archive_nomem(archive);
        return;
    }
    for (uint32_t i = 0; i < cluster->workers; i++)
        for (int direction = ROG_SIM_UP; direction <= ROG_SIM_DOWN; direction++)
            on_air[2 * i + (uint32_t)direction] = cluster->nodes[i].link[direction].queued > 0;
    cluster->air.medium->archive(cluster->air.state, on_air, archive);
    free(on_air);
    if (!rog_archive_failed(archive) && archive->loading &&
        !(cluster->air.medium->next(cluster->air.state).t_s >= cluster->now_s))
        rog_archive_refuse(archive, "the end of a transmission");
}

/* ---- the whole state ---- */

static void archive_clock(struct rog_sim_cluster *cluster, struct rog_archive *archive)
{
    rog_archive_within(archive, &cluster->now_s, 0, DBL_MAX, "the time");
    rog_archive_u64(archive, &cluster->order);
    rog_archive_real(archive, &cluster->energy_reported_s);
    rog_archive_u32(archive, &cluster->iterations);
    rog_archive_u32(archive, &cluster->asked);
    rog_archive_within(archive, &cluster->schedule.period_s, DBL_MIN, DBL_MAX,
                       "the period of checkpoints");
    rog_archive_u32(archive, &cluster->schedule.taken);
    rog_archive_within(archive, &cluster->schedule.last_s, 0, DBL_MAX, "the last checkpoint");
    rog_archive_within(archive, &cluster->schedule.next_s, 0, DBL_MAX, "the next checkpoint");
    rog_archive_u64(archive, &cluster->result->sent_bytes);
    rog_archive_u64(archive, &cluster->result->received_bytes);
    rog_archive_u64(archive, &cluster->result->cut_bytes);
}

void rog_cluster_archive(struct rog_sim_cluster *cluster, struct rog_archive *archive)
{
    archive_clock(cluster, archive);
    rog_server_archive(cluster->server, archive);
    if (archive->loading)
        cluster->running = 0; /* counted with each worker */
    for (uint32_t i = 0; i < cluster->workers && !rog_archive_failed(archive); i++)
        archive_node(cluster, &cluster->nodes[i], archive);
    rog_processor_archive(&cluster->processor, cluster->workers * ROG_SIM_SERVER_JOBS, archive);
    if (!rog_archive_failed(archive))
        archive_queue(cluster, archive);
    if (!rog_archive_failed(archive))
        archive_air(cluster, archive);
}
