/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_POOL_TASK_H
#define ROG_POOL_TASK_H

/*
 * A run to execute, as stored in the file of a task:
 *     run_id, label, hash, settings_hash, config (complete), inputs ([{setting, path, sha256}]),
 *     expected_s (if known),
 *     start_model: {path: absolute or relative to the pool, sha256}, if it needs one
 * The file is never changed. What becomes of the run is in its folders (left.h).
 */

#include <orchestrator/fleet/job.h>
#include <orchestrator/pool/pool.h>

/* Makes the task of a job whose start_model is a file or NULL. Owned by the caller. `model` is the
 * path of that file in the pool, `model_sha256` its hash. */
int rog_pool_task_make(const struct rog_fleet_job *job, const char *model, const char *model_sha256,
                       struct rog_json **value, struct rog_error *err);

/* A task as an agent executes it. */
struct rog_pool_work {
    struct rog_json *value; /* `job` points into it */
    struct rog_inputs inputs;
    struct rog_fleet_job job; /* in state waiting; without a folder */
};
/* Takes ownership of the value, even on an error. Returns ROG_EFORMAT if it is not a task of this
 * run. */
int rog_pool_work_load(struct rog_pool_work *work, const struct rog_pool *pool, const char *run_id,
                       struct rog_json *value, struct rog_error *err);
void rog_pool_work_release(struct rog_pool_work *work);
/* Checks that this machine has the input files of the run, unchanged since it was planned. Returns
 * ROG_EFAILED if not. */
int rog_pool_work_check(const struct rog_pool_work *work, struct rog_contents *contents,
                        struct rog_error *err);

#endif
