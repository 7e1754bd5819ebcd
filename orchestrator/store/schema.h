/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_STORE_SCHEMA_H
#define ROG_STORE_SCHEMA_H

/*
 * The tables of results.db (docs/file-formats.md describes them for users). `PRAGMA user_version`
 * holds the version; step i of rog_schema_steps turns version i into version i + 1, so an empty
 * file becomes the newest schema by running them all.
 */

#define ROG_SCHEMA_VERSION 2

/* SQL scripts, ROG_SCHEMA_VERSION of them. */
extern const char *const rog_schema_steps[ROG_SCHEMA_VERSION];

#endif
