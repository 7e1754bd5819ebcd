/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_POOL_TASK_H
#define ROG_POOL_TASK_H

/*
 * A run to do as the file of a task has it:
 *     run_id, label, hash, settings_hash, config (whole), inputs ([{setting, path, sha256}]),
 *     expected_s (where it is known),
 *     start_model: {path: in the pool or absolute, sha256}, where it needs one
 * It is never written again: what becomes of the run is in its folders (left.h).
 */

#include <orchestrator/fleet/job.h>
#include <orchestrator/pool/pool.h>

/* The job's, whose start_model is a file (or NULL); owned by the caller. `model` is how the pool
 * calls that file, `model_sha256` what is in it. */
int rog_pool_task_make(const struct rog_fleet_job *job, const char *model, const char *model_sha256,
                       struct rog_json **value, struct rog_error *err);

/* A task as an agent does it. */
struct rog_pool_work {
    struct rog_json *value; /* what job points into */
    struct rog_inputs inputs;
    struct rog_fleet_job job; /* waiting; without a folder */
};
/* Takes the value over, also after an error. ROG_EFORMAT: it is not that of a task of this run. */
int rog_pool_work_load(struct rog_pool_work *work, const struct rog_pool *pool, const char *run_id,
                       struct rog_json *value, struct rog_error *err);
void rog_pool_work_release(struct rog_pool_work *work);
/* Whether this machine has the files that the run reads, as they were when it was planned.
 * ROG_EFAILED: it has not. */
int rog_pool_work_check(const struct rog_pool_work *work, struct rog_contents *contents,
                        struct rog_error *err);

#endif
