/* SPDX-License-Identifier: Apache-2.0 */
/* A report as JSON. */
#include <orchestrator/report/report.h>

static void put_values(struct rog_json *object, const struct rog_report_line *line,
                       struct rog_json *(*make)(const struct rog_interval *))
{
    struct rog_json *at = rog_json_object();
    for (int m = 0; m < ROG_ACCURACIES; m++)
        rog_json_put(at, rog_measure_kinds[m].json, make(&line->value[m]));
    rog_json_put(object, "accuracy_at", at);
    for (int m = ROG_ACCURACIES; m < ROG_MEASURES; m++)
        rog_json_put(object, rog_measure_kinds[m].json, make(&line->value[m]));
    struct rog_json *reached = rog_json_object();
    rog_json_put(reached, "seconds", rog_curve_reached_json(&line->reached[ROG_TO_TARGET_SECONDS]));
    rog_json_put(reached, "joules", rog_curve_reached_json(&line->reached[ROG_TO_TARGET_JOULES]));
    rog_json_put(object, "target_reached", reached);
}

static struct rog_json *plain(const struct rog_interval *interval)
{
    return rog_json_new_number(interval->mean);
}

static struct rog_json *spread(const struct rog_interval *interval)
{
    struct rog_json *object = rog_json_object();
    rog_json_put_number(object, "mean", interval->mean);
    rog_json_put_number(object, "interval95", interval->half);
    return object;
}

static struct rog_json *run_json(const struct rog_case_run *run, const struct rog_report_line *line)
{
    struct rog_json *object = rog_json_object();
    rog_json_put_string(object, "id", run->row.id);
    rog_json_put_string(object, "note", run->row.note);
    rog_json_put_string(object, "library", run->row.library);
    rog_json_put_integer(object, "threshold", run->row.threshold);
    rog_json_put_integer(object, "batchsize", run->row.batchsize);
    rog_json_put_integer(object, "seed", run->row.seed);
    rog_json_put_string(object, "status", run->row.status);
    if (run->replay.recorded) {
        rog_json_put_number(object, "replay_error", run->replay.error);
        rog_json_put_bool(object, "replay_off", rog_replay_is_off(&run->replay));
    }
    put_values(object, line, plain);
    return object;
}

static struct rog_json *series_json(const struct rog_report *report, size_t index)
{
    const struct rog_case_series *series = &report->data.series[index];
    struct rog_json *object = rog_json_object(), *ids = rog_json_array();
    for (size_t i = 0; i < series->runs; i++)
        rog_json_append(ids, rog_json_new_string(report->data.run[series->run[i]].row.id));
    rog_json_put_string(object, "label", series->label);
    rog_json_put(object, "runs", ids);
    put_values(object, &report->series[index], spread);
    return object;
}

static double mean_of(const struct rog_interval *interval)
{
    return interval->mean;
}

static double half_of(const struct rog_interval *interval)
{
    return interval->half;
}

static void put_gain(struct rog_json *object, const struct rog_report_gain *gain,
                     double (*number)(const struct rog_interval *))
{
    struct rog_json *points = rog_json_object();
    for (int m = 0; m < ROG_ACCURACIES; m++)
        rog_json_put_number(points, rog_measure_kinds[m].json, number(&gain->value[m]));
    rog_json_put(object, "accuracy_points", points);
    rog_json_put_number(object, "seconds_percent_less",
                        number(&gain->value[ROG_MEASURE_SECONDS_TO_TARGET]));
    rog_json_put_number(object, "joules_percent_less",
                        number(&gain->value[ROG_MEASURE_JOULES_TO_TARGET]));
}

static struct rog_json *gain_json(const struct rog_report *report,
                                  const struct rog_report_gain *gain)
{
    struct rog_json *object = rog_json_object();
    rog_json_put_string(object, "series", report->data.series[gain->series].label);
    rog_json_put_string(object, "against", report->data.series[gain->against].label);
    rog_json_put_integer(object, "pairs", (int64_t)gain->pairs);
    put_gain(object, gain, mean_of);
    struct rog_json *halves = rog_json_object();
    put_gain(halves, gain, half_of);
    rog_json_put(object, "interval95", halves);
    return object;
}

struct rog_json *rog_report_json(const struct rog_report *report)
{
    const struct rog_case_data *data = &report->data;
    struct rog_json *object = rog_json_object(), *runs = rog_json_array();
    struct rog_json *series = rog_json_array(), *gains = rog_json_array();
    for (size_t i = 0; i < data->run_count; i++)
        rog_json_append(runs, run_json(&data->run[i], &report->run[i]));
    for (size_t i = 0; i < data->series_count; i++)
        rog_json_append(series, series_json(report, i));
    for (size_t i = 0; i < report->gains; i++)
        rog_json_append(gains, gain_json(report, &report->gain[i]));
    rog_json_put_string(object, "case", data->row.name);
    rog_json_put_string(object, "figure", data->row.figure);
    rog_json_put_number(object, "target", report->target);
    rog_json_put_bool(object, "as_published", report->as_published);
    rog_json_put(object, "runs", runs);
    rog_json_put(object, "series", series);
    rog_json_put(object, "gains", gains);
    return object;
}
