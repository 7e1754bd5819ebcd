/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_STORE_EXTRACT_H
#define ROG_STORE_EXTRACT_H

#include <orchestrator/store/db.h>

/*
 * Writes a case of a database, with all that is recorded of its runs, to a new database at `path`.
 * The same case gives the same bytes. The new database has the newest schema and no journal.
 * `scratch` is a folder in which a database with an older schema is upgraded first. What is only
 * needed while a run is executed is left out. Errors: ROG_ENOTFOUND for an unknown case.
 */
int rog_case_extract(struct rog_db *db, const char *case_name, const char *path,
                     const char *scratch, struct rog_error *err);

/* Checks a database that came from elsewhere: returns ROG_EFORMAT if it is damaged or has anything
 * but tables and indexes. */
int rog_db_examine(struct rog_db *db, struct rog_error *err);

#endif
