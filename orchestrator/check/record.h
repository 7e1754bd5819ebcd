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
    int64_t rank, iteration, oldest, needed, granted; /* granted 0: not said */
    int64_t slowest, reached, active;                 /* of workers; active 0: not said */
};

/* Instead of an iteration: the worker is not there, and nobody waits for it. */
#define ROG_RECORD_AWAY INT64_MAX

/* A push. Its rows have arrived at some time between the two, which are the same where a worker
 * leaves or comes back: that changes which rows it has as well. */
struct rog_push {
    double began_s, arrived_s;
    int64_t iteration;
    bool lost; /* the worker came back and knew nothing of it: no step is left of it */
};

struct rog_record_worker {
    int64_t rank;
    const struct rog_iteration *step; /* its iterations, ascending */
    size_t steps;
    int64_t returned;      /* the iteration that it went on after when it came back last */
    struct rog_push *push; /* ascending in time; also one whose iteration the run's end cut off */
    size_t pushes;         /* the last of them may be one that nothing says was made */
    bool unfetched;        /* its host was not reached any more: it may have done more */
    int64_t unfinished;    /* the iteration without a step that was met last */
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
    struct rog_json *config; /* what the run's row says; NULL: nothing */
    struct rog_json *start;  /* the start event; NULL: there is none */
    int64_t rows;            /* of the model, as that says; 0: not said */
    int64_t starts, ends;    /* how many such events there are */
    int64_t end_iterations;  /* as the end event says */
    double end_s;            /* s; NaN: it does not say */
    bool own;                /* made by rogctl, not imported */
    bool resumed;            /* it went on in another process */
    bool real;               /* real processes in real time, not a virtual run */
    double tolerance_s; /* how exactly this run's clock is known: microseconds for virtual time */
};

int rog_record_load(struct rog_db *db, const char *run_id, struct rog_record *record,
                    struct rog_error *err);
void rog_record_release(struct rog_record *record);

/* NULL where the run has no such worker or iteration. */
const struct rog_record_worker *rog_record_worker(const struct rog_record *record, int64_t rank);
const struct rog_iteration *rog_record_step(const struct rog_record_worker *worker,
                                            int64_t iteration);
/* The last of its iterations, or the one that it went on after when it came back last, if that is
 * later; 0 where it finished none. */
int64_t rog_record_last(const struct rog_record_worker *worker);

/* Whether the configuration has a worker of that rank, or names none. */
bool rog_record_configured(const struct rog_record *record, int64_t rank);

/* The iteration of the worker's latest push that had arrived, or begun, by t; 0: none had,
 * ROG_RECORD_AWAY: it was not there. Where t is known but so exactly, the least of what had arrived
 * and the most of what had begun. */
int64_t rog_record_arrived(const struct rog_record_worker *worker, double t, double tolerance_s);
int64_t rog_record_begun(const struct rog_record_worker *worker, double t, double tolerance_s);
/* Whether the worker came back after t without what it did then in this iteration, or is not known
 * to have done it for being unfetched. */
bool rog_record_lost(const struct rog_record *record, const struct rog_record_worker *worker,
                     int64_t iteration, double t);
/* What a step lasted longer than its parts. It begins with the end of the one before, at 0 or where
 * the worker came back; it is given the model then, for which this is no measure: *came_back. */
double rog_record_gap_s(const struct rog_record *record, const struct rog_record_worker *worker,
                        size_t index, bool *came_back);

#endif
