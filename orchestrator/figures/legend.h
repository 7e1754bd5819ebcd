/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FIGURES_LEGEND_H
#define ROG_FIGURES_LEGEND_H

/* Legends are drawn piece by piece, because gnuplot's own differ in size from format to format and
 * may cover data in one that they miss in another. */

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include <orchestrator/figures/script.h>
#include <orchestrator/figures/style.h>

struct rog_legend_entry {
    const char *text;            /* clean */
    struct rog_line_style style; /* dash NULL: no line; mark 0: no mark */
    const char *fill;            /* a box of this colour instead of line and mark; or NULL */
};

/* What a legend with one entry a line takes, in inches. */
double rog_legend_width(const struct rog_legend_entry *entries, size_t count);
double rog_legend_height(size_t count);

/* One entry a line; the upper left corner in inches from the picture's left and bottom edges. */
void rog_legend_column(FILE *script, const struct rog_legend_entry *entries, size_t count,
                       const struct rog_canvas *canvas, double left, double top);
/* All entries in one line, centred over the plot. */
void rog_legend_row(FILE *script, const struct rog_legend_entry *entries, size_t count,
                    const struct rog_canvas *canvas);

#endif
