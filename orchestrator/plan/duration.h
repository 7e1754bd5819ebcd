/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_PLAN_DURATION_H
#define ROG_PLAN_DURATION_H

/* Estimates how much wall time the runs of a plan will take. */

#include <orchestrator/plan/plan.h>

enum rog_duration_from {
    ROG_DURATION_UNKNOWN,
    ROG_DURATION_SAME,  /* mean of the same run with other seeds on this cluster */
    ROG_DURATION_ALIKE, /* mean of runs of the same size (ROG_SETTING_OF_SIZE) */
    ROG_DURATION_LIMIT, /* real time: at most the run's `seconds` */
};

struct rog_duration {
    double wall_s; /* mean over recorded runs; NaN if unknown */
    enum rog_duration_from from;
};
/* "same run", "runs of its size", "its seconds"; NULL: unknown. */
const char *rog_duration_from_text(enum rog_duration_from from);

/* Recorded runs of a cluster, from which estimates are made. */
struct rog_duration_records {
    struct rog_json *same, *alike;
    size_t count; /* runs */
};
/* `db` NULL: empty. Release also after an error. */
int rog_duration_records_load(struct rog_duration_records *records, struct rog_db *db,
                              const char *cluster, struct rog_error *err);
void rog_duration_records_release(struct rog_duration_records *records);
/* Estimates the duration of a run with that configuration. */
int rog_duration_estimate(const struct rog_duration_records *records, const struct rog_json *config,
                          bool real_time, struct rog_duration *duration, struct rog_error *err);

struct rog_durations {
    struct rog_duration *run; /* [the plan's count] */
    size_t known, unknown;    /* number of runs to be done with and without an estimate */
    size_t recorded;          /* number of recorded runs that the estimates are based on */
    double sum_s;             /* sum of the estimates of runs to be done */
};

/* `db` NULL: empty. Release also after an error. */
int rog_durations_load(struct rog_durations *durations, const struct rog_plan *plan,
                       struct rog_db *db, struct rog_error *err);
void rog_durations_release(struct rog_durations *durations);

#endif
