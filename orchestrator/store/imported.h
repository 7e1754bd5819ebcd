/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_STORE_IMPORTED_H
#define ROG_STORE_IMPORTED_H

/* Imported runs, and what was noted when they were: the event "import". */

#include <common/json.h>
#include <orchestrator/store/db.h>
#include <orchestrator/store/summary.h>

#define ROG_IMPORTED "imported" /* the workload of such a run */

bool rog_imported_is(const struct rog_run_row *row);

/* 1: the run is recorded by an import; 0: it is not recorded; ROG_EINVAL: it is, but was not
 * imported. */
int rog_imported_find(struct rog_db *db, const char *run_id, struct rog_error *err);

/* {"notes": [texts], "files": [what became of each file's rows]}, owned by the caller; NULL for a
 * run that was not imported. */
int rog_imported_load(struct rog_db *db, const char *run_id, struct rog_json **imported,
                      struct rog_error *err);

#endif
