/* SPDX-License-Identifier: Apache-2.0 */
/* Draws the panel of the shares of rows that were sent, by layer. */
#include <orchestrator/figures/row_shares.h>

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <orchestrator/figures/axis.h>
#include <orchestrator/text/fonts.h>
#include <orchestrator/text/label.h>
#include <orchestrator/text/quote.h>
#include <orchestrator/figures/panel.h>
#include <orchestrator/figures/script.h>

#define GAP 0.11         /* between the two maps, as a share of one of them */
#define LABEL_ROOM 0.115 /* least inches of height for the name of a group */
#define NAME_MAX_INCHES 1.35

#define NAME_GAP 0.1 /* inches between a name and its map */

#define PLOT_HEIGHT 3.34 /* inches */

static const char *const ways[ROG_ROW_WAYS] = {"Pushed", "Pulled"};

/* Returns the length of the name of a layer's group: the name up to the first part that is a
 * number, so that "stages.0.blocks.1.fc1" belongs to "stages.0". Consecutive layers of one group
 * share a label. */
static size_t group_bytes(const char *name)
{
    const char *dot = strchr(name, '.');
    if (!dot)
        return strlen(name);
    size_t number = strspn(dot + 1, "0123456789");
    bool numbered = number > 0 && (dot[1 + number] == '.' || dot[1 + number] == '\0');
    return (size_t)(dot - name) + (numbered ? 1 + number : 0);
}

static bool same_group(const char *a, const char *b)
{
    size_t bytes = group_bytes(a);
    return bytes == group_bytes(b) && memcmp(a, b, bytes) == 0;
}

/* Returns the upper edge of a map. Layer i extends from y0 - i to y0 - i - 1, y0 being this
 * edge. */
static double top_of(const struct rog_row_shares *shares, int way)
{
    double layers = (double)shares->layers;
    return way == ROG_ROWS_PULLED ? layers : layers * (2 + GAP);
}

/* Writes the boxes of an exchange. Adjacent layers with the same share are one box: fewer visible
 * seams, smaller files. */
static void write_boxes(FILE *file, const struct rog_row_exchange *exchange, size_t layers,
                        double top)
{
    for (size_t i = 0; i < layers;) {
        size_t end = i + 1;
        while (end < layers && exchange->percent[end] == exchange->percent[i])
            end++;
        double high = top - (double)i, low = top - (double)end;
        if (!isnan(exchange->percent[i]))
            fprintf(file, "%.10g %g %.10g %.10g %g %g %.4g\n",
                    (exchange->from_s + exchange->to_s) / 2, (high + low) / 2, exchange->from_s,
                    exchange->to_s, low, high, exchange->percent[i]);
        i = end;
    }
}

static void write_data(FILE *file, const struct rog_row_shares *shares, const char *title)
{
    fprintf(file, "# ");
    rog_quote_gnuplot_comment(file, title);
    fputc('\n', file);
    for (int way = 0; way < ROG_ROW_WAYS; way++) {
        fprintf(file,
                "%s# %d: %s: middle s, middle y, from s, to s, from y, to y, percent of the "
                "layer's rows\n",
                way ? "\n\n" : "", way, ways[way]);
        if (shares->way[way].count == 0)
            fprintf(file, "NaN NaN NaN NaN NaN NaN NaN\n"); /* keeps the numbers of later blocks */
        for (size_t i = 0; i < shares->way[way].count; i++)
            write_boxes(file, &shares->way[way].item[i], shares->layers, top_of(shares, way));
    }
    fprintf(file, "\n\n# Layers, from the top of each map down: rows, name\n");
    for (size_t i = 0; i < shares->layers; i++) {
        fprintf(file, "# %g ", shares->rows[i]);
        rog_quote_gnuplot_comment(file, shares->layer[i]);
        fputc('\n', file);
    }
}

/* Returns the name of a layer's group, cut if it is too long for the margin. NULL without
 * memory. */
static char *group_name(const struct rog_canvas *canvas, const char *layer)
{
    char *name = strndup(layer, group_bytes(layer)), *fitting = NULL;
    char *text = name ? rog_fonts_drawable(name) : NULL;
    free(name);
    for (size_t most = 40; text && most > 4; most--) {
        free(fitting);
        fitting = rog_label_clean(text, most);
        if (fitting && rog_canvas_text(canvas, fitting) <= NAME_MAX_INCHES)
            break;
    }
    free(text);
    return fitting;
}

/* Sets the left margin to the width of the longest name. */
static int make_canvas(struct rog_canvas *canvas, const struct rog_look *look,
                       const struct rog_row_shares *shares, const char *stem, struct rog_error *err)
{
    double widest = 0;
    *canvas = rog_canvas_make(look, 0.15, 0.80, 0.22, 0.44);
    for (size_t i = 0; i < shares->layers; i++) {
        char *name = group_name(canvas, shares->layer[i]);
        widest = fmax(widest, name ? rog_canvas_text(canvas, name) : 0);
        free(name);
    }
    canvas->left += fmin(widest, NAME_MAX_INCHES) + NAME_GAP;
    return rog_canvas_fit(canvas, look, PLOT_HEIGHT, stem, err);
}

/* Writes the name of each group at its middle, and a line between two groups. */
static void write_groups(FILE *file, const struct rog_row_shares *shares,
                         const struct rog_canvas *canvas, int way)
{
    double top = top_of(shares, way), labelled = INFINITY;
    double plot = rog_canvas_plot_height(canvas),
           label_room = LABEL_ROOM * canvas->pt / ROG_LOOK_PT;
    double unit = plot / ((double)shares->layers * (2 + GAP)); /* inches per layer */
    for (size_t i = 0; i < shares->layers;) {
        size_t end = i + 1;
        while (end < shares->layers && same_group(shares->layer[i], shares->layer[end]))
            end++;
        double middle = top - (double)(i + end) / 2;
        if ((labelled - middle) * unit >= label_room) {
            char *name = group_name(canvas, shares->layer[i]);
            fprintf(file, "set label ");
            rog_quote_gnuplot(file, name ? name : "");
            fprintf(file, " at graph -0.012, first %g right font tick_font\n", middle);
            free(name);
            labelled = middle;
        }
        if (i > 0)
            fprintf(file,
                    "set arrow from graph 0, first %g to graph 1, first %g nohead front lw 0.35 "
                    "lc rgb '%s'\n",
                    top - (double)i, top - (double)i, ROG_COLOR_RULE);
        i = end;
    }
}

static void write_maps(FILE *file, const struct rog_row_shares *shares,
                       const struct rog_canvas *canvas)
{
    double layers = (double)shares->layers;
    for (int way = 0; way < ROG_ROW_WAYS; way++) {
        double top = top_of(shares, way);
        fprintf(file,
                "set object rectangle from graph 0, first %g to graph 1, first %g behind "
                "fc rgb '%s' fs pattern 4 noborder\n"
                "set object rectangle from graph 0, first %g to graph 1, first %g front "
                "fs empty border lc rgb 'black' lw 0.6\n"
                "set label '%s' at graph 0, first %g left offset 0,0.55 font label_font\n",
                top - layers, top, ROG_COLOR_RULE, top - layers, top, ways[way], top);
        write_groups(file, shares, canvas, way);
    }
}

static void write_script(FILE *file, const struct rog_row_shares *shares,
                         const struct rog_microevents *events, const struct rog_canvas *frame,
                         const char *stem, const char *title)
{
    /* inches: its width, and its distance from the maps */
    double colorbox = 0.14 * frame->pt / ROG_LOOK_PT;
    struct rog_axis x = {events->from_s, events->to_s,
                         rog_nice_step(events->to_s - events->from_s, 6)};
    rog_script_begin(file, stem, title, frame);
    fprintf(file,
            "\n"
            "set xrange [%.10g:%.10g]\n"
            "set yrange [0:%g]\n"
            "unset ytics\n"
            "unset border\n"
            "# Not sent: white; sent whole: dark, in grey too. Hatched: nothing is recorded.\n"
            "set palette defined (0 '#FFFFFF', 0.25 '#C6DBEF', 0.5 '#6BAED6', 0.75 '#2171B5', "
            "1 '#08306B')\n"
            "set cbrange [0:100]\n"
            "set cbtics 25 scale 0.4 offset -0.6,0\n"
            "set colorbox vertical user origin screen %.5f, screen %.5f size screen %.5f, "
            "screen %.5f\n",
            x.min, x.max, top_of(shares, ROG_ROWS_PUSHED),
            1 - (frame->right - colorbox) / frame->width, frame->bottom / frame->height,
            colorbox / frame->width, rog_canvas_plot_height(frame) / frame->height);
    rog_script_xtics(file, &x, frame, false);
    rog_script_loop(file);
    fprintf(file, "tick_font = sprintf('%%s,%%g', font, small * points)\n"
                  "unset label\nunset arrow\nunset object\n");
    write_maps(file, shares, frame);
    rog_script_xtitle(file, frame, rog_time_title(events->is_virtual, !events->is_virtual));
    fprintf(file, "set cblabel 'Share of the layer''s rows (%%)' font label_font offset 0.2,0\n"
                  "plot for [way = 0:1] data index way using 1:2:3:4:5:6:7 with boxxyerror "
                  "fs solid border lw 0.1 lc palette notitle\n");
    rog_script_end(file);
}

int rog_row_shares_write(const struct rog_row_shares *shares, const struct rog_microevents *events,
                         const struct rog_look *look, const char *folder, const char *stem,
                         const char *title, struct rog_error *err)
{
    struct rog_panel_files files = {0};
    struct rog_canvas canvas;
    int code = make_canvas(&canvas, look, shares, stem, err);
    if (code == 0)
        code = rog_panel_files_open(&files, folder, stem, err);
    if (code < 0)
        return code;
    write_data(files.data, shares, title);
    write_script(files.script, shares, events, &canvas, stem, title);
    return rog_panel_files_close(&files, code, err);
}
