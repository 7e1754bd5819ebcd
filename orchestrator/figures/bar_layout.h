/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FIGURES_BAR_LAYOUT_H
#define ROG_FIGURES_BAR_LAYOUT_H

/*
 * The layout of bars with names. Names are horizontal under their bars if they fit, in several
 * lines if necessary; otherwise slanted, as long as enough room is left for the plot; otherwise
 * vertical. The plot grows with them, so that names do not need more room than it. If there are too
 * many even for this, the canvas is made wider.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include <orchestrator/figures/legend.h>
#include <orchestrator/figures/script.h>

enum rog_bar_slope { ROG_BAR_UPRIGHT, ROG_BAR_SLANTED, ROG_BAR_ON_END };

struct rog_bar_layout {
    struct rog_canvas canvas;
    enum rog_bar_slope slope;
    char **name; /* [count]: the names in their lines */
    size_t count;
    bool numbers_on_end;  /* the numbers above the bars are vertical */
    double number_inches; /* height of these numbers */
};

/* For `count` bars with clean names, with the legend's rows above them and a height of `plot`
 * inches unless the look has another one. The plot begins `left` inches from the edge or further
 * in. ROG_EINVAL: see rog_canvas_fit. */
int rog_bar_layout_make(struct rog_bar_layout *layout, const char *const *names, size_t count,
                        const struct rog_legend_entry *legend, size_t entries, double left,
                        double plot, const struct rog_look *look, const char *stem,
                        struct rog_error *err);
void rog_bar_layout_release(struct rog_bar_layout *layout);

/* Writes the gnuplot label that names bar number `bar` below the axis. */
void rog_bar_place_name(FILE *script, const struct rog_bar_layout *layout, size_t bar);

#endif
