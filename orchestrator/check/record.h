/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_CHECK_RECORD_H
#define ROG_CHECK_RECORD_H

/* A run's record in memory, for the checks. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <orchestrator/store/summary.h>
#include <rog/iteration.h>

struct rog_admit {
    double t;
    int64_t rank, iteration, oldest, needed, granted; /* granted 0: not said */
};

/* A push. Its rows have arrived at some time between the two. */
struct rog_push {
    double began_s, arrived_s;
    int64_t iteration;
};

struct rog_record_worker {
    int64_t rank;
    const struct rog_iteration *step; /* its iterations, ascending */
    size_t steps;
    struct rog_push *push; /* ascending in time; also one whose iteration the run's end cut off */
    size_t pushes;
    double left_s; /* when it left; infinity: it stayed */
};

struct rog_record {
    struct rog_run_row row;
    struct rog_iteration *step; /* by rank, then iteration */
    size_t steps;
    struct rog_admit *admit; /* by time */
    size_t admits;
    struct rog_record_worker *worker; /* by rank */
    size_t workers;
    int64_t rows;       /* of the model, as the start event says; 0: not said */
    bool ended;         /* there is an end event */
    bool real;          /* real processes in real time, not a virtual run */
    double tolerance_s; /* how exactly this run's clock is known: microseconds for virtual time */
};

int rog_record_load(struct rog_db *db, const char *run_id, struct rog_record *record,
                    struct rog_error *err);
void rog_record_release(struct rog_record *record);

/* NULL where the run has no such worker or iteration. */
const struct rog_record_worker *rog_record_worker(const struct rog_record *record, int64_t rank);
const struct rog_iteration *rog_record_step(const struct rog_record_worker *worker,
                                            int64_t iteration);

/* The iteration of the worker's latest push that had arrived, or begun, by t; 0: none had. */
int64_t rog_record_arrived(const struct rog_record_worker *worker, double t);
int64_t rog_record_begun(const struct rog_record_worker *worker, double t);
/* What a step lasted longer than its parts; the first of a worker begins at 0. */
double rog_record_gap_s(const struct rog_record_worker *worker, size_t index);

#endif
