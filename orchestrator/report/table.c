/* SPDX-License-Identifier: Apache-2.0 */
/* Writes a report's numbers as tables of text. */
#include <orchestrator/report/table.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <orchestrator/figures/repeats.h>
#include <orchestrator/report/wording.h>

/* Most pairs that cannot give p < 0.05: for n pairs p is at least 2/2^n. */
#define PAIRS_FEW 5

/* ---- tables, columns, cells ---- */

/* The tables while they are made; `failed` is set without memory. */
struct maker {
    const struct rog_report *report;
    struct rog_report_tables *tables;
    struct rog_report_table *table;            /* the table being filled */
    bool has[ROG_MEASURES_MAX];                /* measures that any series has */
    char tested_at[ROG_METRIC_TEXT_BYTES + 8]; /* "% at ", "mIoU at ": text before a time */
    char gained_at[ROG_METRIC_TEXT_BYTES + 8]; /* the same for gains: "points at " */
    bool failed;
};

static char *keep(struct maker *maker, char *text)
{
    maker->failed = maker->failed || !text;
    return text;
}

static void begin_table(struct maker *maker, char *caption, bool marks_best)
{
    maker->table = &maker->tables->table[maker->tables->count++];
    *maker->table =
        (struct rog_report_table){.caption = keep(maker, caption), .marks_best = marks_best};
}

static void add_column(struct maker *maker, bool is_number, char *title)
{
    struct rog_report_table *table = maker->table;
    struct rog_report_column *more = realloc(table->column, (table->columns + 1) * sizeof *more);
    if (more) {
        table->column = more;
        more[table->columns++] = (struct rog_report_column){keep(maker, title), is_number};
        return;
    }
    free(title);
    maker->failed = true;
}

static void add_cell(struct maker *maker, bool is_best, char *text)
{
    struct rog_report_table *table = maker->table;
    struct rog_report_cell *more = realloc(table->cell, (table->cells + 1) * sizeof *more);
    if (more) {
        table->cell = more;
        more[table->cells++] = (struct rog_report_cell){keep(maker, text), is_best};
        return;
    }
    free(text);
    maker->failed = true;
}

/* ---- the tables ---- */

static void measure_columns(struct maker *maker, const char *first,
                            char *(*title)(const struct rog_report *, size_t, const char *),
                            const bool *has)
{
    bool begun = false;
    for (size_t m = 0; m < maker->report->measures.count; m++) {
        bool accuracy = maker->report->measures.of[m].kind == ROG_MEASURE_ACCURACY;
        if (has[m])
            add_column(maker, true, title(maker->report, m, begun ? "" : first));
        begun = begun || (has[m] && accuracy);
    }
}

/* Returns a caption that explains the marks in the cells, as far as there are any. */
static char *series_caption(const struct maker *maker)
{
    const struct rog_report *report = maker->report;
    const struct rog_case_data *data = &report->data;
    bool intervals = false, ranges = false, own = false, some = false;
    char meaning[ROG_ACCURACY_RULE_BYTES], reached[128] = "", tested[ROG_METRIC_TEXT_BYTES];
    char rule[192 + ROG_METRIC_TEXT_BYTES] = "", smoothing[ROG_CASE_SMOOTHING_BYTES];
    for (size_t i = 0; i < data->series_count; i++)
        for (size_t m = 0; m < report->measures.count; m++) {
            const struct rog_report_value *value = rog_report_series(report, i, m);
            bool target = rog_measure_is_to_target(report->measures.of[m].kind);
            bool varies = rog_wording_varies(&value->runs) &&
                          report->measures.of[m].kind != ROG_MEASURE_WORST_DROP;
            intervals = intervals || (!target && varies && !isnan(value->runs.half));
            ranges = ranges || (!target && varies && value->runs.count == 2);
            own = own || (target && value->counted > 1 && value->known == value->counted);
            some = some || (target && value->counted > 1 && value->censored > 0);
        }
    if (some)
        snprintf(reached, sizeof reached, "; k of n: k of n runs reach %.40s; median over all n",
                 rog_wording_target(report).text);
    rog_accuracy_rule_meaning(&data->rule.accuracy, meaning);
    rog_case_smoothing(data, smoothing);
    for (size_t m = 0; m < report->measures.count; m++)
        if (maker->has[m] && rog_measure_is_to_target(report->measures.of[m].kind))
            snprintf(rule, sizeof rule,
                     "; to %.40s: where the drawn line (%s) reaches it and keeps it for %g "
                     "checkpoints or "
                     "to its end",
                     rog_wording_target(report).text, smoothing, data->rule.sustain);
    if (rog_case_is_accuracy(data))
        snprintf(tested, sizeof tested, "accuracy in %%");
    else
        rog_metric_title(&data->metric, tested);
    return rog_format(
        "%s: %zu run%s; %s, %s%s; %s%s%s%s%s%s", data->title, data->run_count,
        data->run_count == 1 ? "" : "s", tested,
        data->metric.less_is_better ? "lower is better, " : "", meaning,
        data->as_published ? "as published: energy is the mean power of host rank 3 "
                             "times time, seconds per iteration are that host's, "
                             "their stall that of all workers"
                           : "energy per worker; seconds per iteration",
        rule, intervals ? "; ± half of the 95% interval of the mean" : "",
        ranges ? "; [range]" : "",
        own ? "; for repeats, of their mean line, (runs a to b): the range of the single lines"
            : "",
        reached);
}

/* Makes a table of the series by the measures that any of them has; no table if there are none. */
static void series_table(struct maker *maker, enum rog_measure_table table, bool marks_best,
                         char *caption)
{
    const struct rog_report *report = maker->report;
    bool has[ROG_MEASURES_MAX] = {false}, any = table == ROG_TABLE_RESULTS;
    for (size_t m = 0; m < report->measures.count; m++) {
        has[m] = maker->has[m] && rog_measure_facts[report->measures.of[m].kind].table == table;
        any = any || has[m];
    }
    if (!any) {
        free(caption);
        return;
    }
    begin_table(maker, caption, marks_best && report->data.series_count > 0);
    add_column(maker, false, rog_strdup("run"));
    measure_columns(maker, maker->tested_at, rog_wording_title, has);
    for (size_t i = 0; i < report->data.series_count; i++) {
        const struct rog_case_series *series = &report->data.series[i];
        add_cell(maker, false, rog_repeats_label(series, series->different));
        for (size_t m = 0; m < report->measures.count; m++)
            if (has[m])
                add_cell(
                    maker, marks_best && rog_report_is_best(report, i, m),
                    rog_wording_series(rog_report_series(report, i, m), &report->measures.of[m]));
    }
}

/* Makes a table of results, and a separate one of how smooth the curves are, because a terminal is
 * too narrow for both. */
static void series_tables(struct maker *maker)
{
    const struct rog_report *report = maker->report;
    series_table(maker, ROG_TABLE_RESULTS, true, series_caption(maker));
    series_table(maker, ROG_TABLE_ROUGHNESS, true,
                 rog_format("Roughness: standard deviation from checkpoint to checkpoint "
                            "at %g s or later, and the %s of any run, in %s",
                            ROG_ROUGHNESS_FROM_S, rog_wording_worst(report),
                            rog_metric_difference(&report->data.metric)));
}

/* Makes a table of single runs, if some are repeats or not finished. */
static void runs_table(struct maker *maker)
{
    const struct rog_report *report = maker->report;
    bool has[ROG_MEASURES_MAX];
    if (report->data.series_count == report->data.run_count)
        return;
    for (size_t m = 0; m < report->measures.count; m++)
        has[m] = maker->has[m] &&
                 rog_measure_facts[report->measures.of[m].kind].table != ROG_TABLE_EXCHANGE;
    begin_table(maker, rog_strdup("Each run"), false);
    add_column(maker, false, rog_strdup("id"));
    add_column(maker, true, rog_strdup("seed"));
    add_column(maker, false, rog_strdup("status"));
    measure_columns(maker, maker->tested_at, rog_wording_title, has);
    for (size_t i = 0; i < report->data.run_count; i++) {
        const struct rog_run_row *row = &report->data.run[i].row;
        add_cell(maker, false, rog_strdup(row->id));
        add_cell(maker, false, rog_format("%lld", (long long)row->seed));
        add_cell(maker, false, rog_strdup(row->status));
        for (size_t m = 0; m < report->measures.count; m++)
            if (has[m])
                add_cell(
                    maker, false,
                    rog_wording_measured(rog_report_run(report, i, m), &report->measures.of[m]));
    }
}

static bool has_gain(const struct rog_gain_value *value)
{
    return value->censored || !isnan(value->gain.mean);
}

static void gains_table(struct maker *maker)
{
    const struct rog_report *report = maker->report;
    bool has[ROG_MEASURES_MAX] = {false}, paired = false;
    if (report->gains == 0)
        return;
    for (size_t i = 0; i < report->gains; i++) {
        paired = paired || report->gain[i].pairs > 1;
        for (size_t m = 0; m < report->measures.count; m++)
            has[m] = has[m] || has_gain(&report->gain[i].value[m]);
    }
    begin_table(maker,
                rog_format("Gains: %s%s%s, percent less time and energy (negative: more)%s",
                           rog_metric_is_percent(&report->data.metric) ? "points of " : "",
                           report->data.metric.name,
                           report->data.metric.less_is_better ? " (how much lower)" : "",
                           paired ? "; over pairs of runs with the same seed" : ""),
                false);
    add_column(maker, false, rog_strdup("gain of"));
    add_column(maker, false, rog_strdup("over"));
    measure_columns(maker, maker->gained_at, rog_wording_gain_title, has);
    if (paired)
        add_column(maker, true, rog_strdup("pairs"));
    for (size_t i = 0; i < report->gains; i++) {
        const struct rog_comparison *gain = &report->gain[i];
        add_cell(maker, false, rog_strdup(report->data.series[gain->pair.series].label));
        add_cell(maker, false, rog_strdup(report->data.series[gain->pair.against].label));
        for (size_t m = 0; m < report->measures.count; m++)
            if (has[m])
                add_cell(maker, false,
                         rog_wording_gain(&gain->value[m], &report->measures.of[m], gain->pairs));
        if (paired)
            add_cell(maker, false,
                     gain->pairs > 1 ? rog_format("%zu", gain->pairs) : rog_strdup("-"));
    }
}

static void test_row(struct maker *maker, const struct rog_comparison *gain, size_t measure,
                     bool corrected)
{
    const struct rog_report *report = maker->report;
    const struct rog_gain_value *value = &gain->value[measure];
    int digits = report->measures.of[measure].digits;
    add_cell(maker, false, rog_strdup(report->data.series[gain->pair.series].label));
    add_cell(maker, false, rog_strdup(report->data.series[gain->pair.against].label));
    add_cell(maker, false, rog_wording_test_title(report, measure));
    add_cell(maker, false,
             value->censored ? rog_format("%zu : %zu", value->ahead, value->behind)
                             : rog_strdup(rog_wording_signed(value->difference.mean, digits).text));
    add_cell(maker, false,
             isnan(value->difference.half)
                 ? rog_strdup("-")
                 : rog_format("%s to %s", rog_wording_signed(value->difference.low, digits).text,
                              rog_wording_signed(value->difference.high, digits).text));
    add_cell(maker, false,
             isnan(value->effect) ? rog_strdup("-") : rog_format("%.2f", value->effect));
    add_cell(maker, false, rog_format("%zu", value->tested));
    add_cell(maker, false, rog_wording_p(value->p));
    if (corrected)
        add_cell(maker, false, rog_wording_p(value->p_holm));
    add_cell(maker, false,
             rog_format("%s, %s", value->test == ROG_TEST_SIGN ? "sign" : "permutation",
                        value->exact ? "exact" : "drawn"));
}

static void tests_table(struct maker *maker)
{
    const struct rog_report *report = maker->report;
    size_t rows = 0, most = 0;
    for (size_t i = 0; i < report->gains; i++)
        for (size_t m = 0; m < report->measures.count; m++) {
            const struct rog_gain_value *value = &report->gain[i].value[m];
            rows += !isnan(value->p);
            most = value->compared > most ? value->compared : most;
        }
    if (rows == 0)
        return;
    begin_table(maker,
                rog_format("Paired differences, positive where the first is better (ahead : behind "
                           "where some runs did not reach the target); Cohen's d_z; two-sided "
                           "p%s",
                           most > 1 ? ", and with Holm's correction for the comparisons in one "
                                      "measure"
                                    : ""),
                false);
    add_column(maker, false, rog_strdup("gain of"));
    add_column(maker, false, rog_strdup("over"));
    add_column(maker, false, rog_strdup("in"));
    add_column(maker, true, rog_strdup("difference"));
    add_column(maker, true, rog_strdup("95% interval"));
    add_column(maker, true, rog_strdup("d_z"));
    add_column(maker, true, rog_strdup("n"));
    add_column(maker, true, rog_strdup("p"));
    if (most > 1)
        add_column(maker, true, rog_strdup("p (Holm)"));
    add_column(maker, false, rog_strdup("test"));
    for (size_t m = 0; m < report->measures.count; m++)
        for (size_t i = 0; i < report->gains; i++)
            if (!isnan(report->gain[i].value[m].p))
                test_row(maker, &report->gain[i], m, most > 1);
}

/* Makes a table of what was exchanged. */
static void exchange_table(struct maker *maker)
{
    series_table(maker, ROG_TABLE_EXCHANGE, false,
                 rog_strdup("Exchange: of the whole run per worker; means over iterations of local "
                            "steps, of the age of rows sent and received and of the staleness, in "
                            "iterations"));
}

/* ---- remarks ---- */

static void add_remark(struct maker *maker, char *text)
{
    struct rog_report_tables *tables = maker->tables;
    char **more = realloc(tables->remark, (tables->remarks + 1) * sizeof *more);
    if (more && text) {
        tables->remark = more;
        more[tables->remarks++] = text;
        return;
    }
    if (more)
        tables->remark = more;
    free(text);
    maker->failed = true;
}

/* Remarks on runs whose bandwidth was not as requested, that lost some of their work, or that are
 * identical and therefore no repeats. */
static void remarks(struct maker *maker)
{
    const struct rog_case_data *data = &maker->report->data;
    for (size_t i = 0; i < data->series_count; i++) {
        const struct rog_case_series *series = &data->series[i];
        if (series->different < series->runs)
            add_remark(maker, rog_format("%s: of %zu runs only %zu differ%s; the others are "
                                         "identical to the last bit and count once",
                                         series->label, series->runs, series->different,
                                         series->different == 1 ? "s" : ""));
    }
    for (size_t i = 0; i < data->run_count; i++) {
        const struct rog_case_run *run = &data->run[i];
        char *text = rog_replay_is_off(&run->replay) ? rog_replay_text(&run->replay) : NULL;
        if (text)
            add_remark(maker, rog_format("REPLAY of %s: %s", run->row.id, text));
        free(text);
        char setbacks[ROG_SETBACKS_BYTES];
        rog_setbacks_text(&run->setbacks, setbacks);
        if (setbacks[0])
            add_remark(maker, rog_format("%s: %s", run->row.id, setbacks));
        if (!data->as_published && run->composition.workers == 0 && run->done)
            add_remark(maker, rog_format("%s ended before any worker had finished an iteration",
                                         run->row.id));
    }
}

static const struct rog_measured *measured_of(const struct rog_report *report, size_t run,
                                              enum rog_measure_kind kind)
{
    for (size_t m = 0; m < report->measures.count; m++)
        if (report->measures.of[m].kind == kind)
            return rog_report_run(report, run, m);
    return NULL;
}

/* Remarks on runs that reach the target after the readings of energy have ended: nothing is
 * extrapolated. */
static void ended_energy(struct maker *maker)
{
    const struct rog_report *report = maker->report;
    const struct rog_case_data *data = &report->data;
    for (size_t i = 0; i < data->run_count && !data->as_published; i++) {
        const struct rog_case_run *run = &data->run[i];
        const struct rog_measured *seconds = measured_of(report, i, ROG_MEASURE_SECONDS);
        const struct rog_measured *joules = measured_of(report, i, ROG_MEASURE_JOULES);
        if (seconds && joules && !isnan(seconds->value) && isnan(joules->value) &&
            !joules->censored && !isnan(run->joules_until_s))
            add_remark(maker, rog_format("%s: its readings of energy end at %.0f s, too early for "
                                         "energy to %s, which is left out",
                                         run->row.id, run->joules_until_s,
                                         rog_wording_target(report).text));
    }
}

/* Returns whether "ended" appears in a cell. */
static bool some_ended(const struct maker *maker)
{
    const struct rog_report *report = maker->report;
    for (size_t i = 0; i < report->data.run_count; i++)
        for (size_t m = 0; m < report->measures.count; m++)
            if (maker->has[m] && rog_report_run(report, i, m)->ended)
                return true;
    return false;
}

/* Remarks on the smallest p that is possible with so few pairs, whatever their differences. */
static void few_pairs(struct maker *maker)
{
    const struct rog_report *report = maker->report;
    bool tested[PAIRS_FEW + 1] = {false}, enough = false;
    char text[192] = "";
    for (size_t i = 0; i < report->gains; i++)
        for (size_t m = 0; m < report->measures.count; m++) {
            const struct rog_gain_value *value = &report->gain[i].value[m];
            size_t known = isnan(value->p) ? 0 : value->tested;
            enough = enough || known > PAIRS_FEW;
            tested[known <= PAIRS_FEW ? known : 0] = true;
        }
    for (size_t n = ROG_INTERVAL_LEAST; n <= PAIRS_FEW; n++) {
        size_t used = strlen(text);
        if (tested[n])
            snprintf(text + used, sizeof text - used, "%s below %.4g with %zu pairs",
                     used ? "," : "", ldexp(2, -(int)n), n);
    }
    if (text[0])
        add_remark(maker, rog_format("p cannot be%s: %s cannot give p < 0.05, even where the 95%% "
                                     "interval excludes 0",
                                     text, enough ? "tests of so few pairs" : "these tests"));
}

/* Remarks on times that some runs did not reach, and on times given by the user that no run
 * reached. */
static void missing_times(struct maker *maker)
{
    const struct rog_measures *measures = &maker->report->measures;
    if (some_ended(maker))
        add_remark(maker, rog_strdup(ROG_WORDING_ENDED ": the run ended before that time"));
    for (size_t m = 0; m < measures->count; m++)
        if (measures->are_given && measures->of[m].kind == ROG_MEASURE_ACCURACY && !maker->has[m] &&
            isfinite(measures->of[m].at_s))
            add_remark(maker, rog_format("no run has a result at %s s", measures->of[m].name));
}

/* Names results by their metric; accuracy is recognizable by its percent sign. */
static void name_results(struct maker *maker)
{
    const struct rog_metric *metric = &maker->report->data.metric;
    bool percent = rog_metric_is_percent(metric);
    char title[ROG_METRIC_TEXT_BYTES];
    rog_metric_title(metric, title);
    if (rog_case_is_accuracy(&maker->report->data))
        snprintf(title, sizeof title, "%%");
    snprintf(maker->tested_at, sizeof maker->tested_at, "%s at ", title);
    snprintf(maker->gained_at, sizeof maker->gained_at, "%s at ", percent ? "points" : title);
}

int rog_report_tables_make(const struct rog_report *report, struct rog_report_tables *tables,
                           struct rog_error *err)
{
    struct maker maker = {.report = report, .tables = tables};
    name_results(&maker);
    *tables = (struct rog_report_tables){0};
    for (size_t i = 0; i < report->data.run_count; i++)
        for (size_t m = 0; m < report->measures.count; m++) {
            const struct rog_measured *measured = rog_report_run(report, i, m);
            maker.has[m] = maker.has[m] || measured->censored || !isnan(measured->value);
        }
    series_tables(&maker);
    runs_table(&maker);
    gains_table(&maker);
    tests_table(&maker);
    exchange_table(&maker);
    few_pairs(&maker);
    remarks(&maker);
    ended_energy(&maker);
    missing_times(&maker);
    if (!maker.failed)
        return 0;
    rog_report_tables_release(tables);
    return rog_fail_nomem(err);
}

static void table_release(struct rog_report_table *table)
{
    for (size_t i = 0; i < table->columns; i++)
        free(table->column[i].title);
    for (size_t i = 0; i < table->cells; i++)
        free(table->cell[i].text);
    free(table->column);
    free(table->cell);
    free(table->caption);
}

void rog_report_tables_release(struct rog_report_tables *tables)
{
    for (size_t i = 0; i < tables->count; i++)
        table_release(&tables->table[i]);
    for (size_t i = 0; i < tables->remarks; i++)
        free(tables->remark[i]);
    free(tables->remark);
    *tables = (struct rog_report_tables){0};
}
