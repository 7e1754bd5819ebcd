/* SPDX-License-Identifier: Apache-2.0 */
/* Combines the curves of several runs into one line with its interval, and reads values off that
 * line. */
#include <orchestrator/figures/curve.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <orchestrator/figures/repeats.h>
#include <orchestrator/figures/stats.h>

#define GRID 200 /* points of a mean, in addition to those of the runs' lines */

static double quantity_of(const struct rog_case_run *run, size_t i, enum rog_quantity quantity)
{
    switch (quantity) {
    case ROG_QUANTITY_ITERATION:
        return (double)run->accuracy.point[i].iteration;
    case ROG_QUANTITY_SECONDS:
        return run->accuracy.point[i].t;
    case ROG_QUANTITY_SENT:
        return run->sent_mb[i];
    case ROG_QUANTITY_JOULES:
        break;
    }
    return run->joules[i];
}

static int run_make(struct rog_curve_run *curve, const struct rog_case_run *run,
                    const struct rog_curve_rule *rule, enum rog_quantity quantity,
                    struct rog_error *err)
{
    size_t room = run->accuracy.count + 1;
    *curve = (struct rog_curve_run){.id = run->row.id};
    curve->x = calloc(5 * room, sizeof *curve->x);
    if (!curve->x)
        return rog_fail_nomem(err);
    curve->y = curve->x + room;
    curve->smooth_x = curve->y + room;
    curve->smooth_y = curve->smooth_x + room;
    curve->place = curve->smooth_y + room;
    for (size_t i = 0; i < run->accuracy.count; i++) {
        double x = quantity_of(run, i, quantity);
        if (isnan(x))
            continue;
        curve->x[curve->count] = x;
        curve->place[curve->count] = (double)i;
        curve->y[curve->count++] = run->accuracy.point[i].percent;
    }
    rog_smoothing_line(&rule->smoothing, curve->x, curve->y, curve->count, curve->smooth_x,
                       curve->smooth_y);
    return 0;
}

static int line_room(struct rog_curve *curve, size_t count, bool band, struct rog_error *err)
{
    curve->x = calloc((band ? 5 : 3) * count, sizeof *curve->x);
    if (!curve->x)
        return rog_fail_nomem(err);
    curve->y = curve->x + count;
    curve->place = curve->y + count;
    curve->low = band ? curve->place + count : NULL;
    curve->high = band ? curve->low + count : NULL;
    curve->count = count;
    return 0;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Returns the x at which a mean is computed: those of the points of the runs' lines, so that no
 * corner is cut off, and an even grid between them, so that the band is smooth. NULL without
 * memory. */
static double *places_of(const struct rog_curve *curve, double from, double to, size_t *count)
{
    size_t room = GRID, used = 0;
    for (size_t i = 0; i < curve->runs; i++)
        room += curve->run[i].count;
    double *x = calloc(room, sizeof *x);
    *count = 0;
    if (!x)
        return NULL;
    for (size_t k = 0; k < GRID; k++)
        x[used++] = k + 1 < GRID ? from + (to - from) * (double)k / (GRID - 1) : to;
    for (size_t i = 0; i < curve->runs; i++)
        for (size_t k = 0; k < curve->run[i].count; k++)
            if (curve->run[i].smooth_x[k] > from && curve->run[i].smooth_x[k] < to)
                x[used++] = curve->run[i].smooth_x[k];
    qsort(x, used, sizeof *x, compare);
    for (size_t k = 0; k < used; k++)
        if (*count == 0 || x[k] > x[*count - 1])
            x[(*count)++] = x[k];
    return x;
}

static int mean_make(struct rog_curve *curve, struct rog_error *err)
{
    double from = -INFINITY, to = INFINITY;
    for (size_t i = 0; i < curve->runs; i++) {
        from = fmax(from, curve->run[i].smooth_x[0]);
        to = fmin(to, curve->run[i].smooth_x[curve->run[i].count - 1]);
    }
    if (from > to) /* the runs have no x in common */
        return 0;
    size_t count;
    double *at = calloc(curve->runs, sizeof *at), *place = places_of(curve, from, to, &count);
    int code = at && place ? line_room(curve, count, true, err) : rog_fail_nomem(err);
    for (size_t k = 0; k < count && code == 0; k++) {
        double x = place[k];
        for (size_t i = 0; i < curve->runs; i++) {
            const struct rog_curve_run *run = &curve->run[i];
            at[i] = rog_line_at(run->smooth_x, run->smooth_y, run->count, x);
            curve->place[k] +=
                rog_line_at(run->smooth_x, run->place, run->count, x) / (double)curve->runs;
        }
        struct rog_interval interval = rog_interval_of(at, curve->runs);
        curve->x[k] = x;
        curve->y[k] = interval.mean;
        curve->low[k] = interval.low;
        curve->high[k] = interval.high;
    }
    free(place);
    free(at);
    return code;
}

int rog_curve_make(struct rog_curve *curve, const struct rog_case_data *data,
                   const struct rog_case_series *series, enum rog_quantity quantity,
                   struct rog_error *err)
{
    int code = 0;
    *curve =
        (struct rog_curve){.label = series->label, .less_is_better = data->metric.less_is_better};
    curve->run = calloc(series->runs + 1, sizeof *curve->run);
    if (!curve->run)
        return rog_fail_nomem(err);
    for (size_t i = 0; i < series->runs && code == 0; i++) {
        if (series->runs > 1 && rog_repeats_is_copy(data, series->run[i]))
            continue;
        struct rog_curve_run *run = &curve->run[curve->runs];
        code = run_make(run, &data->run[series->run[i]], &data->rule, quantity, err);
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
            memcpy(curve->place, only->place, only->count * sizeof *curve->place);
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

struct rog_case_series rog_curve_single(size_t *run)
{
    return (struct rog_case_series){.run = run, .runs = 1};
}

struct rog_curve_reached rog_curve_reached_of(const struct rog_curve *curve, double target,
                                              double sustain)
{
    const bool less = curve->less_is_better;
    const struct rog_line line = {curve->x, curve->y, curve->place, curve->count, less};
    struct rog_curve_reached reached = {rog_reached_of(&line, target, sustain), curve->runs, 0};
    for (size_t i = 0; i < curve->runs; i++) {
        const struct rog_curve_run *run = &curve->run[i];
        const struct rog_line own = {run->smooth_x, run->smooth_y, run->place, run->count, less};
        const struct rog_line measured = {run->x, run->y, run->place, run->count, less};
        reached.reached += rog_reached_of(&own, target, sustain).state == ROG_REACHED;
        rog_reached_widen(&reached.line, &measured, target);
    }
    return reached;
}

static int reached_along(const struct rog_case_data *data, const struct rog_case_series *series,
                         enum rog_quantity quantity, struct rog_curve_reached *reached,
                         struct rog_error *err)
{
    struct rog_curve curve;
    int code = rog_curve_make(&curve, data, series, quantity, err);
    if (code < 0)
        return code;
    *reached = rog_curve_reached_of(&curve, rog_case_target(data), data->rule.sustain);
    rog_curve_release(&curve);
    return 0;
}

/* Returns whether the energy at each of the runs' checkpoints is known. */
static bool energy_is_whole(const struct rog_case_data *data, const struct rog_case_series *series)
{
    for (size_t i = 0; i < series->runs; i++) {
        const struct rog_case_run *run = &data->run[series->run[i]];
        for (size_t k = 0; k < run->accuracy.count; k++)
            if (isnan(run->joules[k]))
                return false;
    }
    return true;
}

int rog_case_reached(const struct rog_case_data *data, const struct rog_case_series *series,
                     enum rog_quantity quantity, struct rog_curve_reached *reached,
                     struct rog_error *err)
{
    struct rog_curve_reached in_time;
    int code = reached_along(data, series, quantity, reached, err);
    if (code < 0 || quantity != ROG_QUANTITY_JOULES || reached->line.state != ROG_REACHED_NOT ||
        energy_is_whole(data, series))
        return code;
    code = reached_along(data, series, ROG_QUANTITY_SECONDS, &in_time, err);
    if (code == 0 && in_time.line.state == ROG_REACHED)
        reached->line.state = ROG_REACHED_UNKNOWN;
    return code;
}

struct rog_json *rog_curve_reached_json(const struct rog_curve_reached *reached)
{
    static const char *const states[] = {
        [ROG_REACHED_UNKNOWN] = "unknown",
        [ROG_REACHED_NOT] = "not reached",
        [ROG_REACHED] = "reached",
    };
    struct rog_json *object = rog_json_object();
    rog_json_put_string(object, "state", states[reached->line.state]);
    rog_json_put_number(object, "at", reached->line.at);
    rog_json_put_number(object, "seen_to", reached->line.seen_to);
    rog_json_put_number(object, "first_raw_crossing", reached->line.first_raw);
    rog_json_put_number(object, "last_below", reached->line.last_below);
    rog_json_put_integer(object, "runs", (int64_t)reached->runs);
    rog_json_put_integer(object, "runs_reached", (int64_t)reached->reached);
    return object;
}

int rog_case_accuracy_at(const struct rog_case_data *data, size_t run, double at,
                         struct rog_accuracy_value *value, struct rog_error *err)
{
    struct rog_curve_run curve;
    int code = run_make(&curve, &data->run[run], &data->rule, ROG_QUANTITY_SECONDS, err);
    if (code < 0)
        return code;
    const bool less = data->metric.less_is_better;
    const struct rog_line measured = {curve.x, curve.y, curve.place, curve.count, less};
    const struct rog_line drawn = {curve.smooth_x, curve.smooth_y, curve.place, curve.count, less};
    *value = rog_accuracy_rule_at(&data->rule.accuracy, &measured, &drawn,
                                  data->run[run].extent.seconds, at);
    free(curve.x);
    return 0;
}
