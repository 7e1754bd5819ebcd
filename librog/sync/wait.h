/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SYNC_WAIT_H
#define ROG_SYNC_WAIT_H

/*
 * What one stalled worker waits for, and whether it has been reached.
 *
 * A worker that waits for all others watches the first one that has not met its condition; once
 * this one has, it searches for the next. A worker that waits for some of them counts how many must
 * at least meet theirs before it is worth checking again. What workers have reached only rises, so
 * earlier workers need not be checked again, except when a worker rejoins with less than it had.
 */

#include <stdbool.h>
#include <stdint.h>

#include <common/archive.h>
#include <librog/sync/versions.h>
#include <rog/error.h>
#include <rog/strategy.h>

/* What a worker must have reached so that another one may continue. */
struct rog_condition {
    uint32_t needed, iteration; /* see rog_admission */
};

struct rog_wait {
    struct rog_condition of_all, *each; /* each: [worker], heap; NULL: the same for all */
    uint32_t needed_max;                /* maximum over the active workers */
    uint32_t quorum;                    /* 0: it waits for all */
    /* Waiting for all: the first worker that is waited for. Waiting for some: ROG_NOBODY, and how
     * many must at least meet their conditions before it is worth checking again. */
    uint32_t watched, left;
    double since_s, deadline_s;
};

static inline uint32_t rog_wait_needed(const struct rog_wait *wait, uint32_t worker)
{
    return wait->each ? wait->each[worker].needed : wait->of_all.needed;
}
static inline uint32_t rog_wait_iteration(const struct rog_wait *wait, uint32_t worker)
{
    return wait->each ? wait->each[worker].iteration : wait->of_all.iteration;
}

/* conditions: [worker]; at least one worker must be active. Stored once if they are the same for
 * all. Fails only with ROG_ENOMEM. */
int rog_wait_keep(struct rog_wait *wait, const struct rog_versions *versions,
                  const struct rog_condition *conditions, struct rog_error *err);
void rog_wait_forget(struct rog_wait *wait);

/* Returns whether a worker has met its condition, or is no longer waited for. */
bool rog_wait_has(const struct rog_wait *wait, const struct rog_versions *versions,
                  uint32_t worker);
/* Returns the first worker from `from` on that is waited for; ROG_NOBODY: none. */
uint32_t rog_wait_first(const struct rog_wait *wait, const struct rog_versions *versions,
                        uint32_t from);
/* Returns whether the wait must continue, checking workers from `from` on: those before are not
 * waited for. */
bool rog_wait_must(struct rog_wait *wait, const struct rog_versions *versions, uint32_t from);
/* `worker` has progressed or left: returns whether it is worth checking again. */
bool rog_wait_concerns(struct rog_wait *wait, const struct rog_versions *versions, uint32_t worker);

/* The number of workers must be the same; loading allocates memory. */
void rog_wait_archive(struct rog_wait *wait, uint32_t workers, struct rog_archive *archive);
/* Returns whether a loaded wait is consistent, so that it ends when it should. */
bool rog_wait_is_sound(const struct rog_wait *wait, const struct rog_versions *versions);

#endif
