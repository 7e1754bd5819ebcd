/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_STORE_IMPORTED_H
#define ROG_STORE_IMPORTED_H

/* What was noted when a run was imported: the event "import". */

#include <common/json.h>
#include <orchestrator/store/db.h>

/* {"notes": [texts], "files": [what became of each file's rows]}, owned by the caller; NULL for a
 * run that was not imported. */
int rog_imported_load(struct rog_db *db, const char *run_id, struct rog_json **imported,
                      struct rog_error *err);

#endif
