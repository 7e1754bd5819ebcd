/* SPDX-License-Identifier: Apache-2.0 */
/* Smoothing, intervals, axes and the position of the legend. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <orchestrator/curves/line.h>
#include <orchestrator/curves/savgol.h>
#include <orchestrator/figures/axis.h>
#include <orchestrator/figures/stats.h>
#include <orchestrator/figures/wrap.h>

#define POINTS_MAX 100

static void assert_near(double value, double expected, double tolerance)
{
    if (!(fabs(value - expected) <= tolerance))
        fail_msg("%.15g is not within %g of %.15g", value, tolerance, expected);
}

/* tests/data/figures/savgol.txt, computed by scipy. */
static void savgol_equals_scipy(void **state)
{
    (void)state;
    char path[512];
    size_t count, window, blocks = 0;
    snprintf(path, sizeof path, "%s/figures/savgol.txt", getenv("ROG_TEST_DATA"));
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    while (fscanf(file, "%zu %zu", &count, &window) == 2) {
        double values[POINTS_MAX], expected[POINTS_MAX], smooth[POINTS_MAX];
        assert_true(count <= POINTS_MAX);
        for (size_t i = 0; i < count; i++)
            assert_int_equal(fscanf(file, "%lf %lf", &values[i], &expected[i]), 2);
        if (count < 25 || count >= 50) /* otherwise scipy's window is the published one */
            assert_int_equal(rog_savgol_window(count, 25, 3), window);
        rog_savgol(values, count, window, 3, smooth);
        for (size_t i = 0; i < count; i++)
            assert_near(smooth[i], expected[i], 1e-10);
        blocks++;
    }
    fclose(file);
    assert_int_equal(blocks, 7);
}

static void savgol_keeps_what_it_cannot_smooth(void **state)
{
    (void)state;
    for (size_t count = 0; count < 5; count++) {
        const double values[] = {3, -1, 4, 1};
        double smooth[4] = {0};
        assert_int_equal(rog_savgol_window(count, 25, 3), 1);
        rog_savgol(values, count, rog_savgol_window(count, 25, 3), 3, smooth);
        for (size_t i = 0; i < count; i++)
            assert_near(smooth[i], values[i], 0);
    }
    /* A cubic is its own best fit, with any window. */
    for (size_t count = 5; count < POINTS_MAX; count++) {
        double values[POINTS_MAX], smooth[POINTS_MAX];
        for (size_t i = 0; i < count; i++) {
            double x = (double)i;
            values[i] = 2 - 3 * x + 0.5 * x * x - 0.01 * x * x * x;
        }
        assert_int_equal(rog_savgol_window(count, 25, 3) % 2, 1);
        assert_true(rog_savgol_window(count, 25, 3) <= count);
        rog_savgol(values, count, rog_savgol_window(count, 25, 3), 3, smooth);
        for (size_t i = 0; i < count; i++)
            assert_near(smooth[i], values[i], 1e-8);
    }
}

static void intervals(void **state)
{
    (void)state;
    /* By scipy.stats.t.ppf(0.975, n). */
    static const struct {
        size_t freedom;
        double quantile;
    } quantiles[] = {
        {1, 12.706204736175},  {2, 4.3026527297495},   {3, 3.1824463052837},
        {4, 2.7764451051978},  {5, 2.5705818356363},   {25, 2.0595385527533},
        {30, 2.0422724563012}, {101, 1.9837310029556}, {1000, 1.9623390808264},
    };
    for (size_t i = 0; i < sizeof quantiles / sizeof *quantiles; i++)
        assert_near(rog_t_quantile(quantiles[i].freedom), quantiles[i].quantile, 1e-11);

    const double values[] = {1, (double)NAN, 2, 3};
    struct rog_interval interval = rog_interval_of(values, 4);
    assert_int_equal(interval.count, 3);
    assert_near(interval.mean, 2, 1e-12);
    assert_near(interval.half, 4.3026527297495 / sqrt(3), 1e-11);
    assert_near(interval.low, 2 - interval.half, 1e-12);
    assert_near(interval.deviation, 1, 1e-12);
    assert_true(isnan(rog_interval_of(values, 1).half));
    assert_true(isnan(rog_interval_of(values, 1).low));
    /* Two values have a range, but no interval. */
    interval = rog_interval_of(values, 3);
    assert_int_equal(interval.count, 2);
    assert_true(isnan(interval.half));
    assert_near(interval.low, 1, 0);
    assert_near(interval.high, 2, 0);
    assert_true(isnan(rog_interval_of(values, 0).mean));
}

static void lines(void **state)
{
    (void)state;
    const double xs[] = {0, 1, 1, 3}, ys[] = {5, 6, 8, 10};
    assert_near(rog_line_at(xs, ys, 4, 0.5), 5.5, 1e-12);
    assert_near(rog_line_at(xs, ys, 4, 2), 9, 1e-12);
    assert_near(rog_line_at(xs, ys, 4, 3), 10, 1e-12);
    assert_true(isnan(rog_line_at(xs, ys, 4, 3.1)));
    assert_true(isnan(rog_line_at(xs, ys, 4, -0.1)));
    assert_true(isnan(rog_line_at(xs, ys, 0, 0)));
    assert_near(rog_line_at(xs, ys, 1, 0), 5, 0);
}

static void assert_ticks_differ(const struct rog_axis *axis, double low, double high)
{
    char one[32], two[32];
    assert_true(axis->min <= low && axis->max >= high);
    snprintf(one, sizeof one, "%g", axis->max);
    snprintf(two, sizeof two, "%g", axis->max - axis->step);
    if (strcmp(one, two) == 0)
        fail_msg("%.17g to %.17g has ticks %s and %s", low, high, two, one);
}

static void axes(void **state)
{
    (void)state;
    /* As published if the data fit. */
    struct rog_axis axis = rog_axis_accuracy(52.9, 68.5, (double)NAN);
    assert_near(axis.min, 52, 0);
    assert_near(axis.max, 70, 0);
    assert_near(axis.step, 5, 0);
    assert_true(rog_axis_accuracy(52.9, 72.0, (double)NAN).max > 72);
    assert_near(rog_axis_seconds(5200, 5400).max, 5400, 0);
    assert_near(rog_axis_seconds(5200, 5400).step, 1800, 0);
    /* Wider if they do not. */
    axis = rog_axis_accuracy(11.2, 44, (double)NAN);
    assert_true(axis.min < 11.2 && axis.min >= 0 && axis.max > 44 && axis.max < 50);
    assert_near(rog_axis_seconds(16600, 9900).max, 16600, 0);
    assert_near(rog_axis_seconds(100, 5400).max, 100, 0);
    assert_near(rog_axis_seconds(90000, 5400).step, 7200, 0);
    /* A target nearby is on the axis; one far away does not compress the curves. */
    axis = rog_axis_accuracy(30, 60, 64);
    assert_true(rog_axis_holds(&axis, 64));
    axis = rog_axis_accuracy(10, 20, 64);
    assert_false(rog_axis_holds(&axis, 64));
    /* Degenerate data still have an axis. */
    axis = rog_axis_accuracy(60, 60, (double)NAN);
    assert_true(axis.max > axis.min && axis.step > 0);
    assert_true(rog_axis_from_zero(0, 1000).max > 0);
    /* Values that differ in the last digits give a level line, with distinguishable ticks. */
    static const double values[] = {0, 1e-9, 0.3, 52, 80.3, 99.99, 1e6, -1e6, 1e20};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        for (double share = 1e-17; share < 1; share *= 10) {
            double low = values[i], high = low + share * fmax(fabs(low), 1e-9);
            axis = rog_axis_around(low, high, high, -INFINITY, INFINITY);
            assert_ticks_differ(&axis, low, high);
            axis = rog_axis_accuracy(fabs(low), fabs(high), NAN);
            if (low >= 0 && high <= 100)
                assert_ticks_differ(&axis, low, high);
        }
    for (double span = 1e-3; span < 1e7; span *= 1.7) {
        double step = rog_nice_step(span, 6);
        assert_true(span / step <= 6 + 1e-6 && span / step > 2.3);
    }
}

static void legend_avoids_lines(void **state)
{
    (void)state;
    const struct rog_axis unit = {0, 1, 1};
    const double rising_x[] = {0, 1}, rising_y[] = {0, 1}, falling_y[] = {1, 0};
    const double through_x[] = {-5, 5}, through_y[] = {0.1, 0.1};
    struct rog_polyline lines[] = {{rising_x, rising_y, 2}, {rising_x, falling_y, 2}};
    assert_int_equal(rog_corner_free(lines, 1, &unit, &unit, 0.4, 0.4), ROG_CORNER_BOTTOM_RIGHT);
    assert_int_equal(rog_corner_free(&lines[1], 1, &unit, &unit, 0.4, 0.4), ROG_CORNER_TOP_RIGHT);
    assert_int_equal(rog_corner_free(lines, 2, &unit, &unit, 0.4, 0.4), ROG_CORNER_NONE);
    assert_int_equal(rog_corner_free(NULL, 0, &unit, &unit, 1.1, 0.1), ROG_CORNER_NONE);
    /* A line crosses the corner although both of its points are outside. */
    struct rog_polyline through = {through_x, through_y, 2};
    assert_int_equal(rog_corner_free(&through, 1, &unit, &unit, 0.3, 0.3), ROG_CORNER_TOP_LEFT);
    /* So does a single point. */
    const double point = 0.95;
    struct rog_polyline dot = {&point, &through_y[0], 1};
    assert_int_equal(rog_corner_free(&dot, 1, &unit, &unit, 0.3, 0.3), ROG_CORNER_TOP_LEFT);
}

/* Widths of label.h: 0.61 for most letters, 0.36 for narrow ones, 0.7 for capitals. */
static void labels_are_broken_between_their_parts(void **state)
{
    (void)state;
    static const struct {
        const char *text, *wrapped;
        double em;
    } rows[] = {
        {"SSP 4, epochs 3", "SSP 4, epochs 3", 20},
        {"SSP 4, epochs 3", "SSP 4,\nepochs 3", 8},
        {"SSP, threshold 4, epochs 3", "SSP,\nthreshold 4,\nepochs 3", 9},
        {"SSP, threshold 4, epochs 3", "SSP, threshold 4,\nepochs 3", 14},
        {"a longer note without them", "a longer\nnote\nwithout\nthem", 4.5},
        {"1,000 rows of it", "1,000 rows\nof it", 6.5},
        {"abcdefgh", "abcd\nefgh", 2.5},
        {"a,b", "a\n,\nb", 0.1},
        {"", "", 1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *wrapped = rog_wrap(rows[i].text, rows[i].em);
        assert_string_equal(wrapped, rows[i].wrapped);
        free(wrapped);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(savgol_equals_scipy),
        cmocka_unit_test(savgol_keeps_what_it_cannot_smooth),
        cmocka_unit_test(intervals),
        cmocka_unit_test(lines),
        cmocka_unit_test(axes),
        cmocka_unit_test(legend_avoids_lines),
        cmocka_unit_test(labels_are_broken_between_their_parts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
