/* SPDX-License-Identifier: Apache-2.0 */
/* Draws the panel of bars that shows how an iteration's time is composed. */
#include <orchestrator/figures/panel.h>

#include <math.h>
#include <stdlib.h>

#include <orchestrator/text/fonts.h>
#include <orchestrator/text/quote.h>
#include <orchestrator/figures/bar_layout.h>
#include <orchestrator/figures/distinct.h>
#include <orchestrator/figures/legend.h>
#include <orchestrator/figures/published.h>
#include <orchestrator/figures/repeats.h>
#include <orchestrator/figures/script.h>
#include <orchestrator/figures/stats.h>

#define PLOT_HEIGHT 1.82 /* inches */
#define NAME_COLUMNS 32  /* longer names are shortened if they remain distinct */
/* Number of the label of the first bar; other labels have smaller numbers. */
#define NAME_LABELS 2000
/* The axis includes whiskers up to this many times the highest bar. */
#define WHISKER_SHARE 1.5

/* One bar: seconds per iteration, means over the runs of a series. */
struct bar {
    const struct rog_case_series *series;
    double compute_s, communication_s, stall_s;
    struct rog_interval total; /* total of the bar, over runs */
    char *label;               /* owned */
};

static int bar_make(struct bar *bar, const struct rog_case_data *data,
                    const struct rog_case_series *series, const char *name, struct rog_error *err)
{
    double *total = calloc(series->runs, sizeof *total);
    if (!total)
        return rog_fail_nomem(err);
    *bar = (struct bar){.series = series};
    for (size_t i = 0; i < series->runs; i++) {
        const struct rog_composition *c = &data->run[series->run[i]].composition;
        total[i] = c->compute_s + c->communication_s + c->stall_s;
        if (rog_repeats_is_copy(data, series->run[i]))
            total[i] = (double)NAN;
        if (isnan(total[i]))
            continue;
        bar->compute_s += c->compute_s;
        bar->communication_s += c->communication_s;
        bar->stall_s += c->stall_s;
    }
    bar->total = rog_interval_of(total, series->runs);
    free(total);
    double n = (double)bar->total.count;
    bar->compute_s /= n;
    bar->communication_s /= n;
    bar->stall_s /= n;
    struct rog_case_series named = *series;
    named.label = (char *)name;
    char *label = rog_repeats_label(&named, bar->total.count);
    bar->label = label ? rog_fonts_drawable(label) : NULL;
    free(label);
    return bar->label ? 0 : rog_fail_nomem(err);
}

static void write_data(FILE *file, const char *title, bool as_published, const struct bar *bars,
                       size_t count)
{
    fprintf(file, "# ");
    rog_quote_gnuplot_comment(file, title);
    fprintf(file, ": seconds per iteration, %s\n",
            as_published
                ? "computation and exchange of host rank 3, stall the mean over all workers, "
                  "communication the exchange without that stall"
                : "mean over workers");
    fprintf(file, "# position  computation  communication  stall  total  low  high  runs: ends of "
                  "the 95%% interval, of two runs their range\n");
    for (size_t i = 0; i < count; i++) {
        fprintf(file, "%zu %.10g %.10g %.10g %.10g %.10g %.10g %zu  # ", i, bars[i].compute_s,
                bars[i].communication_s, bars[i].stall_s, bars[i].total.mean,
                bars[i].total.count > 1 ? bars[i].total.low : bars[i].total.mean,
                bars[i].total.count > 1 ? bars[i].total.high : bars[i].total.mean,
                bars[i].total.count);
        rog_quote_gnuplot_comment(file, bars[i].label);
        fputc('\n', file);
    }
}

/* Entries for the parts of a bar, and remarks: what whiskers show, how numbers are computed. */
struct legend {
    struct rog_legend_entry entry[5];
    size_t count;
};

static struct legend legend_of(const struct bar *bars, size_t count, bool as_published)
{
    struct legend legend = {
        {{.text = "Computation",
          .fill = ROG_COLOR_COMPUTATION,
          .style.color = ROG_COLOR_COMPUTATION},
         {.text = "Communication",
          .fill = ROG_COLOR_COMMUNICATION,
          .style.color = ROG_COLOR_COMMUNICATION},
         {.text = "Stall", .fill = ROG_COLOR_STALL, .style.color = ROG_COLOR_STALL}},
        3};
    bool pairs = false, more = false;
    for (size_t i = 0; i < count; i++) {
        pairs = pairs || bars[i].total.count == 2;
        more = more || bars[i].total.count > 2;
    }
    if (pairs || more)
        legend.entry[legend.count++].text = !more   ? "Whiskers: range"
                                            : pairs ? "Whiskers: 95% CI (n = 2: range)"
                                                    : "Whiskers: 95% CI";
    if (as_published)
        legend.entry[legend.count++].text = "drawn " ROG_AS_PUBLISHED;
    return legend;
}

/* The vertical axis. Whiskers are cut off at `top`, so that bars stay readable even if the
 * precision of a mean is low. */
struct heights {
    double top;
    struct rog_axis axis;
    int decimals;
    bool repeated;
};

static struct heights heights_of(const struct bar *bars, size_t count,
                                 const struct rog_canvas *canvas, double number_inches)
{
    double plot = rog_canvas_plot_height(canvas), above = fmin(number_inches, plot / 2);
    double highest = 0, whisker = 0;
    bool repeated = false;
    for (size_t i = 0; i < count; i++) {
        highest = fmax(highest, bars[i].total.mean);
        whisker = fmax(whisker, bars[i].total.high);
        repeated = repeated || bars[i].total.count > 1;
    }
    struct heights heights = {.top = fmax(highest, fmin(whisker, WHISKER_SHARE * highest)),
                              .decimals = highest >= 2     ? 1
                                          : highest >= 0.2 ? 2
                                                           : 3,
                              .repeated = repeated};
    double end = heights.top > 0 ? heights.top * plot / (plot - above) : 1;
    heights.axis = (struct rog_axis){0, end, rog_nice_step(end, 6)};
    return heights;
}

/* Writes each half of the whiskers: with a stroke at its end, or without one if it is cut off. */
static void write_whiskers(FILE *file)
{
    static const struct {
        const char *condition, *end, *head;
    } half[] = {
        {"$7 <= top", "$7", "head"},
        {"$7 > top", "top", "nohead"},
        {"$6 >= 0", "$6", "head"},
        {"$6 < 0", "0", "nohead"},
    };
    for (size_t i = 0; i < sizeof half / sizeof *half; i++)
        fprintf(file,
                "     data using 1:($8 > 1 && %s ? $5 : NaN):(0):(%s - $5) with vectors %s "
                "size graph 0.012,90 nofilled lw 0.8 lc rgb 'black' notitle, \\\n",
                half[i].condition, half[i].end, half[i].head);
}

/* Names are labels, because gnuplot cuts texts of tics after 49 bytes, even within a character. */
static void write_names(FILE *file, const struct rog_bar_layout *layout, size_t count)
{
    fputs("unset xtics\n", file);
    for (size_t i = 0; i < count; i++) {
        fprintf(file, "set label %zu ", NAME_LABELS + i);
        rog_quote_gnuplot(file, layout->name[i]);
        fprintf(file, " at first %zu, graph 0 ", i);
        rog_bar_place_name(file, layout, i);
        fputs(" noenhanced\n", file);
    }
}

static void write_script(FILE *file, const char *stem, const char *title,
                         const struct rog_bar_layout *layout, const struct legend *legend,
                         const struct bar *bars, size_t count)
{
    struct heights heights = heights_of(bars, count, &layout->canvas, layout->number_inches);

    rog_script_begin(file, stem, title, &layout->canvas);
    fprintf(file, "top = %.10g    # where whiskers are cut off\n", heights.top);
    write_names(file, layout, count);
    fprintf(file,
            "set xrange [-0.5:%g]\n"
            "set yrange [0:%.10g]\n"
            "set ytics %g offset 0.3,0\n"
            "set grid ytics back lt 1 lc rgb '%s' lw 0.6\n"
            "set boxwidth 0.58\n"
            "set border front\n"
            "set style fill solid 1 noborder\n",
            (double)count - 0.5, heights.axis.max, heights.axis.step, ROG_COLOR_FAINT);
    rog_legend_rows(file, legend->entry, legend->count, &layout->canvas);
    rog_script_loop(file);
    rog_script_ytitle(file, &layout->canvas, &heights.axis, "Seconds per iteration", "black");
    fprintf(file,
            "plot data using 1:($2 + $3 + $4) with boxes lc rgb '%s' notitle, \\\n"
            "     data using 1:($2 + $3) with boxes lc rgb '%s' notitle, \\\n"
            "     data using 1:2 with boxes lc rgb '%s' notitle, \\\n",
            ROG_COLOR_STALL, ROG_COLOR_COMMUNICATION, ROG_COLOR_COMPUTATION);
    if (heights.repeated)
        write_whiskers(file);
    fprintf(file,
            "     data using 1:($7 > top ? top : $7):(sprintf('%%.%df', $5)) with labels %s "
            "0,%g notitle\n",
            heights.decimals, layout->numbers_on_end ? "rotate by 90 left offset" : "offset",
            layout->numbers_on_end ? 0.4
            : heights.repeated     ? 0.9
                                   : 0.6);
    rog_script_end(file);
}

/* Makes the layout, a second time if necessary: the axis depends on the height left for the plot,
 * and its numbers may then need more room than before. */
static int lay_out(struct rog_bar_layout *layout, const struct bar *bars, const char *const *names,
                   size_t count, const struct legend *legend, const struct rog_look *look,
                   const char *stem, struct rog_error *err)
{
    double left = 0;
    for (int round = 0; round < 2; round++) {
        rog_bar_layout_release(layout);
        int code = rog_bar_layout_make(layout, names, count, legend->entry, legend->count, left,
                                       PLOT_HEIGHT, look, stem, err);
        if (code < 0)
            return code;
        struct heights heights = heights_of(bars, count, &layout->canvas, layout->number_inches);
        left = rog_canvas_left(&layout->canvas, &heights.axis);
        if (left <= layout->canvas.left)
            break;
    }
    return 0;
}

/* Sets the names below the bars: the labels of series, shortened as long as they remain
 * distinct. */
static int name_bars(char **names, const struct rog_case_data *data, struct rog_error *err)
{
    size_t count = data->series_count;
    for (size_t i = 0; i < count; i++) {
        names[i] = rog_strdup(data->series[i].label);
        if (!names[i])
            return rog_fail_nomem(err);
    }
    int code = rog_distinct_shorten(names, count, NAME_COLUMNS, err);
    return code == 0 ? rog_distinct_cut(names, count, NAME_COLUMNS, err) : code;
}

int rog_panel_write_composition(const struct rog_panel *panel, const struct rog_case_data *data,
                                const struct rog_look *look, enum rog_axis_ends ends,
                                const char *folder, const char *stem, bool *drawn,
                                struct rog_error *err)
{
    (void)ends; /* these axes follow the data */
    struct rog_panel_files files = {0};
    struct rog_bar_layout layout = {0};
    char *title = NULL;
    size_t count = 0;
    struct bar *bars = calloc(data->series_count + 1, sizeof *bars);
    const char **names = calloc(data->series_count + 1, sizeof *names);
    char **name = calloc(data->series_count + 1, sizeof *name);
    int code = bars && names && name ? name_bars(name, data, err) : rog_fail_nomem(err);
    *drawn = false;
    for (size_t i = 0; i < data->series_count && code == 0; i++) {
        code = bar_make(&bars[count], data, &data->series[i], name[i], err);
        if (bars[count].total.count > 0) {
            names[count] = bars[count].label;
            count++;
        } else {
            free(bars[count].label);
            bars[count].label = NULL;
        }
    }
    if (code < 0 || count == 0)
        goto out;
    const struct legend legend = legend_of(bars, count, data->as_published);
    code = lay_out(&layout, bars, names, count, &legend, look, stem, err);
    if (code < 0)
        goto out;
    title = rog_format("%s: %s%s", data->title, panel->title,
                       data->as_published ? ", " ROG_AS_PUBLISHED : "");
    code = title ? rog_panel_files_open(&files, folder, stem, err) : rog_fail_nomem(err);
    if (code < 0)
        goto out;
    write_data(files.data, title, data->as_published, bars, count);
    write_script(files.script, stem, title, &layout, &legend, bars, count);
    code = rog_panel_files_close(&files, code, err);
    *drawn = code == 0;
out:
    for (size_t i = 0; i < count; i++)
        free(bars[i].label);
    for (size_t i = 0; name && i < data->series_count; i++)
        free(name[i]);
    free(name);
    rog_bar_layout_release(&layout);
    free(bars);
    free(names);
    free(title);
    return code;
}
