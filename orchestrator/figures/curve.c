/* SPDX-License-Identifier: Apache-2.0 */
/* Several runs' series, made one line with its interval. */
#include <orchestrator/figures/curve.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <orchestrator/figures/repeats.h>
#include <orchestrator/figures/savgol.h>
#include <orchestrator/figures/stats.h>

#define GRID 200 /* points of a mean */

static double quantity_of(const struct rog_case_run *run, size_t i, enum rog_quantity quantity)
{
    switch (quantity) {
    case ROG_QUANTITY_ITERATION:
        return (double)run->accuracy.point[i].iteration;
    case ROG_QUANTITY_SECONDS:
        return run->accuracy.point[i].t;
    case ROG_QUANTITY_JOULES:
        break;
    }
    return run->joules[i];
}

/* Smoothing must not leave the range of what was measured; x must not run backwards. */
static void smooth_within(const double *values, size_t count, bool ascending, double *smooth)
{
    if (count == 0)
        return;
    double low = values[0], high = values[0];
    for (size_t i = 1; i < count; i++) {
        low = fmin(low, values[i]);
        high = fmax(high, values[i]);
    }
    rog_savgol(values, count, smooth);
    for (size_t i = 0; i < count; i++) {
        smooth[i] = fmin(fmax(smooth[i], low), high);
        if (ascending && i > 0)
            smooth[i] = fmax(smooth[i], smooth[i - 1]);
    }
}

static int run_make(struct rog_curve_run *curve, const struct rog_case_run *run,
                    enum rog_quantity quantity, struct rog_error *err)
{
    size_t room = run->accuracy.count + 1;
    *curve = (struct rog_curve_run){.id = run->row.id};
    curve->x = calloc(4 * room, sizeof *curve->x);
    if (!curve->x)
        return rog_fail_nomem(err);
    curve->y = curve->x + room;
    curve->smooth_x = curve->y + room;
    curve->smooth_y = curve->smooth_x + room;
    for (size_t i = 0; i < run->accuracy.count; i++) {
        double x = quantity_of(run, i, quantity);
        if (isnan(x))
            continue;
        curve->x[curve->count] = x;
        curve->y[curve->count++] = run->accuracy.point[i].percent;
    }
    smooth_within(curve->x, curve->count, true, curve->smooth_x);
    smooth_within(curve->y, curve->count, false, curve->smooth_y);
    return 0;
}

static int line_room(struct rog_curve *curve, size_t count, bool band, struct rog_error *err)
{
    curve->x = calloc((band ? 4 : 2) * count, sizeof *curve->x);
    if (!curve->x)
        return rog_fail_nomem(err);
    curve->y = curve->x + count;
    curve->low = band ? curve->y + count : NULL;
    curve->high = band ? curve->low + count : NULL;
    curve->count = count;
    return 0;
}

static int mean_make(struct rog_curve *curve, struct rog_error *err)
{
    double from = -INFINITY, to = INFINITY;
    for (size_t i = 0; i < curve->runs; i++) {
        from = fmax(from, curve->run[i].smooth_x[0]);
        to = fmin(to, curve->run[i].smooth_x[curve->run[i].count - 1]);
    }
    if (from > to) /* they have no x in common */
        return 0;
    double *at = calloc(curve->runs, sizeof *at);
    if (!at)
        return rog_fail_nomem(err);
    int code = line_room(curve, GRID, true, err);
    for (size_t k = 0; k < GRID && code == 0; k++) {
        double x = k + 1 < GRID ? from + (to - from) * (double)k / (GRID - 1) : to;
        for (size_t i = 0; i < curve->runs; i++)
            at[i] =
                rog_line_at(curve->run[i].smooth_x, curve->run[i].smooth_y, curve->run[i].count, x);
        struct rog_interval interval = rog_interval_of(at, curve->runs);
        curve->x[k] = x;
        curve->y[k] = interval.mean;
        curve->low[k] = interval.low;
        curve->high[k] = interval.high;
    }
    free(at);
    return code;
}

int rog_curve_make(struct rog_curve *curve, const struct rog_case_data *data,
                   const struct rog_case_series *series, enum rog_quantity quantity,
                   struct rog_error *err)
{
    int code = 0;
    *curve = (struct rog_curve){.label = series->label};
    curve->run = calloc(series->runs + 1, sizeof *curve->run);
    if (!curve->run)
        return rog_fail_nomem(err);
    for (size_t i = 0; i < series->runs && code == 0; i++) {
        if (rog_repeats_is_copy(data, series->run[i]))
            continue;
        struct rog_curve_run *run = &curve->run[curve->runs];
        code = run_make(run, &data->run[series->run[i]], quantity, err);
        if (code == 0 && run->count > 0)
            curve->runs++;
        else
            free(run->x);
    }
    if (code == 0 && curve->runs == 1) {
        const struct rog_curve_run *only = &curve->run[0];
        code = line_room(curve, only->count, false, err);
        if (code == 0) {
            memcpy(curve->x, only->smooth_x, only->count * sizeof *curve->x);
            memcpy(curve->y, only->smooth_y, only->count * sizeof *curve->y);
        }
    } else if (code == 0 && curve->runs > 1) {
        code = mean_make(curve, err);
    }
    if (code < 0)
        rog_curve_release(curve);
    return code;
}

void rog_curve_release(struct rog_curve *curve)
{
    for (size_t i = 0; i < curve->runs; i++)
        free(curve->run[i].x);
    free(curve->run);
    free(curve->x);
    *curve = (struct rog_curve){0};
}
