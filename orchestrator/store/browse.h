/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_STORE_BROWSE_H
#define ROG_STORE_BROWSE_H

/*
 * The database as somebody looks through it: lists of runs by what they have in common, a part of
 * them at a time. What an aggregate over a run's rows says is summary.h's.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <common/json.h>
#include <orchestrator/store/db.h>

/* What is recorded, in numbers: {runs, done, running, failed, planned} are added to the object. */
int rog_browse_count(struct rog_db *db, struct rog_json *object, struct rog_error *err);

/* A run in a list. */
struct rog_listed_run {
    char *id;
    int64_t recorded; /* its place among the runs of the database, from 1 */
    uint64_t state;   /* another number once anything of it has changed that rows come from */
    bool is_running;  /* as the table says */
    double accuracy;  /* of the last test; NaN: none */
    int64_t tested;   /* checkpoints */
    char *text;       /* of the column that the list is asked for, NULL where that is null */
    double number;    /* the same as a number; NaN where it is none */
};
struct rog_listed_runs {
    struct rog_listed_run *run;
    size_t count;
};

/* Which runs are wanted; NULL, or an array of length 0: whichever. */
struct rog_browse_filter {
    const char *case_name;
    const char *statuses; /* "done,failed", as in the table */
    const char *words;    /* all of them occur in what is said of the run, in any case */
};
/* Whether lists can be asked for that column of runs; its text is what `column` must be. */
const char *rog_browse_column(const char *name);
/* In the order in which they were recorded. `column`: of rog_browse_column; NULL: none. */
int rog_browse_runs(struct rog_db *db, const struct rog_browse_filter *filter, const char *column,
                    struct rog_listed_runs *runs, struct rog_error *err);
void rog_listed_runs_release(struct rog_listed_runs *runs);

/* Whether a run has recorded more iterations than that, of all workers together: quick to know. */
int rog_browse_has_more(struct rog_db *db, const char *id, int64_t rows, bool *more,
                        struct rog_error *err);

/* {id, note, cases: [names], library, threshold, control, batchsize, epochs, workload, cluster,
 * status, seed, attempt, started_at, ended_at, error, metric}, without what its rows say. Owned by
 * the caller. */
int rog_browse_run(struct rog_db *db, const char *id, struct rog_json **row, struct rog_error *err);
/* Adds "cases": [names], "hosts": [{rank, host, facts}], and "rows_recorded": whether it says which
 * layers' rows were sent. */
int rog_browse_hosts(struct rog_db *db, const char *id, struct rog_json *run,
                     struct rog_error *err);

/* Events of a run. */
struct rog_event_filter {
    const char *kinds; /* "warning,leave"; NULL: all */
    const char *text;  /* in what they say, in any case; NULL: any */
    int64_t rank;      /* -1: any */
    double from, to;   /* s */
    bool descends;     /* the latest first */
    int64_t offset, limit;
};
/* Adds "kinds": {kind: number of all}, "total": how many match, "rows": [{t, rank, kind, message,
 * data}]. */
int rog_browse_events(struct rog_db *db, const char *id, const struct rog_event_filter *filter,
                      struct rog_json *object, struct rog_error *err);

#endif
