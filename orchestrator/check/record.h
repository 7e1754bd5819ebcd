/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_CHECK_RECORD_H
#define ROG_CHECK_RECORD_H

/* A run's record in memory, for the checks. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <common/json.h>
#include <orchestrator/store/returns.h>
#include <orchestrator/store/summary.h>
#include <rog/iteration.h>

struct rog_admit {
    double t;
    int64_t rank, iteration, oldest, needed, granted; /* granted 0: not recorded */
    int64_t slowest, reached, active;                 /* number of workers; active 0: not
                                                       * recorded */
};

/* Instead of an iteration: the worker has left, and no worker waits for it. */
#define ROG_RECORD_AWAY INT64_MAX

/* A push. Its rows arrived at some time between the two times, which are equal when a worker leaves
 * or comes back: that changes its rows, too. */
struct rog_push {
    double began_s, arrived_s;
    int64_t iteration;
    bool lost; /* the worker came back without it: no step of it is left */
};

struct rog_record_worker {
    int64_t rank;
    const struct rog_iteration *step; /* its iterations, ascending */
    size_t steps;
    int64_t returned;      /* the iteration after which it continued when it last came back */
    struct rog_push *push; /* ascending in time; includes one whose iteration was cut off by the end
                            * of the run */
    size_t pushes;         /* the last of them may not have been completed */
    bool unfetched;        /* its host was not reached again: it may have done more */
    int64_t unfinished;    /* the last iteration without a step */
};

struct rog_record {
    struct rog_run_row row;
    struct rog_iteration *step; /* by rank, then iteration */
    size_t steps;
    struct rog_admit *admit; /* by time */
    size_t admits;
    struct rog_record_worker *worker; /* by rank */
    size_t workers;
    struct rog_returns returns;
    struct rog_json *config; /* the run's row; NULL: none */
    struct rog_json *start;  /* the start event; NULL: none */
    int64_t rows;            /* of the model, from that event; 0: not recorded */
    int64_t starts, ends;    /* number of such events */
    int64_t end_iterations;  /* from the end event */
    double end_s;            /* seconds; NaN: not recorded */
    bool own;                /* made by rogctl, not imported */
    bool resumed;            /* it was continued by another process */
    bool real;               /* real processes in real time, not a virtual run */
    double tolerance_s;      /* the precision of this run's clock: microseconds for virtual time */
};

int rog_record_load(struct rog_db *db, const char *run_id, struct rog_record *record,
                    struct rog_error *err);
void rog_record_release(struct rog_record *record);

/* NULL if the run has no such worker or iteration. */
const struct rog_record_worker *rog_record_worker(const struct rog_record *record, int64_t rank);
const struct rog_iteration *rog_record_step(const struct rog_record_worker *worker,
                                            int64_t iteration);
/* The last of its iterations, or the one after which it continued when it last came back, if later;
 * 0 if it finished none. */
int64_t rog_record_last(const struct rog_record_worker *worker);

/* Whether the configuration has a worker of that rank, or lists no workers. */
bool rog_record_configured(const struct rog_record *record, int64_t rank);

/* The iteration of the worker's latest push that had arrived, or begun, by t; 0: none,
 * ROG_RECORD_AWAY: it had left. Within the precision of t: the smallest that had arrived, the
 * largest that had begun. */
int64_t rog_record_arrived(const struct rog_record_worker *worker, double t, double tolerance_s);
int64_t rog_record_begun(const struct rog_record_worker *worker, double t, double tolerance_s);
/* Whether the worker came back after t without its work on this iteration, or that work is not
 * known because it was not fetched. */
bool rog_record_lost(const struct rog_record *record, const struct rog_record_worker *worker,
                     int64_t iteration, double t);
/* How much longer a step lasted than its parts. A step begins at the end of the previous one, or at
 * 0, or when the worker came back; then it first receives the model, and this is no measure of it:
 * *came_back. */
double rog_record_gap_s(const struct rog_record *record, const struct rog_record_worker *worker,
                        size_t index, bool *came_back);

#endif
