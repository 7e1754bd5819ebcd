/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FIGURES_SCRIPT_H
#define ROG_FIGURES_SCRIPT_H

/*
 * What all gnuplot scripts have in common. A script stands beside its data, names both by relative
 * path, and draws every format when it is run by hand in its folder: `gnuplot NAME.gp`.
 */

#include <stdio.h>

#include <orchestrator/figures/axis.h>

#define ROG_FONT_PT 9.0 /* axis labels; ticks and legends are smaller */
#define ROG_SMALL_PT 8.0

/* Sizes in inches. */
struct rog_canvas {
    double width, height;
    double left, right, top, bottom; /* margins around the plot */
};

/* Formats, size, fonts, margins. `title` is clean text. Settings follow, then the loop. */
void rog_script_begin(FILE *script, const char *stem, const char *title,
                      const struct rog_canvas *canvas);
/* Begins the loop over formats. Within it `label_font` is the font of axis labels. */
void rog_script_loop(FILE *script);
/* Ends the loop. */
void rog_script_end(FILE *script);

/* Ticks along x with thousands in their labels, as many as fit; a dashed line at each where
 * `ruled`. */
void rog_script_xtics(FILE *script, const struct rog_axis *axis, const struct rog_canvas *canvas,
                      bool ruled);

/* Width of clean text in inches. */
double rog_text_inches(const char *text, double pt);

#endif
