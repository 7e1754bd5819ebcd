/* SPDX-License-Identifier: Apache-2.0 */
/* Measures runs for a report. */
#include <orchestrator/report/measure.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LATEST_S 1e9
/* relative, so that a value just below a power of 10 counts as that power */
#define ROUNDING 1e-9
#define SIGNIFICANT 3  /* digits of the smallest value, if it is below 100 */
#define DIGITS_MOST 12 /* most digits after the point */
/* Workers of different speed may shift the mean by up to this share. */
#define STEPS_SHARE 0.1

const struct rog_measure_facts rog_measure_facts[ROG_MEASURE_KINDS] = {
    [ROG_MEASURE_ACCURACY] = {.json = "accuracy_at",
                              .json_gain = "accuracy_points",
                              .digits = 2,
                              .is_compared = true},
    [ROG_MEASURE_SECONDS] = {.json = "seconds_to_target",
                             .json_gain = "seconds_percent_less",
                             .unit = "s",
                             .is_compared = true},
    [ROG_MEASURE_JOULES] = {.json = "joules_to_target",
                            .json_gain = "joules_percent_less",
                            .unit = "J",
                            .is_compared = true},
    [ROG_MEASURE_COMPUTE] = {.json = "compute_s", .unit = "s", .digits = 2},
    [ROG_MEASURE_COMMUNICATION] = {.json = "communication_s", .unit = "s", .digits = 2},
    [ROG_MEASURE_STALL] = {.json = "stall_s", .unit = "s", .digits = 2},
    [ROG_MEASURE_ITERATION] = {.json = "iteration_s",
                               .json_gain = "iteration_percent_less",
                               .unit = "s",
                               .digits = 2,
                               .is_compared = true},
    [ROG_MEASURE_ROUGHNESS] = {.json = "roughness", .table = ROG_TABLE_ROUGHNESS},
    [ROG_MEASURE_WORST_DROP] = {.json = "worst_drop", .table = ROG_TABLE_ROUGHNESS},
    [ROG_MEASURE_SENT] = {.json = "sent_mb", .digits = 1, .table = ROG_TABLE_EXCHANGE},
    [ROG_MEASURE_RECEIVED] = {.json = "received_mb", .digits = 1, .table = ROG_TABLE_EXCHANGE},
    [ROG_MEASURE_LOCAL_STEPS] = {.json = "local_steps", .digits = 1, .table = ROG_TABLE_EXCHANGE},
    [ROG_MEASURE_AGE_PUSHED] = {.json = "age_pushed", .digits = 2, .table = ROG_TABLE_EXCHANGE},
    [ROG_MEASURE_AGE_PULLED] = {.json = "age_pulled", .digits = 2, .table = ROG_TABLE_EXCHANGE},
    [ROG_MEASURE_STALENESS] = {.json = "staleness", .digits = 2, .table = ROG_TABLE_EXCHANGE},
};

void rog_measures_take_metric(struct rog_measures *measures, const struct rog_case_data *data)
{
    double largest = 0;
    for (size_t i = 0; i < data->run_count; i++)
        for (size_t k = 0; k < data->run[i].accuracy.count; k++)
            largest = fmax(largest, fabs(data->run[i].accuracy.point[k].percent));
    for (size_t m = 0; m < measures->count; m++) {
        struct rog_measure *measure = &measures->of[m];
        bool tested = measure->kind == ROG_MEASURE_ACCURACY;
        bool result = tested || rog_measure_facts[measure->kind].table == ROG_TABLE_ROUGHNESS;
        measure->digits = result ? rog_metric_digits(&data->metric, largest)
                                 : rog_measure_facts[measure->kind].digits;
        measure->more_is_better = tested && !data->metric.less_is_better;
    }
}

void rog_measure_take_least(struct rog_measure *measure, double least)
{
    if (least > 0 && least < 100)
        measure->digits =
            (int)fmin(fmax(measure->digits, SIGNIFICANT - 1 - floor(log10(least * (1 + ROUNDING)))),
                      DIGITS_MOST);
}

bool rog_measure_is_to_target(enum rog_measure_kind kind)
{
    return kind == ROG_MEASURE_SECONDS || kind == ROG_MEASURE_JOULES;
}

bool rog_measure_is_per_iteration(enum rog_measure_kind kind)
{
    return kind >= ROG_MEASURE_COMPUTE && kind <= ROG_MEASURE_ITERATION;
}

bool rog_measure_compares_steps(double one, double other)
{
    return !(fabs(one - other) > STEPS_SHARE * fmax(one, other));
}

size_t rog_measures_index(const struct rog_measures *measures, enum rog_measure_kind kind)
{
    size_t m = 0;
    while (m + 1 < measures->count && measures->of[m].kind != kind)
        m++;
    return m;
}

static int add_time(struct rog_measures *measures, double at_s, const char *times,
                    struct rog_error *err)
{
    if (measures->count == ROG_TIMES_MAX)
        return rog_fail(err, ROG_EINVAL, "--at takes at most %d times (found \"%s\")",
                        ROG_TIMES_MAX, times);
    for (size_t i = 0; i < measures->count; i++)
        if (measures->of[i].at_s == at_s)
            return rog_fail(err, ROG_EINVAL, "--at has %g twice (found \"%s\")", at_s, times);
    struct rog_measure *measure = &measures->of[measures->count++];
    *measure = (struct rog_measure){.kind = ROG_MEASURE_ACCURACY, .at_s = at_s};
    snprintf(measure->name, sizeof measure->name, "%.12g", at_s);
    return 0;
}

int rog_measures_make(struct rog_measures *measures, const char *times, struct rog_error *err)
{
    const char *rest = times ? times : "1800,3600,5400";
    int code = 0;
    *measures = (struct rog_measures){.are_given = times != NULL};
    do {
        char *end;
        double at_s = strtod(rest, &end);
        if (end == rest || (*end && *end != ',') || !(at_s >= 0 && at_s <= LATEST_S))
            return rog_fail(err, ROG_EINVAL,
                            "--at must be times from 0 to %g s, separated by commas (found \"%s\")",
                            LATEST_S, times);
        code = add_time(measures, at_s, times, err);
        rest = *end ? end + 1 : NULL;
    } while (rest && code == 0);
    measures->of[measures->count++] =
        (struct rog_measure){.kind = ROG_MEASURE_ACCURACY, .at_s = INFINITY, .name = "end"};
    for (int kind = ROG_MEASURE_ACCURACY + 1; kind < ROG_MEASURE_KINDS; kind++)
        measures->of[measures->count++] = (struct rog_measure){.kind = (enum rog_measure_kind)kind};
    return code;
}

int rog_measure_line(const struct rog_case_data *data, const struct rog_case_series *series,
                     enum rog_measure_kind kind, struct rog_measured *measured,
                     struct rog_error *err)
{
    enum rog_quantity quantity =
        kind == ROG_MEASURE_SECONDS ? ROG_QUANTITY_SECONDS : ROG_QUANTITY_JOULES;
    int code = rog_case_reached(data, series, quantity, &measured->reached, err);
    measured->value = measured->reached.line.at;
    measured->censored = measured->reached.line.state == ROG_REACHED_NOT;
    measured->until = measured->reached.line.seen_to;
    return code;
}

static double part_of(const struct rog_composition *parts, enum rog_measure_kind kind)
{
    switch (kind) {
    case ROG_MEASURE_COMPUTE:
        return parts->compute_s;
    case ROG_MEASURE_COMMUNICATION:
        return parts->communication_s;
    case ROG_MEASURE_STALL:
        return parts->stall_s;
    default:
        return parts->compute_s + parts->communication_s + parts->stall_s;
    }
}

static double exchange_of(const struct rog_exchange_means *means, enum rog_measure_kind kind)
{
    switch (kind) {
    case ROG_MEASURE_SENT:
        return means->sent_mb;
    case ROG_MEASURE_RECEIVED:
        return means->received_mb;
    case ROG_MEASURE_LOCAL_STEPS:
        return means->local_steps;
    case ROG_MEASURE_AGE_PUSHED:
        return means->age_pushed;
    case ROG_MEASURE_AGE_PULLED:
        return means->age_pulled;
    default:
        return means->staleness;
    }
}

int rog_measure_run(const struct rog_case_data *data, size_t run, const struct rog_measure *measure,
                    struct rog_measured *measured, struct rog_error *err)
{
    const struct rog_case_run *of = &data->run[run];
    *measured = (struct rog_measured){.value = (double)NAN, .until = (double)NAN};
    if (rog_measure_is_to_target(measure->kind)) {
        const struct rog_case_series alone = rog_curve_single(&run);
        return rog_measure_line(data, &alone, measure->kind, measured, err);
    }
    if (measure->kind == ROG_MEASURE_ACCURACY) {
        struct rog_accuracy_value at = {0};
        int code = rog_case_accuracy_at(data, run, measure->at_s, &at, err);
        measured->value = at.percent;
        measured->ended = at.state == ROG_ACCURACY_NOT_RUN;
        return code;
    }
    if (rog_measure_facts[measure->kind].table == ROG_TABLE_ROUGHNESS) {
        struct rog_roughness rough;
        int code = rog_accuracy_roughness(&of->accuracy, data->metric.less_is_better, &rough, err);
        bool drop = measure->kind == ROG_MEASURE_WORST_DROP;
        measured->value = drop ? rough.worst_drop : rough.deviation;
        measured->at_s = rough.worst_at;
        return code;
    }
    measured->value = rog_measure_facts[measure->kind].table == ROG_TABLE_EXCHANGE
                          ? exchange_of(&of->exchange, measure->kind)
                          : part_of(&of->composition, measure->kind);
    return 0;
}
