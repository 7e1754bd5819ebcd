/* SPDX-License-Identifier: Apache-2.0 */
/* Selects the series of a case that are compared, and computes gains pair by pair. */
#include <orchestrator/report/gain.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <orchestrator/figures/curve.h>

/* ---- selecting series ---- */

/* Whether the contender, and the baseline, are some but not all of the series. */
struct sides {
    bool contender, baseline;
};

static bool divides(const struct rog_case_data *data, const char *name)
{
    size_t named = 0;
    for (size_t i = 0; i < data->series_count; i++)
        named += rog_case_is_named(data, i, name);
    return named > 0 && named < data->series_count;
}

static const char *control_of(const struct rog_case_data *data, size_t series)
{
    return data->run[data->series[series].run[0]].row.control;
}

/* Makes a pair of two series. Returns false if they are not compared. */
static bool pair_up(const struct rog_case_data *data, const struct sides *sides, size_t later,
                    size_t earlier, struct rog_gain_pair *pair)
{
    const char *contender = data->row.contender, *baseline = data->row.baseline;
    bool turned =
        rog_case_is_named(data, earlier, contender) && !rog_case_is_named(data, later, contender);
    if (sides->baseline) {
        bool is_baseline = rog_case_is_named(data, later, baseline);
        if (is_baseline == rog_case_is_named(data, earlier, baseline))
            return false;
        turned = is_baseline;
    }
    *pair = (struct rog_gain_pair){turned ? earlier : later, turned ? later : earlier, false};
    bool of_contender = rog_case_is_named(data, pair->series, contender) &&
                        (sides->baseline || !rog_case_is_named(data, pair->against, contender));
    pair->decides = strcmp(control_of(data, later), control_of(data, earlier)) == 0;
    return of_contender || !sides->contender;
}

/* Returns whether a series is the contender and not also the baseline. */
static bool contends(const struct rog_case_data *data)
{
    for (size_t i = 0; i < data->series_count; i++)
        if (rog_case_is_named(data, i, data->row.contender) &&
            !rog_case_is_named(data, i, data->row.baseline))
            return true;
    return false;
}

int rog_gain_pairs(const struct rog_case_data *data, struct rog_gain_pair **pairs, size_t *count,
                   struct rog_error *err)
{
    struct sides sides = {divides(data, data->row.contender), divides(data, data->row.baseline)};
    sides.contender = sides.contender && (!sides.baseline || contends(data));
    *count = 0;
    *pairs = calloc(data->series_count * data->series_count + 1, sizeof **pairs);
    if (!*pairs)
        return rog_fail_nomem(err);
    for (size_t i = 1; i < data->series_count; i++)
        for (size_t k = 0; k < i; k++)
            *count += pair_up(data, &sides, i, k, &(*pairs)[*count]);
    return 0;
}

/* ---- computing gains ---- */

/* Finds the run of `series` with the same seed as run `run`. */
static bool partner_of(const struct rog_case_data *data, const struct rog_case_series *series,
                       size_t run, size_t *partner)
{
    for (size_t i = 0; i < series->runs; i++)
        if (data->run[series->run[i]].row.seed == data->run[run].row.seed) {
            *partner = series->run[i];
            return true;
        }
    return false;
}

/* Returns whether an earlier pair of the two series consists of identical runs. */
static bool is_copy(const struct rog_case_data *data, const struct rog_case_series *own,
                    const struct rog_case_series *other, size_t index, size_t partner)
{
    size_t earlier;
    for (size_t i = 0; i < index; i++)
        if (partner_of(data, other, own->run[i], &earlier) &&
            data->run[own->run[i]].first == data->run[own->run[index]].first &&
            data->run[earlier].first == data->run[partner].first)
            return true;
    return false;
}

size_t rog_gain_run_pairs(const struct rog_case_data *data, const struct rog_gain_pair *pair,
                          struct rog_run_pair *pairs)
{
    const struct rog_case_series *own = &data->series[pair->series];
    const struct rog_case_series *other = &data->series[pair->against];
    size_t partner, count = 0;
    for (size_t i = 0; i < own->runs; i++)
        if (partner_of(data, other, own->run[i], &partner) &&
            !is_copy(data, own, other, i, partner))
            pairs[count++] = (struct rog_run_pair){own->run[i], partner};
    return count;
}

static double last_tested(const struct rog_accuracy *accuracy)
{
    return accuracy->count ? accuracy->point[accuracy->count - 1].t : (double)NAN;
}

/* Computes the difference in points of accuracy when the earlier of the two runs ended, by the
 * case's rule. */
static int accuracy_gain(const struct rog_case_data *data, const struct rog_run_pair *pair,
                         double *gain, struct rog_error *err)
{
    const struct rog_accuracy *one = &data->run[pair->own].accuracy;
    const struct rog_accuracy *two = &data->run[pair->other].accuracy;
    struct rog_accuracy_value own, other;
    *gain = (double)NAN;
    if (one->count == 0 || two->count == 0)
        return 0;
    double t = fmin(last_tested(one), last_tested(two));
    int code = rog_case_accuracy_at(data, pair->own, t, &own, err);
    if (code == 0)
        code = rog_case_accuracy_at(data, pair->other, t, &other, err);
    if (code == 0)
        *gain =
            data->metric.less_is_better ? other.percent - own.percent : own.percent - other.percent;
    return code;
}

/* Returns the time of an iteration, which is the sum of its three parts. */
static double iteration_s(const struct rog_case_run *run)
{
    const struct rog_composition *parts = &run->composition;
    return parts->compute_s + parts->communication_s + parts->stall_s;
}

static double time_gain(const struct rog_case_data *data, const struct rog_run_pair *pair)
{
    return 100 * (1 - iteration_s(&data->run[pair->own]) / iteration_s(&data->run[pair->other]));
}

static int gain_of(const struct rog_case_data *data, const struct rog_gain_pair *pair,
                   struct rog_run_pair *runs, double *values, struct rog_gain *gain,
                   struct rog_error *err)
{
    *gain = (struct rog_gain){.series = data->series[pair->series].label,
                              .against = data->series[pair->against].label,
                              .metric = &data->metric};
    size_t count = rog_gain_run_pairs(data, pair, runs);
    int code = 0;
    for (size_t i = 0; i < count && code == 0; i++)
        code = accuracy_gain(data, &runs[i], &values[i], err);
    if (code < 0)
        return code;
    gain->gain = rog_interval_of(values, count);
    gain->is_tested = gain->gain.count == count;
    if (gain->is_tested)
        return 0;
    for (size_t i = 0; i < count; i++)
        values[i] = time_gain(data, &runs[i]);
    gain->gain = rog_interval_of(values, count);
    return 0;
}

int rog_gains_make(const struct rog_case_data *data, struct rog_gains *gains, struct rog_error *err)
{
    *gains = (struct rog_gains){0};
    struct rog_gain_pair *pairs = NULL;
    size_t count = 0;
    int code = rog_gain_pairs(data, &pairs, &count, err);
    double *values = calloc(data->run_count + 1, sizeof *values);
    struct rog_run_pair *runs = calloc(data->run_count + 1, sizeof *runs);
    gains->gain = calloc(count + 1, sizeof *gains->gain);
    if (code == 0 && (!values || !runs || !gains->gain))
        code = rog_fail_nomem(err);
    for (size_t i = 0; code == 0 && i < count; i++)
        if (pairs[i].decides)
            code = gain_of(data, &pairs[i], runs, values, &gains->gain[gains->count++], err);
    free(values);
    free(runs);
    free(pairs);
    if (code < 0)
        rog_gains_release(gains);
    return code;
}

void rog_gains_release(struct rog_gains *gains)
{
    free(gains->gain);
    *gains = (struct rog_gains){0};
}

const struct rog_gain *rog_gains_widest(const struct rog_gains *gains, double *width)
{
    const struct rog_gain *widest = NULL;
    *width = -1;
    for (size_t i = 0; i < gains->count; i++) {
        double own =
            isnan(gains->gain[i].gain.half) ? (double)INFINITY : 2 * gains->gain[i].gain.half;
        if (own <= *width)
            continue;
        *width = own;
        widest = &gains->gain[i];
    }
    return widest;
}

const char *rog_gain_unit(const struct rog_gain *gain)
{
    return gain->is_tested ? rog_metric_difference(gain->metric) : "% less time";
}

struct rog_json *rog_gains_json(const struct rog_gains *gains)
{
    struct rog_json *list = rog_json_array();
    for (size_t i = 0; i < gains->count; i++) {
        const struct rog_gain *gain = &gains->gain[i];
        struct rog_json *object = rog_json_object();
        rog_json_put_string(object, "series", gain->series);
        rog_json_put_string(object, "against", gain->against);
        rog_json_put_string(object, "of", gain->is_tested ? gain->metric->name : "time");
        rog_json_put_string(object, "unit",
                            gain->is_tested ? rog_metric_difference(gain->metric) : "percent");
        rog_json_put_number(object, "mean", gain->gain.mean);
        rog_json_put_number(object, "interval95", gain->gain.half);
        rog_json_put_integer(object, "pairs", (int64_t)gain->gain.count);
        rog_json_append(list, object);
    }
    return list;
}
