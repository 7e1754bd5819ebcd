/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_STORE_SCHEMA_H
#define ROG_STORE_SCHEMA_H

/*
 * The tables of results.db (docs/results.md describes them for users). `PRAGMA user_version` holds
 * the version. An empty file, version 0, becomes the newest schema by all steps one after the
 * other. A version is brought by a step here, by columns of rog/iteration.h, or by both.
 */

/* For SQL: those of the newest version. */
#define ROG_SCHEMA_TABLES                                                                          \
    "'runs', 'cases', 'case_settings', 'case_runs', 'streams', 'workers', 'bandwidth', 'energy', " \
    "'checkpoints', 'events', 'iterations', 'identities', 'inputs', 'progress', 'robots'"

int rog_schema_version(void);

/* What turns version `version` - 1 into `version`: a script of SQL in heap memory, NULL when there
 * is none. */
char *rog_schema_step(int version);

/* What makes a database of an older version look like the newest to a connection that may not
 * change it, by temporary views in the place of tables. Heap memory. */
char *rog_schema_view(int version);

#endif
