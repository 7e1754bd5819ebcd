/* SPDX-License-Identifier: Apache-2.0 */
/* The conditions that one worker waits for, and who has met them. */
#include <librog/sync/wait.h>

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

int rog_wait_keep(struct rog_wait *wait, const struct rog_versions *versions,
                  const struct rog_condition *conditions, struct rog_error *err)
{
    uint32_t first = 0;
    bool same = true;
    rog_wait_forget(wait);
    while (!versions->active[first])
        first++;
    wait->of_all = conditions[first];
    wait->needed_max = 0;
    for (uint32_t i = first; i < versions->workers; i++) {
        const struct rog_condition *own = &conditions[i];
        if (!versions->active[i])
            continue;
        same &= own->needed == wait->of_all.needed && own->iteration == wait->of_all.iteration;
        wait->needed_max = own->needed > wait->needed_max ? own->needed : wait->needed_max;
    }
    if (same)
        return 0;
    wait->each = malloc(versions->workers * sizeof *wait->each);
    if (!wait->each)
        return rog_fail_nomem(err);
    memcpy(wait->each, conditions, versions->workers * sizeof *wait->each);
    return 0;
}

void rog_wait_forget(struct rog_wait *wait)
{
    free(wait->each);
    wait->each = NULL;
}

bool rog_wait_has(const struct rog_wait *wait, const struct rog_versions *versions, uint32_t worker)
{
    return !versions->active[worker] ||
           (rog_wait_needed(wait, worker) <= versions->oldest[worker] &&
            rog_wait_iteration(wait, worker) <= versions->latest[worker]);
}

uint32_t rog_wait_first(const struct rog_wait *wait, const struct rog_versions *versions,
                        uint32_t from)
{
    for (uint32_t i = from; i < versions->workers; i++)
        if (!rog_wait_has(wait, versions, i))
            return i;
    return ROG_NOBODY;
}

/* Returns how many more workers must meet the conditions; 0 if enough have. */
static uint32_t missing(const struct rog_wait *wait, const struct rog_versions *versions)
{
    uint32_t active = 0, reached = 0;
    for (uint32_t i = 0; i < versions->workers; i++) {
        active += versions->active[i];
        reached += versions->active[i] && rog_wait_has(wait, versions, i);
    }
    uint32_t enough = wait->quorum < active ? wait->quorum : active;
    return reached < enough ? enough - reached : 0;
}

bool rog_wait_must(struct rog_wait *wait, const struct rog_versions *versions, uint32_t from)
{
    if (wait->quorum) {
        wait->watched = ROG_NOBODY;
        wait->left = missing(wait, versions);
        return wait->left > 0;
    }
    wait->watched = rog_wait_first(wait, versions, from);
    return wait->watched != ROG_NOBODY;
}

bool rog_wait_concerns(struct rog_wait *wait, const struct rog_versions *versions, uint32_t worker)
{
    if (!wait->quorum)
        return wait->watched == worker;
    if (!rog_wait_has(wait, versions, worker))
        return false;
    wait->left -= wait->left > 0;
    return wait->left == 0;
}

void rog_wait_archive(struct rog_wait *wait, uint32_t workers, struct rog_archive *archive)
{
    bool each = wait->each != NULL;
    rog_archive_u32(archive, &wait->of_all.needed);
    rog_archive_u32(archive, &wait->of_all.iteration);
    rog_archive_u32(archive, &wait->needed_max);
    rog_archive_number(archive, &wait->quorum, workers, "the number of workers waited for");
    rog_archive_u32(archive, &wait->watched);
    rog_archive_u32(archive, &wait->left);
    rog_archive_within(archive, &wait->since_s, 0, DBL_MAX, "the start of a worker's wait");
    rog_archive_within(archive, &wait->deadline_s, 0, (double)INFINITY,
                       "the end of a worker's wait");
    rog_archive_flag(archive, &each);
    if (each && archive->loading) {
        wait->each = calloc(workers, sizeof *wait->each);
        if (!wait->each)
            rog_archive_nomem(archive);
    }
    if (each && !rog_archive_failed(archive))
        rog_archive_bytes(archive, wait->each, workers * sizeof *wait->each);
}

bool rog_wait_is_sound(const struct rog_wait *wait, const struct rog_versions *versions)
{
    if (wait->quorum)
        return wait->left > 0 && wait->left <= missing(wait, versions);
    return wait->watched != ROG_NOBODY && wait->watched == rog_wait_first(wait, versions, 0);
}
