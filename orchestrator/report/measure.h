/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_REPORT_MEASURE_H
#define ROG_REPORT_MEASURE_H

/* Measures of a run in a report: the columns of its table. */

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
    ROG_MEASURE_ITERATION, /* sum of the three */
    ROG_MEASURE_ROUGHNESS, /* curves/roughness.h */
    ROG_MEASURE_WORST_DROP,
    ROG_MEASURE_SENT, /* MB of the whole run, mean over workers */
    ROG_MEASURE_RECEIVED,
    ROG_MEASURE_LOCAL_STEPS, /* per iteration (iteration.h); this and the following are means */
    ROG_MEASURE_AGE_PUSHED,
    ROG_MEASURE_AGE_PULLED,
    ROG_MEASURE_STALENESS,
    ROG_MEASURE_KINDS
};

/* The tables that have columns for measures. */
enum rog_measure_table { ROG_TABLE_RESULTS, ROG_TABLE_ROUGHNESS, ROG_TABLE_EXCHANGE };

struct rog_measure_facts {
    const char *json; /* name of the member in JSON, also of a gain in it */
    const char *json_gain;
    const char *unit; /* of a difference; NULL: that of the metric */
    int digits;       /* least digits after the point; for an accuracy, those of the metric */
    bool is_compared; /* gains in it are reported */
    enum rog_measure_table table;
};
extern const struct rog_measure_facts rog_measure_facts[ROG_MEASURE_KINDS];

struct rog_measure {
    enum rog_measure_kind kind;
    double at_s;   /* of an accuracy; INFINITY: at the end */
    char name[24]; /* of an accuracy: "1800", "end" */
    int digits;    /* digits after the point when displayed */
    bool more_is_better;
};

#define ROG_TIMES_MAX 12
#define ROG_MEASURES_MAX (ROG_TIMES_MAX + ROG_MEASURE_KINDS)

struct rog_measures {
    struct rog_measure of[ROG_MEASURES_MAX];
    size_t count;
    bool are_given; /* the times were given by the user */
};

/* Accuracies at `times` ("600,1800", s; NULL: 1800,3600,5400) and at the end, and the other
 * measures. ROG_EINVAL for anything but up to 12 different times from 0 to 1e9 s. */
int rog_measures_make(struct rog_measures *measures, const char *times, struct rog_error *err);

/* Sets the metric of the case's tests (metric.h), which accuracies refer to: its direction, and the
 * number of digits needed to distinguish the runs' results. */
void rog_measures_take_metric(struct rog_measures *measures, const struct rog_case_data *data);

/* Increases the digits if `least`, the smallest displayed value, would have fewer than three. */
void rog_measure_take_least(struct rog_measure *measure, double least);

/* A measured value. */
struct rog_measured {
    double value;  /* NaN if unknown, or not reached */
    bool censored; /* the target was not reached: the value is beyond `until` */
    bool ended;    /* of an accuracy: the run had ended before that time */
    double until;
    double at_s;                      /* of the worst drop: its time; NaN: there is none */
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
bool rog_measure_is_per_iteration(enum rog_measure_kind kind); /* a time per iteration */

/* Returns whether iterations with these mean numbers of local steps can be compared; NaN: unknown,
 * and considered equal. */
bool rog_measure_compares_steps(double one, double other);
/* The index of a measure that occurs only once. */
size_t rog_measures_index(const struct rog_measures *measures, enum rog_measure_kind kind);

#endif
