/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_EXPORT_EXPORT_H
#define ROG_EXPORT_EXPORT_H

/*
 * Exports a case from results.db for other programs: every recorded row of its runs, with the
 * columns of the tables.
 */

#include <orchestrator/store/db.h>

struct rog_export_options {
    const char *folder; /* folder for the files; created if missing */
    const char *table;  /* CSV: only this table; NULL: all */
    /* Called with each file's path; may be NULL. */
    void (*written)(void *user, const char *path);
    void *user;
};

/* One file per table, CASE-TABLE.csv (RFC 4180: a line of column names, CRLF, quotes doubled; NULL
 * is empty). ROG_ENOTFOUND for an unknown case or table. Each file is written atomically. */
int rog_export_csv(struct rog_db *db, const char *case_name,
                   const struct rog_export_options *options, struct rog_error *err);

/* CASE.json: {"case": {...}, "runs": [{..., "iterations": [{...}], ...}]}. */
int rog_export_json(struct rog_db *db, const char *case_name,
                    const struct rog_export_options *options, struct rog_error *err);

#endif
