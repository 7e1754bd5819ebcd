/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_STORE_STARTED_H
#define ROG_STORE_STARTED_H

/* Queries what a run reported when it began: the event "start" (include/rog/events.h). */

#include <common/json.h>
#include <orchestrator/store/db.h>

/* Loads the start event of the run's server, owned by the caller; NULL for a run that has not
 * begun. */
int rog_started_load(struct rog_db *db, const char *run_id, struct rog_json **event,
                     struct rog_error *err);

#endif
