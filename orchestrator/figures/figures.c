/* SPDX-License-Identifier: Apache-2.0 */
/* Selects the panels of a case's figure and draws them. */
#include <orchestrator/figures/figures.h>

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <orchestrator/figures/curve.h>
#include <orchestrator/figures/drawing.h>
#include <orchestrator/text/quote.h>
#include <orchestrator/figures/panel.h>
#include <orchestrator/figures/published.h>

static const struct rog_panel composition = {"average-time-composition",
                                             "average time composition of an iteration",
                                             rog_panel_write_composition, 0};
static const struct rog_panel efficiency = {"statistical-efficiency", "against iterations",
                                            rog_panel_write_curves, ROG_QUANTITY_ITERATION};
static const struct rog_panel accuracy = {"training-accuracy-against-wall-clock-time",
                                          "against time", rog_panel_write_curves,
                                          ROG_QUANTITY_SECONDS};
static const struct rog_panel energy = {"energy-consumption-against-training-accuracy",
                                        "against energy consumption", rog_panel_write_curves,
                                        ROG_QUANTITY_JOULES};
static const struct rog_panel sent = {"training-accuracy-against-bytes-sent", "against bytes sent",
                                      rog_panel_write_curves, ROG_QUANTITY_SENT};

/* Figures of the paper (ROG, MICRO 2022) and their panels; the last row is for any other figure. */
static const struct {
    const char *figure;
    const struct rog_panel *panels[6]; /* ends with NULL */
} figures[] = {
    {"1", {&composition, &efficiency, &accuracy, &energy}},
    {"6", {&composition, &efficiency, &accuracy, &energy}},
    {"9", {&accuracy, &energy, &composition}},
    {"10", {&accuracy, &efficiency}},
    {NULL, {&composition, &efficiency, &accuracy, &energy, &sent}},
};

static const struct rog_panel *const *panels_of(const char *figure)
{
    size_t row = 0;
    while (figures[row].figure && !(figure && strcmp(figures[row].figure, figure) == 0))
        row++;
    return figures[row].panels;
}

bool rog_figures_need_tests(const char *figure)
{
    bool need = true;
    for (const struct rog_panel *const *panel = panels_of(figure); *panel; panel++)
        need = need && (*panel)->write == rog_panel_write_curves;
    return need;
}

const char *rog_figures_panel(const char *figure, size_t index, const char **title)
{
    const struct rog_panel *const *panel = panels_of(figure);
    size_t i = 0;
    while (i < index && panel[i])
        i++;
    *title = panel[i] ? panel[i]->title : NULL;
    return panel[i] ? panel[i]->name : NULL;
}

char *rog_figures_file(const char *case_name, const char *panel, const char *format)
{
    char *begin = rog_quote_file_name(case_name);
    char *file = begin ? rog_format("%s-%s.%s", begin, panel, format) : NULL;
    free(begin);
    return file;
}

/* Describes what bands and whiskers show, if there are any. */
static const char *spread_of(const struct rog_case_data *data, bool curves)
{
    size_t most = 0;
    for (size_t i = 0; i < data->series_count; i++)
        most = data->series[i].different > most ? data->series[i].different : most;
    if (most < 2)
        return "";
    return curves ? "; bands: 95% interval of the mean, of two runs their range"
                  : "; whiskers: 95% interval of the mean, of two runs their range";
}

/* Returns whether the first *before bytes of the path end in the name, and then subtracts its
 * length from *before. */
static bool ends_in(const char *path, size_t *before, const char *name)
{
    size_t size = strlen(name);
    if (*before <= size || strncmp(path + *before - size, name, size) != 0)
        return false;
    *before -= size;
    return true;
}

/* Compares only the end of the file's name, because a case's name may contain that of a panel. */
static bool is_of_panel(const char *path, const struct rog_panel *panel)
{
    const char *extension = strrchr(path, '.');
    size_t before = extension ? (size_t)(extension - path) : 0;
    ends_in(path, &before, ROG_AS_PUBLISHED_SUFFIX);
    return ends_in(path, &before, panel->name);
}

char *rog_figures_caption(const char *path, const struct rog_case_data *data)
{
    static const struct rog_panel *const curves[] = {&efficiency, &accuracy, &energy, &sent};
    const char *as_published = data->as_published ? ", " ROG_AS_PUBLISHED : "";
    for (size_t i = 0; i < sizeof curves / sizeof *curves; i++)
        if (is_of_panel(path, curves[i])) {
            char smoothing[ROG_CASE_SMOOTHING_BYTES];
            rog_case_smoothing(data, smoothing);
            return rog_format("%s %s%s; %s%s",
                              rog_case_is_accuracy(data) ? "Test accuracy" : data->metric.name,
                              curves[i]->title, as_published, smoothing, spread_of(data, true));
        }
    return rog_format("Average time composition of an iteration%s%s", as_published,
                      spread_of(data, false));
}

static void log_line(const struct rog_figures_options *options, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static void log_line(const struct rog_figures_options *options, const char *format, ...)
{
    char text[512];
    va_list args;
    if (!options->log)
        return;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    options->log(options->user, text);
}

static int has_curve(const struct rog_panel *panel, const struct rog_case_data *data, size_t series,
                     bool *has, struct rog_error *err)
{
    struct rog_curve curve;
    int code = rog_curve_make(&curve, data, &data->series[series],
                              (enum rog_quantity)panel->quantity, err);
    *has = code == 0 && curve.count > 0;
    rog_curve_release(&curve);
    return code;
}

static bool has_bar(const struct rog_case_data *data, size_t series)
{
    const struct rog_case_series *s = &data->series[series];
    for (size_t i = 0; i < s->runs; i++)
        if (!isnan(data->run[s->run[i]].composition.communication_s))
            return true;
    return false;
}

/* Explains why a panel lacks a series; `series` is NULL if it lacks all of them. */
static const char *reason_of(const struct rog_panel *panel, const struct rog_case_data *data,
                             const struct rog_case_series *series)
{
    size_t count = series ? series->runs : data->run_count;
    int64_t iterations = 0;
    bool trained = false;
    for (size_t i = 0; i < count; i++) {
        const struct rog_case_run *run = &data->run[series ? series->run[i] : i];
        iterations += run->extent.iterations;
        trained = trained || !run->row.workload || strcmp(run->row.workload, "none") != 0;
    }
    bool of_host = data->as_published && (panel == &composition || panel == &energy);
    return of_host ? "the published numbers are those of rank 3, for which nothing is recorded"
           : iterations == 0 ? "no worker has finished an iteration"
           : !trained        ? "with workload none nothing is trained"
                             : "nothing is recorded for it";
}

/* Logs which series the panel lacks, because the picture itself does not show that. */
static int log_missing(const struct rog_drawing *drawing, const struct rog_panel *panel,
                       const struct rog_case_data *data, struct rog_error *err)
{
    int code = 0;
    for (size_t i = 0; i < data->series_count && code == 0; i++) {
        bool has = panel == &composition && has_bar(data, i);
        if (panel != &composition)
            code = has_curve(panel, data, i, &has, err);
        if (code == 0 && !has)
            log_line(drawing->options, "%s: %s is not in %s: %s", data->title,
                     data->series[i].label, panel->name, reason_of(panel, data, &data->series[i]));
    }
    return code;
}

static int draw_panel(struct rog_drawing *drawing, const struct rog_panel *panel,
                      const struct rog_case_data *data, const struct rog_look *look,
                      struct rog_error *err)
{
    bool drawn = false;
    char *begin = rog_quote_file_name(data->row.name);
    char *stem = begin ? rog_format("%s-%s%s", begin, panel->name,
                                    data->as_published ? ROG_AS_PUBLISHED_SUFFIX : "")
                       : NULL;
    int code = stem ? 0 : rog_fail_nomem(err);
    if (code == 0)
        code = panel->write(panel, data, look, drawing->options->ends, drawing->scratch.path, stem,
                            &drawn, err);
    if (code == 0 && drawn)
        code = rog_drawing_add(drawing, stem, err);
    if (code == 0 && drawn)
        code = log_missing(drawing, panel, data, err);
    else if (code == 0)
        log_line(drawing->options, "%s: figure %s is not drawn: %s", data->title, panel->name,
                 reason_of(panel, data, NULL));
    free(stem);
    free(begin);
    return code;
}

/* Returns the options, with the case's settings in place of those that the user has not given. */
static struct rog_figures_options options_of(const struct rog_case_data *data,
                                             const struct rog_figures_options *options)
{
    struct rog_figures_options all = *options;
    const struct rog_json *own = data->row.options;
    all.size = all.size ? all.size : rog_json_get_string(own, "size", NULL);
    all.font = all.font ? all.font : rog_json_get_string(own, "font", NULL);
    all.formats = all.formats ? all.formats : rog_json_get_string(own, "format", NULL);
    return all;
}

static int write_panels(struct rog_drawing *drawing, const struct rog_look *look, const void *user,
                        struct rog_error *err)
{
    const struct rog_case_data *data = user;
    int code = 0;
    const struct rog_panel *const *panel = panels_of(data->row.figure);
    for (; code == 0 && *panel; panel++)
        code = draw_panel(drawing, *panel, data, look, err);
    if (code == 0 && drawing->count == 0)
        code = rog_fail(err, ROG_ENOTFOUND,
                        "case %s has nothing to draw: its runs have recorded nothing for the "
                        "panels of figure %s (without gradients nothing is tested; figure 1 also "
                        "shows the time composition)",
                        data->title, data->row.figure ? data->row.figure : "1");
    return code;
}

/* Logs runs with fewer points than the window of the published smoothing: the published scripts
 * fail for these. */
static void log_short(const struct rog_case_data *data, const struct rog_figures_options *options)
{
    for (size_t i = 0; i < data->run_count; i++) {
        size_t count = data->run[i].accuracy.count;
        if (count > 0 && rog_smoothing_is_published(&data->rule.smoothing, SIZE_MAX) &&
            !rog_smoothing_is_published(&data->rule.smoothing, count))
            log_line(options,
                     "%s: run %s has %zu tested checkpoints; the published scripts need %d for a "
                     "line, and with fewer it is smoothed less",
                     data->title, data->run[i].row.id, count, ROG_SMOOTHING_PUBLISHED_POINTS);
    }
}

static bool is_left_out_as(const struct rog_case_data *data, size_t index, const char *status)
{
    return !data->run[index].done && strcmp(data->run[index].row.status, status) == 0;
}

/* Logs the runs that are not drawn, in one line for each status. */
static void log_left_out(const struct rog_case_data *data,
                         const struct rog_figures_options *options)
{
    for (size_t i = 0; i < data->run_count; i++) {
        const char *status = data->run[i].row.status;
        const bool failed = strcmp(status, "failed") == 0;
        size_t first = 0, count = 0;
        if (data->run[i].done)
            continue;
        while (first < i && !is_left_out_as(data, first, status))
            first++;
        if (first < i)
            continue;
        for (size_t k = i; k < data->run_count; k++)
            count += is_left_out_as(data, k, status);
        if (count == 1)
            log_line(options, "%s: run %s is left out because it %s%s", data->title,
                     data->run[i].row.id, failed ? "" : "is ", status);
        else
            log_line(options, "%s: %zu runs are left out because they %s%s: %s, ...", data->title,
                     count, failed ? "" : "are ", status, data->run[i].row.id);
    }
}

int rog_figures_draw_case(struct rog_db *db, const char *case_name,
                          const struct rog_figures_options *options, struct rog_error *err)
{
    struct rog_case_data data;
    struct rog_figures_options own;
    struct rog_look look;
    int code = rog_case_data_load(db, case_name, &data, err);
    if (code < 0)
        return code;
    own = options_of(&data, options);
    code = rog_look_parse(own.size, own.font, &look, err);
    if (code < 0)
        goto out;
    code = rog_case_data_override(&data, options->curves, err);
    if (code < 0)
        goto out;
    if (options->as_published) {
        rog_case_data_take_published(&data);
        log_short(&data, options);
    }
    log_left_out(&data, options);
    if (data.series_count == 0) {
        code = rog_fail(err, ROG_ENOTFOUND,
                        "case %s has no finished run to draw (it holds %zu run%s; `rogctl runs` "
                        "shows their state)",
                        data.title, data.run_count, data.run_count == 1 ? "" : "s");
        goto out;
    }
    code = rog_drawing_make(&own, &look, write_panels, &data, err);
out:
    rog_case_data_release(&data);
    return code;
}
