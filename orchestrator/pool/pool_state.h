/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_POOL_POOL_STATE_H
#define ROG_POOL_POOL_STATE_H

/* What the files that work on the folder itself share. */

#include <orchestrator/pool/pool.h>

#define ROG_POOL_BEATS "agents"
#define ROG_POOL_RUNS "runs"

struct rog_pool {
    char *path; /* absolute */
    int folder; /* open, whatever its path is by now; 0: not yet */
    struct rog_pool_terms terms;
};

/* Whether its folder is there, but its path does not lead to it any more. */
bool rog_pool_has_moved(const struct rog_pool *pool);
/* The folder's name. */
const char *rog_pool_place_name(enum rog_pool_place place);
/* Of a task's file; agent NULL: none. Heap memory; NULL: no memory. */
char *rog_pool_task_path(const struct rog_pool *pool, enum rog_pool_place place, const char *name,
                         const char *agent);

#endif
