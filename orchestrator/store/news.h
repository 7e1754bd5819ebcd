/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_STORE_NEWS_H
#define ROG_STORE_NEWS_H

/* Finds what has changed in the database since the caller last asked. */

#include <stddef.h>
#include <stdint.h>

#include <common/json.h>
#include <orchestrator/store/db.h>

/* The runs that the caller has seen. Zero-initialize. */
struct rog_runs_seen {
    struct rog_run_seen {
        char *id;
        uint64_t state;
    } * run;
    size_t count;
};
/* Appends the ids of at most `most` runs that are new, have begun, ended or failed since, or are
 * being executed. Sets *list if runs were added or removed. */
int rog_runs_news(struct rog_db *db, struct rog_runs_seen *seen, size_t most, struct rog_json *ids,
                  bool *list, struct rog_error *err);
void rog_runs_seen_release(struct rog_runs_seen *seen);

/* Appends the ids of runs that are being executed (progress.h). */
int rog_runs_executed(struct rog_db *db, struct rog_json *ids, struct rog_error *err);

/* How far the caller has read the rows of one run. Zero-initialize. */
struct rog_run_cursor {
    struct rog_rank_cursor {
        int64_t rank, iteration;
        double bandwidth_t;
    } * rank;
    size_t ranks;
    double *tested; /* [tests]: times of tested checkpoints, ascending */
    size_t tests;
};
/* Moves the cursor to the end. Adds the rows that it passes to the object, unless that is NULL:
 * "accuracy": [[t, iteration, value]], "iterations": [{worker, iteration, t, compute_s,
 * communication_s, stall_s, staleness, rows_pushed, rows_pulled (percent)}], "bandwidth": [[worker,
 * t, Mbit/s]], at most `most` of each of the last two, "dropped": number of rows left out. Sets
 * *any if there were any rows. */
int rog_run_news(struct rog_db *db, const char *run_id, struct rog_run_cursor *cursor, size_t most,
                 struct rog_json *object, bool *any, struct rog_error *err);
void rog_run_cursor_release(struct rog_run_cursor *cursor);

#endif
