/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_STORE_ELSEWHERE_H
#define ROG_STORE_ELSEWHERE_H

/* Runs that are executed elsewhere than beside the database that they are recorded in. */

#include <stdint.h>

#include <orchestrator/store/db.h>

/* A row of `runs` for whoever executes one of another database: what it needs of it, and no more.
 */
struct rog_run_elsewhere {
    const char *run_id, *config, *hash, *settings_hash;
    int64_t attempt;        /* 0: nothing of it is there yet */
    const char *started_at; /* with an attempt; NULL: not known */
};
int rog_run_elsewhere_record(struct rog_db *db, const struct rog_run_elsewhere *run,
                             struct rog_error *err);

/* When it was executed, by the clock of whoever did; NULL, or no time as tables have it: what the
 * table says stays. */
int rog_run_elsewhere_times(struct rog_db *db, const char *run_id, const char *started_at,
                            const char *ended_at, struct rog_error *err);

/* One that was planned runs now, or does so no more. */
int rog_run_elsewhere_status(struct rog_db *db, const char *run_id, const char *status,
                             struct rog_error *err);

#endif
