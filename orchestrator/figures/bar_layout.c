/* SPDX-License-Identifier: Apache-2.0 */
/* Decides how the names of bars are placed: horizontal, slanted or vertical. */
#include <orchestrator/figures/bar_layout.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <orchestrator/figures/wrap.h>

/* Inches at the default size of the font. */
#define LEFT 0.50
#define CLEAR 0.06         /* between two names */
#define LINE 0.125         /* height of a line of a vertical name */
#define NUMBER 0.22        /* width of a horizontal number */
#define VERTICAL_LEAST 1.2 /* length at which a vertical name is first broken */
#define HORIZONTAL_LINES 3 /* most lines of a horizontal name */
#define SLANT_X 0.87       /* extent of a slanted name, as shares of its length */
#define SLANT_Y 0.5
/* Most that slanted names may take on the left, as a share of the width. */
#define SLANT_MOST 0.25
/* Least height of the plot if none is given, as a share of the picture's. */
#define PLOT_SHARE 0.55

static double scaled(const struct rog_canvas *canvas, double inches)
{
    return inches * canvas->pt / ROG_LOOK_PT;
}

static double room_of(const struct rog_bar_layout *layout)
{
    return rog_canvas_plot_width(&layout->canvas) / (double)layout->count;
}

/* Breaks the names into lines of at most `inches`; *lines is the most lines of any name. */
static int break_names(struct rog_bar_layout *layout, const char *const *names, double inches,
                       size_t *lines, struct rog_error *err)
{
    *lines = 1;
    for (size_t i = 0; i < layout->count; i++) {
        free(layout->name[i]);
        layout->name[i] = rog_wrap(names[i], inches / rog_canvas_em(&layout->canvas));
        if (!layout->name[i])
            return rog_fail_nomem(err);
        size_t own = rog_wrap_lines(layout->name[i]);
        *lines = own > *lines ? own : *lines;
    }
    return 0;
}

static double longest_word(const struct rog_bar_layout *layout, const char *const *names)
{
    double longest = 0;
    for (size_t i = 0; i < layout->count; i++) {
        char *copy = rog_strdup(names[i]), *rest = copy;
        for (char *word; rest && (word = strsep(&rest, " "));)
            longest = fmax(longest, rog_canvas_text(&layout->canvas, word));
        free(copy);
    }
    return longest;
}

static double longest_line(const struct rog_bar_layout *layout)
{
    double em = 0;
    for (size_t i = 0; i < layout->count; i++)
        em = fmax(em, rog_wrap_em(layout->name[i]));
    return em * rog_canvas_em(&layout->canvas);
}

/* Places the names vertically. Each has as many lines as fit below its bar, but lines do not become
 * shorter than necessary. */
static int put_vertical(struct rog_bar_layout *layout, const char *const *names,
                        struct rog_error *err)
{
    struct rog_canvas *canvas = &layout->canvas;
    double line = scaled(canvas, LINE), inches = scaled(canvas, VERTICAL_LEAST);
    size_t lines;
    int code;
    layout->slope = ROG_BAR_ON_END;
    while ((code = break_names(layout, names, inches, &lines, err)) == 0 && lines > 1 &&
           (double)lines * line > room_of(layout))
        inches *= 1.25;
    if (code < 0)
        return code;
    canvas->bottom = scaled(canvas, 0.14) + longest_line(layout);
    double needed = canvas->left + canvas->right + line * (double)layout->count;
    canvas->width = fmax(canvas->width, needed);
    return 0;
}

/* Places the names slanted. *fits is false if they would take too much of the plot. */
static int put_slanted(struct rog_bar_layout *layout, const char *const *names, bool *fits,
                       struct rog_error *err)
{
    struct rog_canvas *canvas = &layout->canvas;
    size_t lines;
    int code = break_names(layout, names, INFINITY, &lines, err);
    if (code < 0)
        return code;
    double longest = longest_line(layout), room = room_of(layout);
    double left = SLANT_X * longest - room / 2 + 0.10;
    *fits = room >= 2 * scaled(canvas, LINE) && left <= SLANT_MOST * canvas->width;
    if (*fits) {
        layout->slope = ROG_BAR_SLANTED;
        canvas->left = fmax(canvas->left, left);
        canvas->bottom = scaled(canvas, 0.20) + SLANT_Y * longest;
    }
    return 0;
}

static int put_names(struct rog_bar_layout *layout, const char *const *names, struct rog_error *err)
{
    double room = room_of(layout) - CLEAR, line = scaled(&layout->canvas, LINE);
    size_t lines;
    bool slanted = false;
    int code = break_names(layout, names, fmax(room, line), &lines, err);
    if (code == 0 && lines <= HORIZONTAL_LINES && longest_word(layout, names) <= room) {
        layout->canvas.bottom += line * (double)(lines - 1);
        return 0;
    }
    if (code == 0)
        code = put_slanted(layout, names, &slanted, err);
    return code == 0 && !slanted ? put_vertical(layout, names, err) : code;
}

int rog_bar_layout_make(struct rog_bar_layout *layout, const char *const *names, size_t count,
                        const struct rog_legend_entry *legend, size_t entries, double left,
                        double plot, const struct rog_look *look, const char *stem,
                        struct rog_error *err)
{
    *layout = (struct rog_bar_layout){
        .canvas = rog_canvas_make(look, LEFT, 0.10, 0.12, 0.28),
        .name = calloc(count + 1, sizeof *layout->name),
        .count = count,
    };
    struct rog_canvas *canvas = &layout->canvas;
    canvas->left = fmax(canvas->left, left);
    canvas->top += rog_legend_rows_height(legend, entries, canvas);
    int code = layout->name ? put_names(layout, names, err) : rog_fail_nomem(err);
    layout->numbers_on_end = room_of(layout) < rog_canvas_text(canvas, "00.00");
    layout->number_inches =
        layout->numbers_on_end ? rog_canvas_text(canvas, "000.00") : scaled(canvas, NUMBER);
    plot = fmax(plot, (canvas->top + canvas->bottom) * PLOT_SHARE / (1 - PLOT_SHARE));
    return code == 0 ? rog_canvas_fit(canvas, look, plot, stem, err) : code;
}

void rog_bar_layout_release(struct rog_bar_layout *layout)
{
    for (size_t i = 0; layout->name && i < layout->count; i++)
        free(layout->name[i]);
    free(layout->name);
    *layout = (struct rog_bar_layout){0};
}

void rog_bar_place_name(FILE *script, const struct rog_bar_layout *layout, size_t bar)
{
    static const char *const texts[] = {
        [ROG_BAR_UPRIGHT] = "center offset 0,-0.8",
        [ROG_BAR_SLANTED] = "rotate by 30 right offset 0.6,-0.9",
        [ROG_BAR_ON_END] = "rotate by 90 right",
    };
    fputs(texts[layout->slope], script);
    if (layout->slope != ROG_BAR_ON_END)
        return;
    /* Gnuplot puts the first line below the bar and further lines to its right. */
    size_t breaks = 0;
    for (const char *c = layout->name[bar]; *c; c++)
        breaks += *c == '\n';
    fprintf(script, " offset screen %.5f, character -0.5",
            -(double)breaks * LINE / 2 / layout->canvas.width);
}
