/* SPDX-License-Identifier: Apache-2.0 */
/* /api/runs: a list of runs, filtered and sorted. */
#include <orchestrator/ui/call.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <common/clock.h>
#include <orchestrator/store/progress.h>
#include <orchestrator/ui/answer.h>
#include <orchestrator/ui/progress_json.h>

#define LIMIT 50
#define LIMIT_MAX 500
#define PATIENCE_S 0.15 /* for computing numbers of runs that are not known yet */
/* Numbers of a run with more iterations are left to the background thread. */
#define LONG_ROWS 20000

/* A run that is being added to the list. */
struct line {
    const struct rog_listed_run *run;
    struct rog_run_numbers numbers;
    bool known;
    double key;       /* sort key: a number, NaN if there is none */
    const char *text; /* or a text */
};

struct list {
    struct rog_ui *ui;
    struct rog_db *db;
    struct rog_browse_filter filter;
    int64_t offset, limit;
    int descends;
    const char *sort;   /* the user's parameter */
    const char *column; /* database column of runs; NULL: another key */
    int number;         /* index in rog_summary_numbers; -1: another key */
    struct rog_listed_runs runs;
    struct line *line; /* [runs.count] */
    size_t known;
};

static int number_of(const char *name)
{
    for (int i = 0; i < ROG_SUMMARY_NUMBERS; i++)
        if (strcmp(rog_summary_numbers[i].name, name) == 0)
            return i;
    return -1;
}

static int read_parameters(struct list *list, const struct rog_target *target,
                           struct rog_error *err)
{
    list->limit = LIMIT;
    list->filter = (struct rog_browse_filter){.case_name = rog_target_text(target, "case"),
                                              .statuses = rog_target_text(target, "status")};
    const char *sort = rog_target_text(target, "sort");
    list->sort = sort ? sort : "recorded";
    list->column = rog_browse_column(list->sort);
    list->number = number_of(list->sort);
    bool own = strcmp(list->sort, "recorded") == 0 || strcmp(list->sort, "accuracy") == 0 ||
               strcmp(list->sort, "checkpoints") == 0;
    if (!list->column && list->number < 0 && !own)
        return rog_fail(err, ROG_EINVAL, "runs cannot be sorted by %.60s", list->sort);
    int code =
        rog_target_choice(target, "order", sort ? "asc|desc" : "desc|asc", &list->descends, err);
    if (!sort)
        list->descends = !list->descends;
    if (code == 0)
        code = rog_target_search(target, "text", &list->filter.words, err);
    if (code == 0)
        code = rog_target_int(target, "offset", 0, INT64_MAX, &list->offset, err);
    return code < 0 ? code : rog_target_int(target, "limit", 1, LIMIT_MAX, &list->limit, err);
}

/* ---- sorting ---- */

static void take_key(const struct list *list, struct line *line)
{
    const struct rog_listed_run *run = line->run;
    line->key = strcmp(list->sort, "recorded") == 0      ? (double)run->recorded
                : strcmp(list->sort, "accuracy") == 0    ? run->accuracy
                : strcmp(list->sort, "checkpoints") == 0 ? (double)run->tested
                : list->number < 0                       ? (double)NAN
                : line->known                            ? line->numbers.value[list->number]
                                                         : (double)NAN;
    line->text = run->text;
    if (list->column && run->text && run->text[0] &&
        strspn(run->text, "0123456789.-") == strlen(run->text)) {
        line->key = run->number;
        line->text = NULL;
    }
}

/* Unknown values come last in either direction; equal ones keep the order of recording. */
static int compare(const void *one, const void *other, void *user)
{
    const struct line *a = one, *b = other;
    const struct list *list = user;
    bool empty_a = !a->text && isnan(a->key), empty_b = !b->text && isnan(b->key);
    int order = 0;
    if (empty_a != empty_b)
        return empty_a ? 1 : -1;
    if (a->text && b->text)
        order = strcasecmp(a->text, b->text);
    else if (a->text || b->text)
        order = a->text ? 1 : -1;
    else if (!empty_a)
        order = (a->key > b->key) - (a->key < b->key);
    if (order == 0)
        order = (a->run->recorded > b->run->recorded) - (a->run->recorded < b->run->recorded);
    return list->descends ? -order : order;
}

static int sort_lines(struct list *list, struct rog_error *err)
{
    list->line = calloc(list->runs.count + 1, sizeof *list->line);
    if (!list->line)
        return rog_fail_nomem(err);
    for (size_t i = 0; i < list->runs.count; i++) {
        struct line *line = &list->line[i];
        line->run = &list->runs.run[i];
        line->known = rog_summaries_get(list->ui->summaries, line->run, &line->numbers);
        list->known += line->known;
        take_key(list, line);
    }
    qsort_r(list->line, list->runs.count, sizeof *list->line, compare, list);
    return 0;
}

/* ---- writing ---- */

static void put_numbers(struct rog_json *row, const struct line *line)
{
    for (size_t i = 0; i < ROG_SUMMARY_NUMBERS; i++) {
        double value = line->known ? line->numbers.value[i] : (double)NAN;
        if (rog_summary_numbers[i].is_integer && !isnan(value))
            rog_json_put_integer(row, rog_summary_numbers[i].name, (int64_t)value);
        else
            rog_json_put_number(row, rog_summary_numbers[i].name, value);
    }
    rog_json_put_string(row, "mark",
                        line->known && line->numbers.mark[0] ? line->numbers.mark : NULL);
}

static int put_line(struct list *list, struct line *line, struct rog_json *rows,
                    struct rog_error *err)
{
    struct rog_json *row = NULL, *progress = NULL;
    int code = rog_browse_run(list->db, line->run->id, &row, err);
    if (code < 0)
        return code;
    list->ui->hooks.correct_status(list->db, row);
    rog_json_put_integer(row, "recorded", line->run->recorded);
    rog_json_put_number(row, "accuracy", line->run->accuracy);
    rog_json_put_integer(row, "checkpoints", line->run->tested);
    rog_json_put_bool(row, "measured", line->known);
    put_numbers(row, line);
    code = rog_progress_json(list->db, line->run->id, &progress, err);
    rog_json_put(row, "progress", progress ? progress : rog_json_new_string(NULL));
    rog_json_append(rows, row);
    return code;
}

/* Computes unknown numbers if that is fast; others follow from the background thread. */
static int measure(struct list *list, struct line *line, struct rog_error *err)
{
    bool is_long = true;
    int code = rog_browse_has_more(list->db, line->run->id, LONG_ROWS, &is_long, err);
    if (code < 0 || is_long)
        return code;
    code = rog_summaries_make(list->ui->summaries, list->db, line->run, &line->numbers, err);
    line->known = code == 0;
    list->known += line->known;
    return code;
}

static int put_lines(struct list *list, struct rog_json *rows, struct rog_error *err)
{
    double until_s = rog_clock_s() + PATIENCE_S;
    size_t count = list->runs.count, first = (size_t)list->offset;
    int code = 0;
    for (size_t i = first; code == 0 && i < count && i < first + (size_t)list->limit; i++) {
        struct line *line = &list->line[i];
        if (!line->known && rog_clock_s() < until_s)
            code = measure(list, line, err);
        if (code == 0)
            code = put_line(list, line, rows, err);
    }
    return code;
}

int rog_api_runs(const struct rog_ui_call *call, struct rog_web_answer *answer,
                 struct rog_error *err)
{
    struct list list = {.ui = call->ui, .db = call->db};
    struct rog_json *object = NULL, *rows = NULL;
    int code = read_parameters(&list, call->target, err);
    if (code == 0)
        code = rog_browse_runs(call->db, &list.filter, list.column, &list.runs, err);
    if (code == 0)
        code = sort_lines(&list, err);
    if (code == 0) {
        object = rog_json_object();
        rows = rog_json_array();
        code = put_lines(&list, rows, err);
    }
    if (code == 0 && list.known < list.runs.count)
        rog_summaries_look(call->ui->summaries);
    if (code == 0) {
        rog_json_put_integer(object, "total", (int64_t)list.runs.count);
        rog_json_put_integer(object, "offset", list.offset);
        rog_json_put_integer(object, "limit", list.limit);
        rog_json_put_integer(object, "measured", (int64_t)list.known);
        rog_json_put_bool(object, "complete", list.number < 0 || list.known == list.runs.count);
        rog_json_put(object, "rows", rows);
        rows = NULL;
        code = rog_answer_json(answer, object, err);
        object = NULL;
    }
    rog_json_free(rows);
    rog_json_free(object);
    free(list.line);
    rog_listed_runs_release(&list.runs);
    return code;
}
