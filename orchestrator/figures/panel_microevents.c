/* SPDX-License-Identifier: Apache-2.0 */
/* Draws what one worker did, second by second: bandwidth, rows and staleness. */
#include <orchestrator/figures/figures.h>

#include <math.h>
#include <stdlib.h>

#include <common/file.h>
#include <orchestrator/figures/axis.h>
#include <orchestrator/figures/drawing.h>
#include <orchestrator/text/label.h>
#include <orchestrator/text/quote.h>
#include <orchestrator/figures/legend.h>
#include <orchestrator/figures/microevents.h>
#include <orchestrator/figures/published.h>
#include <orchestrator/figures/queries.h>
#include <orchestrator/figures/row_shares.h>
#include <orchestrator/figures/script.h>

/* Inches at the default size of the font. */
#define SECOND_TITLE 0.36  /* from the frame to the middle of the right axis's title */
#define THIRD_AXIS 0.52    /* from the frame to the axis of staleness */
#define THIRD_NUMBERS 0.07 /* from that axis to its numbers */
/* Least distance from that axis to the middle of its title. */
#define THIRD_TITLE 0.33
#define THIRD_TITLE_ROOM 0.11    /* from its numbers to the middle of its title */
#define ENDLESS_THRESHOLD 100000 /* thresholds from here on do not extend the axis */

#define PLOT_HEIGHT 1.78 /* inches */

/* Ends of the axes. The axis of staleness ends half an iteration above the threshold; as published,
 * it also begins half an iteration below 0. */
#define RATE_TOP 105 /* percent */
#define STALENESS_BEYOND 0.5
#define PUBLISHED_MBPS 130
#define PUBLISHED_RATE_TOP 120

#define LEGEND_ENTRIES 4
struct legend {
    struct rog_legend_entry entry[LEGEND_ENTRIES];
};

/* A link without a limit has no bandwidth to draw; the legend says so. */
static struct legend legend_of(const struct rog_microevents *events)
{
    static const struct legend own = {{
        {.text = "Bandwidth", .fill = ROG_COLOR_BANDWIDTH_FILL, .style.color = ROG_COLOR_BANDWIDTH},
        {.text = "Rows pushed", .style = {ROG_COLOR_TRANSMISSION, NULL, 0, 9, 0.6}},
        {.text = "Rows pulled", .style = {ROG_COLOR_TRANSMISSION, NULL, 0, 10, 0.65}},
        {.text = "Staleness", .style = {ROG_COLOR_STALENESS, "solid", 1.2, 0, 0}},
    }};
    static const struct legend published = {{
        {.text = "Bandwidth", .style = {ROG_COLOR_BANDWIDTH, "solid", 1.2, 0, 0}},
        {.text = "Transmission rate", .style = {ROG_COLOR_TRANSMISSION, "solid", 1.2, 7, 0.4}},
        {.text = "Staleness", .style = {ROG_COLOR_STALENESS, "solid", 1.2, 7, 0.4}},
        {.text = "drawn " ROG_AS_PUBLISHED},
    }};
    struct legend legend = events->as_published ? published : own;
    if (events->unlimited)
        legend.entry[0] = (struct rog_legend_entry){.text = "No bandwidth limit",
                                                    .style.color = ROG_COLOR_BANDWIDTH};
    return legend;
}

static void write_block(FILE *file, const char *what, const struct rog_microevent_list *list,
                        bool first)
{
    fprintf(file, "%s# %s\n", first ? "" : "\n\n", what);
    for (size_t i = 0; i < list->count; i++)
        fprintf(file, "%.10g %.10g\n", list->item[i].t, list->item[i].value);
    if (list->count == 0)
        fprintf(file, "NaN NaN\n"); /* keeps the numbers of later blocks */
}

/* Writes pushes and pulls, merged in order of time. */
static void write_both(FILE *file, const struct rog_microevents *events)
{
    const struct rog_microevent_list *push = &events->push, *pull = &events->pull;
    size_t a = 0, b = 0;
    fprintf(file, "\n\n# 3: transmission rate, pushes and pulls: seconds  percent of rows\n");
    while (a < push->count || b < pull->count) {
        bool take_push =
            b >= pull->count || (a < push->count && push->item[a].t <= pull->item[b].t);
        const struct rog_microevent *event = take_push ? &push->item[a++] : &pull->item[b++];
        fprintf(file, "%.10g %.10g\n", event->t, event->value);
    }
    if (push->count + pull->count == 0)
        fprintf(file, "NaN NaN\n");
}

static void write_data(FILE *file, const struct rog_microevents *events, const char *title)
{
    fprintf(file, "# ");
    rog_quote_gnuplot_comment(file, title);
    fputc('\n', file);
    write_block(file,
                events->as_published ? "0: bandwidth: seconds  Mbit/s, on straight lines"
                                     : "0: bandwidth: seconds  Mbit/s, until the next",
                &events->bandwidth, true);
    write_block(file, "1: transmission rate of pushes: seconds  percent of rows", &events->push,
                false);
    write_block(file, "2: transmission rate of pulls: seconds  percent of rows", &events->pull,
                false);
    write_both(file, events);
    write_block(file,
                events->as_published
                    ? "4: staleness: seconds  iterations behind the fastest, at the ends of the "
                      "third worker's iterations"
                    : "4: staleness: seconds  iterations behind the fastest, until the next",
                &events->staleness, false);
}

static double highest(const struct rog_microevent_list *list)
{
    double high = 0;
    for (size_t i = 0; i < list->count; i++)
        high = fmax(high, list->item[i].value);
    return high;
}

static struct rog_axis bandwidth_axis(const struct rog_microevents *events)
{
    double mbps = highest(&events->bandwidth);
    if (events->as_published)
        return (struct rog_axis){0, PUBLISHED_MBPS, rog_nice_step(PUBLISHED_MBPS, 6)};
    mbps = mbps > 0 ? 1.05 * mbps : 1;
    return (struct rog_axis){0, mbps, rog_nice_step(mbps, 6)};
}

static double staleness_top(const struct rog_microevents *events)
{
    double top = highest(&events->staleness);
    return events->threshold < ENDLESS_THRESHOLD ? fmax(top, (double)events->threshold) : top;
}

static int rate_top(const struct rog_microevents *events)
{
    return events->as_published ? PUBLISHED_RATE_TOP : RATE_TOP;
}

/* Draws the second axis on the right as arrows and labels: gnuplot provides only one. */
static void write_third_axis(FILE *file, const struct rog_canvas *canvas,
                             const struct rog_microevents *events)
{
    double highest_number = staleness_top(events);
    double scale = canvas->pt / ROG_LOOK_PT;
    double x = (canvas->width - canvas->right + THIRD_AXIS * scale) / canvas->width;
    fprintf(file,
            "\n"
            "# staleness: a second axis on the right, to the threshold and a half\n"
            "staleness_low = %g; staleness_top = %g\n"
            "rate_top = %d.0\n"
            "bottom = %.5f; top = %.5f; right = %.5f\n"
            "share(s) = (s - staleness_low) / (staleness_top + %g - staleness_low)\n"
            "set arrow from screen right, screen bottom to screen right, screen top nohead lw 0.8 "
            "lc rgb '%s'\n"
            "do for [s = 0 : int(staleness_top) : %d] {\n"
            "    y = bottom + (top - bottom) * share(s)\n"
            "    set arrow from screen right, screen y rto screen %.5f, screen 0 nohead lw 0.8 "
            "lc rgb '%s'\n"
            "    set label sprintf('%%d', s) at screen right + %.5f, screen y left tc rgb '%s'\n"
            "}\n",
            events->as_published ? -STALENESS_BEYOND : 0, highest_number, rate_top(events),
            canvas->bottom / canvas->height, 1 - canvas->top / canvas->height, x, STALENESS_BEYOND,
            ROG_COLOR_STALENESS, (int)fmax(1, rog_nice_step(highest_number + 1, 8)),
            0.04 * scale / canvas->width, ROG_COLOR_STALENESS,
            THIRD_NUMBERS * scale / canvas->width, ROG_COLOR_STALENESS);
}

/* Returns the distance from the axis of staleness to the middle of its title. */
static double third_title(const struct rog_canvas *canvas, double highest_number)
{
    char number[32];
    double scale = canvas->pt / ROG_LOOK_PT;
    snprintf(number, sizeof number, "%.0f", highest_number);
    return fmax(THIRD_TITLE * scale,
                (THIRD_NUMBERS + THIRD_TITLE_ROOM) * scale + rog_canvas_text(canvas, number));
}

static void write_right_titles(FILE *file, const struct rog_canvas *canvas, double highest_number)
{
    fprintf(file,
            "set label 903 'Transmission rate (%% of rows)' at screen %.5f, "
            "screen (bottom + top) / 2 center rotate by 90 font label_font tc rgb '%s'\n"
            "set label 904 'Staleness (iterations)' at screen right + %.5f, "
            "screen (bottom + top) / 2 center rotate by 90 font label_font tc rgb '%s'\n",
            (canvas->width - canvas->right + SECOND_TITLE * canvas->pt / ROG_LOOK_PT) /
                canvas->width,
            ROG_COLOR_TRANSMISSION, third_title(canvas, highest_number) / canvas->width,
            ROG_COLOR_STALENESS);
}

static void write_published_plot(FILE *file)
{
    fprintf(file,
            "set clip two\n"
            "plot data index 0 with lines lw 1.2 lc rgb '%s' notitle, \\\n"
            "     data index 3 axes x1y2 with linespoints lw 1.2 pt 7 ps 0.35 lc rgb '%s' notitle, "
            "\\\n"
            "     data index 4 using 1:(rate_top * share($2)) axes x1y2 with linespoints lw 1.2 "
            "pt 7 ps 0.35 lc rgb '%s' notitle\n",
            ROG_COLOR_BANDWIDTH, ROG_COLOR_TRANSMISSION, ROG_COLOR_STALENESS);
}

static void write_plot(FILE *file)
{
    fprintf(file,
            "plot data index 0 with fillsteps fs solid 1 noborder lc rgb '%s' notitle, \\\n"
            "     data index 0 with steps lw 0.9 lc rgb '%s' notitle, \\\n"
            "     data index 3 axes x1y2 with lines lw 0.6 lc rgb '%s' notitle, \\\n"
            "     data index 4 using 1:(rate_top * share($2)) axes x1y2 with steps lw 1.2 "
            "lc rgb '%s' notitle, \\\n"
            "     data index 1 axes x1y2 with points pt 9 ps 0.5 lc rgb '%s' notitle, \\\n"
            "     data index 2 axes x1y2 with points pt 10 ps 0.5 lw 0.7 lc rgb '%s' notitle\n",
            ROG_COLOR_BANDWIDTH_FILL, ROG_COLOR_BANDWIDTH, ROG_COLOR_TRANSMISSION,
            ROG_COLOR_STALENESS, ROG_COLOR_TRANSMISSION, ROG_COLOR_TRANSMISSION);
}

static void write_script(FILE *file, const struct rog_microevents *events,
                         const struct rog_canvas *canvas, const char *stem, const char *title)
{
    struct rog_axis x = {events->from_s, events->to_s,
                         rog_nice_step(events->to_s - events->from_s, 6)};
    const struct rog_axis y = bandwidth_axis(events);
    const struct legend legend = legend_of(events);

    rog_script_begin(file, stem, title, canvas);
    fprintf(file,
            "\n"
            "set xrange [%.10g:%.10g]\n"
            "set yrange [0:%.10g]\n"
            "set y2range [0:%d]\n"
            "set ytics %g offset 0.3,0 nomirror tc rgb '%s'\n"
            "set y2tics 20 offset -0.5,0 tc rgb '%s'\n",
            x.min, x.max, y.max, rate_top(events), y.step, ROG_COLOR_BANDWIDTH,
            ROG_COLOR_TRANSMISSION);
    rog_legend_rows(file, legend.entry, LEGEND_ENTRIES, canvas);
    rog_script_xtics(file, &x, canvas, false);
    write_third_axis(file, canvas, events);
    rog_script_loop(file);
    rog_script_xtitle(file, canvas, rog_time_title(events->is_virtual, !events->is_virtual));
    if (events->unlimited)
        fprintf(file, "unset ytics\n");
    else
        rog_script_ytitle(file, canvas, &y, "Bandwidth (Mbit/s)", ROG_COLOR_BANDWIDTH);
    write_right_titles(file, canvas, staleness_top(events));
    if (events->as_published)
        write_published_plot(file);
    else
        write_plot(file);
    rog_script_end(file);
}

/* Sets *stem to "CASE-microevents-RUN-RANK-START", followed by a suffix if drawn as published. CASE
 * is left out for a run that belongs to no case. */
static int make_stem(struct rog_db *db, const struct rog_microevents *events, char **stem,
                     struct rog_error *err)
{
    struct rog_query *query = NULL;
    char *owner = NULL;
    int code = rog_query_new(&query, db, err, rog_query_cases_of_run, "s", events->run_id);
    if (code == 0)
        code = rog_query_step(query, err);
    bool owned = code == 1;
    if (owned)
        owner = rog_quote_file_name(rog_query_text(query, 0));
    rog_query_free(query);
    if (code < 0)
        return code;
    char *run = rog_quote_file_name(events->run_id);
    if (run && (owner || !owned))
        *stem = rog_format("%s%smicroevents-%s-%lld-%.10g%s", owned ? owner : "", owned ? "-" : "",
                           run, (long long)events->rank, events->from_s,
                           events->as_published ? ROG_AS_PUBLISHED_SUFFIX : "");
    free(run);
    free(owner);
    return *stem ? 0 : rog_fail_nomem(err);
}

/* The default width is that of two panels of a case, so that fonts have the same size when the
 * pictures are beside each other. */
static int make_look(const struct rog_figures_options *options, struct rog_look *look,
                     struct rog_error *err)
{
    int code = rog_look_parse(options->size, options->font, look, err);
    if (!options->size)
        look->width *= 2;
    return code;
}

/* Sets the margins: the widths of the outer axes' numbers decide how far away their titles are. */
static int make_canvas(struct rog_canvas *canvas, const struct rog_microevents *events,
                       const struct rog_look *look, const char *stem, struct rog_error *err)
{
    *canvas = rog_canvas_make(look, 0.50, 0.98, 0.14, 0.44);
    const struct rog_axis y = bandwidth_axis(events);
    const struct legend legend = legend_of(events);
    canvas->left = fmax(canvas->left, rog_canvas_left(canvas, &y));
    canvas->right +=
        third_title(canvas, staleness_top(events)) - THIRD_TITLE * canvas->pt / ROG_LOOK_PT;
    canvas->top += rog_legend_rows_height(legend.entry, LEGEND_ENTRIES, canvas);
    return rog_canvas_fit(canvas, look, PLOT_HEIGHT, stem, err);
}

/* The data of both pictures. */
struct set {
    const struct rog_microevents *events;
    const struct rog_row_shares *shares; /* NULL: there is no picture of row shares */
    const char *stem, *title;
};

static int add_events(struct rog_drawing *drawing, const struct rog_look *look,
                      const struct set *set, struct rog_error *err)
{
    struct rog_panel_files files = {0};
    struct rog_canvas canvas;
    int code = make_canvas(&canvas, set->events, look, set->stem, err);
    if (code == 0)
        code = rog_panel_files_open(&files, drawing->scratch.path, set->stem, err);
    if (code < 0)
        return code;
    write_data(files.data, set->events, set->title);
    write_script(files.script, set->events, &canvas, set->stem, set->title);
    code = rog_panel_files_close(&files, code, err);
    return code == 0 ? rog_drawing_add(drawing, set->stem, err) : code;
}

static int add_rows(struct rog_drawing *drawing, const struct rog_look *look, const struct set *set,
                    struct rog_error *err)
{
    char *name = rog_format("%s-rows", set->stem);
    int code = name ? rog_row_shares_write(set->shares, set->events, look, drawing->scratch.path,
                                           name, set->title, err)
                    : rog_fail_nomem(err);
    if (code == 0)
        code = rog_drawing_add(drawing, name, err);
    free(name);
    return code;
}

static int write_set(struct rog_drawing *drawing, const struct rog_look *look, const void *user,
                     struct rog_error *err)
{
    const struct set *set = user;
    int code = add_events(drawing, look, set, err);
    return code == 0 && set->shares ? add_rows(drawing, look, set, err) : code;
}

/* Logs data that lie beyond the published axes, which have fixed ends. */
static void log_cut(const struct rog_microevents *events, const struct rog_figures_options *options)
{
    char text[128];
    double mbps = highest(&events->bandwidth);
    if (!events->as_published || !options->log || mbps <= PUBLISHED_MBPS)
        return;
    snprintf(text, sizeof text,
             "bandwidth goes up to %.4g Mbit/s; the published axis ends at %d, and lines are cut "
             "there",
             mbps, PUBLISHED_MBPS);
    options->log(options->user, text);
}

int rog_figures_draw_microevents(struct rog_db *db, const char *run, int64_t rank, double start_s,
                                 double span_s, bool rows,
                                 const struct rog_figures_options *options, struct rog_error *err)
{
    struct rog_microevents events;
    struct rog_row_shares shares = {0};
    struct rog_look look;
    char *stem = NULL, *plain = NULL, *title = NULL;
    int code = make_look(options, &look, err);
    if (code == 0)
        code = rog_microevents_load(db, run, rank, start_s, span_s, options->as_published, &events,
                                    err);
    if (code < 0)
        return code;
    if (rows)
        code = rog_row_shares_load(db, &events, &shares, err);
    if (code == 0)
        code = make_stem(db, &events, &stem, err);
    if (code < 0)
        goto out;
    log_cut(&events, options);
    plain =
        rog_format("run %s, worker %lld, %.10g s to %.10g s%s", events.run_id, (long long)rank,
                   events.from_s, events.to_s, options->as_published ? ", " ROG_AS_PUBLISHED : "");
    title = plain ? rog_label_clean(plain, 200) : NULL;
    const struct set set = {&events, rows ? &shares : NULL, stem, title};
    code = title ? rog_drawing_make(options, &look, write_set, &set, err) : rog_fail_nomem(err);
out:
    rog_row_shares_release(&shares);
    rog_microevents_release(&events);
    free(title);
    free(plain);
    free(stem);
    return code;
}
