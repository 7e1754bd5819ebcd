/* SPDX-License-Identifier: Apache-2.0 */
/* Means, and intervals of Student's distribution. */
#include <orchestrator/figures/stats.h>

#include <math.h>

double rog_t_quantile(size_t freedom)
{
    static const double exact[] = {12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646,
                                   2.3060,  2.2622, 2.2281, 2.2010, 2.1788, 2.1604, 2.1448,
                                   2.1314,  2.1199, 2.1098, 2.1009, 2.0930, 2.0860};
    if (freedom <= sizeof exact / sizeof *exact)
        return exact[freedom - 1];
    /* Cornish-Fisher expansion around the normal quantile (Abramowitz & Stegun 26.7.5). */
    double z = 1.959964, n = (double)freedom;
    double z3 = z * z * z, z5 = z3 * z * z;
    return z + (z3 + z) / (4 * n) + (5 * z5 + 16 * z3 + 3 * z) / (96 * n * n);
}

struct rog_interval rog_interval_of(const double *values, size_t count)
{
    struct rog_interval interval = {(double)NAN, (double)NAN, 0};
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        if (isnan(values[i]))
            continue;
        sum += values[i];
        interval.count++;
    }
    if (interval.count == 0)
        return interval;
    double n = (double)interval.count;
    interval.mean = sum / n;
    if (interval.count < 2)
        return interval;
    double squares = 0;
    for (size_t i = 0; i < count; i++) {
        double off = values[i] - interval.mean;
        if (!isnan(values[i]))
            squares += off * off;
    }
    interval.half = rog_t_quantile(interval.count - 1) * sqrt(squares / (n - 1) / n);
    return interval;
}

double rog_line_at(const double *xs, const double *ys, size_t count, double x)
{
    if (count == 0 || !(x >= xs[0] && x <= xs[count - 1]))
        return (double)NAN;
    size_t low = 0, high = count - 1; /* xs[low] <= x <= xs[high] */
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (xs[middle] <= x)
            low = middle;
        else
            high = middle;
    }
    if (xs[high] <= x || xs[high] <= xs[low])
        return ys[high];
    return ys[low] + (ys[high] - ys[low]) * (x - xs[low]) / (xs[high] - xs[low]);
}
