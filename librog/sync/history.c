/* SPDX-License-Identifier: Apache-2.0 */
/* Durations of the last transmissions, for the sending budget. */
#include <librog/sync/history.h>

#include <stdlib.h>
#include <string.h>

int rog_transmissions_init(struct rog_transmissions *transmissions, uint32_t workers,
                           struct rog_error *err)
{
    memset(transmissions, 0, sizeof *transmissions);
    transmissions->workers = workers;
    transmissions->at_slowest = workers;
    transmissions->count = calloc(workers, sizeof *transmissions->count);
    transmissions->active = malloc(workers);
    if (!transmissions->count || !transmissions->active)
        return rog_fail_nomem(err);
    memset(transmissions->active, 1, workers);
    return 0;
}

void rog_transmissions_release(struct rog_transmissions *transmissions)
{
    free(transmissions->active);
    free(transmissions->count);
    memset(transmissions, 0, sizeof *transmissions);
}

void rog_transmissions_archive(struct rog_transmissions *transmissions, struct rog_archive *archive)
{
    rog_archive_bytes(archive, transmissions->count,
                      transmissions->workers * sizeof *transmissions->count);
    for (uint32_t worker = 0; worker < transmissions->workers; worker++) {
        bool active = transmissions->active[worker];
        rog_archive_flag(archive, &active);
        transmissions->active[worker] = active;
    }
    rog_archive_u64(archive, &transmissions->slowest);
    rog_archive_number(archive, &transmissions->at_slowest, transmissions->workers,
                       "more slowest workers than workers");
    for (unsigned i = 0; i < ROG_HISTORY_RECENT; i++)
        rog_archive_real(archive, &transmissions->recent_s[i]);
    rog_archive_u64(archive, &transmissions->total);
    rog_archive_real(archive, &transmissions->sum_s);
}

void rog_history_archive(struct rog_history *history, struct rog_archive *archive)
{
    rog_archive_u64(archive, &history->own);
    rog_archive_u64(archive, &history->slowest);
    rog_archive_flag(archive, &history->everyone_transmitted);
    rog_archive_real(archive, &history->recent_max_s);
    rog_archive_real(archive, &history->mean_s);
}

/* One of the slowest workers has transmitted or left. */
static void leave_slowest(struct rog_transmissions *transmissions)
{
    if (--transmissions->at_slowest > 0)
        return;
    uint64_t slowest = UINT64_MAX;
    for (uint32_t i = 0; i < transmissions->workers; i++) {
        if (!transmissions->active[i] || transmissions->count[i] > slowest)
            continue;
        transmissions->at_slowest =
            transmissions->count[i] < slowest ? 1 : transmissions->at_slowest + 1;
        slowest = transmissions->count[i];
    }
    if (slowest != UINT64_MAX)
        transmissions->slowest = slowest;
}

void rog_transmissions_add(struct rog_transmissions *transmissions, uint32_t worker,
                           double duration_s)
{
    transmissions->recent_s[transmissions->total % ROG_HISTORY_RECENT] = duration_s;
    transmissions->total++;
    transmissions->sum_s += duration_s;
    if (transmissions->count[worker]++ == transmissions->slowest && transmissions->active[worker])
        leave_slowest(transmissions);
}

void rog_transmissions_leave(struct rog_transmissions *transmissions, uint32_t worker)
{
    if (!transmissions->active[worker])
        return;
    transmissions->active[worker] = 0;
    if (transmissions->count[worker] == transmissions->slowest)
        leave_slowest(transmissions);
}

void rog_transmissions_join(struct rog_transmissions *transmissions, uint32_t worker)
{
    transmissions->active[worker] = 1;
    transmissions->count[worker] = transmissions->slowest;
    transmissions->at_slowest++;
}

void rog_transmissions_history(const struct rog_transmissions *transmissions, uint32_t worker,
                               struct rog_history *history)
{
    *history = (struct rog_history){.own = transmissions->count[worker],
                                    .slowest = transmissions->slowest,
                                    .everyone_transmitted = transmissions->slowest > 0};
    for (unsigned i = 0; i < ROG_HISTORY_RECENT; i++)
        if (transmissions->recent_s[i] > history->recent_max_s)
            history->recent_max_s = transmissions->recent_s[i];
    if (transmissions->total > 0)
        history->mean_s = transmissions->sum_s / (double)transmissions->total;
}
