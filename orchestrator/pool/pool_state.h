/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_POOL_POOL_STATE_H
#define ROG_POOL_POOL_STATE_H

/* What the files that work on the folder itself share. */

#include <orchestrator/pool/pool.h>

#define ROG_POOL_BEATS "agents"
#define ROG_POOL_RUNS "runs"

struct rog_pool {
    char *path; /* absolute */
    struct rog_pool_terms terms;
};

/* The folder's name. */
const char *rog_pool_place_name(enum rog_pool_place place);
/* Of a task's file; agent NULL: none. Heap memory; NULL: no memory. */
char *rog_pool_task_path(const struct rog_pool *pool, enum rog_pool_place place, const char *name,
                         const char *agent);

/* Renames a file that only the caller has, whatever is there under the other name. */
int rog_pool_replace(const char *from, const char *to, struct rog_error *err);

/* Writes a file whole: under the name `part` in the pool first, which nobody else uses. What a
 * system that breaks down leaves of it may be damaged: whoever reads it must live with that. */
int rog_pool_write(const struct rog_pool *pool, const char *path, const char *part,
                   const struct rog_json *value, struct rog_error *err);
/* An object. ROG_ENOTFOUND: there is no such file. */
int rog_pool_read_file(const char *path, size_t max_bytes, struct rog_json **value,
                       struct rog_error *err);

#endif
