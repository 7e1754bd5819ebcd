/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_STORE_NEWS_H
#define ROG_STORE_NEWS_H

/* What has come into the database since somebody looked last. */

#include <stddef.h>
#include <stdint.h>

#include <common/json.h>
#include <orchestrator/store/db.h>

/* Of all runs. Zero-initialize. */
struct rog_runs_seen {
    struct rog_run_seen {
        char *id;
        uint64_t state;
    } * run;
    size_t count;
};
/* Appends the ids of runs that are new or have begun, ended or failed since, and of those that are
 * being executed; at most `most`. *list: runs have come or gone. */
int rog_runs_news(struct rog_db *db, struct rog_runs_seen *seen, size_t most, struct rog_json *ids,
                  bool *list, struct rog_error *err);
void rog_runs_seen_release(struct rog_runs_seen *seen);

/* Appends the ids of runs that are being executed (progress.h). */
int rog_runs_executed(struct rog_db *db, struct rog_json *ids, struct rog_error *err);

/* Of the rows of one run. Zero-initialize. */
struct rog_run_cursor {
    struct rog_rank_cursor {
        int64_t rank, iteration;
        double bandwidth_t;
    } * rank;
    size_t ranks;
    double *tested; /* [tests]: times of tested checkpoints, ascending */
    size_t tests;
};
/* Moves the cursor to the end. What is passed goes into the object, unless that is NULL:
 * "accuracy": [[t, iteration, value]], "iterations": [{worker, iteration, t, compute_s,
 * communication_s, stall_s, staleness, rows_pushed, rows_pulled (percent)}], "bandwidth": [[worker,
 * t, Mbit/s]], at most `most` of the latter each, "dropped": how many more. *any: there is some. */
int rog_run_news(struct rog_db *db, const char *run_id, struct rog_run_cursor *cursor, size_t most,
                 struct rog_json *object, bool *any, struct rog_error *err);
void rog_run_cursor_release(struct rog_run_cursor *cursor);

#endif
