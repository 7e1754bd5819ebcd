/* SPDX-License-Identifier: Apache-2.0 */
/* Computes a report. */
#include <orchestrator/report/report.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <orchestrator/figures/repeats.h>
#include <orchestrator/report/gain.h>

/* Time and energy to the target are those of the series' own line, as the figure draws it. */
static int measure_reached(struct rog_report *report, size_t index, struct rog_error *err)
{
    struct rog_report_line *line = &report->series[index];
    int code = rog_measure_target(&report->data, &report->data.series[index], line->reached, err);
    for (int k = 0; k < ROG_TO_TARGETS && code == 0; k++)
        line->value[ROG_MEASURE_SECONDS_TO_TARGET + k] =
            rog_interval_of(&line->reached[k].line.at, 1);
    return code;
}

static int measure_series(struct rog_report *report, size_t index, struct rog_error *err)
{
    const struct rog_case_series *series = &report->data.series[index];
    double *values = calloc(series->runs, sizeof *values);
    if (!values)
        return rog_fail_nomem(err);
    for (int m = 0; m < ROG_MEASURES; m++) {
        for (size_t i = 0; i < series->runs; i++)
            values[i] = rog_repeats_is_copy(&report->data, series->run[i])
                            ? (double)NAN
                            : report->run[series->run[i]].value[m].mean;
        report->series[index].value[m] = rog_interval_of(values, series->runs);
    }
    free(values);
    return measure_reached(report, index, err);
}

static double gain_in(int measure, double own, double other)
{
    return measure < ROG_ACCURACIES ? own - other : 100 * (other - own) / other;
}

struct measured {
    const struct rog_report *report;
    int measure;
};

static double run_gain(const void *user, size_t own, size_t other)
{
    const struct measured *measured = user;
    const struct rog_report_line *run = measured->report->run;
    return gain_in(measured->measure, run[own].value[measured->measure].mean,
                   run[other].value[measured->measure].mean);
}

/* Over pairs of runs where there are two or more, else the difference of the means. A pair that
 * lacks a value is left out of accuracies. */
static struct rog_report_gain gain_over(const struct rog_report *report,
                                        const struct rog_gain_pair *pair, double *values)
{
    struct rog_report_gain gain = {.series = pair->series, .against = pair->against};
    for (int m = 0; m < ROG_GAIN_MEASURES; m++) {
        const struct measured measured = {report, m};
        size_t runs;
        double difference = gain_in(m, report->series[pair->series].value[m].mean,
                                    report->series[pair->against].value[m].mean);
        gain.value[m] = rog_gain_over(&report->data, pair, run_gain, &measured, values, &runs);
        gain.pairs = runs >= 2 ? runs : 0;
        if (gain.pairs == 0)
            gain.value[m] = rog_interval_of(&difference, 1);
        else if (m >= ROG_ACCURACIES && gain.value[m].count < runs)
            gain.value[m] = rog_interval_of(NULL, 0);
    }
    return gain;
}

static int gains_make(struct rog_report *report, struct rog_error *err)
{
    struct rog_gain_pair *pairs = NULL;
    int code = rog_gain_pairs(&report->data, &pairs, &report->gains, err);
    double *values = calloc(report->data.run_count + 1, sizeof *values);
    report->gain = calloc(report->gains + 1, sizeof *report->gain);
    if (code == 0 && (!values || !report->gain))
        code = rog_fail_nomem(err);
    for (size_t i = 0; code == 0 && i < report->gains; i++)
        report->gain[i] = gain_over(report, &pairs[i], values);
    free(values);
    free(pairs);
    return code;
}

/* What is reported over instead of the case's own baseline. */
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

int rog_report_make(struct rog_db *db, const char *case_name, bool as_published,
                    const char *baseline, struct rog_report *report, struct rog_error *err)
{
    *report = (struct rog_report){.as_published = as_published};
    struct rog_case_data *data = &report->data;
    int code = rog_case_data_load(db, case_name, data, err);
    if (code < 0)
        return code;
    report->target = rog_case_target(data);
    report->run = calloc(data->run_count + 1, sizeof *report->run);
    report->series = calloc(data->series_count + 1, sizeof *report->series);
    if (!report->run || !report->series)
        code = rog_fail_nomem(err);
    if (code == 0 && baseline)
        code = take_baseline(data, baseline, err);
    if (code < 0)
        goto out;
    for (size_t i = 0; i < data->run_count && code == 0; i++) {
        double value[ROG_MEASURES];
        code = rog_measure_run(data, i, as_published, value, report->run[i].reached, err);
        for (int m = 0; m < ROG_MEASURES && code == 0; m++)
            report->run[i].value[m] = rog_interval_of(&value[m], 1);
    }
    for (size_t i = 0; i < data->series_count && code == 0; i++)
        code = measure_series(report, i, err);
    if (code == 0)
        code = gains_make(report, err);
out:
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

bool rog_report_is_best(const struct rog_report *report, size_t series, enum rog_measure measure)
{
    const struct rog_measure_kind *kind = &rog_measure_kinds[measure];
    double unit = pow(10, -kind->digits); /* of what is shown */
    double own = round(report->series[series].value[measure].mean / unit);
    size_t worse = 0;
    for (size_t i = 0; i < report->data.series_count; i++) {
        double value = round(report->series[i].value[measure].mean / unit);
        if (kind->more_is_better ? value > own : value < own)
            return false;
        worse += kind->more_is_better ? value < own : value > own;
    }
    return worse > 0;
}

char *rog_report_label(const struct rog_report *report, size_t series)
{
    const struct rog_case_series *s = &report->data.series[series];
    return rog_repeats_label(s, s->different);
}

void rog_report_gain_text(const struct rog_report_gain *gain, int measure,
                          char text[ROG_GAIN_TEXT_BYTES])
{
    const struct rog_interval *value = &gain->value[measure];
    bool points = measure < ROG_ACCURACIES;
    int length = isnan(value->mean) ? snprintf(text, ROG_GAIN_TEXT_BYTES, "-")
                                    : snprintf(text, ROG_GAIN_TEXT_BYTES,
                                               points ? "%+.2f" : "%.1f%%", value->mean);
    if (isnan(value->low) || length <= 0 || length >= ROG_GAIN_TEXT_BYTES)
        return;
    int digits = points ? 2 : 1;
    if (isnan(value->half))
        snprintf(text + length, ROG_GAIN_TEXT_BYTES - (size_t)length, " [%.*f, %.*f]", digits,
                 value->low, digits, value->high);
    else
        snprintf(text + length, ROG_GAIN_TEXT_BYTES - (size_t)length, " ±%.*f", digits,
                 value->half);
}
