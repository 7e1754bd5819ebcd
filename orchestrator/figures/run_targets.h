/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FIGURES_RUN_TARGETS_H
#define ROG_FIGURES_RUN_TARGETS_H

/* When a run reached the targets of its cases. */

#include <common/json.h>
#include <orchestrator/store/db.h>

/* [{case, target, seconds, joules}], the last two as rog_curve_reached_json has them; empty for a
 * run without tested checkpoints. Owned by the caller. */
int rog_run_targets(struct rog_db *db, const char *run_id, struct rog_json **targets,
                    struct rog_error *err);

#endif
