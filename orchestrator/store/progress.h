/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_STORE_PROGRESS_H
#define ROG_STORE_PROGRESS_H

/*
 * How far runs have come that are being executed now: the table `progress`, a row a run, written by
 * whoever executes it about once a second and removed when that is over. The row of a run that was
 * left on its hosts, or whose rogctl was killed, stays as it was then.
 */

#include <stdbool.h>
#include <stdint.h>

#include <orchestrator/store/db.h>
#include <orchestrator/store/ingest.h>

#define ROG_PROGRESS_STATE_BYTES 16

struct rog_run_progress {
    char state[ROG_PROGRESS_STATE_BYTES]; /* as the lines of progress have it: "running" */
    double t_s;                           /* since the run's start; NaN: only tests were left */
    double from_t_s;                      /* where this execution went on from */
    double done;                          /* 0..1 */
    int64_t iteration;                    /* largest of any worker */
    double accuracy, stall_share;         /* NaN: not known yet */
    double wall_s;                        /* since this execution began */
    char waiting[ROG_WAITING_BYTES];      /* what for; "": for nothing */
    double waiting_s;                     /* for so long */
    double alone_s; /* for so long the run goes on when nobody follows it; 0: not at all */
    double age_s;   /* load: since the row was written */
};

/* *stop: somebody has asked for the run's end (rog_run_progress_ask_to_stop). */
int rog_run_progress_put(struct rog_db *db, const char *run_id,
                         const struct rog_run_progress *progress, bool *stop,
                         struct rog_error *err);
int rog_run_progress_end(struct rog_db *db, const char *run_id, struct rog_error *err);

/* 1: it is there; 0: nothing is known of such an execution; negative: error. */
int rog_run_progress_load(struct rog_db *db, const char *run_id, struct rog_run_progress *progress,
                          struct rog_error *err);

/* The run's status in the table of runs, and why it has failed (""): cheaper than its row. */
int rog_run_status_load(struct rog_db *db, const char *run_id,
                        char status[ROG_PROGRESS_STATE_BYTES], char error[ROG_ERROR_MESSAGE_BYTES],
                        struct rog_error *err);

/* Asks whoever executes the run to stop it. ROG_ENOTFOUND: nobody does. */
int rog_run_progress_ask_to_stop(struct rog_db *db, const char *run_id, struct rog_error *err);

#endif
