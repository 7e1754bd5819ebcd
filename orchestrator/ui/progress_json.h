/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_UI_PROGRESS_JSON_H
#define ROG_UI_PROGRESS_JSON_H

/* The progress of a run that is being executed (store/progress.h), as JSON. */

#include <common/json.h>
#include <orchestrator/store/db.h>

/* {state, done, seconds, iteration, accuracy, stall_share, wall_s, waiting, waiting_s, age_s};
 * NULL: no process executes it. Owned by the caller. */
int rog_progress_json(struct rog_db *db, const char *run_id, struct rog_json **json,
                      struct rog_error *err);

#endif
