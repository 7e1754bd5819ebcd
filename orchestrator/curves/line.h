/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_CURVES_LINE_H
#define ROG_CURVES_LINE_H

/* Points joined by straight lines. */

#include <stdbool.h>
#include <stddef.h>

struct rog_line {
    const double *x, *y; /* x ascending, equal ones allowed */
    const double *place; /* number of the checkpoint, ascending; between two of them for points of a
                            mean; NULL: the point's index */
    size_t count;
    bool less_is_better; /* the target is reached from above */
};

/* y at x on the line through the points; NaN outside. */
double rog_line_at(const double *xs, const double *ys, size_t count, double x);

#endif
