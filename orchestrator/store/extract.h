/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_STORE_EXTRACT_H
#define ROG_STORE_EXTRACT_H

#include <orchestrator/store/db.h>

/*
 * A case of a database, with all that is recorded of its runs, as a new database at `path`, whose
 * bytes depend on nothing else. It has the newest schema and no journal; `scratch` is a folder
 * where a database of an older schema is migrated first. What is only of use while a run is
 * executed is left out. ROG_ENOTFOUND for an unknown case.
 */
int rog_case_extract(struct rog_db *db, const char *case_name, const char *path,
                     const char *scratch, struct rog_error *err);

/* Whether a database that came from elsewhere is whole and has nothing but tables and indexes:
 * ROG_EFORMAT. */
int rog_db_examine(struct rog_db *db, struct rog_error *err);

#endif
