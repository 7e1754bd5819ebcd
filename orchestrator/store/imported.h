/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_STORE_IMPORTED_H
#define ROG_STORE_IMPORTED_H

/* Queries imported runs and what was noted during their import: the event "import". */

#include <common/json.h>
#include <orchestrator/store/db.h>
#include <orchestrator/store/summary.h>

#define ROG_IMPORTED "imported" /* workload of an imported run */

bool rog_imported_is(const struct rog_run_row *row);

/* Returns 1 if the run is recorded by an import, 0 if it is not recorded, ROG_EINVAL if it is
 * recorded but was not imported. */
int rog_imported_find(struct rog_db *db, const char *run_id, struct rog_error *err);

/* Loads {"notes": [texts], "files": [what became of each file's rows]}, owned by the caller; NULL
 * for a run that was not imported. */
int rog_imported_load(struct rog_db *db, const char *run_id, struct rog_json **imported,
                      struct rog_error *err);

#endif
