/* SPDX-License-Identifier: Apache-2.0 */
/* Draws panels of lines: accuracy over time, iterations, energy and bytes sent. */
#include <orchestrator/figures/panel.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <orchestrator/figures/curve.h>
#include <orchestrator/figures/legend.h>
#include <orchestrator/figures/published.h>
#include <orchestrator/figures/repeats.h>
#include <orchestrator/figures/script.h>
#include <orchestrator/figures/stats.h>
#include <orchestrator/figures/wrap.h>
#include <orchestrator/text/quote.h>

#define CLEAR 0.06      /* inches between the legend and its surroundings */
#define INSIDE_MAX 0.75 /* widest legend inside the plot, as a share of the plot */
#define MARKS 6         /* marks along the longest curve */
/* The axis follows a band this far beyond the curves, as a share of their range. */
#define BAND_SHARE 0.15
#define SMOOTHED "smoothed: "
#define REMARKS 2 /* most remarks in a legend */
#define PLOT_HEIGHT 1.86
#define TARGET_GAP 0.06 /* inches on either side of the target's number */
#define TARGET_BYTES 32

static const struct {
    const char *name, *axis; /* axis NULL: depends on whether times are virtual */
} quantities[] = {
    [ROG_QUANTITY_ITERATION] = {"iteration", "Iteration"},
    [ROG_QUANTITY_SECONDS] = {"seconds", NULL},
    [ROG_QUANTITY_JOULES] = {"joules", "Energy consumption per worker (J)"},
    [ROG_QUANTITY_SENT] = {"sent_mb", "Sent per worker (MB)"},
};
#define PUBLISHED_JOULES_AXIS "Energy consumption of host rank 3 (J)"

struct figure {
    const struct rog_panel *panel;
    const struct rog_case_data *data;
    struct rog_curve *curve;        /* [count] */
    struct rog_legend_entry *entry; /* [entries]: the curves, followed by remarks */
    char **label;                   /* [count]: names of the curves, owned */
    /* [entries]: texts that were broken into lines, otherwise NULL */
    char **wrapped;
    size_t count, entries;
    const char *remark[REMARKS]; /* texts of the remarks */
    /* The remark on drawing as published; NULL: not drawn as published. */
    const char *manner;
    /* The remark on smoothing; empty: none. */
    char smoothing[sizeof SMOOTHED + ROG_SMOOTHING_TEXT_BYTES];
    struct rog_axis x, y;
    double target; /* NaN: the panel has none */
    char target_text[TARGET_BYTES];
    const struct rog_look *look;
    struct rog_canvas canvas;
    size_t legend_columns;
    double legend_left, legend_top; /* inches from the left and bottom edges */
};

/* Returns whether the series is drawn with emphasis: the contender, unless all series are. */
static bool stands_out(const struct rog_case_data *data, size_t series)
{
    if (data->as_published)
        return rog_published_is_solid(data->series[series].label);
    bool others = data->series_count == 1;
    for (size_t i = 0; i < data->series_count && !others; i++)
        others = !rog_case_is_named(data, i, data->row.contender);
    return others && rog_case_is_named(data, series, data->row.contender);
}

static int figure_curves(struct figure *figure, struct rog_error *err)
{
    const struct rog_case_data *data = figure->data;
    figure->curve = calloc(data->series_count + 1, sizeof *figure->curve);
    figure->entry = calloc(data->series_count + REMARKS, sizeof *figure->entry);
    figure->label = calloc(data->series_count + 1, sizeof *figure->label);
    figure->wrapped = calloc(data->series_count + REMARKS, sizeof *figure->wrapped);
    if (!figure->curve || !figure->entry || !figure->label || !figure->wrapped)
        return rog_fail_nomem(err);
    for (size_t i = 0; i < data->series_count; i++) {
        struct rog_curve *curve = &figure->curve[figure->count];
        int code = rog_curve_make(curve, data, &data->series[i],
                                  (enum rog_quantity)figure->panel->quantity, err);
        if (code < 0)
            return code;
        if (curve->count == 0) {
            rog_curve_release(curve);
            continue;
        }
        char *label = rog_repeats_figure_label(&data->series[i], curve->runs);
        figure->entry[figure->count].style =
            rog_line_style(data->series[i].style, stands_out(data, i));
        figure->entry[figure->count].text = label;
        figure->label[figure->count++] = label;
        if (!label)
            return rog_fail_nomem(err);
    }
    return 0;
}

static void add_remark(struct figure *figure, const char *text)
{
    figure->remark[figure->entries - figure->count] = text;
    figure->entry[figure->entries++] = (struct rog_legend_entry){.text = text};
}

/* Adds remarks on how the curves are computed and smoothed. If all is as published, including the
 * smoothing, one remark is enough. */
static void figure_remarks(struct figure *figure)
{
    char text[ROG_SMOOTHING_TEXT_BYTES];
    size_t fewest = SIZE_MAX, most = 0;
    for (size_t i = 0; i < figure->count; i++)
        for (size_t r = 0; r < figure->curve[i].runs; r++) {
            size_t count = figure->curve[i].run[r].count;
            fewest = count < fewest ? count : fewest;
            most = count > most ? count : most;
        }
    rog_smoothing_text(&figure->data->rule.smoothing, fewest, most, text);
    const bool none = strcmp(text, "none") == 0;
    const bool all = rog_smoothing_is_published(&figure->data->rule.smoothing, fewest);
    figure->entries = figure->count;
    if (!none)
        snprintf(figure->smoothing, sizeof figure->smoothing, SMOOTHED "%s", text);
    if (figure->data->as_published) {
        figure->manner = all    ? "drawn " ROG_AS_PUBLISHED
                         : none ? ROG_AS_PUBLISHED " but not smoothed"
                                : ROG_AS_PUBLISHED " but for smoothing";
        add_remark(figure, figure->manner);
    }
    if (!none && !(figure->data->as_published && all))
        add_remark(figure, figure->smoothing);
}

static void hold_points(const struct rog_curve *curve, double end, double *low, double *high)
{
    for (size_t r = 0; r < curve->runs; r++)
        for (size_t k = 0; k < curve->run[r].count && curve->run[r].x[k] <= end; k++) {
            *low = fmin(*low, curve->run[r].y[k]);
            *high = fmax(*high, curve->run[r].y[k]);
        }
}

/* The vertical axis contains the curves, and measured points if they are shown. A band that extends
 * beyond the curves by more than BAND_SHARE of their range is cut off: a wide interval must not
 * flatten the curves. */
static struct rog_axis axis_of(const struct rog_case_data *data, double low, double high,
                               double target)
{
    bool percent = rog_metric_is_percent(&data->metric);
    return rog_case_is_accuracy(data) ? rog_axis_accuracy(low, high, target)
                                      : rog_axis_around(low, high, target, percent ? 0 : -INFINITY,
                                                        percent ? 100 : INFINITY);
}

/* Returns the published end of the axis, at which lines are cut too. If the axis follows the data,
 * it ends there as well if the data end shortly before. */
static double end_of(const struct figure *figure, enum rog_axis_ends ends)
{
    const char *published = figure->data->row.figure;
    enum rog_quantity quantity = (enum rog_quantity)figure->panel->quantity;
    double shortest = INFINITY;
    if (ends != ROG_ENDS_SCRIPTS)
        return rog_published_end(published, quantity);
    for (size_t i = 0; i < figure->count; i++)
        shortest = fmin(shortest, figure->curve[i].x[figure->curve[i].count - 1]);
    return rog_published_rule_end(published, quantity, shortest);
}

/* Returns the scripts' axis, which depends on whole lines, including what is cut off. */
static struct rog_axis published_axis(const struct figure *figure, double low)
{
    double highest = -INFINITY;
    for (size_t i = 0; i < figure->count; i++)
        for (size_t k = 0; k < figure->curve[i].count; k++)
            highest = fmax(highest, figure->curve[i].y[k]);
    return rog_published_accuracy(low, highest);
}

static void figure_axes(struct figure *figure, enum rog_axis_ends ends)
{
    /* There is no published figure of bytes. */
    const bool has_ends = figure->panel->quantity != ROG_QUANTITY_SENT;
    const bool published = ends != ROG_ENDS_DATA && has_ends,
               cut_time = published || figure->data->as_published;
    double low = INFINITY, high = -INFINITY, end = 0;
    double band_low = INFINITY, band_high = -INFINITY;
    double published_x = has_ends ? end_of(figure, ends) : 0;
    for (size_t i = 0; i < figure->count; i++) {
        const struct rog_curve *curve = &figure->curve[i];
        if (figure->data->rule.points)
            hold_points(curve, published ? published_x : (double)INFINITY, &band_low, &band_high);
        for (size_t k = 0; k < curve->count; k++) {
            if (published && k > 0 && curve->x[k] > published_x)
                break;
            low = fmin(low, curve->y[k]);
            high = fmax(high, curve->y[k]);
            band_low = fmin(band_low, curve->low ? curve->low[k] : curve->y[k]);
            band_high = fmax(band_high, curve->high ? curve->high[k] : curve->y[k]);
            end = fmax(end, curve->x[k]);
        }
    }
    if (published)
        end = published_x;
    double beyond = figure->data->rule.points ? (double)INFINITY : BAND_SHARE * (high - low);
    low = fmax(band_low, low - beyond);
    high = fmin(band_high, high + beyond);
    bool seconds = figure->panel->quantity == ROG_QUANTITY_SECONDS;
    bool joules = figure->panel->quantity == ROG_QUANTITY_JOULES;
    figure->x = seconds ? rog_axis_seconds(end, published_x) : rog_axis_from_zero(end, published_x);
    bool told = joules || (seconds && !cut_time); /* the published time axis has no target */
    figure->target = told ? rog_case_target(figure->data) : (double)NAN;
    figure->y = figure->data->as_published && published && rog_case_is_accuracy(figure->data)
                    ? published_axis(figure, low)
                    : axis_of(figure->data, low, high, figure->target);
    char value[ROG_METRIC_TEXT_BYTES];
    rog_metric_value(&figure->data->metric, figure->target, value);
    if (!isnan(figure->target))
        snprintf(figure->target_text, sizeof figure->target_text, "%.20s%s", value,
                 figure->target > figure->y.max   ? " ↑"
                 : figure->target < figure->y.min ? " ↓"
                                                  : "");
}

/* Returns the lines that the legend must not cover: the curves, through the measured points if they
 * are shown; for bands, strokes from the lower to the upper edge; and the target. */
static struct rog_polyline *figure_lines(const struct figure *figure, double **strokes,
                                         size_t *count, struct rog_error *err)
{
    size_t room = 1, points = 4;
    for (size_t i = 0; i < figure->count; i++) {
        room += 1 + figure->curve[i].runs + (figure->curve[i].low ? figure->curve[i].count : 0);
        points += figure->curve[i].low ? 4 * figure->curve[i].count : 0;
    }
    struct rog_polyline *line = calloc(room + 1, sizeof *line);
    double *stroke = *strokes = calloc(points + 1, sizeof **strokes);
    *count = 0;
    if (!line || !stroke) {
        free(line);
        rog_fail_nomem(err);
        return NULL;
    }
    for (size_t i = 0; i < figure->count; i++) {
        const struct rog_curve *curve = &figure->curve[i];
        line[(*count)++] = (struct rog_polyline){curve->x, curve->y, curve->count};
        for (size_t r = 0; figure->data->rule.points && r < curve->runs; r++)
            line[(*count)++] =
                (struct rog_polyline){curve->run[r].x, curve->run[r].y, curve->run[r].count};
        for (size_t k = 0; curve->low && k < curve->count; k++, stroke += 4) {
            stroke[0] = stroke[1] = curve->x[k];
            stroke[2] = curve->low[k];
            stroke[3] = curve->high[k];
            line[(*count)++] = (struct rog_polyline){stroke, stroke + 2, 2};
        }
    }
    if (rog_axis_holds(&figure->y, figure->target)) {
        stroke[0] = figure->x.min;
        stroke[1] = figure->x.max;
        stroke[2] = stroke[3] = figure->target;
        line[(*count)++] = (struct rog_polyline){stroke, stroke + 2, 2};
    }
    return line;
}

/* Places the legend in a free corner of the plot. Returns false if there is none. */
static bool place_inside(struct figure *figure, const struct rog_polyline *lines, size_t count)
{
    const struct rog_canvas *canvas = &figure->canvas;
    double plot_width = rog_canvas_plot_width(canvas), plot_height = rog_canvas_plot_height(canvas);
    double width = rog_legend_width(figure->entry, figure->entries, canvas);
    double height = rog_legend_height(figure->entry, figure->entries, 1, canvas);
    if (width > INSIDE_MAX * plot_width)
        return false;
    enum rog_corner corner = rog_corner_free(lines, count, &figure->x, &figure->y,
                                             (width + CLEAR + CLEAR / 3) / plot_width,
                                             (height + CLEAR + CLEAR / 3) / plot_height);
    bool right = corner == ROG_CORNER_BOTTOM_RIGHT || corner == ROG_CORNER_TOP_RIGHT;
    bool bottom = corner == ROG_CORNER_BOTTOM_RIGHT || corner == ROG_CORNER_BOTTOM_LEFT;
    figure->legend_columns = 1;
    figure->legend_left = canvas->left + (right ? plot_width - CLEAR - width : CLEAR);
    figure->legend_top = canvas->bottom + (bottom ? CLEAR + height : plot_height - CLEAR);
    return corner != ROG_CORNER_NONE;
}

/* Places the legend below the axis, in as many columns as fit. Labels wider than the figure are
 * broken into lines. */
static int place_below(struct figure *figure, const char *stem, struct rog_error *err)
{
    struct rog_canvas *canvas = &figure->canvas;
    double room = canvas->width - 2 * CLEAR;
    double em = rog_legend_text_width(room, canvas) / rog_canvas_em(canvas);
    for (size_t i = 0; i < figure->entries; i++) {
        char *wrapped =
            rog_wrap(i < figure->count ? figure->label[i] : figure->remark[i - figure->count], em);
        if (!wrapped)
            return rog_fail_nomem(err);
        free(figure->wrapped[i]);
        figure->entry[i].text = figure->wrapped[i] = wrapped;
    }
    double width = rog_legend_width(figure->entry, figure->entries, canvas);
    size_t most = (size_t)fmax(1, floor(room / width));
    size_t columns = most < figure->entries ? most : figure->entries;
    double height = rog_legend_height(figure->entry, figure->entries, columns, canvas);
    figure->legend_columns = columns;
    figure->legend_left = fmax(CLEAR, fmin(canvas->left, room + CLEAR - width * (double)columns));
    figure->legend_top = height + CLEAR / 2;
    canvas->bottom += height;
    return rog_canvas_fit(canvas, figure->look, PLOT_HEIGHT, stem, err);
}

static int figure_layout(struct figure *figure, const char *stem, struct rog_error *err)
{
    double *strokes = NULL;
    size_t count;
    struct rog_canvas *canvas = &figure->canvas;
    *canvas = rog_canvas_make(figure->look, 0.46, 0.18, 0.10, 0.44);
    canvas->left = fmax(canvas->left, rog_canvas_left(canvas, &figure->y));
    if (!isnan(figure->target))
        canvas->right = 2 * TARGET_GAP + rog_canvas_text(canvas, figure->target_text);
    int code = rog_canvas_fit(canvas, figure->look, PLOT_HEIGHT, stem, err);
    if (code < 0)
        return code;
    struct rog_polyline *lines = figure_lines(figure, &strokes, &count, err);
    if (!lines)
        code = ROG_ENOMEM;
    else if (!place_inside(figure, lines, count))
        code = place_below(figure, stem, err);
    free(lines);
    free(strokes);
    return code;
}

/* Marks have equal distances along x, shifted a little from one line to the next. A line that is
 * too short for a mark has one at its end. */
static void write_marks(FILE *file, const struct figure *figure, size_t index)
{
    const struct rog_curve *curve = &figure->curve[index];
    double step = (figure->x.max - figure->x.min) / MARKS;
    double first = figure->x.min + step * ((double)index + 0.5) / (double)figure->count;
    bool any = false;
    for (int i = 0; i < MARKS; i++) {
        double x = first + i * step, y = rog_line_at(curve->x, curve->y, curve->count, x);
        if (isnan(y))
            continue;
        fprintf(file, "%.10g %.10g\n", x, y);
        any = true;
    }
    if (!any)
        fprintf(file, "%.10g %.10g\n", curve->x[curve->count - 1], curve->y[curve->count - 1]);
}

/* Writes, as a comment, where the line reaches the target, as tables report it. */
static void write_reached(FILE *file, const struct figure *figure, const struct rog_curve *curve)
{
    const struct rog_curve_rule *rule = &figure->data->rule;
    double target = rog_case_target(figure->data);
    struct rog_curve_reached reached = rog_curve_reached_of(curve, target, rule->sustain);
    char value[ROG_METRIC_TEXT_BYTES];
    rog_metric_value(&figure->data->metric, target, value);
    if (isnan(target))
        return;
    if (reached.line.state == ROG_REACHED)
        fprintf(file, "# It reaches %s at %.17g", value, reached.line.at);
    else
        fprintf(file, "# It does not reach %s up to %.17g", value, reached.line.seen_to);
    fprintf(file, " (for %g checkpoints, or to the end).\n", rule->sustain);
}

static void write_data(FILE *file, const struct figure *figure, const char *title)
{
    const char *quantity = quantities[figure->panel->quantity].name;
    fprintf(file, "# ");
    rog_quote_gnuplot_comment(file, title);
    fprintf(file, "\n# Blocks, three for each line: the line, its marks, what was measured.\n");
    if (figure->smoothing[0])
        fprintf(file, "# Lines are %s.\n", figure->smoothing);
    if (figure->data->as_published && figure->panel->quantity == ROG_QUANTITY_JOULES)
        fprintf(file,
                "# joules: mean power of host rank 3 up to its last reading, times seconds.\n");
    for (size_t i = 0; i < figure->count; i++) {
        const struct rog_curve *curve = &figure->curve[i];
        fprintf(file, "%s# %zu: ", i ? "\n\n" : "", 3 * i);
        rog_quote_gnuplot_comment(file, figure->label[i]);
        fprintf(file, ": %s\n",
                !curve->low        ? "the run's line"
                : curve->runs == 2 ? "mean of the runs' lines, their range"
                                   : "mean of the runs' lines, 95% interval");
        write_reached(file, figure, curve);
        fprintf(file, "# %s  %s%s  checkpoint\n", quantity, figure->data->metric.name,
                curve->low ? "  low  high" : "");
        for (size_t k = 0; k < curve->count; k++) {
            fprintf(file, "%.17g %.17g", curve->x[k], curve->y[k]);
            if (curve->low)
                fprintf(file, " %.10g %.10g", curve->low[k], curve->high[k]);
            fprintf(file, " %.17g\n", curve->place[k]);
        }
        fprintf(file, "\n\n# %zu: ", 3 * i + 1);
        rog_quote_gnuplot_comment(file, figure->label[i]);
        fprintf(file, ": marks\n");
        write_marks(file, figure, i);
        fprintf(file, "\n\n# %zu: ", 3 * i + 2);
        rog_quote_gnuplot_comment(file, figure->label[i]);
        fprintf(file, ": measured\n");
        for (size_t r = 0; r < curve->runs; r++) {
            const struct rog_curve_run *run = &curve->run[r];
            fprintf(file, "%s# run ", r ? "\n" : "");
            rog_quote_gnuplot_comment(file, run->id);
            fprintf(file, ": %s  %s\n", quantity, figure->data->metric.name);
            for (size_t k = 0; k < run->count; k++)
                fprintf(file, "%.17g %.17g\n", run->x[k], run->y[k]);
        }
    }
}

static void write_plot(FILE *file, const struct figure *figure)
{
    fprintf(file, "plot");
    for (size_t i = 0; i < figure->count; i++)
        if (figure->curve[i].low)
            fprintf(file,
                    " data index %zu using 1:3:4 with filledcurves fc rgb '%s' fs transparent "
                    "solid 0.18 noborder notitle, \\\n    ",
                    3 * i, figure->entry[i].style.color);
    for (size_t i = 0; i < figure->count; i++)
        fprintf(file,
                " data index %zu using 1:(show_measured ? $2 : NaN) with points pt 7 ps 0.2 "
                "lc rgb '%s' notitle, \\\n    ",
                3 * i + 2, figure->entry[i].style.color);
    for (size_t i = 0; i < figure->count; i++)
        fprintf(file, " data index %zu using 1:2 with lines ls %zu notitle, \\\n    ", 3 * i,
                i + 1);
    for (size_t i = 0; i < figure->count; i++)
        fprintf(file, " data index %zu using 1:2 with points ls %zu dt solid lw 0.8 notitle%s",
                3 * i + 1, i + 1, i + 1 < figure->count ? ", \\\n    " : "\n");
}

static const char *time_title(const struct rog_case_data *data)
{
    bool some_virtual = false, some_real = false;
    for (size_t i = 0; i < data->run_count; i++) {
        some_virtual |= data->run[i].done && data->run[i].row.is_virtual;
        some_real |= data->run[i].done && !data->run[i].row.is_virtual;
    }
    return rog_time_title(some_virtual, some_real);
}

/* Draws a ring at the point where each curve reaches the target, as tables report it. */
static void write_rings(FILE *file, const struct figure *figure)
{
    if (!rog_axis_holds(&figure->y, figure->target))
        return;
    for (size_t i = 0; i < figure->count; i++) {
        const struct rog_curve_reached reached =
            rog_curve_reached_of(&figure->curve[i], figure->target, figure->data->rule.sustain);
        if (reached.line.state == ROG_REACHED && rog_axis_holds(&figure->x, reached.line.at))
            fprintf(file,
                    "set label '' at first %.10g, first %.10g front point pt 6 ps 0.9 lc rgb "
                    "'%s' lw 1.2\n",
                    reached.line.at, figure->target, figure->entry[i].style.color);
    }
}

/* Draws a line at the target. If the target lies outside the axis, writes its number at the nearer
 * end. */
static void write_target(FILE *file, const struct figure *figure)
{
    const struct rog_canvas *canvas = &figure->canvas;
    if (isnan(figure->target))
        return;
    if (rog_axis_holds(&figure->y, figure->target))
        fprintf(file,
                "set arrow 1 from graph 0, first %.10g to graph 1, first %.10g nohead back "
                "lc rgb '%s' lw 0.8 dt (4,4)\n",
                figure->target, figure->target, ROG_COLOR_RULE);
    fprintf(file, "set label ");
    rog_quote_gnuplot(file, figure->target_text);
    fprintf(file, " at screen %.5f, first %.10g left tc rgb '#444444' noenhanced\n",
            (canvas->width - canvas->right + TARGET_GAP) / canvas->width,
            fmin(fmax(figure->target, figure->y.min), figure->y.max));
}

static const char *metric_title(const struct figure *figure, char text[ROG_METRIC_TEXT_BYTES])
{
    rog_metric_title(&figure->data->metric, text);
    return rog_case_is_accuracy(figure->data) ? "Test accuracy (%)" : text;
}

static void write_script(FILE *file, const struct figure *figure, const char *stem,
                         const char *title)
{
    const char *axis = quantities[figure->panel->quantity].axis;
    if (figure->data->as_published && figure->panel->quantity == ROG_QUANTITY_JOULES)
        axis = PUBLISHED_JOULES_AXIS;
    char title_bytes[ROG_METRIC_TEXT_BYTES];
    rog_script_begin(file, stem, title, &figure->canvas);
    fprintf(file,
            "\n"
            "show_measured = %d    # 1: the measured points behind the lines\n"
            "set xrange [%.10g:%.10g]\n"
            "set yrange [%.10g:%.10g]\n"
            "set ytics %g offset 0.3,0\n",
            figure->data->rule.points, figure->x.min, figure->x.max, figure->y.min, figure->y.max,
            figure->y.step);
    rog_script_xtics(file, &figure->x, &figure->canvas,
                     figure->panel->quantity == ROG_QUANTITY_SECONDS);
    write_target(file, figure);
    for (size_t i = 0; i < figure->count; i++) {
        const struct rog_line_style *style = &figure->entry[i].style;
        fprintf(file, "set style line %zu lc rgb '%s' lw %g dt %s pt %d ps %g\n", i + 1,
                style->color, style->width, style->dash, style->mark, style->mark_size);
    }
    write_rings(file, figure);
    rog_legend_columns(file, figure->entry, figure->entries, figure->legend_columns,
                       &figure->canvas, figure->legend_left, figure->legend_top);
    rog_script_loop(file);
    rog_script_xtitle(file, &figure->canvas, axis ? axis : time_title(figure->data));
    rog_script_ytitle(file, &figure->canvas, &figure->y, metric_title(figure, title_bytes),
                      "black");
    write_plot(file, figure);
    rog_script_end(file);
}

static void figure_release(struct figure *figure)
{
    for (size_t i = 0; i < figure->count; i++) {
        rog_curve_release(&figure->curve[i]);
        free(figure->label[i]);
    }
    for (size_t i = 0; i < figure->entries; i++)
        free(figure->wrapped[i]);
    free(figure->wrapped);
    free(figure->curve);
    free(figure->entry);
    free(figure->label);
}

int rog_panel_write_curves(const struct rog_panel *panel, const struct rog_case_data *data,
                           const struct rog_look *look, enum rog_axis_ends ends, const char *folder,
                           const char *stem, bool *drawn, struct rog_error *err)
{
    struct figure figure = {.panel = panel, .data = data, .look = look};
    struct rog_panel_files files = {0};
    char *title = NULL;
    *drawn = false;
    int code = figure_curves(&figure, err);
    if (code < 0 || figure.count == 0)
        goto out;
    figure_remarks(&figure);
    figure_axes(&figure, ends);
    code = figure_layout(&figure, stem, err);
    if (code < 0)
        goto out;
    title = rog_format("%s: %s %s%s%s", data->title, rog_case_tested(data), panel->title,
                       figure.manner ? ", " : "", figure.manner ? figure.manner : "");
    code = title ? rog_panel_files_open(&files, folder, stem, err) : rog_fail_nomem(err);
    if (code < 0)
        goto out;
    write_data(files.data, &figure, title);
    write_script(files.script, &figure, stem, title);
    code = rog_panel_files_close(&files, code, err);
    *drawn = code == 0;
out:
    figure_release(&figure);
    free(title);
    return code;
}
