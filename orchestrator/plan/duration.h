/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_PLAN_DURATION_H
#define ROG_PLAN_DURATION_H

/* How long the runs of a plan will take, by the clock on the wall, as far as that is known. */

#include <orchestrator/plan/plan.h>

enum rog_duration_from {
    ROG_DURATION_UNKNOWN,
    ROG_DURATION_SAME,  /* the same run, with other seeds, took so long on this cluster */
    ROG_DURATION_ALIKE, /* runs of the same size (ROG_SETTING_OF_SIZE) did */
    ROG_DURATION_LIMIT, /* real time, at most what the run's `seconds` say */
};

struct rog_duration {
    double wall_s; /* mean over the recorded ones; NaN where nothing is known */
    enum rog_duration_from from;
};
/* "same run", "runs of its size", "its seconds"; NULL: unknown. */
const char *rog_duration_from_text(enum rog_duration_from from);

/* What is recorded of runs on a cluster, which estimates are made from. */
struct rog_duration_records {
    struct rog_json *same, *alike;
    size_t count; /* runs */
};
/* `db` NULL is an empty one. Release in any case. */
int rog_duration_records_load(struct rog_duration_records *records, struct rog_db *db,
                              const char *cluster, struct rog_error *err);
void rog_duration_records_release(struct rog_duration_records *records);
/* For a run of that configuration. */
int rog_duration_estimate(const struct rog_duration_records *records, const struct rog_json *config,
                          bool real_time, struct rog_duration *duration, struct rog_error *err);

struct rog_durations {
    struct rog_duration *run; /* [the plan's count] */
    size_t known, unknown;    /* of the runs that are to be done */
    size_t recorded;          /* runs that it is known from */
    double sum_s;             /* of the known ones that are to be done */
};

/* `db` NULL is an empty one. Release it in any case. */
int rog_durations_load(struct rog_durations *durations, const struct rog_plan *plan,
                       struct rog_db *db, struct rog_error *err);
void rog_durations_release(struct rog_durations *durations);

#endif
