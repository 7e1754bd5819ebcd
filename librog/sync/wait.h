/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SYNC_WAIT_H
#define ROG_SYNC_WAIT_H

/*
 * What one stalled worker waits for, and whether it is there.
 *
 * One that waits for all others watches the first that has not got there; when that one has, it
 * looks for the next. One that waits for some of them counts how many have to get there at least
 * before it is worth looking again. What workers have reached only rises, so that one never has to
 * look back, but for a worker that comes back with less than it had.
 */

#include <stdbool.h>
#include <stdint.h>

#include <common/archive.h>
#include <librog/sync/versions.h>
#include <rog/error.h>
#include <rog/strategy.h>

/* What a worker has to have reached so that another one may go on. */
struct rog_condition {
    uint32_t needed, iteration; /* rog_admission */
};

struct rog_wait {
    struct rog_condition of_all, *each; /* each: [worker], heap; NULL: the same of all */
    uint32_t needed_max;                /* of the active ones */
    uint32_t quorum;                    /* 0: it waits for all */
    /* Waiting for all: the first worker that is waited for. For some: ROG_NOBODY, and how many
     * have to get there at least. */
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

/* conditions: [worker], of which some worker is active; kept as one where they are the same for
 * all. Only ROG_ENOMEM. */
int rog_wait_keep(struct rog_wait *wait, const struct rog_versions *versions,
                  const struct rog_condition *conditions, struct rog_error *err);
void rog_wait_forget(struct rog_wait *wait);

/* Whether a worker has reached what is waited for, or is not waited for any more. */
bool rog_wait_has(const struct rog_wait *wait, const struct rog_versions *versions,
                  uint32_t worker);
/* The first worker from `from` on that is waited for; ROG_NOBODY: none. */
uint32_t rog_wait_first(const struct rog_wait *wait, const struct rog_versions *versions,
                        uint32_t from);
/* Whether the conditions are not fulfilled, looking at workers from `from` on: nothing is waited
 * for from those before. */
bool rog_wait_must(struct rog_wait *wait, const struct rog_versions *versions, uint32_t from);
/* `worker` has got further, or is gone: whether it is worth looking again. */
bool rog_wait_concerns(struct rog_wait *wait, const struct rog_versions *versions, uint32_t worker);

/* Of as many workers; loading makes its memory. */
void rog_wait_archive(struct rog_wait *wait, uint32_t workers, struct rog_archive *archive);
/* Whether one that has been loaded will end when it should. */
bool rog_wait_is_sound(const struct rog_wait *wait, const struct rog_versions *versions);

#endif
