/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FIGURES_LEGEND_H
#define ROG_FIGURES_LEGEND_H

/* Legends are drawn piece by piece, because gnuplot's own differ in size between formats and may
 * cover data in one of them. */

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include <orchestrator/figures/script.h>
#include <orchestrator/figures/style.h>

struct rog_legend_entry {
    const char *text;            /* clean; may be wrapped (wrap.h) */
    struct rog_line_style style; /* dash NULL: no line; mark 0: no mark; without both, and without
                                  * fill: a remark, only text */
    const char *fill;            /* a box of this colour instead of line and mark; or NULL */
};

/* The width of a column of the legend, and the part of it for texts, in inches. */
double rog_legend_width(const struct rog_legend_entry *entries, size_t count,
                        const struct rog_canvas *canvas);
double rog_legend_text_width(double width, const struct rog_canvas *canvas);
/* The height of a legend with this many columns. */
double rog_legend_height(const struct rog_legend_entry *entries, size_t count, size_t columns,
                         const struct rog_canvas *canvas);

/* Entries from top to bottom, column by column; the upper left corner in inches from the picture's
 * left and bottom edges. */
void rog_legend_columns(FILE *script, const struct rog_legend_entry *entries, size_t count,
                        size_t columns, const struct rog_canvas *canvas, double left, double top);

/* Entries side by side above the plot, in as many lines as necessary; the height of all lines. */
double rog_legend_rows_height(const struct rog_legend_entry *entries, size_t count,
                              const struct rog_canvas *canvas);
void rog_legend_rows(FILE *script, const struct rog_legend_entry *entries, size_t count,
                     const struct rog_canvas *canvas);

#endif
