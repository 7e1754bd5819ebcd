/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FIGURES_STATS_H
#define ROG_FIGURES_STATS_H

/* Means over repeated runs and how sure they are. */

#include <stddef.h>

/* The 97.5% quantile of Student's t distribution with `freedom` > 0 degrees of freedom; within
 * 0.001 of the exact value. */
double rog_t_quantile(size_t freedom);

struct rog_interval {
    double mean; /* NaN without values */
    double half; /* half of the 95% interval of the mean; NaN for fewer than two values */
    size_t count;
};

/* Over the values that are not NaN. */
struct rog_interval rog_interval_of(const double *values, size_t count);

/* y at x on the line through the points (xs ascending, equal ones allowed); NaN outside. */
double rog_line_at(const double *xs, const double *ys, size_t count, double x);

#endif
