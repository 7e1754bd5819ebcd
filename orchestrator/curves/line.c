/* SPDX-License-Identifier: Apache-2.0 */
/* Interpolates between points. */
#include <orchestrator/curves/line.h>

#include <math.h>

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
