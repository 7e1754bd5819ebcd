/* SPDX-License-Identifier: Apache-2.0 */
#include <orchestrator/figures/gain.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool has_accuracy(const struct rog_case_run *run)
{
    return run->accuracy.count > 0;
}

static double last_tested(const struct rog_case_run *run)
{
    return run->accuracy.point[run->accuracy.count - 1].t;
}

static double accuracy_gain(const struct rog_case_run *own, const struct rog_case_run *other)
{
    double t = fmin(last_tested(own), last_tested(other));
    return rog_accuracy_at(&own->accuracy, t) - rog_accuracy_at(&other->accuracy, t);
}

/* The three parts of an iteration are all of its time. */
static double iteration_s(const struct rog_case_run *run)
{
    const struct rog_composition *parts = &run->composition;
    return parts->compute_s + parts->communication_s + parts->stall_s;
}

static double time_gain(const struct rog_case_run *own, const struct rog_case_run *other)
{
    return 100 * (1 - iteration_s(own) / iteration_s(other));
}

bool rog_gain_partner(const struct rog_case_data *data, const struct rog_case_series *series,
                      size_t run, size_t *partner)
{
    for (size_t i = 0; i < series->runs; i++)
        if (data->run[series->run[i]].row.seed == data->run[run].row.seed) {
            *partner = series->run[i];
            return true;
        }
    return false;
}

/* Whether every pair of the two series has accuracies. */
static bool all_tested(const struct rog_case_data *data, const struct rog_case_series *own,
                       const struct rog_case_series *other)
{
    for (size_t i = 0; i < own->runs; i++) {
        size_t partner;
        if (rog_gain_partner(data, other, own->run[i], &partner) &&
            (!has_accuracy(&data->run[own->run[i]]) || !has_accuracy(&data->run[partner])))
            return false;
    }
    return true;
}

static struct rog_gain gain_of(const struct rog_case_data *data, const struct rog_case_series *own,
                               const struct rog_case_series *other, double *values)
{
    struct rog_gain gain = {
        .series = own->label, .against = other->label, .is_accuracy = all_tested(data, own, other)};
    size_t count = 0, partner;
    for (size_t i = 0; i < own->runs; i++)
        if (rog_gain_partner(data, other, own->run[i], &partner)) {
            const struct rog_case_run *one = &data->run[own->run[i]], *two = &data->run[partner];
            values[count++] = gain.is_accuracy ? accuracy_gain(one, two) : time_gain(one, two);
        }
    gain.gain = rog_interval_of(values, count);
    return gain;
}

static bool is_rog(const struct rog_case_data *data, const struct rog_case_series *series)
{
    return strcmp(data->run[series->run[0]].row.library, "ROG") == 0;
}

/* Strategies under one condition; where there is ROG, what it gains over another strategy. */
static bool is_pair(const struct rog_case_data *data, const struct rog_case_series *one,
                    const struct rog_case_series *two, bool any_rog)
{
    if (strcmp(data->run[one->run[0]].row.control, data->run[two->run[0]].row.control) != 0)
        return false;
    return !any_rog || is_rog(data, one) != is_rog(data, two);
}

int rog_gains_make(const struct rog_case_data *data, struct rog_gains *gains, struct rog_error *err)
{
    *gains = (struct rog_gains){0};
    size_t most = data->series_count * data->series_count + 1;
    gains->gain = calloc(most, sizeof *gains->gain);
    double *values = calloc(data->run_count + 1, sizeof *values);
    int code = gains->gain && values ? 0 : rog_fail_nomem(err);
    bool any_rog = false, any_other = false;
    for (size_t i = 0; i < data->series_count; i++) {
        any_rog |= is_rog(data, &data->series[i]);
        any_other |= !is_rog(data, &data->series[i]);
    }
    for (size_t i = 1; code == 0 && i < data->series_count; i++)
        for (size_t k = 0; k < i; k++) {
            const struct rog_case_series *later = &data->series[i], *earlier = &data->series[k];
            bool turned = is_rog(data, earlier) && !is_rog(data, later);
            if (is_pair(data, later, earlier, any_rog && any_other))
                gains->gain[gains->count++] =
                    gain_of(data, turned ? earlier : later, turned ? later : earlier, values);
        }
    free(values);
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

struct rog_json *rog_gains_json(const struct rog_gains *gains)
{
    struct rog_json *list = rog_json_array();
    for (size_t i = 0; i < gains->count; i++) {
        const struct rog_gain *gain = &gains->gain[i];
        struct rog_json *object = rog_json_object();
        rog_json_put_string(object, "series", gain->series);
        rog_json_put_string(object, "against", gain->against);
        rog_json_put_string(object, "unit", gain->is_accuracy ? "points" : "percent");
        rog_json_put_number(object, "mean", gain->gain.mean);
        rog_json_put_number(object, "interval95", gain->gain.half);
        rog_json_put_integer(object, "pairs", (int64_t)gain->gain.count);
        rog_json_append(list, object);
    }
    return list;
}
