/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_STORE_ELSEWHERE_H
#define ROG_STORE_ELSEWHERE_H

/* Records runs that are executed with another database than the one that they belong to. */

#include <stdint.h>

#include <orchestrator/store/db.h>

/* Writes a row of `runs` into the database that an agent executes a run with: only the columns that
 * it needs. */
struct rog_run_elsewhere {
    const char *run_id, *config, *hash, *settings_hash;
    int64_t attempt;        /* 0: the run has not begun */
    const char *started_at; /* of that attempt; NULL: not known */
};
int rog_run_elsewhere_record(struct rog_db *db, const struct rog_run_elsewhere *run,
                             struct rog_error *err);

/* Records when a run was executed, by the clock of the machine that executed it. A time that is
 * NULL or not in the format of the tables leaves the table's value unchanged. */
int rog_run_elsewhere_times(struct rog_db *db, const char *run_id, const char *started_at,
                            const char *ended_at, struct rog_error *err);

/* Records that a planned run is running now, or has gone back to planned. */
int rog_run_elsewhere_status(struct rog_db *db, const char *run_id, const char *status,
                             struct rog_error *err);

#endif
