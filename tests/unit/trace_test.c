/* SPDX-License-Identifier: Apache-2.0 */
/* Bandwidth traces: reading, exact integration, repetition. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <common/rng.h>
#include <librog/trace/stats.h>
#include <librog/trace/source.h>
#include <librog/trace/trace.h>

static struct rog_trace *parse(const char *text)
{
    struct rog_trace *trace = NULL;
    struct rog_error err = {0};
    if (rog_trace_parse(&trace, text, strlen(text), "memory", &err))
        fail_msg("%s", err.message);
    return trace;
}

static void refuse(const char *text, const char *part)
{
    struct rog_trace *trace = NULL;
    struct rog_error err = {0};
    int code = rog_trace_parse(&trace, text, strlen(text), "t.csv", &err);
    assert_true(code == ROG_EFORMAT || code == ROG_EINVAL);
    assert_null(trace);
    if (!strstr(err.message, part))
        fail_msg("\"%s\" does not say \"%s\"", err.message, part);
}

static void near(double found, double expected, double tolerance)
{
    if (!(fabs(found - expected) <= tolerance))
        fail_msg("%.12g, expected %.12g", found, expected);
}

static void values_hold_until_the_next(void **state)
{
    (void)state;
    struct rog_trace *trace = parse("seconds,mbps\r\n10,5\r\n12,0\n15,8");
    near(trace->span_s, 8, 0); /* 0-2, 2-5, then as long as the value before: 5-8 */
    near(rog_trace_rate(trace, 0), 5, 0);
    near(rog_trace_rate(trace, 1.999), 5, 0);
    near(rog_trace_rate(trace, 2), 0, 0);
    near(rog_trace_rate(trace, 5), 8, 0);
    near(rog_trace_rate(trace, 8), 5, 0);
    near(rog_trace_rate(trace, 8 * 1000 + 3), 0, 0);
    near(rog_trace_next_change(trace, 0), 2, 0);
    near(rog_trace_next_change(trace, 2), 5, 0);
    near(rog_trace_next_change(trace, 7.5), 8, 0);
    near(rog_trace_next_change(trace, 8), 10, 0);
    rog_trace_free(trace);
}

static void hand_computed_finish(void **state)
{
    (void)state;
    struct rog_trace *trace = parse("seconds,mbps\n0,5\n2,0\n5,8\n");
    near(rog_trace_finish(trace, 0, 5e6), 1, 1e-12);
    near(rog_trace_finish(trace, 0, 10e6), 2, 1e-12); /* the last bit before the fade */
    near(rog_trace_finish(trace, 0, 10e6 + 8), 5.000001, 1e-12);
    near(rog_trace_finish(trace, 1, 5e6 + 16e6), 7, 1e-12); /* across the fade */
    near(rog_trace_finish(trace, 3, 8e6), 6, 1e-12);        /* begins within the fade */
    near(rog_trace_finish(trace, 0, 34e6), 8, 1e-9);        /* one whole pass */
    near(rog_trace_finish(trace, 0, 34e6 * 1e6 + 5e6), 8e6 + 1, 1e-3);
    near(rog_trace_finish(trace, 7, 0), 7, 0);
    near(rog_trace_bits(trace, 0, 1), 5e6, 1e-3);
    near(rog_trace_bits(trace, 0, 4.5), 10e6, 1e-3); /* the fade adds nothing */
    near(rog_trace_bits(trace, 1, 7), 5e6 + 16e6, 1e-3);
    near(rog_trace_bits(trace, 1, 8e6 + 1), 34e6 * 1e6, 1);
    near(rog_trace_bits(trace, 7, 7), 0, 0);
    rog_trace_free(trace);
}

static void constant_rates(void **state)
{
    (void)state;
    struct rog_trace *trace = NULL;
    struct rog_error err = {0};
    assert_int_equal(
        rog_trace_open(
            &trace, &(struct rog_trace_source){.name = "constant:2.5", .rank = 1, .seed = 1}, &err),
        0);
    near(rog_trace_finish(trace, 100, 5e6), 102, 1e-12);
    near(rog_trace_rate(trace, 1e9), 2.5, 0);
    assert_true(isinf(rog_trace_next_change(trace, 3)));
    rog_trace_free(trace);
    static const char *const wrong[] = {"constant:0",   "constant:-1",     "constant:",
                                        "constant:nan", "constant:3 Mbit", "constant:inf"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(
            rog_trace_open(
                &trace, &(struct rog_trace_source){.name = wrong[i], .rank = 1, .seed = 1}, &err),
            ROG_EINVAL);
    assert_int_equal(
        rog_trace_open(&trace,
                       &(struct rog_trace_source){.name = "synth:underwater", .rank = 1, .seed = 1},
                       &err),
        ROG_EINVAL);
    assert_non_null(strstr(err.message, "synth:indoors"));
}

/* Arithmetic must not use infinity as a number, nor give NaN. */
static void without_a_limit_bits_take_no_time(void **state)
{
    (void)state;
    struct rog_trace *trace = NULL;
    const struct rog_trace_source source = {
        .name = "unlimited", .rank = 1, .seed = 1, .offset_s = 7, .phase = 0.5, .block_s = 60};
    struct rog_error err = {0};
    double start_s = -1;
    assert_int_equal(rog_trace_open_run(&trace, &start_s, &source, &err), 0);
    assert_null(trace);
    near(start_s, 7, 0);
    near(rog_trace_finish(trace, 100, 1e300), 100, 0);
    near(rog_trace_bits(trace, 7, 7), 0, 0);
    assert_true(isinf(rog_trace_bits(trace, 7, 8)));
    assert_true(isinf(rog_trace_rate(trace, 3)));
    assert_true(isinf(rog_trace_next_change(trace, 3)));
}

/* Returns the bits transmitted in [from, to) in steps of a millisecond, to be compared with the
 * exact integration. */
static double stepped(const struct rog_trace *trace, double from_s, double to_s)
{
    const double step_s = 1e-3;
    double bits = 0;
    long steps = lround((to_s - from_s) / step_s);
    for (long i = 0; i < steps; i++)
        bits += rog_trace_rate(trace, from_s + ((double)i + 0.5) * step_s) * 1e6 * step_s;
    return bits;
}

static void agrees_with_stepping(void **state)
{
    (void)state;
    struct rog_rng rng;
    rog_rng_init(&rng, 7);
    for (int round = 0; round < 60; round++) {
        double mbps[12];
        struct rog_trace_builder builder = {0};
        uint32_t count = 2 + rog_rng_below(&rng, 11);
        double t_s = 0;
        for (uint32_t i = 0; i < count; i++)
            mbps[i] = rog_rng_below(&rng, 3) ? rog_rng_range(&rng, 0.1, 50) : 0;
        mbps[rog_rng_below(&rng, count)] = 3;
        for (uint32_t i = 0; i < count; i++) {
            assert_int_equal(rog_trace_builder_add(&builder, t_s, mbps[i], NULL), 0);
            t_s += 0.001 * (1 + rog_rng_below(&rng, 2000)); /* whole steps */
        }
        struct rog_trace *trace = NULL;
        assert_int_equal(rog_trace_builder_end(&builder, t_s, &trace, NULL), 0);
        rog_trace_builder_release(&builder);

        double from_s = 0.001 * rog_rng_below(&rng, 30000);
        double to_s = from_s + 0.001 * (1 + rog_rng_below(&rng, 30000));
        /* Slightly less than all, or rounding could move the last one behind a fade. */
        double bits = fmax(stepped(trace, from_s, to_s) - 1, 0);
        double finish_s = rog_trace_finish(trace, from_s, bits);
        assert_true(finish_s >= from_s && finish_s <= to_s);
        near(stepped(trace, from_s, finish_s), bits, 50e6 * 1e-3 + 2);
        /* In two parts the result is the same. */
        near(rog_trace_bits(trace, from_s, finish_s), bits, 1e-6 * bits + 1);
        double half_s = rog_trace_finish(trace, from_s, bits / 2);
        near(rog_trace_finish(trace, half_s, bits / 2), finish_s, 1e-6);
        rog_trace_free(trace);
    }
}

/* Values of equal duration, near where the search starts, and of growing durations, which are
 * not. */
static void the_value_that_holds_is_found(void **state)
{
    (void)state;
    enum { COUNT = 300 };
    for (int growing = 0; growing < 2; growing++) {
        double start_s[COUNT + 1] = {0};
        struct rog_trace_builder builder = {0};
        for (uint32_t i = 0; i < COUNT; i++) {
            start_s[i + 1] = start_s[i] + (growing ? 0.001 * (i + 1) * (i + 1) : 0.125);
            assert_int_equal(rog_trace_builder_add(&builder, start_s[i], i + 1, NULL), 0);
        }
        struct rog_trace *trace = NULL;
        assert_int_equal(rog_trace_builder_end(&builder, start_s[COUNT], &trace, NULL), 0);
        rog_trace_builder_release(&builder);
        for (uint32_t i = 0; i < COUNT; i++) {
            double middle_s = (start_s[i] + start_s[i + 1]) / 2;
            assert_true(rog_trace_rate(trace, start_s[i]) == i + 1);
            assert_true(rog_trace_rate(trace, middle_s) == i + 1);
            assert_true(rog_trace_rate(trace, 7 * start_s[COUNT] + middle_s) == i + 1);
        }
        rog_trace_free(trace);
    }
}

static void changes_are_walked_without_end_or_repetition(void **state)
{
    (void)state;
    struct rog_trace *trace = parse("seconds,mbps\n0,1\n0.1,2\n0.3,0\n0.7,4\n");
    double t_s = 0, bits = 0;
    for (int i = 0; i < 40000; i++) {
        double next_s = rog_trace_next_change(trace, t_s);
        assert_true(next_s > t_s);
        bits += rog_trace_rate(trace, t_s) * 1e6 * (next_s - t_s);
        t_s = next_s;
    }
    near(t_s, 10000 * trace->span_s, 1e-6);
    near(bits / (10000 * trace->period_bits), 1, 1e-9);
    rog_trace_free(trace);
}

static void strict_errors(void **state)
{
    (void)state;
    refuse("", "t.csv: the trace has no values");
    refuse("seconds,mbps\n", "no values");
    refuse("0,1\n1,2\n", "t.csv:1: ");
    refuse("seconds,mbps\n0,1\n0,2\n", "t.csv:3: the time must be greater");
    refuse("seconds,mbps\n5,1\n4,2\n", "t.csv:3: the time must be greater");
    refuse("seconds,mbps\n0,1\n1e-300,2\n", "t.csv:3: a value must hold for at least 0.0001 s");
    refuse("seconds,mbps\n0,1\n1e-5,2\n", "t.csv:3: a value must hold for at least 0.0001 s");
    refuse("seconds,mbps\n0,1e-300\n1,0\n", "always 0 Mbit/s");
    refuse("seconds,mbps\n0,1e-7\n", "always 0 Mbit/s");
    refuse("seconds,mbps\n0,1e306\n", "too large: its number of bits overflows");
    refuse("seconds,mbps\n0,1\n1,-2\n", "t.csv:3: the rate must be 0 or more");
    refuse("seconds,mbps\n0,1\n1\n", "t.csv:3: must be two numbers");
    refuse("seconds,mbps\n0,1\n1,\n", "t.csv:3: ");
    refuse("seconds,mbps\n0,1\n\n2,3,4\n", "t.csv:4: ");
    refuse("seconds,mbps\n0,nan\n", "t.csv:2: ");
    refuse("seconds,mbps\n0,1e999\n", "t.csv:2: ");
    refuse("seconds,mbps\n0,1,2\n", "t.csv:2: ");
    refuse("seconds,mbps\n0,0\n1,0\n", "always 0 Mbit/s");
    refuse("seconds,mbps\n0,0\n", "always 0 Mbit/s");
}

static void files_by_rank(void **state)
{
    (void)state;
    char name[] = "/tmp/rog-trace-XXXXXX";
    assert_non_null(mkdtemp(name));
    char path[128], pattern[128];
    snprintf(path, sizeof path, "%s/w3-3.csv", name);
    snprintf(pattern, sizeof pattern, "%s/w{rank}-{rank}.csv", name);
    struct rog_trace *trace = parse("seconds,mbps\n0,1.5\n2,0\n5,8\n"), *again = NULL;
    struct rog_error err = {0};
    assert_int_equal(rog_trace_write(trace, path, &err), 0);
    assert_int_equal(
        rog_trace_open(&again, &(struct rog_trace_source){.name = pattern, .rank = 3, .seed = 1},
                       &err),
        0);
    near(again->span_s, trace->span_s, 1e-9);
    near(again->period_bits, trace->period_bits, 1e-3);
    near(rog_trace_finish(again, 0.5, 20e6), rog_trace_finish(trace, 0.5, 20e6), 1e-9);
    rog_trace_free(again);
    assert_int_not_equal(
        rog_trace_open(&again, &(struct rog_trace_source){.name = pattern, .rank = 4, .seed = 1},
                       &err),
        0);
    assert_non_null(strstr(err.message, "w4-4.csv"));
    rog_trace_free(trace);
    unlink(path);
    rmdir(name);
}

static void statistics(void **state)
{
    (void)state;
    struct rog_trace *trace = parse("seconds,mbps\n0,0\n1,4\n4,10\n10,20\n");
    struct rog_trace_stats stats;
    assert_int_equal(rog_trace_stats(trace, 0, &stats, NULL), 0);
    near(stats.span_s, 16, 0);
    near(stats.mean_mbps, (4 * 3 + 10 * 6 + 20 * 6) / 16.0, 1e-12);
    near(stats.sd_mbps,
         sqrt((16 * 3 + 100 * 6 + 400 * 6) / 16.0 - stats.mean_mbps * stats.mean_mbps), 1e-12);
    near(stats.below_1, 1 / 16.0, 1e-12);
    near(stats.below_5, 4 / 16.0, 1e-12);
    near(stats.at_0, 1 / 16.0, 1e-12);
    near(stats.percentile_mbps[0], 0, 0);
    near(stats.percentile_mbps[2], 10, 0);
    near(stats.percentile_mbps[4], 20, 0);
    double m = stats.mean_mbps, sum = 0;
    for (int i = 0; i < 1100; i++) { /* lag 5 over [0, 11), in steps of 10 ms */
        double t_s = (i + 0.5) / 100;
        sum += (rog_trace_rate(trace, t_s) - m) * (rog_trace_rate(trace, t_s + 5) - m) / 1100;
    }
    near(stats.autocorrelation[0], sum / (stats.sd_mbps * stats.sd_mbps), 1e-9);
    assert_true(isnan(stats.autocorrelation[4]));
    rog_trace_free(trace);
}

/* A correlation is between -1 and 1 or unknown, however short the trace. */
static void autocorrelation_is_one_or_unknown(void **state)
{
    (void)state;
    struct rog_rng rng;
    struct rog_trace_stats stats;
    struct rog_trace *trace = parse("seconds,mbps\n0,1\n1,200\n2,1\n5.5,180\n");
    assert_int_equal(rog_trace_stats(trace, 0, &stats, NULL), 0);
    for (int i = 0; i < ROG_TRACE_LAGS; i++)
        assert_true(isnan(stats.autocorrelation[i]));
    /* With two passes, a lag of 5 s is half of the time. */
    assert_int_equal(rog_trace_stats(trace, 10, &stats, NULL), 0);
    assert_false(isnan(stats.autocorrelation[0]));
    assert_true(isnan(stats.autocorrelation[1]));
    rog_trace_free(trace);
    rog_rng_init(&rng, 5);
    int known = 0;
    for (int round = 0; round < 2000; round++) {
        struct rog_trace_builder builder = {0};
        uint32_t count = 2 + rog_rng_below(&rng, 8);
        double t_s = 0;
        for (uint32_t i = 0; i < count; i++) {
            assert_int_equal(
                rog_trace_builder_add(&builder, t_s, 1 + 200.0 * !rog_rng_below(&rng, 4), NULL), 0);
            t_s += rog_rng_range(&rng, 0.01, 30);
        }
        assert_int_equal(rog_trace_builder_end(&builder, t_s, &trace, NULL), 0);
        rog_trace_builder_release(&builder);
        assert_int_equal(rog_trace_stats(trace, 0, &stats, NULL), 0);
        for (int i = 0; i < ROG_TRACE_LAGS; i++) {
            double value = stats.autocorrelation[i];
            known += !isnan(value);
            assert_true(isnan(value) || (value >= -1 && value <= 1));
            assert_true(isnan(value) || 2 * rog_trace_lags_s[i] <= t_s);
        }
        rog_trace_free(trace);
    }
    assert_true(known > 500);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_hold_until_the_next),
        cmocka_unit_test(hand_computed_finish),
        cmocka_unit_test(constant_rates),
        cmocka_unit_test(without_a_limit_bits_take_no_time),
        cmocka_unit_test(agrees_with_stepping),
        cmocka_unit_test(the_value_that_holds_is_found),
        cmocka_unit_test(changes_are_walked_without_end_or_repetition),
        cmocka_unit_test(strict_errors),
        cmocka_unit_test(files_by_rank),
        cmocka_unit_test(statistics),
        cmocka_unit_test(autocorrelation_is_one_or_unknown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
