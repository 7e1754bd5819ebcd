/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FIGURES_STATS_H
#define ROG_FIGURES_STATS_H

/* Means over repeated runs and their precision. */

#include <stddef.h>

/* The 97.5% quantile of Student's t distribution with `freedom` > 0 degrees of freedom, to 12
 * digits. */
double rog_t_quantile(size_t freedom);

/* The least number of values for which a mean has an interval: for two values it would be more than
 * twelve times as wide as their difference, which is of no use. */
#define ROG_INTERVAL_LEAST 3

struct rog_interval {
    double mean;      /* NaN without values */
    double half;      /* half of the 95% interval of the mean; NaN for fewer than three values */
    double low, high; /* the ends of that interval; for two values their range; NaN for one */
    double deviation; /* standard deviation of a sample; NaN for fewer than two values */
    size_t count;
};

/* Over the values that are not NaN. */
struct rog_interval rog_interval_of(const double *values, size_t count);

#endif
