/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_STORE_SCHEMA_H
#define ROG_STORE_SCHEMA_H

/*
 * The tables of results.db (docs/results.md describes them for users). `PRAGMA user_version` holds
 * the version. An empty file is version 0; all steps in order turn it into the newest schema. A new
 * version consists of a step here, of columns of rog/iteration.h, or of both.
 */

/* For SQL: the tables of the newest version. */
#define ROG_SCHEMA_TABLES                                                                          \
    "'runs', 'cases', 'case_settings', 'case_runs', 'streams', 'workers', 'bandwidth', 'energy', " \
    "'checkpoints', 'events', 'iterations', 'identities', 'inputs', 'progress', 'robots'"

int rog_schema_version(void);

/* Returns the SQL script that upgrades version `version` - 1 to `version`. Heap memory, NULL if
 * memory ran out. */
char *rog_schema_step(int version);

/* Returns SQL that makes a database of an older version look like the newest one to a connection
 * that must not change it: temporary views that replace tables. Heap memory. */
char *rog_schema_view(int version);

#endif
