/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_STORE_PROGRESS_H
#define ROG_STORE_PROGRESS_H

/*
 * How far runs are that are being executed: the table `progress`, with one row for each run. The
 * process that executes the run writes the row about once a second and removes it at the end. The
 * row remains if the run was left on its hosts, or if its rogctl was killed.
 */

#include <stdbool.h>
#include <stdint.h>

#include <orchestrator/store/db.h>
#include <orchestrator/store/ingest.h>

#define ROG_PROGRESS_STATE_BYTES 16

struct rog_run_progress {
    char state[ROG_PROGRESS_STATE_BYTES]; /* as in progress lines, such as "running" */
    double t_s;                           /* since the run's start; NaN: only tests are left */
    double from_t_s;                      /* time of the run from which this execution resumed */
    double done;                          /* 0..1 */
    int64_t iteration;                    /* largest of all workers */
    double accuracy, stall_share;         /* NaN: not known yet */
    double wall_s;                        /* since this execution began */
    char waiting[ROG_WAITING_BYTES];      /* what the run waits for; "": nothing */
    double waiting_s;                     /* how long it has waited */
    double alone_s; /* how long the run continues without rogctl; 0: it does not */
    double age_s;   /* only for load: age of the row */
};

/* Writes the row. Sets *stop if a user has asked to stop the run (rog_run_progress_ask_to_stop). */
int rog_run_progress_put(struct rog_db *db, const char *run_id,
                         const struct rog_run_progress *progress, bool *stop,
                         struct rog_error *err);
int rog_run_progress_end(struct rog_db *db, const char *run_id, struct rog_error *err);

/* Returns 1 if there is a row, 0 if not, or a negative error. */
int rog_run_progress_load(struct rog_db *db, const char *run_id, struct rog_run_progress *progress,
                          struct rog_error *err);

/* Loads the run's status from the table of runs, and its error ("" if none). Cheaper than the whole
 * row. */
int rog_run_status_load(struct rog_db *db, const char *run_id,
                        char status[ROG_PROGRESS_STATE_BYTES], char error[ROG_ERROR_MESSAGE_BYTES],
                        struct rog_error *err);

/* Asks the process that executes the run to stop it. Errors: ROG_ENOTFOUND if no process executes
 * it. */
int rog_run_progress_ask_to_stop(struct rog_db *db, const char *run_id, struct rog_error *err);

#endif
