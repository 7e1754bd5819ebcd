/* SPDX-License-Identifier: Apache-2.0 */
/* Loads from the database what a case's figures and report show. */
#include <orchestrator/figures/case_data.h>

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <common/file.h>
#include <orchestrator/figures/queries.h>
#include <orchestrator/figures/same_run.h>
#include <orchestrator/figures/series_label.h>
#include <orchestrator/figures/style.h>
#include <orchestrator/store/energy.h>
#include <orchestrator/text/label.h>

/* percent: the horizontal line of the published energy figures */
#define PUBLISHED_TARGET 64.0
#define LABEL_CHARACTERS 40

/* A run's id, and a text that is equal for all runs of its series. */
struct member {
    char *id, *key;
    size_t strategy;  /* index of its strategy in the database */
    int64_t recorded; /* index of the run in the order of recording */
};

struct members {
    struct member *item;
    size_t count;
};

static void members_release(struct members *members)
{
    for (size_t i = 0; i < members->count; i++) {
        free(members->item[i].id);
        free(members->item[i].key);
    }
    free(members->item);
    *members = (struct members){0};
}

static int members_load(struct rog_db *db, const char *case_name, struct members *members,
                        struct rog_error *err)
{
    struct rog_query *query = NULL;
    int code = rog_query_new(&query, db, err, rog_query_case_runs, "s", case_name);
    while (code == 0 && (code = rog_query_step(query, err)) == 1) {
        struct member *more = realloc(members->item, (members->count + 1) * sizeof *more);
        if (!more) {
            code = rog_fail_nomem(err);
            break;
        }
        members->item = more;
        struct member *member = &more[members->count++];
        member->id = rog_strdup(rog_query_text(query, 0));
        member->key = rog_strdup(rog_query_text(query, 1));
        member->strategy = (size_t)rog_query_int(query, 2);
        member->recorded = rog_query_int(query, 3);
        code = member->id && member->key ? 0 : rog_fail_nomem(err);
    }
    rog_query_free(query);
    return code;
}

/* The published figures of energy multiply time by the mean power of this worker (read_energy in
 * the artifact's scripts/redraw_smooth.py). */
#define PUBLISHED_RANK 3

/* Joules at each tested checkpoint; unknown once the readings of any worker have ended. */
static int take_energy(struct rog_case_run *run, const struct rog_energy *energy,
                       struct rog_error *err)
{
    run->power_as_published_w = rog_energy_mean_power(energy, PUBLISHED_RANK);
    run->joules_until_s = rog_energy_known_until(energy);
    run->joules = calloc(run->accuracy.count + 1, sizeof *run->joules);
    if (!run->joules)
        return rog_fail_nomem(err);
    for (size_t i = 0; i < run->accuracy.count; i++) {
        double t = run->accuracy.point[i].t;
        run->joules[i] = t <= run->joules_until_s ? rog_energy_at(energy, t) : (double)NAN;
    }
    return 0;
}

/* Loads what workers had sent at each tested checkpoint. */
static int sent_load(struct rog_db *db, struct rog_case_run *run, struct rog_error *err)
{
    struct rog_query *query = NULL;
    run->sent_mb = calloc(run->accuracy.count + 1, sizeof *run->sent_mb);
    if (!run->sent_mb)
        return rog_fail_nomem(err);
    if (run->accuracy.count == 0)
        return 0;
    int code = rog_query_new(&query, db, err, rog_query_sent, "s", run->row.id);
    double sent_mb = 0;
    size_t i = 0, ends = 0;
    while (code == 0 && (code = rog_query_step(query, err)) == 1) {
        double t = rog_query_real(query, 0);
        for (; i < run->accuracy.count && run->accuracy.point[i].t < t; i++)
            run->sent_mb[i] = sent_mb;
        sent_mb += rog_query_real(query, 1);
        ends++;
        code = 0;
    }
    for (; i < run->accuracy.count; i++)
        run->sent_mb[i] = sent_mb;
    for (i = 0; (ends == 0 || isnan(sent_mb)) && i < run->accuracy.count; i++)
        run->sent_mb[i] = (double)NAN;
    rog_query_free(query);
    return code;
}

static int exchange_load(struct rog_db *db, struct rog_case_run *run, struct rog_error *err)
{
    struct rog_query *query = NULL;
    int code = rog_query_new(&query, db, err, rog_query_exchange, "s", run->row.id);
    if (code == 0)
        code = rog_query_step(query, err);
    if (code == 1)
        run->exchange = (struct rog_exchange_means){
            .sent_mb = rog_query_real(query, 0),
            .received_mb = rog_query_real(query, 1),
            .local_steps = rog_query_real(query, 2),
            .age_pushed = rog_query_real(query, 3),
            .age_pulled = rog_query_real(query, 4),
            .staleness = rog_query_real(query, 5),
        };
    rog_query_free(query);
    return code < 0 ? code : 0;
}

static int run_load(struct rog_db *db, const char *id, struct rog_case_run *run,
                    struct rog_error *err)
{
    int code = rog_run_row_load(db, id, &run->row, err);
    if (code < 0)
        return code;
    run->done = strcmp(run->row.status, "done") == 0;
    if (!run->done) {
        run->composition = run->as_published =
            (struct rog_composition){(double)NAN, (double)NAN, (double)NAN, 0};
        run->extent.energy_j = run->extent.seconds = (double)NAN;
        run->exchange = (struct rog_exchange_means){(double)NAN, (double)NAN, (double)NAN,
                                                    (double)NAN, (double)NAN, (double)NAN};
        run->joules_until_s = run->power_as_published_w = (double)NAN;
        return 0;
    }
    struct rog_totals totals;
    struct rog_energy energy;
    code = rog_totals_load(db, id, &totals, NULL, &energy, err);
    run->composition = totals.composition;
    run->extent = totals.extent;
    if (code == 0)
        code = rog_accuracy_load(db, id, &run->accuracy, err);
    if (code == 0)
        code = take_energy(run, &energy, err);
    rog_energy_release(&energy);
    if (code == 0)
        code = sent_load(db, run, err);
    if (code == 0)
        code = exchange_load(db, run, err);
    if (code == 0)
        code = rog_composition_query(db, rog_query_composition_as_published, id, &run->as_published,
                                     err);
    if (code == 0)
        code = rog_replay_load(db, id, &run->replay, err);
    if (code == 0)
        code = rog_setbacks_load(db, id, &run->setbacks, err);
    return code;
}

/* Returns whether run `index` is another seed of the series, which began with run
 * series->run[0]. */
static bool is_repeat(const struct rog_case_data *data, const struct members *members,
                      const struct rog_case_series *series, size_t index)
{
    if (strcmp(members->item[series->run[0]].key, members->item[index].key) != 0)
        return false;
    for (size_t i = 0; i < series->runs; i++)
        if (data->run[series->run[i]].row.seed == data->run[index].row.seed)
            return false;
    return true;
}

static int series_add(struct rog_case_data *data, const struct members *members, size_t index,
                      struct rog_error *err)
{
    struct rog_case_series *series = NULL;
    for (size_t i = 0; i < data->series_count && !series; i++)
        if (is_repeat(data, members, &data->series[i], index))
            series = &data->series[i];
    if (!series) {
        series = realloc(data->series, (data->series_count + 1) * sizeof *series);
        if (!series)
            return rog_fail_nomem(err);
        data->series = series;
        series += data->series_count++;
        *series = (struct rog_case_series){.strategy = members->item[index].strategy,
                                           .recorded = members->item[index].recorded};
    }
    size_t *run = realloc(series->run, (series->runs + 1) * sizeof *run);
    if (!run)
        return rog_fail_nomem(err);
    series->run = run;
    run[series->runs++] = index;
    return 0;
}

/* Sets the case's metric. A sweep keeps runs that are tested for different metrics in different
 * cases (store/cases.h); if a database has them in one case nevertheless, it is an error. */
static int take_metric(struct rog_case_data *data, struct rog_error *err)
{
    char one[ROG_METRIC_TEXT_BYTES], two[ROG_METRIC_TEXT_BYTES];
    rog_metric_read(NULL, &data->metric, NULL);
    for (size_t i = 0; i < data->run_count; i++) {
        const struct rog_metric *own = &data->run[i].row.metric;
        if (i > 0 && !rog_metric_is_same(own, &data->metric)) {
            rog_metric_title(&data->metric, one);
            rog_metric_title(own, two);
            return rog_fail(err, ROG_EINVAL,
                            "%s: %s is tested for %s, and %s for %s: they cannot be compared; "
                            "hint: `rogctl case remove`",
                            data->title, data->run[0].row.id, one, data->run[i].row.id, two);
        }
        data->metric = *own;
    }
    return 0;
}

static void series_mark(const struct rog_case_data *data, struct rog_case_series *series)
{
    struct rog_setbacks sum = {0};
    for (size_t i = 0; i < series->runs; i++)
        rog_setbacks_add(&sum, &data->run[series->run[i]].setbacks);
    rog_setbacks_mark(&sum, series->mark);
}

static int series_label(struct rog_case_data *data, struct rog_error *err)
{
    size_t count = data->series_count, at = 0;
    struct rog_series_rows *series = calloc(count + 1, sizeof *series);
    const struct rog_run_row **row = calloc(data->run_count + 1, sizeof *row);
    char **label = calloc(count + 1, sizeof *label);
    int code = series && row && label ? 0 : rog_fail_nomem(err);
    for (size_t i = 0; i < count && code == 0; i++) {
        series[i] = (struct rog_series_rows){row + at, data->series[i].runs};
        for (size_t k = 0; k < data->series[i].runs; k++)
            row[at++] = &data->run[data->series[i].run[k]].row;
    }
    if (code == 0)
        code = rog_series_label_all(series, count, label, err);
    for (size_t i = 0; i < count && code == 0; i++) {
        data->series[i].label = label[i];
        series_mark(data, &data->series[i]);
    }
    free(series);
    free(row);
    free(label);
    return code;
}

static bool style_is_taken(const struct rog_case_data *data, const bool *styled, size_t style,
                           bool color_alone)
{
    for (size_t i = 0; i < data->series_count; i++) {
        size_t other = data->series[i].style;
        if (styled[i] && (style % ROG_LINE_STYLES == other % ROG_LINE_STYLES ||
                          (color_alone && style % ROG_LINE_COLORS == other % ROG_LINE_COLORS)))
            return true;
    }
    return false;
}

/* Returns the first unused style, with an unused colour as long as there is one. */
static size_t free_style(const struct rog_case_data *data, const bool *styled)
{
    for (size_t style = 0; style < ROG_LINE_COLORS; style++)
        if (!style_is_taken(data, styled, style, true))
            return style;
    size_t style = 0;
    while (style < data->series_count && style_is_taken(data, styled, style, false))
        style++;
    return style;
}

/* Returns the next series to get a style: of those without one, the first recorded. */
static size_t next_unstyled(const struct rog_case_data *data, const bool *styled)
{
    size_t next = data->series_count;
    for (size_t i = 0; i < data->series_count; i++)
        if (!styled[i] &&
            (next == data->series_count || data->series[i].recorded < data->series[next].recorded))
            next = i;
    return next;
}

/* Sets the styles of all series. A strategy has the same style in all figures of the database,
 * regardless of what else a case contains. */
static int series_style(struct rog_case_data *data, struct rog_error *err)
{
    size_t count = data->series_count, next;
    bool *styled = calloc(count + 1, sizeof *styled), *tried = calloc(count + 1, sizeof *tried);
    int code = styled && tried ? 0 : rog_fail_nomem(err);
    while (code == 0 && (next = next_unstyled(data, tried)) < count) {
        struct rog_case_series *series = &data->series[next];
        tried[next] = true;
        styled[next] = !style_is_taken(data, styled, series->strategy, false);
        series->style = series->strategy;
    }
    while (code == 0 && (next = next_unstyled(data, styled)) < count) {
        data->series[next].style = free_style(data, styled);
        styled[next] = true;
    }
    free(styled);
    free(tried);
    return code;
}

static void find_copies(struct rog_case_data *data, struct rog_case_series *series)
{
    for (size_t i = 0; i < series->runs; i++) {
        struct rog_case_run *run = &data->run[series->run[i]];
        const struct rog_recording own = {&run->accuracy, &run->composition, &run->extent};
        size_t k = 0;
        for (; k < i; k++) {
            const struct rog_case_run *earlier = &data->run[series->run[k]];
            const struct rog_recording other = {&earlier->accuracy, &earlier->composition,
                                                &earlier->extent};
            if (rog_is_same_run(&own, &other))
                break;
        }
        run->first = series->run[k];
        series->different += k == i;
    }
}

static void members_keep(struct members *members, const char *run_id)
{
    for (size_t i = 0; i < members->count; i++)
        if (strcmp(members->item[i].id, run_id) == 0) {
            struct member kept = members->item[i];
            members->item[i] = members->item[0];
            members->item[0] = kept;
        }
    while (members->count > 1) {
        struct member *last = &members->item[--members->count];
        free(last->id);
        free(last->key);
    }
}

/* `only`: the id of the one run to load; NULL: all runs of the case. */
static int load(struct rog_db *db, const char *case_name, const char *only,
                struct rog_case_data *data, struct rog_error *err)
{
    struct members members = {0};
    *data = (struct rog_case_data){0};
    int code = rog_case_row_load(db, case_name, &data->row, err);
    if (code < 0)
        goto out;
    data->title = rog_label_clean(data->row.name, LABEL_CHARACTERS);
    if (!data->title) {
        code = rog_fail_nomem(err);
        goto out;
    }
    code = rog_curve_rule_make(&data->rule, data->row.options, err);
    if (code < 0) {
        rog_fail_prefix(err, "case %s", data->title);
        goto out;
    }
    code = members_load(db, case_name, &members, err);
    if (code < 0)
        goto out;
    if (only)
        members_keep(&members, only);
    data->run = calloc(members.count + 1, sizeof *data->run);
    if (!data->run) {
        code = rog_fail_nomem(err);
        goto out;
    }
    for (; data->run_count < members.count && code == 0; data->run_count++)
        code = run_load(db, members.item[data->run_count].id, &data->run[data->run_count], err);
    if (code == 0)
        code = take_metric(data, err);
    for (size_t i = 0; i < data->run_count && code == 0; i++)
        if (data->run[i].done)
            code = series_add(data, &members, i, err);
    if (code == 0)
        code = series_label(data, err);
    if (code == 0)
        code = series_style(data, err);
    for (size_t i = 0; i < data->series_count && code == 0; i++)
        find_copies(data, &data->series[i]);
out:
    members_release(&members);
    if (code < 0)
        rog_case_data_release(data);
    return code;
}

int rog_case_data_load(struct rog_db *db, const char *case_name, struct rog_case_data *data,
                       struct rog_error *err)
{
    return load(db, case_name, NULL, data, err);
}

int rog_case_data_load_run(struct rog_db *db, const char *case_name, const char *run_id,
                           struct rog_case_data *data, struct rog_error *err)
{
    return load(db, case_name, run_id, data, err);
}

void rog_case_data_take_published(struct rog_case_data *data)
{
    data->as_published = true;
    for (size_t i = 0; i < data->run_count; i++) {
        struct rog_case_run *run = &data->run[i];
        run->composition = run->as_published;
        for (size_t k = 0; k < run->accuracy.count; k++)
            run->joules[k] = run->power_as_published_w * run->accuracy.point[k].t;
    }
}

void rog_case_data_release(struct rog_case_data *data)
{
    for (size_t i = 0; i < data->run_count; i++) {
        rog_run_row_release(&data->run[i].row);
        rog_accuracy_release(&data->run[i].accuracy);
        free(data->run[i].joules);
        free(data->run[i].sent_mb);
    }
    for (size_t i = 0; i < data->series_count; i++) {
        free(data->series[i].label);
        free(data->series[i].run);
    }
    free(data->run);
    free(data->series);
    free(data->title);
    rog_case_row_release(&data->row);
    *data = (struct rog_case_data){0};
}

bool rog_case_is_named(const struct rog_case_data *data, size_t series, const char *name)
{
    const struct rog_case_series *s = &data->series[series];
    if (!name)
        return false;
    /* The label may lack parts of the note, or all of it. */
    bool named = strcasecmp(s->label, name) == 0;
    for (size_t i = 0; i < s->runs && !named; i++) {
        const struct rog_run_row *row = &data->run[s->run[i]].row;
        named =
            strcasecmp(row->library, name) == 0 || (row->note && strcasecmp(row->note, name) == 0);
    }
    return named;
}

int rog_case_data_override(struct rog_case_data *data, const struct rog_json *settings,
                           struct rog_error *err)
{
    struct rog_json *options = rog_json_object();
    if (!options)
        return rog_fail_nomem(err);
    rog_json_put_all(options, data->row.options);
    if (settings)
        rog_json_put_all(options, settings);
    int code = rog_curve_rule_make(&data->rule, options, err);
    rog_json_free(options);
    return code;
}

bool rog_case_is_accuracy(const struct rog_case_data *data)
{
    struct rog_metric accuracy;
    rog_metric_read(NULL, &accuracy, NULL);
    return rog_metric_is_same(&data->metric, &accuracy);
}

const char *rog_case_tested(const struct rog_case_data *data)
{
    return rog_case_is_accuracy(data) ? "test accuracy" : data->metric.name;
}

double rog_target_default(const struct rog_metric *metric)
{
    struct rog_metric accuracy;
    rog_metric_read(NULL, &accuracy, NULL);
    return rog_metric_is_same(metric, &accuracy) ? PUBLISHED_TARGET : (double)NAN;
}

double rog_case_target(const struct rog_case_data *data)
{
    double own = data->row.target_accuracy;
    return isnan(own) ? rog_target_default(&data->metric) : own;
}

void rog_case_smoothing(const struct rog_case_data *data, char text[ROG_CASE_SMOOTHING_BYTES])
{
    char smoothing[ROG_SMOOTHING_TEXT_BYTES];
    size_t fewest = SIZE_MAX, most = 0;
    for (size_t i = 0; i < data->run_count; i++) {
        size_t count = data->run[i].accuracy.count;
        fewest = count > 0 && count < fewest ? count : fewest;
        most = count > most ? count : most;
    }
    rog_smoothing_text(&data->rule.smoothing, fewest, most, smoothing);
    bool none = strcmp(smoothing, "none") == 0;
    snprintf(text, ROG_CASE_SMOOTHING_BYTES, "%s%s",
             none ? "not smoothed" : "smoothed: ", none ? "" : smoothing);
}
