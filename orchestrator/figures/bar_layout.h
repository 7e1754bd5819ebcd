/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FIGURES_BAR_LAYOUT_H
#define ROG_FIGURES_BAR_LAYOUT_H

/*
 * Where bars with names have their place. Names stand upright under their bars where they fit, in
 * several lines where they must; else at a slant, as long as that leaves the plot its place; else
 * on end. The plot grows with them, so that names do not take more than it does. Where they are so
 * many that even this has no room the canvas is made wider.
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
    bool numbers_on_end;  /* those over the bars */
    double number_inches; /* what they take in height */
};

/* Of `count` bars with clean names, with the legend's rows over them and `plot` inches of height
 * unless the look says another one. The plot begins `left` inches from the edge or further
 * in. ROG_EINVAL: see rog_canvas_fit. */
int rog_bar_layout_make(struct rog_bar_layout *layout, const char *const *names, size_t count,
                        const struct rog_legend_entry *legend, size_t entries, double left,
                        double plot, const struct rog_look *look, const char *stem,
                        struct rog_error *err);
void rog_bar_layout_release(struct rog_bar_layout *layout);

/* How gnuplot's label of that bar stands below the axis. */
void rog_bar_place_name(FILE *script, const struct rog_bar_layout *layout, size_t bar);

#endif
