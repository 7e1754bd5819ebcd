/* SPDX-License-Identifier: Apache-2.0 */
/* Computes means and intervals of Student's distribution. */
#include <orchestrator/figures/stats.h>

#include <math.h>

#define PI 3.14159265358979323846

/* Returns the probability that |T| < t, as a finite sum for integer degrees of freedom (Abramowitz
 * & Stegun 26.7.3 and 26.7.4). */
static double t_within(double t, size_t freedom)
{
    double theta = atan(t / sqrt((double)freedom));
    double c = cos(theta), term, sum;
    if (freedom % 2 == 0) {
        sum = term = 1;
        for (size_t k = 2; k < freedom; k += 2)
            sum += term *= c * c * (double)(k - 1) / (double)k;
        return sin(theta) * sum;
    }
    sum = 0;
    term = c;
    for (size_t k = 1; k < freedom; k += 2) {
        sum += term;
        term *= c * c * (double)(k + 1) / (double)(k + 2);
    }
    return 2 / PI * (theta + sin(theta) * sum);
}

double rog_t_quantile(size_t freedom)
{
    double low = 1.9, high = 12.8; /* bounds for any degrees of freedom */
    for (int i = 0; i < 60; i++) {
        double middle = (low + high) / 2;
        *(t_within(middle, freedom) < 0.95 ? &low : &high) = middle;
    }
    return (low + high) / 2;
}

static struct rog_interval no_interval(void)
{
    const double none = (double)NAN;
    return (struct rog_interval){none, none, none, none, none, 0};
}

struct rog_interval rog_interval_of(const double *values, size_t count)
{
    struct rog_interval interval = no_interval();
    double sum = 0, least = INFINITY, most = -INFINITY;
    for (size_t i = 0; i < count; i++) {
        if (isnan(values[i]))
            continue;
        sum += values[i];
        least = fmin(least, values[i]);
        most = fmax(most, values[i]);
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
    interval.deviation = sqrt(squares / (n - 1));
    interval.low = least;
    interval.high = most;
    if (interval.count < ROG_INTERVAL_LEAST)
        return interval;
    interval.half = rog_t_quantile(interval.count - 1) * interval.deviation / sqrt(n);
    interval.low = interval.mean - interval.half;
    interval.high = interval.mean + interval.half;
    return interval;
}
