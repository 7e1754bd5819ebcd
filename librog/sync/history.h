/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SYNC_HISTORY_H
#define ROG_SYNC_HISTORY_H

/*
 * The transmission history from which sending budgets are computed (ROG, MICRO 2022, adaptive
 * transmission): how many transmissions each worker has made, the longest of the last 30
 * transmission times and the mean of all. A transmission is one completed push or pull.
 */

#include <stdint.h>

#include <common/archive.h>
#include <rog/error.h>
#include <rog/strategy.h>

#define ROG_HISTORY_RECENT 30

struct rog_transmissions {
    uint32_t workers;
    uint64_t *count; /* [worker]: number of transmissions */
    uint8_t *active; /* [worker]: only active workers can be the slowest */
    uint64_t slowest;
    uint32_t at_slowest; /* number of active workers with that count */
    double recent_s[ROG_HISTORY_RECENT];
    uint64_t total;
    double sum_s;
};

int rog_transmissions_init(struct rog_transmissions *transmissions, uint32_t workers,
                           struct rog_error *err);
void rog_transmissions_release(struct rog_transmissions *transmissions);
/* The number of workers must be the same. */
void rog_transmissions_archive(struct rog_transmissions *transmissions,
                               struct rog_archive *archive);
/* What a worker was told of the history. */
void rog_history_archive(struct rog_history *history, struct rog_archive *archive);

void rog_transmissions_add(struct rog_transmissions *transmissions, uint32_t worker,
                           double duration_s);
/* A worker that has left is no longer the slowest. */
void rog_transmissions_leave(struct rog_transmissions *transmissions, uint32_t worker);
/* A worker that had left has rejoined, with as many transmissions as the slowest. */
void rog_transmissions_join(struct rog_transmissions *transmissions, uint32_t worker);

void rog_transmissions_history(const struct rog_transmissions *transmissions, uint32_t worker,
                               struct rog_history *history);

#endif
