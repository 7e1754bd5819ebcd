/* SPDX-License-Identifier: Apache-2.0 */
/* /api/runs/RUN/series: what a run recorded over time. */
#include <orchestrator/ui/call.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <orchestrator/store/energy.h>
#include <orchestrator/store/series.h>
#include <orchestrator/store/summary.h>
#include <orchestrator/ui/answer.h>
#include <rog/iteration.h>

#define POINTS 800
#define POINTS_MIN 10
#define POINTS_MAX 5000
#define LINES_MAX 64
#define POINTS_OF_ALL_LINES 25600
#define KINDS_MAX 32
#define VALUES_MAX 3

/* A series over iterations: its values as SQL expressions. */
struct kind {
    const char *name, *unit;
    struct {
        const char *name, *sql;
    } value[VALUES_MAX];
};
static const struct kind kinds[] = {
    {"composition",
     "s",
     {{"compute_s", "compute_s"}, {"communication_s", "push_s + pull_s"}, {"stall_s", "stall_s"}}},
    {"rows",
     "%",
     {{"pushed", "100.0 * rows_pushed / nullif(rows_total, 0)"},
      {"pulled", "100.0 * rows_pulled / nullif(rows_total, 0)"}}},
    {"bytes", "bytes", {{"pushed", "bytes_pushed"}, {"pulled", "bytes_pulled"}}},
};

struct series {
    struct rog_db *db;
    char *id;
    struct rog_run_span span;
    double from, to;
    bool ends; /* the user has given the end */
    int64_t points;
    int64_t rank[LINES_MAX]; /* [lines]; 0: all workers */
    size_t lines;
    const char *names; /* as in the request: "a,b" */
    struct kind kind[KINDS_MAX];
    size_t kind_count;
    bool accuracy, bandwidth, energy;
    struct rog_json *result;
};

/* ---- parsing the request ---- */

static int add_kind(struct series *s, const char *name, struct rog_error *err)
{
    if (s->kind_count == KINDS_MAX)
        return rog_fail(err, ROG_EINVAL, "more than %d series at once", KINDS_MAX);
    for (size_t i = 0; i < s->kind_count; i++)
        if (strcmp(s->kind[i].name, name) == 0)
            return 0;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(kinds[i].name, name) == 0) {
            s->kind[s->kind_count++] = kinds[i];
            return 0;
        }
    for (const struct rog_iteration_column *c = rog_iteration_columns; c->name; c++)
        if (c->series && strcmp(c->name, name) == 0) {
            s->kind[s->kind_count++] =
                (struct kind){c->name, c->unit, {{"value", c->name}, {NULL, NULL}, {NULL, NULL}}};
            return 0;
        }
    return rog_fail(err, ROG_EINVAL,
                    "no series %.60s; there are accuracy, bandwidth, energy, composition, rows, "
                    "bytes and the columns of iterations that docs/results.md calls series",
                    name);
}

static int add_name(struct series *s, const char *name, struct rog_error *err)
{
    const struct {
        const char *name;
        bool *wanted;
    } own[] = {{"accuracy", &s->accuracy}, {"bandwidth", &s->bandwidth}, {"energy", &s->energy}};
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (strcmp(own[i].name, name) == 0) {
            *own[i].wanted = true;
            return 0;
        }
    return add_kind(s, name, err);
}

static int add_names(struct series *s, const char *names, struct rog_error *err)
{
    int code = names ? 0
                     : rog_fail(err, ROG_EINVAL,
                                "name says which series are wanted: name=accuracy,composition");
    while (code == 0 && *names) {
        size_t length = strcspn(names, ",");
        char *name = rog_format("%.*s", (int)length, names);
        code = name ? add_name(s, name, err) : rog_fail_nomem(err);
        free(name);
        names += length + (names[length] == ',');
    }
    return code;
}

static int choose_lines(struct series *s, const struct rog_target *target, struct rog_error *err)
{
    const char *worker = rog_target_text(target, "worker");
    s->lines = 1;
    if (worker && strcmp(worker, "each") == 0) {
        s->lines = s->span.ranks < LINES_MAX ? s->span.ranks : LINES_MAX;
        for (size_t i = 0; i < s->lines; i++)
            s->rank[i] = s->span.rank[i];
        int64_t most = s->lines ? POINTS_OF_ALL_LINES / (int64_t)s->lines : s->points;
        s->points = s->points > most ? most : s->points;
        return 0;
    }
    return rog_target_int(target, "worker", 1, INT32_MAX, &s->rank[0], err);
}

static int read_parameters(struct series *s, const struct rog_target *target, struct rog_error *err)
{
    s->points = POINTS;
    int code = rog_run_find(s->db, target->part[2], &s->id, err);
    if (code == 0)
        code = add_names(s, rog_target_text(target, "name"), err);
    if (code == 0)
        code = rog_run_span_load(s->db, s->id, &s->span, err);
    s->to = s->span.seconds;
    s->ends = rog_target_text(target, "to");
    if (code == 0)
        code = rog_target_real(target, "from", 0, 1e12, &s->from, err);
    if (code == 0)
        code = rog_target_real(target, "to", 0, 1e12, &s->to, err);
    if (code == 0)
        code = rog_target_int(target, "points", POINTS_MIN, POINTS_MAX, &s->points, err);
    if (code == 0 && s->to < s->from)
        code =
            rog_fail(err, ROG_EINVAL, "from (%g) must not be greater than to (%g)", s->from, s->to);
    return code < 0 ? code : choose_lines(s, target, err);
}

/* ---- lines ---- */

static struct rog_json *line_json(int64_t rank)
{
    struct rog_json *line = rog_json_object();
    rog_json_put(line, "worker", rank ? rog_json_new_integer(rank) : rog_json_new_string(NULL));
    return line;
}

static void put_series(struct series *s, const char *name, const char *unit, struct rog_json *lines)
{
    struct rog_json *series = rog_json_object();
    rog_json_put_string(series, "unit", unit);
    rog_json_put(series, "lines", lines);
    rog_json_put(s->result, name, series);
}

static double middle_of(const struct series *s, size_t point)
{
    return s->from + (s->to - s->from) * ((double)point + 0.5) / (double)s->points;
}

/* Returns whether a point has none of the values from `first` on. */
static bool is_empty(const struct rog_buckets *buckets, size_t line, size_t first, size_t values,
                     size_t point)
{
    for (size_t value = first; value < first + values; value++)
        if (rog_bucket_at(buckets, line, value, point)->count)
            return false;
    return true;
}

static void put_value(const struct rog_buckets *buckets, size_t line, size_t first, size_t values,
                      size_t value, struct rog_json *object, const char *name)
{
    struct rog_json *least = rog_json_array(), *most = rog_json_array(), *mean = rog_json_array();
    struct rog_json *three = rog_json_object();
    for (size_t point = 0; point < buckets->points; point++) {
        const struct rog_bucket *bucket = rog_bucket_at(buckets, line, value, point);
        if (is_empty(buckets, line, first, values, point))
            continue;
        bool any = bucket->count;
        rog_json_append(least, rog_json_new_number(any ? bucket->min : (double)NAN));
        rog_json_append(most, rog_json_new_number(any ? bucket->max : (double)NAN));
        rog_json_append(mean,
                        rog_json_new_number(any ? bucket->sum / bucket->weight : (double)NAN));
    }
    rog_json_put(three, "min", least);
    rog_json_put(three, "max", most);
    rog_json_put(three, "mean", mean);
    rog_json_put(object, name, three);
}

/* Puts the values from `first` on of all lines. */
static void put_buckets(struct series *s, const struct rog_buckets *buckets, size_t first,
                        const struct kind *kind)
{
    struct rog_json *lines = rog_json_array();
    size_t values = 0;
    while (values < VALUES_MAX && kind->value[values].name)
        values++;
    for (size_t line = 0; line < buckets->lines; line++) {
        struct rog_json *object = line_json(buckets->rank[line]);
        struct rog_json *t = rog_json_array(), *count = rog_json_array();
        for (size_t point = 0; point < buckets->points; point++) {
            if (is_empty(buckets, line, first, values, point))
                continue;
            rog_json_append(t, rog_json_new_number(middle_of(s, point)));
            rog_json_append(
                count, rog_json_new_integer(rog_bucket_at(buckets, line, first, point)->count));
        }
        rog_json_put(object, "t", t);
        rog_json_put(object, "count", count);
        for (size_t value = 0; value < values; value++)
            put_value(buckets, line, first, values, first + value, object, kind->value[value].name);
        rog_json_append(lines, object);
    }
    put_series(s, kind->name, kind->unit, lines);
}

static struct rog_buckets buckets_of(const struct series *s, size_t values)
{
    /* A run that has not started has a window of length 0. */
    return (struct rog_buckets){.from = s->from,
                                .to = s->to > s->from ? s->to : s->from + 1,
                                .points = (size_t)s->points,
                                .values = values,
                                .lines = s->lines,
                                .rank = s->rank};
}

/* ---- kinds ---- */

/* Puts all series over iterations, in one pass over the rows. */
static int put_iterations(struct series *s, struct rog_error *err)
{
    const char *expressions[KINDS_MAX * VALUES_MAX];
    size_t values = 0, first = 0;
    for (size_t k = 0; k < s->kind_count; k++)
        for (size_t v = 0; v < VALUES_MAX && s->kind[k].value[v].name; v++)
            expressions[values++] = s->kind[k].value[v].sql;
    struct rog_buckets buckets = buckets_of(s, values);
    int code = values ? rog_buckets_init(&buckets, err) : 0;
    if (code == 0 && values)
        code = rog_series_iterations(s->db, s->id, expressions, &buckets, err);
    for (size_t k = 0; code == 0 && k < s->kind_count; k++) {
        put_buckets(s, &buckets, first, &s->kind[k]);
        for (size_t v = 0; v < VALUES_MAX && s->kind[k].value[v].name; v++)
            first++;
    }
    rog_buckets_release(&buckets);
    return code;
}

static int put_bandwidth(struct series *s, struct rog_error *err)
{
    static const struct kind kind = {
        "bandwidth", "Mbit/s", {{"value", NULL}, {NULL, NULL}, {NULL, NULL}}};
    struct rog_buckets buckets = buckets_of(s, 1);
    int code = rog_buckets_init(&buckets, err);
    if (code == 0)
        code = rog_series_bandwidth(s->db, s->id, &buckets, err);
    if (code == 0)
        put_buckets(s, &buckets, 0, &kind);
    rog_buckets_release(&buckets);
    return code;
}

/* Returns the readings of one worker, or of all. */
static struct rog_energy energy_of(const struct rog_energy *all, int64_t rank)
{
    size_t first = 0, count = 0;
    if (!rank)
        return *all;
    while (first < all->count && all->point[first].rank != rank)
        first++;
    while (first + count < all->count && all->point[first + count].rank == rank)
        count++;
    return (struct rog_energy){all->point + first, count};
}

/* Puts energy, up to the last reading. */
static int put_joules(struct series *s, const struct rog_energy *energy, int64_t rank,
                      struct rog_json *lines, struct rog_error *err)
{
    struct rog_json *line = line_json(rank), *t = rog_json_array(), *value = rog_json_array();
    size_t points = (size_t)s->points;
    double *time = calloc(2 * points, sizeof *time), last = 0;
    rog_json_append(lines, line);
    rog_json_put(line, "t", t);
    rog_json_put(line, "value", value);
    if (!time)
        return rog_fail_nomem(err);
    for (size_t i = 0; i < energy->count; i++)
        last = fmax(last, energy->point[i].t);
    for (size_t i = 0; i < points; i++)
        time[i] = middle_of(s, i);
    rog_energy_at_each(energy, time, points, time + points);
    for (size_t i = 0; energy->count && i < points && time[i] <= last; i++) {
        rog_json_append(t, rog_json_new_number(time[i]));
        rog_json_append(value, rog_json_new_number(time[points + i]));
    }
    free(time);
    return 0;
}

static int put_energy(struct series *s, struct rog_error *err)
{
    struct rog_energy energy = {0};
    struct rog_json *lines = rog_json_array();
    int code = rog_energy_load(s->db, s->id, &energy, err);
    for (size_t i = 0; code == 0 && i < s->lines; i++) {
        const struct rog_energy own = energy_of(&energy, s->rank[i]);
        code = put_joules(s, &own, s->rank[i], lines, err);
    }
    rog_energy_release(&energy);
    put_series(s, "energy", "J", lines);
    return code;
}

static int put_accuracy(struct series *s, struct rog_error *err)
{
    struct rog_accuracy accuracy = {0};
    struct rog_run_row row = {0};
    int code = rog_accuracy_load(s->db, s->id, &accuracy, err);
    if (code == 0)
        code = rog_run_row_load(s->db, s->id, &row, err);
    struct rog_json *lines = rog_json_array(), *line = line_json(0), *t = rog_json_array();
    struct rog_json *iteration = rog_json_array(), *value = rog_json_array();
    for (size_t i = 0; code == 0 && i < accuracy.count; i++) {
        const struct rog_accuracy_point *point = &accuracy.point[i];
        if (point->t < s->from || (s->ends && point->t > s->to))
            continue;
        rog_json_append(t, rog_json_new_number(point->t));
        rog_json_append(iteration, rog_json_new_integer(point->iteration));
        rog_json_append(value, rog_json_new_number(point->percent));
    }
    rog_json_put(line, "t", t);
    rog_json_put(line, "iteration", iteration);
    rog_json_put(line, "value", value);
    rog_json_append(lines, line);
    put_series(s, "accuracy", row.metric.unit, lines);
    rog_accuracy_release(&accuracy);
    rog_run_row_release(&row);
    return code;
}

static int put_all(struct series *s, struct rog_error *err)
{
    int code = s->accuracy ? put_accuracy(s, err) : 0;
    if (code == 0)
        code = put_iterations(s, err);
    if (code == 0 && s->bandwidth)
        code = put_bandwidth(s, err);
    return code == 0 && s->energy ? put_energy(s, err) : code;
}

int rog_api_series(const struct rog_ui_call *call, struct rog_web_answer *answer,
                   struct rog_error *err)
{
    struct series s = {.db = call->db, .result = rog_json_object()};
    int code = read_parameters(&s, call->target, err);
    if (code == 0)
        code = put_all(&s, err);
    if (code == 0) {
        struct rog_json *object = rog_json_object();
        rog_json_put_string(object, "id", s.id);
        rog_json_put_number(object, "from", s.from);
        rog_json_put_number(object, "to", s.to);
        rog_json_put_number(object, "seconds", s.span.seconds);
        rog_json_put_integer(object, "points", s.points);
        rog_json_put(object, "series", s.result);
        s.result = NULL;
        code = rog_answer_json(answer, object, err);
    }
    rog_json_free(s.result);
    rog_run_span_release(&s.span);
    free(s.id);
    return code;
}
