/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_CURVES_SMOOTHING_H
#define ROG_CURVES_SMOOTHING_H

/*
 * From the measured points of a run to the line that is drawn.
 *
 *     none             straight lines between the points
 *     savgol:W:P       Savitzky-Golay, a window of W points (savgol.h) and order P
 *     mean:W           mean of W points around each, fewer towards the ends (as many on both sides)
 *     ema:S            exponential moving average of weight S, like TensorBoard's slider: it begins
 *                      at the first point without a bias towards 0, and lags behind
 *     published        savgol:25:3 as in the published scripts
 *
 * Checkpoints are spaced unevenly along time, energy and iterations. Therefore savgol and mean use
 * the order of the points and treat both coordinates alike: a straight line stays straight however
 * its points are spaced. ema does not move points along x.
 *
 * The line begins at the first measured point, does not go backwards and stays within the range of
 * the measured points, except for `published`, which is the unchanged result of the filter (but x
 * does not go backwards).
 */

#include <stdbool.h>
#include <stddef.h>

#include <rog/error.h>

struct rog_smoothing {
    size_t kind; /* which of the above */
    double number[2];
};

#define ROG_SMOOTHING_DEFAULT "savgol:25:3"
#define ROG_SMOOTHING_PUBLISHED "published"
#define ROG_SMOOTHING_PUBLISHED_POINTS 25 /* its window; the scripts fail on fewer points */
#define ROG_SMOOTHING_TEXT_BYTES 32

/* ROG_EINVAL lists everything that is allowed. */
int rog_smoothing_parse(struct rog_smoothing *smoothing, const char *text, struct rog_error *err);

/* Whether curves of at least `fewest` points are smoothed as by the published scripts. */
bool rog_smoothing_is_published(const struct rog_smoothing *smoothing, size_t fewest);

/* The smoothing as written in the setting. */
void rog_smoothing_setting(const struct rog_smoothing *smoothing,
                           char text[ROG_SMOOTHING_TEXT_BYTES]);
/* The smoothing of curves with `fewest` to `most` points: "savgol:25:3", "savgol:11-25:3" if short
 * ones have smaller windows, "savgol:25:3 as published" if none has, "none" if nothing is
 * smoothed. */
void rog_smoothing_text(const struct rog_smoothing *smoothing, size_t fewest, size_t most,
                        char text[ROG_SMOOTHING_TEXT_BYTES]);

/* x ascending; all finite; the arrays must not overlap. No effect for a count of 0. */
void rog_smoothing_line(const struct rog_smoothing *smoothing, const double *x, const double *y,
                        size_t count, double *line_x, double *line_y);

#endif
