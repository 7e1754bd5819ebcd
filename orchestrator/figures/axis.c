/* SPDX-License-Identifier: Apache-2.0 */
/* Computes ranges and ticks of axes, and finds a corner of the plot where the legend covers no
 * data. */
#include <orchestrator/figures/axis.h>

#include <math.h>

/* Seconds between vertical lines of the published time axes. */
#define RULE_S 1800.0
#define PUBLISHED_LOW 52.0     /* lower end of the published accuracy axes */
#define PUBLISHED_LOW_FITS 8.0 /* used if the data begin at most this far above it */
#define PUBLISHED_HIGH 70.0
#define PUBLISHED_HIGH_FITS 5.0 /* used if the data end at most this far below it */
/* an axis extends to its published end if the data reach this share of it */
#define CLOSE 0.7
#define LEVEL 1e-4 /* relative difference that the numbers of ticks cannot show */
#define LEVEL_LEAST 1e-100

double rog_nice_step(double span, int most)
{
    double raw = span / most;
    double power = pow(10, floor(log10(raw)));
    static const double factors[] = {1, 2, 5, 10};
    for (size_t i = 0; i < sizeof factors / sizeof *factors; i++)
        if (factors[i] * power >= raw * (1 - 1e-9))
            return factors[i] * power;
    return 10 * power;
}

struct rog_axis rog_axis_from_zero(double high, double published)
{
    struct rog_axis axis = {0, high > 0 ? high : 1, 1};
    if (high <= published && high >= CLOSE * published)
        axis.max = published;
    axis.step = rog_nice_step(axis.max, 8);
    return axis;
}

struct rog_axis rog_axis_seconds(double high, double published)
{
    struct rog_axis axis = rog_axis_from_zero(high, published);
    if (axis.max >= 2 * RULE_S)
        axis.step = RULE_S * fmax(1, ceil(axis.max / RULE_S / 14));
    return axis;
}

/* Returns whether a line from `low` to `high` looks level: its ticks would all have the same
 * number, or the two values do not differ at all. */
static bool is_level(double low, double high)
{
    return !(high - low > fmax(LEVEL * fmax(fabs(low), fabs(high)), LEVEL_LEAST));
}

struct rog_axis rog_axis_around(double low, double high, double target, double min, double max)
{
    if (is_level(low, high)) {
        double half = low != 0 ? fabs(low) / 20 : 0.5;
        low -= half;
        high += half;
    }
    if (target > high && target - high <= high - low)
        high = target;
    if (target < low && low - target <= high - low)
        low = target;
    double edge = 0.04 * (high - low);
    struct rog_axis axis = {fmax(low - edge, min), fmin(high + edge, max), 1};
    axis.step = rog_nice_step(axis.max - axis.min, 6);
    return axis;
}

struct rog_axis rog_axis_accuracy(double low, double high, double target)
{
    if (is_level(low, high)) {
        low -= 0.5;
        high += 0.5;
    }
    if (target > high && target - high <= fmax(high - low, 2))
        high = target;
    if (target < low && low - target <= fmax(high - low, 2))
        low = target;

    struct rog_axis axis = {low, high, 1};
    if (low >= PUBLISHED_LOW && low <= PUBLISHED_LOW + PUBLISHED_LOW_FITS) {
        axis.min = PUBLISHED_LOW;
        axis.max = high + 0.04 * (high - PUBLISHED_LOW);
        if (high >= PUBLISHED_HIGH - PUBLISHED_HIGH_FITS)
            axis.max = fmax(axis.max, PUBLISHED_HIGH);
    } else {
        axis.min = low - 0.04 * (high - low);
        axis.max = high + 0.04 * (high - low);
    }
    axis.min = fmax(axis.min, 0);
    axis.max = fmin(axis.max, 100);
    axis.step = rog_nice_step(axis.max - axis.min, 6);
    return axis;
}

bool rog_axis_holds(const struct rog_axis *axis, double value)
{
    return value >= axis->min && value <= axis->max;
}

/* Returns whether any part of the line from (x0, y0) to (x1, y1) lies within the box (Liang &
 * Barsky). */
static bool meets(double x0, double y0, double x1, double y1, const double box[4])
{
    double from = 0, to = 1;
    double dx = x1 - x0, dy = y1 - y0;
    double p[4] = {-dx, dx, -dy, dy};
    double q[4] = {x0 - box[0], box[1] - x0, y0 - box[2], box[3] - y0};
    for (int i = 0; i < 4; i++) {
        if (p[i] == 0) {
            if (q[i] < 0)
                return false;
        } else if (p[i] < 0) {
            from = fmax(from, q[i] / p[i]);
        } else {
            to = fmin(to, q[i] / p[i]);
        }
    }
    return from <= to;
}

static bool is_free(const struct rog_polyline *lines, size_t count, const struct rog_axis *x,
                    const struct rog_axis *y, const double box[4])
{
    double wide = x->max - x->min, tall = y->max - y->min;
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < lines[i].count; k++) {
            size_t before = k ? k - 1 : 0;
            if (meets((lines[i].x[before] - x->min) / wide, (lines[i].y[before] - y->min) / tall,
                      (lines[i].x[k] - x->min) / wide, (lines[i].y[k] - y->min) / tall, box))
                return false;
        }
    }
    return true;
}

enum rog_corner rog_corner_free(const struct rog_polyline *lines, size_t count,
                                const struct rog_axis *x, const struct rog_axis *y, double width,
                                double height)
{
    if (width > 1 || height > 1)
        return ROG_CORNER_NONE;
    const double boxes[ROG_CORNER_NONE][4] = {
        [ROG_CORNER_BOTTOM_RIGHT] = {1 - width, 1, 0, height},
        [ROG_CORNER_TOP_LEFT] = {0, width, 1 - height, 1},
        [ROG_CORNER_TOP_RIGHT] = {1 - width, 1, 1 - height, 1},
        [ROG_CORNER_BOTTOM_LEFT] = {0, width, 0, height},
    };
    for (int corner = 0; corner < ROG_CORNER_NONE; corner++)
        if (is_free(lines, count, x, y, boxes[corner]))
            return (enum rog_corner)corner;
    return ROG_CORNER_NONE;
}
