/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_POOL_POOL_STATE_H
#define ROG_POOL_POOL_STATE_H

/* Shares a pool's data between the files that handle its folder. */

#include <orchestrator/pool/pool.h>

#define ROG_POOL_BEATS "agents"
#define ROG_POOL_RUNS "runs"

struct rog_pool {
    char *path; /* absolute */
    int folder; /* open file descriptor, valid even if the folder was moved; 0: not open yet */
    struct rog_pool_terms terms;
};

/* Returns whether the folder exists, but its path no longer leads to it. */
bool rog_pool_has_moved(const struct rog_pool *pool);
/* Returns the name of the folder. */
const char *rog_pool_place_name(enum rog_pool_place place);
/* Returns the path of a task's file; agent NULL: none. Heap memory; NULL if memory ran out. */
char *rog_pool_task_path(const struct rog_pool *pool, enum rog_pool_place place, const char *name,
                         const char *agent);

#endif
