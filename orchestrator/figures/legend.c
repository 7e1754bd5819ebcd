/* SPDX-License-Identifier: Apache-2.0 */
/* Draws a legend of lines, marks and texts. */
#include <orchestrator/figures/legend.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <orchestrator/figures/wrap.h>
#include <orchestrator/text/quote.h>

/* Inches at the default size of the font. */
#define PAD 0.03          /* margin around the entries */
#define LINE_HEIGHT 0.142 /* height of a line of text */
#define SAMPLE 0.30       /* length of a line sample */
#define BOX 0.13          /* width of a box sample */
#define GAP 0.07          /* between sample and text */
#define BETWEEN 0.20      /* between entries of a row */

static double scaled(const struct rog_canvas *canvas, double inches)
{
    return inches * canvas->pt / ROG_LOOK_PT;
}

static double text_width(const struct rog_legend_entry *entry, const struct rog_canvas *canvas)
{
    return rog_wrap_em(entry->text) * rog_canvas_em(canvas);
}

static bool is_remark(const struct rog_legend_entry *entry)
{
    return !entry->fill && !entry->style.dash && !entry->style.mark;
}

double rog_legend_width(const struct rog_legend_entry *entries, size_t count,
                        const struct rog_canvas *canvas)
{
    double longest = 0;
    for (size_t i = 0; i < count; i++)
        longest = fmax(longest, (is_remark(&entries[i]) ? 0 : scaled(canvas, SAMPLE + GAP)) +
                                    text_width(&entries[i], canvas));
    return scaled(canvas, 2 * PAD) + longest;
}

double rog_legend_text_width(double width, const struct rog_canvas *canvas)
{
    return width - scaled(canvas, 2 * PAD + SAMPLE + GAP);
}

double rog_legend_height(const struct rog_legend_entry *entries, size_t count, size_t columns,
                         const struct rog_canvas *canvas)
{
    size_t rows = (count + columns - 1) / columns, highest = 0;
    for (size_t first = 0; first < count; first += rows) {
        size_t lines = 0;
        for (size_t i = first; i < count && i < first + rows; i++)
            lines += rog_wrap_lines(entries[i].text);
        highest = lines > highest ? lines : highest;
    }
    return scaled(canvas, 2 * PAD + (double)highest * LINE_HEIGHT);
}

static void write_text(FILE *script, const char *text, size_t size, double x, double y)
{
    char *line = strndup(text, size);
    fprintf(script, "set label ");
    rog_quote_gnuplot(script, line ? line : "");
    fprintf(script, " at screen lx(%.3f), screen ly(%.3f) left front noenhanced\n", x, y);
    free(line);
}

/* Writes the entry whose sample begins at (x, y), in inches from the legend's corner, y
 * downwards. */
static void write_entry(FILE *script, const struct rog_legend_entry *entry,
                        const struct rog_canvas *canvas, double x, double y, double sample)
{
    const struct rog_line_style *style = &entry->style;
    double text_at = is_remark(entry) ? 0 : sample + scaled(canvas, GAP);
    if (entry->fill)
        fprintf(script,
                "set object rect from screen lx(%.3f), screen ly(%.3f) to screen lx(%.3f), "
                "screen ly(%.3f) front fc rgb '%s' fs solid 1 border rgb '%s' lw 0.6\n",
                x, y + scaled(canvas, 0.04), x + sample, y - scaled(canvas, 0.04), entry->fill,
                style->color);
    else if (style->dash)
        fprintf(script,
                "set arrow from screen lx(%.3f), screen ly(%.3f) to screen lx(%.3f), "
                "screen ly(%.3f) nohead front lc rgb '%s' lw %g dt %s\n",
                x, y, x + sample, y, style->color, style->width, style->dash);
    if (style->mark)
        fprintf(script,
                "set label '' at screen lx(%.3f), screen ly(%.3f) front point pt %d ps %g "
                "lc rgb '%s' lw 0.8\n",
                x + sample / 2, y, style->mark, style->mark_size, style->color);
    for (const char *line = entry->text; line; y += scaled(canvas, LINE_HEIGHT)) {
        size_t size = strcspn(line, "\n");
        write_text(script, line, size, x + text_at, y);
        line = line[size] ? line + size + 1 : NULL;
    }
}

/* Defines the legend's corner; positions within the legend are inches from it. */
static void write_origin(FILE *script, const struct rog_canvas *canvas, double left, double top)
{
    fprintf(script,
            "\n"
            "legend_x = %.3f    # inches from the left and bottom edges\n"
            "legend_y = %.3f\n"
            "lx(x) = (legend_x + x) / %g\n"
            "ly(y) = (legend_y - y) / %g\n",
            left, top, canvas->width, canvas->height);
}

void rog_legend_columns(FILE *script, const struct rog_legend_entry *entries, size_t count,
                        size_t columns, const struct rog_canvas *canvas, double left, double top)
{
    size_t rows = (count + columns - 1) / columns, lines = 0;
    double width = rog_legend_width(entries, count, canvas);
    write_origin(script, canvas, left, top);
    fprintf(script,
            "set object rect from screen lx(0), screen ly(%.3f) to screen lx(%.3f), screen ly(0) "
            "front fc rgb 'white' fs solid 1 noborder\n",
            rog_legend_height(entries, count, columns, canvas), width * (double)columns);
    for (size_t i = 0; i < count; i++) {
        if (i % rows == 0)
            lines = 0;
        write_entry(script, &entries[i], canvas, scaled(canvas, PAD) + width * (double)(i / rows),
                    scaled(canvas, PAD + ((double)lines + 0.5) * LINE_HEIGHT),
                    scaled(canvas, SAMPLE));
        lines += rog_wrap_lines(entries[i].text);
    }
}

/* Returns how many entries from `first` on fit side by side, at least one; *width is their total
 * width. */
static size_t row_from(const struct rog_legend_entry *entries, size_t count, size_t first,
                       const struct rog_canvas *canvas, double *width)
{
    size_t i = first;
    *width = 0;
    for (; i < count; i++) {
        double wider = *width + (i > first ? scaled(canvas, BETWEEN) : 0) +
                       scaled(canvas, BOX + GAP) + text_width(&entries[i], canvas);
        if (i > first && wider > canvas->width - scaled(canvas, 2 * PAD))
            break;
        *width = wider;
    }
    return i - first;
}

double rog_legend_rows_height(const struct rog_legend_entry *entries, size_t count,
                              const struct rog_canvas *canvas)
{
    size_t rows = 0;
    double width;
    for (size_t i = 0; i < count; i += row_from(entries, count, i, canvas, &width))
        rows++;
    return (double)rows * scaled(canvas, LINE_HEIGHT);
}

void rog_legend_rows(FILE *script, const struct rog_legend_entry *entries, size_t count,
                     const struct rog_canvas *canvas)
{
    double height = rog_legend_rows_height(entries, count, canvas), width;
    double center = (canvas->left + canvas->width - canvas->right) / 2;
    double y = scaled(canvas, LINE_HEIGHT) / 2;
    write_origin(script, canvas, 0, canvas->height - (canvas->top - height) / 2);
    for (size_t i = 0, size; i < count; i += size, y += scaled(canvas, LINE_HEIGHT)) {
        size = row_from(entries, count, i, canvas, &width);
        double x = fmin(center - width / 2, canvas->width - scaled(canvas, PAD) - width);
        x = fmax(x, scaled(canvas, PAD));
        for (size_t k = i; k < i + size; k++) {
            write_entry(script, &entries[k], canvas, x, y, scaled(canvas, BOX));
            x += scaled(canvas, BOX + GAP + BETWEEN) + text_width(&entries[k], canvas);
        }
    }
}
