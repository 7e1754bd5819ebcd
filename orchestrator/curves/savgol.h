/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_CURVES_SAVGOL_H
#define ROG_CURVES_SAVGOL_H

/*
 * Savitzky-Golay smoothing (Savitzky & Golay 1964): each value is replaced by the value, at the
 * same place, of the polynomial that fits a window around it best (least squares). Within half a
 * window of an end, the polynomial of the first or last whole window is used, like scipy's mode
 * "interp". The published figures use a window of 25 points and order 3.
 */

#include <stddef.h>

#define ROG_SAVGOL_WINDOW_MAX 301
#define ROG_SAVGOL_ORDER_MAX 6

/* Returns the window for `count` points if `window` (odd) was requested: that one if there are at
 * least twice as many points; otherwise the largest odd number up to half of them, but more than
 * the order + 1; and 1 (no smoothing) if there are too few points for that. A few polynomials along
 * a short curve would show waves that were not measured. */
size_t rog_savgol_window(size_t count, size_t window, size_t order);

/* values, smooth: `count` finite numbers; the arrays must not overlap. `window` is odd, at most
 * `count` and ROG_SAVGOL_WINDOW_MAX, and larger than `order`. */
void rog_savgol(const double *values, size_t count, size_t window, size_t order, double *smooth);

#endif
