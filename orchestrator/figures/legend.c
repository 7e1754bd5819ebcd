/* SPDX-License-Identifier: Apache-2.0 */
/* Draws a legend of lines, marks and texts. */
#include <orchestrator/figures/legend.h>

#include <math.h>

#include <orchestrator/text/quote.h>

#define PAD 0.03          /* inches around the entries */
#define LINE_HEIGHT 0.142 /* of an entry */
#define SAMPLE 0.30       /* length of a line sample */
#define BOX 0.13          /* width of a box sample */
#define GAP 0.07          /* between sample and text */
#define BETWEEN 0.20      /* between entries of a row */

double rog_legend_width(const struct rog_legend_entry *entries, size_t count)
{
    double longest = 0;
    for (size_t i = 0; i < count; i++)
        longest = fmax(longest, rog_text_inches(entries[i].text, ROG_SMALL_PT));
    return 2 * PAD + SAMPLE + GAP + longest;
}

double rog_legend_height(size_t count)
{
    return 2 * PAD + (double)count * LINE_HEIGHT;
}

/* The entry whose sample begins at (x, y), in inches from the legend's corner; y downwards. */
static void write_entry(FILE *script, const struct rog_legend_entry *entry, size_t index, double x,
                        double y, double sample)
{
    const struct rog_line_style *style = &entry->style;
    size_t tag = 100 + 2 * index;
    if (entry->fill)
        fprintf(script,
                "set object %zu rect from screen lx(%.3f), screen ly(%.3f) to screen lx(%.3f), "
                "screen ly(%.3f) front fc rgb '%s' fs solid 1 border rgb '%s' lw 0.6\n",
                tag, x, y + 0.04, x + sample, y - 0.04, entry->fill, style->color);
    else if (style->dash)
        fprintf(script,
                "set arrow %zu from screen lx(%.3f), screen ly(%.3f) to screen lx(%.3f), "
                "screen ly(%.3f) nohead front lc rgb '%s' lw %g dt %s\n",
                tag, x, y, x + sample, y, style->color, style->width, style->dash);
    if (style->mark)
        fprintf(script,
                "set label %zu '' at screen lx(%.3f), screen ly(%.3f) front point pt %d ps %g "
                "lc rgb '%s' lw 0.8\n",
                tag, x + sample / 2, y, style->mark, style->mark_size, style->color);
    fprintf(script, "set label %zu ", tag + 1);
    rog_quote_gnuplot(script, entry->text);
    fprintf(script, " at screen lx(%.3f), screen ly(%.3f) left front noenhanced\n",
            x + sample + GAP, y);
}

/* Positions within a legend are inches from its corner. */
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

void rog_legend_column(FILE *script, const struct rog_legend_entry *entries, size_t count,
                       const struct rog_canvas *canvas, double left, double top)
{
    write_origin(script, canvas, left, top);
    fprintf(script,
            "set object 99 rect from screen lx(0), screen ly(%.3f) to screen lx(%.3f), "
            "screen ly(0) front fc rgb 'white' fs solid 1 noborder\n",
            rog_legend_height(count), rog_legend_width(entries, count));
    for (size_t i = 0; i < count; i++)
        write_entry(script, &entries[i], i, PAD, PAD + ((double)i + 0.5) * LINE_HEIGHT, SAMPLE);
}

void rog_legend_row(FILE *script, const struct rog_legend_entry *entries, size_t count,
                    const struct rog_canvas *canvas)
{
    double width = -BETWEEN;
    for (size_t i = 0; i < count; i++)
        width += BOX + GAP + rog_text_inches(entries[i].text, ROG_SMALL_PT) + BETWEEN;
    double center = (canvas->left + canvas->width - canvas->right) / 2;
    write_origin(script, canvas, center - width / 2, canvas->height - canvas->top / 2);
    double x = 0;
    for (size_t i = 0; i < count; i++) {
        write_entry(script, &entries[i], i, x, 0, BOX);
        x += BOX + GAP + rog_text_inches(entries[i].text, ROG_SMALL_PT) + BETWEEN;
    }
}
