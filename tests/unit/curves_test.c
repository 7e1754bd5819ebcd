/* SPDX-License-Identifier: Apache-2.0 */
/* Smoothing, reaching a target, and accuracy at a time, compared with numbers computed by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <string.h>

#include <orchestrator/curves/reached.h>
#include <orchestrator/curves/roughness.h>
#include <orchestrator/curves/rule.h>

#define POINTS 12

static void assert_near(double value, double expected, double tolerance)
{
    if (!(fabs(value - expected) <= tolerance))
        fail_msg("%.15g is not within %g of %.15g", value, tolerance, expected);
}

static struct rog_smoothing smoothing(const char *text)
{
    struct rog_smoothing found;
    struct rog_error err = {0};
    if (rog_smoothing_parse(&found, text, &err) < 0)
        fail_msg("%s", err.message);
    return found;
}

static void incomplete_specs_are_rejected(void **state)
{
    (void)state;
    static const char *const good[] = {"none",      "savgol:25:3",  "savgol:5:0", "mean:3",
                                       "mean:301",  "savgol:301:6", "ema:0",      "ema:.6",
                                       "ema:0.999", "published"};
    static const char *const bad[] = {"",
                                      "None",
                                      "savgol",
                                      "savgol:25",
                                      "savgol:24:3",
                                      "savgol:3:3",
                                      "savgol:25:7",
                                      "savgol:25:3:1",
                                      "savgol:25:3 ",
                                      "savgol:1:0",
                                      "savgol:25.5:3",
                                      "mean:4",
                                      "mean:",
                                      "mean:-5",
                                      "mean:1e1",
                                      "mean:nan",
                                      "mean:303",
                                      "ema:1",
                                      "ema:0.6x",
                                      "ema:-0.1",
                                      "ema:inf",
                                      "none:1",
                                      "published:3",
                                      "mean:99999999999999999999",
                                      "ema:0.5.5",
                                      "ema:."};
    struct rog_smoothing found;
    struct rog_error err;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        smoothing(good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (rog_smoothing_parse(&found, bad[i], &err) != ROG_EINVAL)
            fail_msg("%s is taken", bad[i]);
        assert_non_null(strstr(err.message, "smooth must be none, savgol:WINDOW:ORDER"));
    }
    struct rog_accuracy_rule rule;
    static const char *const accuracies[] = {"mean", "mean:0", "mean:1.5", "Last", "interpolate"};
    for (size_t i = 0; i < sizeof accuracies / sizeof *accuracies; i++)
        assert_int_equal(rog_accuracy_rule_parse(&rule, accuracies[i], &err), ROG_EINVAL);
}

static void smoothings_are_named(void **state)
{
    (void)state;
    static const struct {
        const char *asked;
        size_t fewest, most;
        const char *named;
    } rows[] = {{"savgol:25:3", 50, 60, "savgol:25:3"},
                {"savgol:25:3", 25, 49, "savgol:11-23:3"},
                {"savgol:3:2", 3, 60, "savgol:3:2"},
                {"published", 25, 60, "savgol:25:3 as published"},
                {"savgol:25:3", 24, 60, "savgol:11-25:3"},
                {"savgol:25:3", 22, 23, "savgol:11:3"},
                {"savgol:25:3", 2, 4, "none"},
                {"mean:5", 2, 4, "mean:5"},
                {"ema:0.6", 9, 9, "ema:0.6"},
                {"published", 60, 60, "savgol:25:3 as published"},
                {"published", 24, 60, "savgol:11-25:3"},
                {"published", 22, 24, "savgol:11:3"},
                {"none", 60, 60, "none"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[ROG_SMOOTHING_TEXT_BYTES];
        struct rog_smoothing asked = smoothing(rows[i].asked);
        rog_smoothing_text(&asked, rows[i].fewest, rows[i].most, text);
        assert_string_equal(text, rows[i].named);
        rog_smoothing_setting(&asked, text);
        assert_string_equal(text, rows[i].asked);
    }
}

/* Computed by hand, for each of the filters. */
static void filters(void **state)
{
    (void)state;
    const double x[] = {0, 1, 2, 4, 8}, y[] = {1, 4, 1, 4, 7};
    double line_x[5], line_y[5];
    struct rog_smoothing mean = smoothing("mean:3"), ema = smoothing("ema:0.5");
    rog_smoothing_line(&mean, x, y, 5, line_x, line_y);
    const double mean_x[] = {0, 1, 7.0 / 3, 14.0 / 3, 8}, mean_y[] = {1, 2, 3, 4, 7};
    for (size_t i = 0; i < 5; i++) {
        assert_near(line_x[i], mean_x[i], 1e-12);
        assert_near(line_y[i], mean_y[i], 1e-12);
    }
    /* (4 * 0.5 + 1 * 0.25) / 0.75, and so on: the first point is the first value. */
    rog_smoothing_line(&ema, x, y, 5, line_x, line_y);
    assert_near(line_y[0], 1, 1e-12);
    assert_near(line_y[1], (4 * 0.5 + 1 * 0.25) / 0.75, 1e-12);
    assert_near(line_y[2], (1 * 0.5 + 4 * 0.25 + 1 * 0.125) / 0.875, 1e-12);
    assert_memory_equal(line_x, x, sizeof x);
}

/* With any settings, a line begins at the first point, stays within the data, and runs forwards. A
 * straight line stays straight, also if the distance of points changes. */
static void lines_keep_to_the_data(void **state)
{
    (void)state;
    static const char *const all[] = {"none", "savgol:25:3", "savgol:5:2", "mean:5", "ema:0.6"};
    double x[60], y[60], line_x[60], line_y[60];
    for (size_t s = 0; s < sizeof all / sizeof *all; s++) {
        struct rog_smoothing asked = smoothing(all[s]);
        for (size_t count = 1; count <= 60; count++) {
            for (size_t i = 0; i < count; i++) {
                x[i] = i < 20 ? 60.0 * (double)i : 1140 + 180.0 * (double)(i - 19);
                y[i] = 50 + x[i] / 300 + 2 * sin((double)(i * i));
            }
            rog_smoothing_line(&asked, x, y, count, line_x, line_y);
            assert_true(line_x[0] == x[0] && line_y[0] == y[0]);
            for (size_t i = 1; i < count; i++)
                assert_true(line_x[i] >= line_x[i - 1] && line_x[i] <= x[count - 1]);
            for (size_t i = 0; i < count; i++)
                y[i] = 50 + x[i] / 300;
            rog_smoothing_line(&asked, x, y, count, line_x, line_y);
            for (size_t i = 0; i < count && strncmp(all[s], "ema", 3); i++)
                assert_near(line_y[i], 50 + line_x[i] / 300, 1e-9);
        }
    }
}

static struct rog_reached reach(const double *x, const double *y, size_t count, double sustain)
{
    const struct rog_line line = {x, y, NULL, count, false};
    struct rog_reached reached = rog_reached_of(&line, 10, sustain);
    rog_reached_widen(&reached, &line, 10);
    /* If less is better, the same upside down. */
    double down[POINTS];
    for (size_t i = 0; i < count; i++)
        down[i] = -y[i];
    const struct rog_line below = {x, down, NULL, count, true};
    struct rog_reached turned = rog_reached_of(&below, -10, sustain);
    rog_reached_widen(&turned, &below, -10);
    assert_int_equal(turned.state, reached.state);
    const double one[] = {turned.at, turned.seen_to, turned.first_raw, turned.last_below};
    const double two[] = {reached.at, reached.seen_to, reached.first_raw, reached.last_below};
    for (size_t i = 0; i < 4; i++)
        assert_true(one[i] == two[i] || (isnan(one[i]) && isnan(two[i])));
    /* Without a target there is nothing to reach. */
    assert_int_equal(rog_reached_of(&line, (double)NAN, sustain).state, ROG_REACHED_UNKNOWN);
    return reached;
}

static void sustained_crossings(void **state)
{
    (void)state;
    const double x[POINTS] = {0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 110};
    const double y[POINTS] = {0, 20, 0, 20, 20, 20, 0, 20, 20, 20, 20, 20};
    /* Above at 5, below at 15 (1 checkpoint later); above at 25, below at 55 (3 later); above at 65
     * until the end. */
    static const struct {
        double sustain, at;
    } rows[] = {{0, 5}, {1, 5}, {1.01, 25}, {3, 25}, {3.01, 65}, {1000, 65}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct rog_reached reached = reach(x, y, POINTS, rows[i].sustain);
        assert_int_equal(reached.state, ROG_REACHED);
        assert_near(reached.at, rows[i].at, 1e-12);
        assert_near(reached.first_raw, 5, 1e-12);
        assert_near(reached.last_below, 65, 1e-12);
    }
    /* Staying above until the end is long enough. */
    assert_near(reach(x, y, 5, 1000).at, 25, 1e-12);
    /* Reached and lost again: not reached. */
    struct rog_reached lost = reach(x, y, 7, 4);
    assert_int_equal(lost.state, ROG_REACHED_NOT);
    assert_true(isnan(lost.at) && lost.seen_to == 60 && lost.last_below == 60);
    assert_near(lost.first_raw, 5, 1e-12);
    /* At or above from the start; never; and without data. */
    const double high[] = {10, 11}, low[] = {9, 9.99};
    assert_near(reach(x, high, 2, 5).at, 0, 0);
    assert_true(isnan(reach(x, high, 2, 5).last_below));
    assert_int_equal(reach(x, low, 2, 5).state, ROG_REACHED_NOT);
    assert_true(isnan(reach(x, low, 2, 5).first_raw));
    assert_int_equal(reach(x, y, 0, 5).state, ROG_REACHED_UNKNOWN);
    assert_int_equal(reach(x, high, 1, 5).state, ROG_REACHED);
    /* Touching the target is reaching it, and not losing it. */
    const double touch[] = {0, 10, 0, 10, 10, 10, 10};
    assert_near(reach(x, touch, 7, 0).at, 10, 0);
    assert_near(reach(x, touch, 7, 1).at, 30, 0);
}

static void accuracies_at_a_time(void **state)
{
    (void)state;
    const double x[] = {0, 100, 200, 300}, y[] = {10, 20, 60, 40}, drawn_y[] = {10, 30, 40, 50};
    const double drawn_x[] = {0, 100, 200, 290};
    const struct rog_line measured = {x, y, NULL, 4, false},
                          drawn = {drawn_x, drawn_y, NULL, 4, false};
    static const struct {
        const char *rule;
        double at, percent; /* NaN: it has not run that long; -1: unknown */
    } rows[] = {
        {"interpolated", 150, 40},  {"interpolated", 300, 40},
        {"interpolated", 310, -1},  {"interpolated", -1, -1},
        {"last", 150, 20},          {"last", 200, 60},
        {"last", 310, 40},          {"smoothed", 150, 35},
        {"smoothed", 295, 50},      {"mean:2", 250, 40},
        {"mean:3", 300, 40},        {"mean:3", 150, 15},
        {"last", 321, (double)NAN}, {"interpolated", 321, (double)NAN},
        {"smoothed", INFINITY, 50}, {"last", INFINITY, 40},
        {"mean:4", INFINITY, 32.5},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct rog_accuracy_rule rule;
        struct rog_error err;
        assert_int_equal(rog_accuracy_rule_parse(&rule, rows[i].rule, &err), 0);
        struct rog_accuracy_value value =
            rog_accuracy_rule_at(&rule, &measured, &drawn, 320, rows[i].at);
        if (isnan(rows[i].percent)) {
            assert_int_equal(value.state, ROG_ACCURACY_NOT_RUN);
        } else if (rows[i].percent < 0) {
            assert_int_equal(value.state, ROG_ACCURACY_UNKNOWN);
        } else {
            assert_int_equal(value.state, ROG_ACCURACY_KNOWN);
            assert_near(value.percent, rows[i].percent, 1e-12);
        }
    }
}

static void a_case_says_only_what_it_means(void **state)
{
    (void)state;
    struct rog_curve_rule rule;
    struct rog_error err = {0};
    struct rog_json *options = rog_json_object();
    assert_int_equal(rog_curve_rule_make(&rule, options, &err), 0);
    assert_near(rule.sustain, 5, 0);
    rog_json_put_string(options, "font", "somebody else's");
    rog_json_put_integer(options, "sustain", 2);
    assert_int_equal(rog_curve_rule_make(&rule, options, &err), 0);
    assert_near(rule.sustain, 2, 0);
    rog_json_put_integer(options, "sustain", -1);
    assert_int_equal(rog_curve_rule_make(&rule, options, &err), ROG_EINVAL);
    rog_json_put_integer(options, "sustain", 0);
    rog_json_put_string(options, "accuracy_at", "mean");
    assert_int_equal(rog_curve_rule_make(&rule, options, &err), ROG_EINVAL);
    assert_non_null(
        strstr(err.message, "accuracy_at must be interpolated, last, smoothed or mean"));
    rog_json_free(options);
}

/* Compared with statistics.stdev of Python. */
static void roughness_is_of_the_steps(void **state)
{
    (void)state;
    const double t[] = {0,    540,  600,  660,  720,  780,  840, 900,
                        1080, 1260, 1440, 1980, 2520, 3060, 3600};
    const double y[] = {52,   9,    55.4, 57.1, 56.4,  57.8,  55.8, 58.3,
                        58.7, 58.5, 59.3, 60.3, 60.25, 61.55, 60.75};
    struct rog_line line = {t, y, NULL, 15, false};
    struct rog_roughness rough = rog_roughness_of(&line);
    assert_near(rough.deviation, 1.256882567258687, 1e-12); /* the fall to 9 is before 600 s */
    assert_near(rough.worst_drop, 2.0, 1e-12);
    assert_near(rough.worst_at, 840, 0);
    line.less_is_better = true;
    rough = rog_roughness_of(&line);
    assert_near(rough.deviation, 1.256882567258687, 1e-12);
    assert_near(rough.worst_drop, 2.5, 1e-12);
    assert_near(rough.worst_at, 900, 0);
}

static void roughness_of_few_and_of_odd_lines(void **state)
{
    (void)state;
    double t[12], y[12];
    for (size_t i = 0; i < 12; i++) {
        t[i] = 540 + 60 * (double)i;
        y[i] = 50 + (double)i;
    }
    struct rog_line line = {t, y, NULL, 12, false};
    struct rog_roughness rough = rog_roughness_of(&line); /* a straight climb */
    assert_near(rough.deviation, 0, 1e-12);
    assert_near(rough.worst_drop, 0, 0);
    assert_true(isnan(rough.worst_at));
    for (size_t i = 0; i < 12; i++)
        y[i] = i % 2 ? 1e200 : -1e200; /* its square is not finite */
    rough = rog_roughness_of(&line);
    assert_near(rough.deviation / 1e200, 2 * sqrt(10.0 / 9), 1e-12);
    for (line.count = 0; line.count < 12; line.count++) { /* fewer than 10 steps after 600 s */
        rough = rog_roughness_of(&line);
        assert_true(isnan(rough.deviation) && isnan(rough.worst_drop) && isnan(rough.worst_at));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(incomplete_specs_are_rejected),
        cmocka_unit_test(smoothings_are_named),
        cmocka_unit_test(filters),
        cmocka_unit_test(lines_keep_to_the_data),
        cmocka_unit_test(sustained_crossings),
        cmocka_unit_test(accuracies_at_a_time),
        cmocka_unit_test(a_case_says_only_what_it_means),
        cmocka_unit_test(roughness_is_of_the_steps),
        cmocka_unit_test(roughness_of_few_and_of_odd_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
