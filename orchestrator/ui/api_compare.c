/* SPDX-License-Identifier: Apache-2.0 */
/* /api/compare and /api/cases/CASE: a report, with the curves of its figures. */
#include <orchestrator/ui/call.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <orchestrator/figures/curve.h>
#include <orchestrator/figures/figures.h>
#include <orchestrator/figures/repeats.h>
#include <orchestrator/figures/stats.h>
#include <orchestrator/figures/style.h>
#include <orchestrator/report/report.h>
#include <orchestrator/report/table.h>
#include <orchestrator/ui/answer.h>
#include <orchestrator/ui/subject.h>

#define POINTS 400
#define POINTS_MAX 5000

/* ---- tables ---- */

static struct rog_json *table_json(const struct rog_report_table *table)
{
    struct rog_json *object = rog_json_object(), *columns = rog_json_array();
    struct rog_json *rows = rog_json_array(), *row = NULL;
    for (size_t i = 0; i < table->columns; i++) {
        struct rog_json *column = rog_json_object();
        rog_json_put_string(column, "title", table->column[i].title);
        rog_json_put_bool(column, "number", table->column[i].is_number);
        rog_json_append(columns, column);
    }
    for (size_t i = 0; i < table->cells; i++) {
        struct rog_json *cell = rog_json_object();
        if (i % table->columns == 0) {
            if (row)
                rog_json_append(rows, row);
            row = rog_json_array();
        }
        rog_json_put_string(cell, "text", table->cell[i].text);
        rog_json_put_bool(cell, "best", table->cell[i].is_best);
        rog_json_append(row, cell);
    }
    if (row)
        rog_json_append(rows, row);
    rog_json_put_string(object, "caption", table->caption);
    rog_json_put_bool(object, "marks_best", table->marks_best);
    rog_json_put(object, "columns", columns);
    rog_json_put(object, "rows", rows);
    return object;
}

static int put_tables(const struct rog_report *report, struct rog_json *object,
                      struct rog_error *err)
{
    struct rog_report_tables tables = {0};
    struct rog_json *list = rog_json_array(), *remarks = rog_json_array();
    int code = rog_report_tables_make(report, &tables, err);
    for (size_t i = 0; code == 0 && i < tables.count; i++)
        rog_json_append(list, table_json(&tables.table[i]));
    for (size_t i = 0; code == 0 && i < tables.remarks; i++)
        rog_json_append(remarks, rog_json_new_string(tables.remark[i]));
    rog_report_tables_release(&tables);
    rog_json_put(object, "tables", list);
    rog_json_put(object, "remarks", remarks);
    return code;
}

static void put_panels(const struct rog_report *report, struct rog_json *object)
{
    struct rog_json *panels = rog_json_array();
    const char *name, *title;
    for (size_t i = 0; (name = rog_figures_panel(report->data.row.figure, i, &title)); i++) {
        struct rog_json *panel = rog_json_object();
        rog_json_put_string(panel, "name", name);
        rog_json_put_string(panel, "title", title);
        rog_json_append(panels, panel);
    }
    rog_json_put(object, "panels", panels);
}

/* ---- curves ---- */

/* Returns `points` of the values, including the first and the last; null if there are none. */
static struct rog_json *thinned(const double *values, size_t count, size_t points)
{
    struct rog_json *list = rog_json_array();
    size_t shown = count < points ? count : points;
    for (size_t i = 0; values && i < shown; i++)
        rog_json_append(list, rog_json_new_number(
                                  values[shown > 1 ? i * (count - 1) / (shown - 1) : count - 1]));
    if (values)
        return list;
    rog_json_free(list);
    return rog_json_new_string(NULL);
}

static struct rog_json *ids_of(const struct rog_case_data *data,
                               const struct rog_case_series *series)
{
    struct rog_json *ids = rog_json_array();
    for (size_t i = 0; i < series->runs; i++)
        rog_json_append(ids, rog_json_new_string(data->run[series->run[i]].row.id));
    return ids;
}

static int put_curve(const struct rog_case_data *data, size_t index, enum rog_quantity quantity,
                     size_t points, struct rog_json *list, struct rog_error *err)
{
    const struct rog_case_series *series = &data->series[index];
    struct rog_curve curve;
    int code = rog_curve_make(&curve, data, series, quantity, err);
    if (code == 0 && curve.count > 0) {
        struct rog_json *object = rog_json_object();
        bool contender = rog_case_is_named(data, index, data->row.contender);
        rog_json_put_string(object, "label", series->label);
        rog_json_put(object, "runs", ids_of(data, series));
        rog_json_put_integer(object, "n", (int64_t)curve.runs);
        rog_json_put_integer(object, "style", (int64_t)series->style);
        rog_json_put_string(object, "color", rog_line_style(series->style, contender).color);
        rog_json_put_bool(object, "contender", contender);
        rog_json_put(object, "x", thinned(curve.x, curve.count, points));
        rog_json_put(object, "y", thinned(curve.y, curve.count, points));
        rog_json_put(object, "low", thinned(curve.low, curve.count, points));
        rog_json_put(object, "high", thinned(curve.high, curve.count, points));
        rog_json_append(list, object);
    }
    rog_curve_release(&curve);
    return code;
}

static int put_curves(const struct rog_case_data *data, size_t points, struct rog_json *object,
                      struct rog_error *err)
{
    static const struct {
        const char *name;
        enum rog_quantity quantity;
    } kinds[] = {{"seconds", ROG_QUANTITY_SECONDS},
                 {"iterations", ROG_QUANTITY_ITERATION},
                 {"joules", ROG_QUANTITY_JOULES},
                 {"sent_mb", ROG_QUANTITY_SENT}};
    struct rog_json *curves = rog_json_object();
    int code = 0;
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        struct rog_json *list = rog_json_array();
        for (size_t i = 0; code == 0 && i < data->series_count; i++)
            code = put_curve(data, i, kinds[k].quantity, points, list, err);
        rog_json_put(curves, kinds[k].name, list);
    }
    rog_json_put(object, "curves", curves);
    return code;
}

int rog_api_compare(const struct rog_ui_call *call, struct rog_web_answer *answer,
                    struct rog_error *err)
{
    const struct rog_target *target = call->target;
    bool is_case = target->parts == 3; /* api/cases/CASE */
    const char *runs = rog_target_text(target, "run");
    struct rog_subject subject;
    struct rog_report report = {0};
    const struct rog_report_options options = {0};
    int64_t points = POINTS;
    int code = rog_target_int(target, "points", 10, POINTS_MAX, &points, err);
    if (code < 0)
        return code;
    code = rog_subject_take(call,
                            is_case ? target->part[2]
                            : runs  ? NULL
                                    : rog_target_text(target, "case"),
                            &subject, err);
    if (code == 0)
        code = rog_report_make(call->db, subject.name, &options, &report, err);
    struct rog_json *object = NULL;
    if (code == 0) {
        object = rog_report_json(&report);
        rog_json_put(object, "rule", rog_json_copy(rog_json_get(object, "curves")));
        put_panels(&report, object);
        code = put_tables(&report, object, err);
    }
    if (code == 0)
        code = put_curves(&report.data, (size_t)points, object, err);
    rog_report_release(&report);
    rog_subject_release(&subject);
    if (code == 0)
        return rog_answer_json(answer, object, err);
    rog_json_free(object);
    return code;
}
