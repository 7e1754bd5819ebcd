/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_REPORT_MEASURE_H
#define ROG_REPORT_MEASURE_H

/* What a report says of a run: the columns of its table. */

#include <stdbool.h>
#include <stddef.h>

#include <orchestrator/figures/case_data.h>
#include <orchestrator/figures/curve.h>

enum rog_measure_kind {
    ROG_MEASURE_ACCURACY, /* at a time or at the last tested checkpoint, by the case's rule */
    ROG_MEASURE_SECONDS,  /* until the drawn line reaches the case's target */
    ROG_MEASURE_JOULES,   /* the same, mean over workers */
    ROG_MEASURE_COMPUTE,  /* seconds per iteration */
    ROG_MEASURE_COMMUNICATION,
    ROG_MEASURE_STALL,
    ROG_MEASURE_ITERATION, /* the three together */
    ROG_MEASURE_ROUGHNESS, /* curves/roughness.h */
    ROG_MEASURE_WORST_DROP,
    ROG_MEASURE_SENT, /* MB of the whole run, mean over workers */
    ROG_MEASURE_RECEIVED,
    ROG_MEASURE_LOCAL_STEPS, /* of an iteration (iteration.h); this and what follows are means */
    ROG_MEASURE_AGE_PUSHED,
    ROG_MEASURE_AGE_PULLED,
    ROG_MEASURE_STALENESS,
    ROG_MEASURE_KINDS
};

/* The tables that have a column of it. */
enum rog_measure_table { ROG_TABLE_RESULTS, ROG_TABLE_ROUGHNESS, ROG_TABLE_EXCHANGE };

struct rog_measure_facts {
    const char *json; /* member; of a gain in it */
    const char *json_gain;
    const char *unit; /* of a difference; NULL: as its metric has it */
    int digits;       /* after the point, at least; of an accuracy: as its metric has them */
    bool is_compared; /* whether there are gains in it */
    enum rog_measure_table table;
};
extern const struct rog_measure_facts rog_measure_facts[ROG_MEASURE_KINDS];

struct rog_measure {
    enum rog_measure_kind kind;
    double at_s;   /* of an accuracy; INFINITY: at the end */
    char name[24]; /* of an accuracy: "1800", "end" */
    int digits;    /* after the point, of what is shown */
    bool more_is_better;
};

#define ROG_TIMES_MAX 12
#define ROG_MEASURES_MAX (ROG_TIMES_MAX + ROG_MEASURE_KINDS)

struct rog_measures {
    struct rog_measure of[ROG_MEASURES_MAX];
    size_t count;
    bool are_given; /* the times, by whoever wants the report */
};

/* Accuracies at `times` ("600,1800", s; NULL: 1800,3600,5400) and at the end, and the others.
 * ROG_EINVAL for anything but up to 12 different times from 0 to 1e9 s. */
int rog_measures_make(struct rog_measures *measures, const char *times, struct rog_error *err);

/* Accuracies are what the case's tests measure (metric.h): which direction is better, and how many
 * digits tell the runs' results apart. */
void rog_measures_take_metric(struct rog_measures *measures, const struct rog_case_data *data);

/* More digits, if three of `least`, the smallest value that is shown, need them. */
void rog_measure_take_least(struct rog_measure *measure, double least);

/* A measured value. */
struct rog_measured {
    double value;  /* NaN where it is not known, or not reached */
    bool censored; /* the target was not reached: the value is beyond `until` */
    bool ended;    /* of an accuracy: the run has not run that long */
    double until;
    double at_s;                      /* of the worst drop: when it was; NaN: there is none */
    struct rog_curve_reached reached; /* of time and energy to the target */
};

/* Of a run (index into data->run). */
int rog_measure_run(const struct rog_case_data *data, size_t run, const struct rog_measure *measure,
                    struct rog_measured *measured, struct rog_error *err);

/* Time or energy of a series until its own line, as the figure draws it, reaches the target. */
int rog_measure_line(const struct rog_case_data *data, const struct rog_case_series *series,
                     enum rog_measure_kind kind, struct rog_measured *measured,
                     struct rog_error *err);

bool rog_measure_is_to_target(enum rog_measure_kind kind);
bool rog_measure_is_per_iteration(enum rog_measure_kind kind); /* in time */

/* Whether iterations of so many local steps, means, can be compared; NaN: not known, and they are
 * taken as equal. */
bool rog_measure_compares_steps(double one, double other);
/* The index of a measure of which there is one. */
size_t rog_measures_index(const struct rog_measures *measures, enum rog_measure_kind kind);

#endif
