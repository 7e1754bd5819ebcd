/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_STORE_BROWSE_H
#define ROG_STORE_BROWSE_H

/*
 * Queries for browsing the database: lists of runs, filtered and sorted, and the events of a run.
 * Aggregates over the rows of a run are in summary.h.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <common/json.h>
#include <orchestrator/store/db.h>

/* Adds the numbers of recorded runs to the object: {runs, done, running, failed, planned}. */
int rog_browse_count(struct rog_db *db, struct rog_json *object, struct rog_error *err);

/* A run in a list. */
struct rog_listed_run {
    char *id;
    int64_t recorded; /* position among the runs of the database, from 1 */
    uint64_t state;   /* a hash that changes if anything shown of the run may have changed */
    bool is_running;  /* its status in the table is "running" */
    double accuracy;  /* of the last tested checkpoint; NaN: none */
    int64_t tested;   /* number of tested checkpoints */
    char *text;       /* value of the requested column; NULL if that is null */
    double number;    /* the same as SQLite's cast to a number; NaN if that is null */
};
struct rog_listed_runs {
    struct rog_listed_run *run;
    size_t count;
};

/* Selects runs. A member that is NULL selects all. */
struct rog_browse_filter {
    const char *case_name;
    const char *statuses; /* "done,failed", as in the table */
    const char *words;    /* all of them must occur in the run's texts; case is ignored */
};
/* Returns what to pass as `column` for that column of runs, or NULL if lists cannot have it. */
const char *rog_browse_column(const char *name);
/* Lists runs in the order in which they were recorded. `column` comes from rog_browse_column; NULL:
 * no column is requested. */
int rog_browse_runs(struct rog_db *db, const struct rog_browse_filter *filter, const char *column,
                    struct rog_listed_runs *runs, struct rog_error *err);
void rog_listed_runs_release(struct rog_listed_runs *runs);

/* Sets *more if a run has more than `rows` iterations, of all workers together. Stops counting
 * there. */
int rog_browse_has_more(struct rog_db *db, const char *id, int64_t rows, bool *more,
                        struct rog_error *err);

/* Loads {id, note, cases: [names], library, threshold, control, batchsize, epochs, workload,
 * cluster, status, seed, attempt, started_at, ended_at, error, metric}, but no data of its
 * iterations. Owned by the caller. */
int rog_browse_run(struct rog_db *db, const char *id, struct rog_json **row, struct rog_error *err);
/* Adds "cases": [names], "hosts": [{rank, host, facts}], and "rows_recorded": whether the run
 * recorded which layers' rows were sent. */
int rog_browse_hosts(struct rog_db *db, const char *id, struct rog_json *run,
                     struct rog_error *err);

/* Events of a run. */
struct rog_event_filter {
    const char *kinds; /* "warning,leave"; NULL: all */
    const char *text;  /* occurs in the message or data, case is ignored; NULL: any */
    int64_t rank;      /* -1: any */
    double from, to;   /* s */
    bool descends;     /* latest first */
    int64_t offset, limit;
};
/* Adds "kinds": {kind: number of all events}, "total": number of events that match the filter,
 * "rows": [{t, rank, kind, message, data}]. */
int rog_browse_events(struct rog_db *db, const char *id, const struct rog_event_filter *filter,
                      struct rog_json *object, struct rog_error *err);

#endif
