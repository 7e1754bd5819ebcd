/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FIGURES_CURVE_H
#define ROG_FIGURES_CURVE_H

/* From a series of runs to the line that is drawn. */

#include <stddef.h>

#include <orchestrator/figures/case_data.h>
#include <orchestrator/figures/panel.h>

/* A run's accuracy against something. */
struct rog_curve_run {
    const char *id; /* borrowed */
    double *x, *y;  /* as measured */
    double *smooth_x, *smooth_y;
    size_t count;
};

/* The line of a series: a run's smoothed curve, or the mean over runs with its 95% interval,
 * of two runs with their range. */
struct rog_curve {
    const char *label; /* borrowed */
    struct rog_curve_run *run;
    size_t runs;                /* those that have data, without copies */
    double *x, *y, *low, *high; /* low, high: NULL for a single run */
    size_t count;
};

/* What the line of a run shows is smoothed in both coordinates and kept within what was measured.
 * A mean is taken where all runs of the series have data, on a grid of equal steps. The curve has
 * count 0 where no run has data. */
int rog_curve_make(struct rog_curve *curve, const struct rog_case_data *data,
                   const struct rog_case_series *series, enum rog_quantity quantity,
                   struct rog_error *err);
void rog_curve_release(struct rog_curve *curve);

#endif
