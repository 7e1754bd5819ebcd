/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FIGURES_SAVGOL_H
#define ROG_FIGURES_SAVGOL_H

/*
 * Savitzky-Golay smoothing (Savitzky & Golay 1964): each value becomes the value, at its own
 * place, of the cubic that fits a window around it best (least squares). The published figures use
 * a window of 25 points and order 3. Within half a window of an end the cubic of the first or last
 * whole window is taken, as scipy's mode "interp" does.
 */

#include <stddef.h>

#define ROG_SAVGOL_WINDOW 25
#define ROG_SAVGOL_ORDER 3

/* The window used for `count` points: 25 from 25 points on; below that the largest odd number up
 * to half of them, but at least 5; and 1 (no smoothing) for fewer than 5. A single cubic through a
 * short curve would show waves that nobody measured. */
size_t rog_savgol_window(size_t count);

/* values, smooth: `count` finite numbers; the arrays must not overlap. */
void rog_savgol(const double *values, size_t count, double *smooth);

#endif
