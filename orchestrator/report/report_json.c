/* SPDX-License-Identifier: Apache-2.0 */
/* Writes a report as JSON. */
#include <orchestrator/report/report.h>

#include <math.h>

#include <orchestrator/figures/repeats.h>

/* Puts a value for each measure; accuracies are members of an object, by their times. */
static void put_measures(struct rog_json *object, const struct rog_measures *measures,
                         struct rog_json *(*make)(const void *values, size_t measure),
                         const void *values)
{
    struct rog_json *at = rog_json_object();
    for (size_t m = 0; m < measures->count; m++) {
        const struct rog_measure *measure = &measures->of[m];
        bool accuracy = measure->kind == ROG_MEASURE_ACCURACY;
        rog_json_put(accuracy ? at : object,
                     accuracy ? measure->name : rog_measure_facts[measure->kind].json,
                     make(values, m));
    }
    rog_json_put(object, rog_measure_facts[ROG_MEASURE_ACCURACY].json, at);
}

static struct rog_json *measured_json(const void *values, size_t measure)
{
    const struct rog_measured *measured = values;
    return rog_json_new_number(measured[measure].value);
}

/* Returns [low, high], or null. */
static struct rog_json *ends(bool known, double low, double high)
{
    if (!known)
        return rog_json_new_number((double)NAN);
    struct rog_json *pair = rog_json_array();
    rog_json_append(pair, rog_json_new_number(low));
    rog_json_append(pair, rog_json_new_number(high));
    return pair;
}

static void put_interval(struct rog_json *object, const struct rog_interval *interval)
{
    rog_json_put_number(object, "mean", interval->mean);
    rog_json_put_number(object, "interval95", interval->half);
    rog_json_put_number(object, "deviation", interval->deviation);
    rog_json_put(object, "range", ends(interval->count == 2, interval->low, interval->high));
    rog_json_put_integer(object, "n", (int64_t)interval->count);
}

static struct rog_json *value_json(const void *values, size_t measure)
{
    const struct rog_report_value *value = &((const struct rog_report_value *)values)[measure];
    struct rog_json *object = rog_json_object();
    put_interval(object, &value->runs);
    rog_json_put_integer(object, "n", (int64_t)value->known);
    rog_json_put_number(object, "least", value->least);
    rog_json_put_number(object, "most", value->most);
    rog_json_put_integer(object, "not_reached", (int64_t)value->censored);
    rog_json_put_integer(object, "not_run_that_long", (int64_t)value->ended);
    rog_json_put_number(object, "median", value->median);
    return object;
}

/* Puts where the drawn line reaches the target, in time and energy. */
static void put_reached(struct rog_json *object, const struct rog_measures *measures,
                        const struct rog_curve_reached *(*of)(const void *values, size_t measure),
                        const void *values)
{
    struct rog_json *reached = rog_json_object();
    for (size_t m = 0; m < measures->count; m++)
        if (rog_measure_is_to_target(measures->of[m].kind))
            rog_json_put(reached,
                         measures->of[m].kind == ROG_MEASURE_SECONDS ? "seconds" : "joules",
                         rog_curve_reached_json(of(values, m)));
    rog_json_put(object, "target_reached", reached);
}

static const struct rog_curve_reached *reached_of_run(const void *values, size_t measure)
{
    return &((const struct rog_measured *)values)[measure].reached;
}

static const struct rog_curve_reached *reached_of_series(const void *values, size_t measure)
{
    return &((const struct rog_report_value *)values)[measure].line.reached;
}

/* Returns the requested times before which a run had ended. */
static struct rog_json *ended_json(const struct rog_measures *measures,
                                   const struct rog_measured *measured)
{
    struct rog_json *list = rog_json_array();
    for (size_t m = 0; m < measures->count; m++)
        if (measured[m].ended)
            rog_json_append(list, rog_json_new_string(measures->of[m].name));
    return list;
}

/* Puts the time of a run's worst drop. */
static void put_worst(struct rog_json *object, const struct rog_report *report,
                      const struct rog_measured *measured)
{
    for (size_t m = 0; m < report->measures.count; m++)
        if (report->measures.of[m].kind == ROG_MEASURE_WORST_DROP)
            rog_json_put_number(object, "worst_drop_s", measured[m].at_s);
}

static struct rog_json *run_json(const struct rog_report *report, size_t index)
{
    const struct rog_case_data *data = &report->data;
    const struct rog_case_run *run = &data->run[index];
    const struct rog_measured *measured = rog_report_run(report, index, 0);
    struct rog_json *object = rog_json_object();
    rog_json_put_string(object, "id", run->row.id);
    rog_json_put_string(object, "note", run->row.note);
    rog_json_put_string(object, "library", run->row.library);
    rog_json_put_integer(object, "threshold", run->row.threshold);
    rog_json_put_integer(object, "batchsize", run->row.batchsize);
    rog_json_put_integer(object, "seed", run->row.seed);
    rog_json_put_string(object, "status", run->row.status);
    rog_json_put_string(object, "same_as",
                        rog_repeats_is_copy(data, index) ? data->run[run->first].row.id : NULL);
    if (run->replay.recorded) {
        rog_json_put_number(object, "replay_error", run->replay.error);
        rog_json_put_bool(object, "replay_off", rog_replay_is_off(&run->replay));
    }
    rog_setbacks_put(&run->setbacks, object);
    rog_json_put_number(object, "energy_until_s", run->joules_until_s);
    put_measures(object, &report->measures, measured_json, measured);
    put_worst(object, report, measured);
    rog_json_put(object, "not_run_that_long", ended_json(&report->measures, measured));
    put_reached(object, &report->measures, reached_of_run, measured);
    return object;
}

static struct rog_json *series_json(const struct rog_report *report, size_t index)
{
    const struct rog_case_series *series = &report->data.series[index];
    const struct rog_report_value *values = rog_report_series(report, index, 0);
    struct rog_json *object = rog_json_object(), *ids = rog_json_array();
    for (size_t i = 0; i < series->runs; i++)
        rog_json_append(ids, rog_json_new_string(report->data.run[series->run[i]].row.id));
    rog_json_put_string(object, "label", series->label);
    rog_json_put(object, "runs", ids);
    rog_json_put_integer(object, "different_runs", (int64_t)series->different);
    put_measures(object, &report->measures, value_json, values);
    put_reached(object, &report->measures, reached_of_series, values);
    return object;
}

static struct rog_json *gain_mean(const struct rog_gain_value *value)
{
    return rog_json_new_number(value->gain.mean);
}

static struct rog_json *gain_half(const struct rog_gain_value *value)
{
    return rog_json_new_number(value->gain.half);
}

static struct rog_json *gain_state(const struct rog_gain_value *value)
{
    return rog_json_new_string(rog_gain_state(value));
}

static void put_gain(struct rog_json *object, const struct rog_measures *measures,
                     const struct rog_comparison *gain,
                     struct rog_json *(*make)(const struct rog_gain_value *))
{
    struct rog_json *points = rog_json_object();
    for (size_t m = 0; m < measures->count; m++) {
        const struct rog_measure *measure = &measures->of[m];
        const struct rog_measure_facts *facts = &rog_measure_facts[measure->kind];
        bool accuracy = measure->kind == ROG_MEASURE_ACCURACY;
        if (facts->is_compared)
            rog_json_put(accuracy ? points : object, accuracy ? measure->name : facts->json_gain,
                         make(&gain->value[m]));
    }
    rog_json_put(object, rog_measure_facts[ROG_MEASURE_ACCURACY].json_gain, points);
}

static struct rog_json *test_json(const struct rog_gain_value *value)
{
    static const char *const names[] = {
        [ROG_TEST_PERMUTATION] = "permutation",
        [ROG_TEST_SIGN] = "sign",
    };
    struct rog_json *test = rog_json_object();
    rog_json_put_string(test, "name", names[value->test]);
    rog_json_put_bool(test, "exact", value->exact);
    rog_json_put_integer(test, "n", (int64_t)value->tested);
    rog_json_put_number(test, "p", value->p);
    rog_json_put_number(test, "p_holm", value->p_holm);
    rog_json_put_integer(test, "compared", (int64_t)value->compared);
    return test;
}

/* Returns the paired differences in a measure. */
static struct rog_json *differences_json(const struct rog_metric *metric,
                                         const struct rog_measure *measure,
                                         const struct rog_gain_value *value)
{
    const struct rog_measure_facts *facts = &rog_measure_facts[measure->kind];
    struct rog_json *object = rog_json_object();
    rog_json_put_string(object, "measure", facts->json);
    if (measure->kind == ROG_MEASURE_ACCURACY)
        rog_json_put_string(object, "at", measure->name);
    rog_json_put_string(object, "unit", facts->unit ? facts->unit : rog_metric_difference(metric));
    put_interval(object, &value->difference);
    rog_json_put(
        object, "ends95",
        ends(!isnan(value->difference.half), value->difference.low, value->difference.high));
    rog_json_put_integer(object, "ahead", (int64_t)value->ahead);
    rog_json_put_integer(object, "behind", (int64_t)value->behind);
    rog_json_put_integer(object, "level", (int64_t)value->level);
    rog_json_put_integer(object, "neither_reached", (int64_t)value->neither);
    rog_json_put_integer(object, "unknown", (int64_t)value->unknown);
    rog_json_put_number(object, "d_z", value->effect);
    if (value->test != ROG_TEST_NONE)
        rog_json_put(object, "test", test_json(value));
    return object;
}

static struct rog_json *gain_json(const struct rog_report *report,
                                  const struct rog_comparison *gain)
{
    struct rog_json *object = rog_json_object(), *differences = rog_json_array();
    rog_json_put_string(object, "series", report->data.series[gain->pair.series].label);
    rog_json_put_string(object, "against", report->data.series[gain->pair.against].label);
    rog_json_put_integer(object, "pairs", gain->pairs > 1 ? (int64_t)gain->pairs : 0);
    put_gain(object, &report->measures, gain, gain_mean);
    struct rog_json *halves = rog_json_object(), *states = rog_json_object();
    put_gain(halves, &report->measures, gain, gain_half);
    rog_json_put(object, "interval95", halves);
    put_gain(states, &report->measures, gain, gain_state);
    rog_json_put(object, "state", states);
    for (size_t m = 0; gain->pairs > 1 && m < report->measures.count; m++)
        if (rog_measure_facts[report->measures.of[m].kind].is_compared)
            rog_json_append(
                differences,
                differences_json(&report->data.metric, &report->measures.of[m], &gain->value[m]));
    rog_json_put(object, "differences", differences);
    return object;
}

struct rog_json *rog_report_json(const struct rog_report *report)
{
    const struct rog_case_data *data = &report->data;
    struct rog_json *object = rog_json_object(), *runs = rog_json_array();
    struct rog_json *series = rog_json_array(), *gains = rog_json_array();
    for (size_t i = 0; i < data->run_count; i++)
        rog_json_append(runs, run_json(report, i));
    for (size_t i = 0; i < data->series_count; i++)
        rog_json_append(series, series_json(report, i));
    for (size_t i = 0; i < report->gains; i++)
        rog_json_append(gains, gain_json(report, &report->gain[i]));
    rog_json_put_string(object, "case", data->row.name);
    rog_json_put_string(object, "figure", data->row.figure);
    rog_json_put(object, "metric", rog_metric_json(&report->data.metric));
    rog_json_put_number(object, "target", report->target);
    rog_json_put_bool(object, "as_published", data->as_published);
    rog_json_put(object, "curves", rog_curve_rule_json(&data->rule));
    rog_json_put(object, "runs", runs);
    rog_json_put(object, "series", series);
    rog_json_put(object, "gains", gains);
    return object;
}
