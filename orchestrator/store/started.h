/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_STORE_STARTED_H
#define ROG_STORE_STARTED_H

/* What a run said of itself when it began: the event "start" (include/rog/events.h). */

#include <common/json.h>
#include <orchestrator/store/db.h>

/* The event of whoever serves the run, owned by the caller; NULL for a run that has not begun. */
int rog_started_load(struct rog_db *db, const char *run_id, struct rog_json **event,
                     struct rog_error *err);

#endif
