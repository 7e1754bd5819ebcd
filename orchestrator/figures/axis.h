/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FIGURES_AXIS_H
#define ROG_FIGURES_AXIS_H

/* Ranges, ticks and the position of the legend, computed from the data. */

#include <stdbool.h>
#include <stddef.h>

struct rog_axis {
    double min, max;
    double step; /* between ticks, which are at its multiples */
};

/* 1, 2 or 5 times a power of ten, so that `span` has at most `most` steps. span > 0. */
double rog_nice_step(double span, int most);

/* From 0 to `high`; up to `published` if the data end shortly before it. */
struct rog_axis rog_axis_from_zero(double high, double published);
/* The same with ticks at multiples of 1800 s once the axis contains two of them. */
struct rog_axis rog_axis_seconds(double high, double published);

/* Around the data, within [min, max]. `target` is included if its distance is at most the span of
 * the data; NaN: none. */
struct rog_axis rog_axis_around(double low, double high, double target, double min, double max);
/* Accuracy in percent. From 52 as published if the data fit, otherwise around the data. `target` is
 * included if its distance is at most the span of the data; NaN: none. */
struct rog_axis rog_axis_accuracy(double low, double high, double target);

bool rog_axis_holds(const struct rog_axis *axis, double value);

/* A curve that the legend must not cover. */
struct rog_polyline {
    const double *x, *y;
    size_t count;
};

enum rog_corner {
    ROG_CORNER_BOTTOM_RIGHT,
    ROG_CORNER_TOP_LEFT,
    ROG_CORNER_TOP_RIGHT,
    ROG_CORNER_BOTTOM_LEFT,
    ROG_CORNER_NONE
};

/* The first corner in which a box of `width` x `height` (as shares of the plot's, including the
 * distance to the frame) meets no line; ROG_CORNER_NONE if there is none. */
enum rog_corner rog_corner_free(const struct rog_polyline *lines, size_t count,
                                const struct rog_axis *x, const struct rog_axis *y, double width,
                                double height);

#endif
