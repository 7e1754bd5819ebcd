/* SPDX-License-Identifier: Apache-2.0 */
/* The medium with independent links: every station has its trace's rate to itself, in both
 * directions at the same time, as the published runs replayed one recording to each worker. */
#include <trainer/sim/medium.h>

#include <assert.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>

struct transmission {
    bool on_air;
    uint64_t order;
    double begin_s, end_s, bytes;
};

struct independent {
    const struct rog_medium_station *stations;
    uint32_t station_count;
    struct transmission *links; /* [station][direction] */
    struct rog_queue ends; /* ends of the transmissions on the air; `worker` is an index of links */
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
    air->station_count = setup->station_count;
    *state = air;
    return ROG_OK;
}

static int expect_end(struct independent *air, uint32_t link, struct rog_error *err)
{
    const struct transmission *transmission = &air->links[link];
    return rog_queue_put(
        &air->ends,
        (struct rog_queue_item){.at = {.t_s = transmission->end_s, .order = transmission->order},
                                .worker = link},
        err);
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
    *transmission = (struct transmission){
        .on_air = true, .order = order, .begin_s = now_s, .end_s = end_s, .bytes = bytes};
    return expect_end(air, link_index(link), err);
}

static struct rog_moment next_end(const void *state)
{
    const struct independent *air = state;
    const struct rog_queue_item *first = rog_queue_first(&air->ends);
    return first ? first->at : (struct rog_moment){.t_s = INFINITY};
}

/* Removes ends of cancelled transmissions from the head of the queue. */
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

/* Ends of cancelled transmissions are not saved. */
static void archive_all(void *state, const bool *on_air, struct rog_archive *archive)
{
    struct independent *air = state;
    for (uint32_t link = 0; link < 2 * air->station_count; link++) {
        struct transmission *transmission = &air->links[link];
        assert(archive->loading || transmission->on_air == on_air[link]);
        if (!on_air[link] || rog_archive_failed(archive))
            continue;
        rog_archive_u64(archive, &transmission->order);
        rog_archive_within(archive, &transmission->end_s, 0, DBL_MAX, "the end of a transmission");
        rog_archive_within(archive, &transmission->begin_s, 0, transmission->end_s,
                           "the beginning of a transmission");
        rog_archive_within(archive, &transmission->bytes, 0, DBL_MAX, "bytes on the air");
        if (!archive->loading || rog_archive_failed(archive))
            continue;
        transmission->on_air = true;
        if (expect_end(air, link, NULL))
            rog_archive_nomem(archive);
    }
}

const struct rog_medium rog_medium_independent = {
    .name = "independent",
    .summary = "every station has the rate of its trace to itself, in each direction",
    .new = make,
    .free = release,
    .send = begin,
    .next = next_end,
    .advance = advance,
    .cancel = cancel,
    .archive = archive_all,
};
