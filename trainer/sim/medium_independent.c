/* SPDX-License-Identifier: Apache-2.0 */
/* The medium whose links know nothing of each other: every station has its trace's rate to itself,
 * up and down at the same time, as the published runs replayed one recording to each worker. */
#include <trainer/sim/medium.h>

#include <assert.h>
#include <math.h>
#include <stdlib.h>

struct transmission {
    bool on_air;
    uint64_t order;
    double begin_s, bytes;
};

struct independent {
    const struct rog_medium_station *stations;
    struct transmission *links; /* [station][direction] */
    struct rog_queue ends; /* one of each transmission on the air; `worker` is an index of links */
};

static uint32_t link_index(struct rog_medium_link link)
{
    return 2 * link.station + link.direction;
}

static void release(void *state)
{
    struct independent *air = state;
    if (!air)
        return;
    rog_queue_release(&air->ends);
    free(air->links);
    free(air);
}

static int make(void **state, const struct rog_medium_setup *setup, struct rog_error *err)
{
    struct independent *air = calloc(1, sizeof *air);
    if (air)
        air->links = calloc((size_t)2 * setup->station_count, sizeof *air->links);
    if (!air || !air->links) {
        release(air);
        return rog_fail_nomem(err);
    }
    air->stations = setup->stations;
    *state = air;
    return ROG_OK;
}

static int begin(void *state, struct rog_medium_link link, double now_s, double bytes,
                 uint64_t order, struct rog_error *err)
{
    struct independent *air = state;
    const struct rog_medium_station *station = &air->stations[link.station];
    struct transmission *transmission = &air->links[link_index(link)];
    assert(!transmission->on_air);
    double offset_s = station->trace_offset_s;
    double end_s = rog_trace_finish(station->trace, now_s + offset_s, 8 * bytes) - offset_s;
    if (end_s < now_s)
        end_s = now_s;
    *transmission =
        (struct transmission){.on_air = true, .order = order, .begin_s = now_s, .bytes = bytes};
    return rog_queue_put(
        &air->ends,
        (struct rog_queue_item){.at = {.t_s = end_s, .order = order}, .worker = link_index(link)},
        err);
}

static struct rog_moment next_end(const void *state)
{
    const struct independent *air = state;
    const struct rog_queue_item *first = rog_queue_first(&air->ends);
    return first ? first->at : (struct rog_moment){.t_s = INFINITY};
}

/* Takes the ends of cancelled transmissions off the head of the queue. */
static void drop_cancelled(struct independent *air)
{
    struct rog_queue_item item;
    const struct rog_queue_item *first;
    while ((first = rog_queue_first(&air->ends))) {
        const struct transmission *transmission = &air->links[first->worker];
        if (transmission->on_air && transmission->order == first->at.order)
            return;
        rog_queue_take(&air->ends, &item);
    }
}

static bool advance(void *state, double now_s, struct rog_medium_link *link)
{
    struct independent *air = state;
    const struct rog_queue_item *first = rog_queue_first(&air->ends);
    struct rog_queue_item ended;
    if (!first || first->at.t_s > now_s)
        return false;
    rog_queue_take(&air->ends, &ended);
    air->links[ended.worker].on_air = false;
    *link = (struct rog_medium_link){.station = ended.worker / 2, .direction = ended.worker % 2};
    drop_cancelled(air);
    return true;
}

static double cancel(void *state, struct rog_medium_link link, double now_s)
{
    struct independent *air = state;
    const struct rog_medium_station *station = &air->stations[link.station];
    struct transmission *transmission = &air->links[link_index(link)];
    assert(transmission->on_air);
    transmission->on_air = false;
    drop_cancelled(air);
    double offset_s = station->trace_offset_s;
    double out = rog_trace_bits(station->trace, transmission->begin_s + offset_s, now_s + offset_s);
    return out / 8 < transmission->bytes ? out / 8 : transmission->bytes;
}

const struct rog_medium rog_medium_independent = {
    .name = "independent",
    .summary = "every station has its trace's rate to itself, in each direction",
    .new = make,
    .free = release,
    .send = begin,
    .next = next_end,
    .advance = advance,
    .cancel = cancel,
};
