/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FIGURES_STYLE_H
#define ROG_FIGURES_STYLE_H

/*
 * Colours, dashes and marks. The colours are safe for colour-blind readers (Okabe & Ito 2008,
 * extended from Paul Tol's "muted" set); in grey the dashes and marks tell the lines apart.
 */

#include <stdbool.h>
#include <stddef.h>

struct rog_line_style {
    const char *color; /* "#rrggbb" */
    const char *dash;  /* gnuplot's dashtype */
    double width;      /* points */
    int mark;          /* gnuplot's pointtype */
    double mark_size;  /* gnuplot's pointsize */
};

#define ROG_LINE_COLORS 9  /* styles i and i + 9 have the same colour */
#define ROG_LINE_STYLES 99 /* and as many have different colours or marks */

/* Style `index`: its colour and its mark, the same in all pictures. The contender's lines are solid
 * and slightly wider, the others' dashed. */
struct rog_line_style rog_line_style(size_t index, bool contender);

/* The three parts of a bar, dark, light and middle in grey. */
#define ROG_COLOR_COMPUTATION "#004488"
#define ROG_COLOR_COMMUNICATION "#DDAA33"
#define ROG_COLOR_STALL "#BB5566"

/* The three quantities of the microevents figure. */
#define ROG_COLOR_BANDWIDTH "#0072B2"
#define ROG_COLOR_BANDWIDTH_FILL "#CFE3F1"
#define ROG_COLOR_TRANSMISSION "#C04F00"
#define ROG_COLOR_STALENESS "#222222"

#define ROG_COLOR_RULE "#8C8C8C" /* the dashed lines at 1800 s and at the target */
#define ROG_COLOR_FAINT "#D9D9D9"

#endif
