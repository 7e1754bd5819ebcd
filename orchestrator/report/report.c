/* SPDX-License-Identifier: Apache-2.0 */
/* Computes a report. */
#include <orchestrator/report/report.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <orchestrator/figures/repeats.h>

const struct rog_measured *rog_report_run(const struct rog_report *report, size_t run,
                                          size_t measure)
{
    return &report->run[run * report->measures.count + measure];
}

const struct rog_report_value *rog_report_series(const struct rog_report *report, size_t series,
                                                 size_t measure)
{
    return &report->series[series * report->measures.count + measure];
}

static int ascending(const void *one, const void *two)
{
    double a = *(const double *)one, b = *(const double *)two;
    return (a > b) - (a < b);
}

/* Returns the median; values that were not reached are INFINITY. `until` is the earliest end of a
 * run that did not reach the target; the order of later values is unknown. */
static double median_of(double *values, size_t count, double until)
{
    if (count == 0)
        return (double)NAN;
    qsort(values, count, sizeof *values, ascending);
    double median = (values[(count - 1) / 2] + values[count / 2]) / 2;
    return isfinite(median) && !(values[count / 2] > until) ? median : (double)NAN;
}

/* The worst drop of a series is the largest of its runs: a mean would hide it. */
static void take_worst(const struct rog_report *report, const struct rog_case_series *series,
                       size_t measure, struct rog_report_value *value)
{
    value->shown = value->most;
    for (size_t i = series->runs; i-- > 0;) {
        const struct rog_measured *run = rog_report_run(report, series->run[i], measure);
        if (run->value == value->most)
            value->at_s = run->at_s;
    }
}

/* Computes the value of a measure for a series. `values` and `order` have room for its runs. */
static struct rog_report_value value_of(const struct rog_report *report, size_t index,
                                        size_t measure, double *values, double *order)
{
    const struct rog_case_series *series = &report->data.series[index];
    struct rog_report_value value = {.counted = series->different};
    double until = INFINITY;
    size_t ordered = 0;
    for (size_t i = 0; i < series->runs; i++) {
        const struct rog_measured *run = rog_report_run(report, series->run[i], measure);
        bool counts = !rog_repeats_is_copy(&report->data, series->run[i]);
        values[i] = counts ? run->value : (double)NAN;
        if (!isnan(values[i]) || (counts && run->censored))
            order[ordered++] = run->censored ? INFINITY : values[i];
        value.ended += counts && run->ended;
        if (counts && run->censored) {
            until = fmin(until, run->until);
            value.censored++;
        }
    }
    value.runs = rog_interval_of(values, series->runs);
    value.known = value.runs.count;
    value.median = median_of(order, ordered, until);
    value.least = ordered ? order[0] : (double)NAN; /* sorted by median_of */
    value.most = value.known ? order[value.known - 1] : (double)NAN;
    if (value.known == 0)
        value.least = (double)NAN;
    if (value.censored > 0)
        value.runs = rog_interval_of(NULL, 0);
    value.shown = value.runs.mean;
    if (report->measures.of[measure].kind == ROG_MEASURE_WORST_DROP)
        take_worst(report, series, measure, &value);
    return value;
}

static int measure_series(struct rog_report *report, size_t index, struct rog_error *err)
{
    const struct rog_case_series *series = &report->data.series[index];
    double *values = calloc(2 * series->runs, sizeof *values);
    int code = values ? 0 : rog_fail_nomem(err);
    for (size_t m = 0; m < report->measures.count && code == 0; m++) {
        struct rog_report_value *value = &report->series[index * report->measures.count + m];
        enum rog_measure_kind kind = report->measures.of[m].kind;
        *value = value_of(report, index, m, values, values + series->runs);
        if (!rog_measure_is_to_target(kind))
            continue;
        code = rog_measure_line(&report->data, series, kind, &value->line, err);
        value->shown = value->line.value;
    }
    free(values);
    return code;
}

static int measure_runs(struct rog_report *report, struct rog_error *err)
{
    int code = 0;
    for (size_t i = 0; i < report->data.run_count; i++)
        for (size_t m = 0; m < report->measures.count && code == 0; m++)
            code = rog_measure_run(&report->data, i, &report->measures.of[m],
                                   &report->run[i * report->measures.count + m], err);
    return code;
}

static struct rog_measured shown_of(const void *user, size_t series, size_t measure)
{
    const struct rog_report_value *value = rog_report_series(user, series, measure);
    struct rog_measured shown = value->line; /* all 0 unless it is time or energy to the target */
    shown.value = value->shown;
    return shown;
}

/* Sets the baseline of the report instead of the case's own. */
static int take_baseline(struct rog_case_data *data, const char *baseline, struct rog_error *err)
{
    char names[256] = "";
    size_t named = 0;
    for (size_t i = 0; i < data->series_count; i++) {
        size_t used = strlen(names);
        named += rog_case_is_named(data, i, baseline);
        snprintf(names + used, sizeof names - used, "%s%s", used ? ", " : "",
                 data->series[i].label);
    }
    if (named > 0 && named == data->series_count)
        return rog_fail(err, ROG_EINVAL,
                        "all finished runs of %s have that note or library (found \"%s\"), and "
                        "none is left to compare with it; it has: %s",
                        data->row.name, baseline, names);
    if (named > 0) {
        free(data->row.baseline);
        data->row.baseline = rog_strdup(baseline);
        return data->row.baseline ? 0 : rog_fail_nomem(err);
    }
    return rog_fail(err, ROG_EINVAL,
                    "%s has no finished run with that note or library (found \"%s\"); it "
                    "has: %s",
                    data->row.name, baseline, names[0] ? names : "none");
}

/* Returns the smallest displayed value above 0. */
static double least_of(const struct rog_report *report, size_t measure)
{
    double least = INFINITY;
    for (size_t i = 0; i < report->data.run_count; i++) {
        const struct rog_measured *run = rog_report_run(report, i, measure);
        double value = run->censored ? run->until : run->value;
        least = value > 0 ? fmin(least, value) : least;
    }
    for (size_t i = 0; i < report->data.series_count; i++) {
        const struct rog_report_value *series = rog_report_series(report, i, measure);
        double value = series->line.censored ? series->line.until : series->shown;
        least = value > 0 ? fmin(least, value) : least;
    }
    return least;
}

/* Increases digits for small times and energies; the parts of an iteration get as many digits as
 * the whole. */
static void take_digits(struct rog_report *report)
{
    size_t count = report->measures.count, iteration = 0;
    for (size_t m = 0; m < count; m++)
        if (report->measures.of[m].kind == ROG_MEASURE_ITERATION)
            iteration = m;
    for (size_t m = 0; m < count; m++) {
        enum rog_measure_kind kind = report->measures.of[m].kind;
        if (kind != ROG_MEASURE_ACCURACY && rog_measure_facts[kind].table == ROG_TABLE_RESULTS)
            rog_measure_take_least(
                &report->measures.of[m],
                least_of(report, rog_measure_is_to_target(kind) ? m : iteration));
    }
}

static int measure_all(struct rog_report *report, struct rog_error *err)
{
    const struct rog_case_data *data = &report->data;
    report->run = calloc(data->run_count * report->measures.count + 1, sizeof *report->run);
    report->series =
        calloc(data->series_count * report->measures.count + 1, sizeof *report->series);
    if (!report->run || !report->series)
        return rog_fail_nomem(err);
    int code = measure_runs(report, err);
    for (size_t i = 0; i < data->series_count && code == 0; i++)
        code = measure_series(report, i, err);
    take_digits(report);
    const struct rog_compared compared = {data, &report->measures, report->run, shown_of, report};
    return code ? code : rog_comparisons_make(&compared, &report->gain, &report->gains, err);
}

int rog_report_make(struct rog_db *db, const char *case_name,
                    const struct rog_report_options *options, struct rog_report *report,
                    struct rog_error *err)
{
    *report = (struct rog_report){.curves = options->curves};
    int code = rog_measures_make(&report->measures, options->times, err);
    if (code == 0)
        code = rog_case_data_load(db, case_name, &report->data, err);
    if (code < 0)
        return code;
    if (options->as_published)
        rog_case_data_take_published(&report->data);
    report->target = rog_case_target(&report->data);
    rog_measures_take_metric(&report->measures, &report->data);
    code = rog_case_data_override(&report->data, options->curves, err);
    if (code == 0 && options->baseline)
        code = take_baseline(&report->data, options->baseline, err);
    if (code == 0)
        code = measure_all(report, err);
    if (code < 0)
        rog_report_release(report);
    return code;
}

void rog_report_release(struct rog_report *report)
{
    rog_case_data_release(&report->data);
    free(report->run);
    free(report->series);
    free(report->gain);
    *report = (struct rog_report){0};
}

/* Returns the value as displayed, INFINITY if the target was not reached. */
static double rank_of(const struct rog_report_value *value, int digits)
{
    char text[512]; /* enough for any double */
    snprintf(text, sizeof text, "%.*f", digits, value->shown);
    return value->line.censored ? INFINITY : strtod(text, NULL);
}

/* Returns whether iterations of this series can be compared with those of all others, because they
 * have about as many local steps. */
static bool all_compare(const struct rog_report *report, size_t series)
{
    size_t steps = rog_measures_index(&report->measures, ROG_MEASURE_LOCAL_STEPS);
    double own = rog_report_series(report, series, steps)->shown;
    bool all = true;
    for (size_t i = 0; i < report->data.series_count; i++)
        all = all && rog_measure_compares_steps(own, rog_report_series(report, i, steps)->shown);
    return all;
}

bool rog_report_is_best(const struct rog_report *report, size_t series, size_t measure)
{
    const struct rog_measure *of = &report->measures.of[measure];
    if (rog_measure_is_per_iteration(of->kind) && !all_compare(report, series))
        return false;
    double own = rank_of(rog_report_series(report, series, measure), of->digits);
    size_t worse = 0;
    for (size_t i = 0; i < report->data.series_count; i++) {
        double value = rank_of(rog_report_series(report, i, measure), of->digits);
        if (of->more_is_better ? value > own : value < own)
            return false;
        worse += of->more_is_better ? value < own : value > own;
    }
    return worse > 0;
}
