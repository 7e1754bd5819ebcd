/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FIGURES_SCRIPT_H
#define ROG_FIGURES_SCRIPT_H

/*
 * The common parts of all gnuplot scripts. A script is beside its data, names both by relative
 * path, and draws every format if run by hand in its folder: `gnuplot NAME.gp`.
 */

#include <stdbool.h>
#include <stdio.h>

#include <orchestrator/conf/look.h>
#include <orchestrator/figures/axis.h>

/* Sizes in inches. */
struct rog_canvas {
    double width, height;            /* height 0: not known yet */
    double left, right, top, bottom; /* margins around the plot */
    const char *font;
    double pt;      /* of axis labels */
    double stretch; /* rog_look */
};

/* A canvas with that look, with margins in inches for the default font size: they grow with the
 * font. */
struct rog_canvas rog_canvas_make(const struct rog_look *look, double left, double right,
                                  double top, double bottom);
/* Sets the height: as in the look, or as needed for the margins and a plot of `plot` inches.
 * ROG_EINVAL if the look leaves no room for a plot; `stem` is the picture's name. */
int rog_canvas_fit(struct rog_canvas *canvas, const struct rog_look *look, double plot,
                   const char *stem, struct rog_error *err);
double rog_canvas_plot_width(const struct rog_canvas *canvas);
double rog_canvas_plot_height(const struct rog_canvas *canvas);
/* Width in inches of an em of ticks, legends and everything except axis labels, for measuring
 * texts. */
double rog_canvas_em(const struct rog_canvas *canvas);

/* Formats, size, fonts, margins. `title` is clean text. Settings follow, then the loop. */
void rog_script_begin(FILE *script, const char *stem, const char *title,
                      const struct rog_canvas *canvas);
/* Begins the loop over formats. Within it `label_font` is the font of axis labels. */
void rog_script_loop(FILE *script);
/* Ends the loop. */
void rog_script_end(FILE *script);

/* Ticks along x with thousands in their labels, as many as fit; a dashed line at each if
 * `ruled`. */
void rog_script_xtics(FILE *script, const struct rog_axis *axis, const struct rog_canvas *canvas,
                      bool ruled);

/* The left margin of a plot, so that the title of its y axis fits beside the tick labels. */
double rog_canvas_left(const struct rog_canvas *canvas, const struct rog_axis *y);

/* Within the loop: the titles of the axes, at the same position in all formats. gnuplot places its
 * own after the tick labels, whose width it estimates differently for each format. They are labels
 * 901 and 902: settings within the loop need a number, or they are drawn again for each format. */
void rog_script_xtitle(FILE *script, const struct rog_canvas *canvas, const char *title);
void rog_script_ytitle(FILE *script, const struct rog_canvas *canvas, const struct rog_axis *y,
                       const char *title, const char *color);

/* Width of clean text in the small font of the canvas. */
double rog_canvas_text(const struct rog_canvas *canvas, const char *text);

/* The title of a time axis if all runs are in virtual time, none, or some. */
const char *rog_time_title(bool some_virtual, bool some_real);

#endif
