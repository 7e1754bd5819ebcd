/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FIGURES_CURVE_H
#define ROG_FIGURES_CURVE_H

/*
 * Makes the drawn line from a series of runs, and reads from it what tables and exports need: where
 * it reaches the target, and a run's accuracy at a given time. All callers use this, so that
 * numbers agree with the figures.
 */

#include <stddef.h>

#include <orchestrator/curves/line.h>
#include <orchestrator/curves/reached.h>
#include <orchestrator/figures/case_data.h>
#include <orchestrator/figures/panel.h>

/* A run's accuracy over another quantity. */
struct rog_curve_run {
    const char *id; /* borrowed */
    double *x, *y;  /* as measured */
    double *smooth_x, *smooth_y;
    double *place; /* [count]: each point's index among the run's tested checkpoints */
    size_t count;
};

/* The line of a series: a run's smoothed curve, or the mean over runs with its 95% interval, or the
 * range for two runs. */
struct rog_curve {
    const char *label; /* borrowed */
    struct rog_curve_run *run;
    size_t runs; /* runs that have data, without copies */
    double *x, *y;
    double *place;      /* like rog_curve_run.place; for a mean over runs the mean of theirs */
    double *low, *high; /* NULL for a single run */
    size_t count;
    bool less_is_better; /* the case's metric */
};

/* The line of a run is made by data->rule. A mean is the mean of the runs' lines at each of their
 * points and on an even grid, over the range where all runs of the series have data; `place` is
 * computed likewise. The curve has count 0 if no run has data. */
int rog_curve_make(struct rog_curve *curve, const struct rog_case_data *data,
                   const struct rog_case_series *series, enum rog_quantity quantity,
                   struct rog_error *err);
void rog_curve_release(struct rog_curve *curve);

/* A single run as a series: its line is the run's own. Borrows the index. */
struct rog_case_series rog_curve_single(size_t *run);

/* Where a series reaches a target. */
struct rog_curve_reached {
    struct rog_reached line; /* the drawn line; first_raw and last_below: the earliest and latest of
                              * its runs */
    size_t runs;             /* runs that have data */
    size_t reached;          /* number of runs whose own line reaches it */
};
struct rog_curve_reached rog_curve_reached_of(const struct rog_curve *curve, double target,
                                              double sustain);

/* Seconds or joules (mean over workers) until the series' line reaches the case's target. Energy is
 * unknown if its readings end before the target was reached in time. */
int rog_case_reached(const struct rog_case_data *data, const struct rog_case_series *series,
                     enum rog_quantity quantity, struct rog_curve_reached *reached,
                     struct rog_error *err);

/* {state: "reached", "not reached" or "unknown", at, seen_to, first_raw_crossing, last_below, runs,
 * runs_reached}. Owned by the caller. */
struct rog_json *rog_curve_reached_json(const struct rog_curve_reached *reached);

/* The accuracy of a run (index into data->run) at a time in s, by the case's rule; for INFINITY at
 * its end. */
int rog_case_accuracy_at(const struct rog_case_data *data, size_t run, double at,
                         struct rog_accuracy_value *value, struct rog_error *err);

#endif
