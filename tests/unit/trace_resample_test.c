/* SPDX-License-Identifier: Apache-2.0 */
/* Blocks of recordings: contiguous pieces, drawn uniformly, by seed and rank. */
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

#include <librog/trace/resample.h>
#include <librog/trace/source.h>
#include <librog/trace/stats.h>
#include <librog/trace/trace.h>

#define SMALL_S 1e-6 /* tolerance of the ends of values, among thousands of seconds */

/* Makes values of 0.5 to 1.5 s, each with another rate: 1, 2, 3, ... times `factor` Mbit/s. */
static struct rog_trace *numbered(uint32_t count, double factor)
{
    struct rog_trace_builder builder = {0};
    struct rog_trace *trace = NULL;
    struct rog_rng rng;
    double at_s = 0;
    int code = 0;
    rog_rng_init(&rng, 7);
    for (uint32_t i = 0; i < count && !code; i++) {
        code = rog_trace_builder_add(&builder, at_s, (i + 1) * factor, NULL);
        at_s += rog_rng_range(&rng, 0.5, 1.5);
    }
    assert_int_equal(code, 0);
    assert_int_equal(rog_trace_builder_end(&builder, at_s, &trace, NULL), 0);
    rog_trace_builder_release(&builder);
    return trace;
}

static struct rog_trace *drawn(const struct rog_trace *recording, double start_s, double block_s,
                               uint64_t seed)
{
    struct rog_trace *trace = NULL;
    struct rog_error err = {0};
    struct rog_rng rng;
    rog_rng_init(&rng, seed);
    if (rog_trace_resample(&trace, recording, start_s, block_s, &rng, &err))
        fail_msg("%s", err.message);
    return trace;
}

static double hold_s(const struct rog_trace *trace, uint32_t i)
{
    return (i + 1 < trace->count ? trace->start_s[i + 1] : trace->span_s) - trace->start_s[i];
}

/* Within a block the recording's values follow each other, complete except for the first and the
 * last. */
static void blocks_are_pieces_of_the_recording(void **state)
{
    (void)state;
    const double block_s = 60;
    struct rog_trace *recording = numbered(200, 1);
    struct rog_trace *trace = drawn(recording, 3, block_s, 1);
    assert_true(trace->span_s >= ROG_RESAMPLE_SPAN_S);
    uint32_t wrapped = 0;
    for (uint32_t i = 0; i < trace->count; i++) {
        double from_s = trace->start_s[i], to_s = from_s + hold_s(trace, i);
        double block = floor((from_s + SMALL_S) / block_s);
        bool is_first = from_s - block * block_s < SMALL_S;
        bool is_last = to_s > (block + 1) * block_s - SMALL_S;
        uint32_t index = (uint32_t)lround(trace->mbps[i]) - 1;
        assert_true(to_s < (block + 1) * block_s + SMALL_S);
        assert_true(hold_s(trace, i) < hold_s(recording, index) + SMALL_S);
        if (!is_first && !is_last)
            assert_true(fabs(hold_s(trace, i) - hold_s(recording, index)) < SMALL_S);
        if (!is_first) {
            assert_int_equal(index, (uint32_t)lround(trace->mbps[i - 1]) % recording->count);
            wrapped += index == 0;
        }
    }
    assert_true(wrapped > 50); /* about 60 of 200 s, of 400 blocks */
    rog_trace_free(trace);
    rog_trace_free(recording);
}

/* Returns the mean from from_s to to_s. */
static double mean_mbps(const struct rog_trace *trace, double from_s, double to_s)
{
    return rog_trace_bits(trace, from_s, to_s) / 1e6 / (to_s - from_s);
}

/* A recording whose ends differ from the rest: blocks restricted to lie within it would show them
 * too rarely. */
static void no_moment_is_preferred(void **state)
{
    (void)state;
    static const char text[] = "seconds,mbps\n0,100\n20,1\n130,10\n150,3\n170,60\n200,60\n";
    const double block_s = 60;
    struct rog_trace *recording = NULL;
    assert_int_equal(rog_trace_parse(&recording, text, sizeof text - 1, "test", NULL), 0);
    double wanted = mean_mbps(recording, 0, recording->span_s), sum = 0, squares = 0;
    double below_5 = 0, recorded_below_5 = 0;
    struct rog_trace_stats stats;
    uint32_t blocks = 0;
    assert_int_equal(rog_trace_stats(recording, 0, &stats, NULL), 0);
    recorded_below_5 = stats.below_5;
    const int seeds = 20;
    for (int seed = 1; seed <= seeds; seed++) {
        struct rog_trace *trace = drawn(recording, 0, block_s, (uint64_t)seed);
        for (double at_s = 0; at_s + SMALL_S < trace->span_s; at_s += block_s, blocks++) {
            double mean = mean_mbps(trace, at_s, at_s + block_s);
            sum += mean;
            squares += mean * mean;
        }
        assert_int_equal(rog_trace_stats(trace, 0, &stats, NULL), 0);
        below_5 += stats.below_5 / seeds;
        rog_trace_free(trace);
    }
    double mean = sum / blocks;
    double error = sqrt((squares / blocks - mean * mean) / blocks); /* blocks are independent */
    if (!(error < 0.02 * wanted) || !(fabs(mean - wanted) < 4 * error))
        fail_msg("mean %.3f +- %.3f, recorded %.3f", mean, error, wanted);
    if (!(fabs(below_5 - recorded_below_5) < 0.02))
        fail_msg("below 5 Mbit/s: %.3f, recorded %.3f", below_5, recorded_below_5);
    rog_trace_free(recording);
}

static void rates_are_distributed_as_recorded(void **state)
{
    (void)state;
    struct rog_trace *recording = NULL;
    struct rog_trace_source outdoors = {.name = "synth:outdoors", .rank = 1, .seed = 3};
    struct rog_trace_stats were, are;
    assert_int_equal(rog_trace_open(&recording, &outdoors, NULL), 0);
    assert_int_equal(rog_trace_stats(recording, 0, &were, NULL), 0);
    struct rog_trace *trace = drawn(recording, 0, 60, 5);
    assert_true(trace->span_s >= 2 * recording->span_s);
    assert_int_equal(rog_trace_stats(trace, 0, &are, NULL), 0);
    /* 800 blocks: three standard errors of the mean are 5.5 Mbit/s. */
    assert_true(fabs(are.mean_mbps - were.mean_mbps) < 5.5);
    assert_true(fabs(are.sd_mbps - were.sd_mbps) < 4);
    assert_true(fabs(are.below_5 - were.below_5) < 0.05);
    static const double tolerance[ROG_TRACE_PERCENTILES] = {0.2, 0.6, 14, 6, 4};
    for (int i = 0; i < ROG_TRACE_PERCENTILES; i++)
        if (!(fabs(are.percentile_mbps[i] - were.percentile_mbps[i]) < tolerance[i]))
            fail_msg("percentile %g: %g, recorded %g", rog_trace_percentiles[i],
                     are.percentile_mbps[i], were.percentile_mbps[i]);
    /* Values that are similar for 5 s remain so within blocks; after 120 s there is another block.
     */
    assert_true(are.autocorrelation[0] > 0.85);
    assert_true(fabs(are.autocorrelation[3]) < 0.15 && were.autocorrelation[3] > 0.5);
    rog_trace_free(trace);
    rog_trace_free(recording);
}

/* ---- by seed and rank, from files ---- */

static void write_trace(const struct rog_trace *trace, const char *path)
{
    assert_int_equal(rog_trace_write(trace, path, NULL), 0);
}

static struct rog_trace *opened(struct rog_trace_source source, double *start_s)
{
    struct rog_trace *trace = NULL;
    struct rog_error err = {0};
    if (rog_trace_open_run(&trace, start_s, &source, &err))
        fail_msg("%s", err.message);
    return trace;
}

/* Returns whether b always has `factor` times a's rate. */
static bool is_times(const struct rog_trace *a, const struct rog_trace *b, double factor)
{
    bool same = a->count == b->count && a->span_s == b->span_s;
    for (uint32_t i = 0; i < a->count && same; i++)
        same = a->start_s[i] == b->start_s[i] && fabs(a->mbps[i] * factor - b->mbps[i]) < 1e-3;
    return same;
}

static void seeds_and_ranks(void **state)
{
    (void)state;
    char folder[] = "/tmp/rog-blocks-XXXXXX", path[2][64], pattern[64];
    assert_non_null(mkdtemp(folder));
    snprintf(pattern, sizeof pattern, "%s/w{rank}.csv", folder);
    for (int i = 0; i < 2; i++) {
        struct rog_trace *recording = numbered(300, i + 1);
        snprintf(path[i], sizeof path[i], "%s/w%d.csv", folder, i + 1);
        write_trace(recording, path[i]);
        rog_trace_free(recording);
    }
    double start_s = -1;
    struct rog_trace_source source = {.name = pattern, .rank = 1, .seed = 4, .block_s = 30};
    struct rog_trace *first = opened(source, &start_s), *again = opened(source, &start_s);
    assert_true(is_times(first, again, 1));
    assert_true(start_s == 0);
    rog_trace_free(again);

    source.rank = 2;
    struct rog_trace *second = opened(source, &start_s);
    assert_true(is_times(first, second, 2)); /* recorded at the same time */
    rog_trace_free(second);
    source.own_blocks = true;
    second = opened(source, &start_s);
    assert_false(is_times(first, second, 2));
    rog_trace_free(second);

    source = (struct rog_trace_source){.name = pattern, .rank = 1, .seed = 5, .block_s = 30};
    struct rog_trace *other = opened(source, &start_s);
    assert_false(is_times(first, other, 1));
    rog_trace_free(other);

    /* Workers with different starts in one recording keep this distance: the rates are the values'
     * numbers, of about one second each. */
    source = (struct rog_trace_source){
        .name = pattern, .rank = 1, .seed = 4, .block_s = 30, .offset_s = 10, .phase = 0.5};
    struct rog_trace *apart = opened(source, &start_s);
    assert_true(start_s == 0);
    for (double t_s = 0.5; t_s < first->span_s; t_s += 7) {
        double ahead = rog_trace_rate(apart, t_s) - rog_trace_rate(first, t_s);
        ahead += ahead < 0 ? 300 : 0;
        assert_true(ahead > 145 && ahead < 175);
    }
    rog_trace_free(apart);

    source.block_s = 0; /* unchanged, from there on */
    struct rog_trace *whole = opened(source, &start_s);
    assert_int_equal(whole->count, 301); /* the last row of a file repeats a value */
    assert_true(fabs(start_s - 10 - whole->span_s / 2) < SMALL_S);
    rog_trace_free(whole);
    rog_trace_free(first);
    for (int i = 0; i < 2; i++)
        unlink(path[i]);
    rmdir(folder);
}

/* ---- unusual recordings ---- */

/* Two million cuts: hundreds of them leave less than the minimum duration of a value. */
static void no_value_is_too_short(void **state)
{
    (void)state;
    struct rog_trace *recording = numbered(50, 1);
    struct rog_trace *trace = drawn(recording, 0, 0.0123, 1);
    for (uint32_t i = 0; i < trace->count; i++)
        if (hold_s(trace, i) < 0.99 * ROG_TRACE_STEP_MIN_S)
            fail_msg("value %u holds for %g s", i, hold_s(trace, i));
    assert_true(fabs(mean_mbps(trace, 0, trace->span_s) -
                     mean_mbps(recording, 0, recording->span_s)) < 0.1);
    rog_trace_free(trace);
    rog_trace_free(recording);
}

static void invalid_blocks_are_rejected(void **state)
{
    (void)state;
    struct rog_trace *recording = numbered(100, 1), *trace = NULL;
    struct rog_error err = {0};
    struct rog_rng rng;
    rog_rng_init(&rng, 1);
    assert_int_equal(rog_trace_resample(&trace, recording, 0, 200, &rng, &err), ROG_EINVAL);
    assert_non_null(strstr(err.message, "must be shorter than the recording"));
    assert_int_equal(rog_trace_resample(&trace, recording, 0, 1e-3, &rng, &err), ROG_EINVAL);
    assert_non_null(strstr(err.message, "more than 1e+07"));
    assert_int_equal(rog_trace_resample(&trace, recording, 0, 1e-300, &rng, &err), ROG_EINVAL);
    assert_null(trace);
    rog_trace_free(recording);

    assert_int_equal(rog_trace_constant(&recording, "5", NULL), 0);
    assert_int_equal(rog_trace_resample(&trace, recording, 0, 60, &rng, &err), 0);
    assert_int_equal(trace->count, 1);
    assert_true(trace->mbps[0] == 5);
    rog_trace_free(trace);
    rog_trace_free(recording);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_are_pieces_of_the_recording),
        cmocka_unit_test(no_moment_is_preferred),
        cmocka_unit_test(rates_are_distributed_as_recorded),
        cmocka_unit_test(seeds_and_ranks),
        cmocka_unit_test(no_value_is_too_short),
        cmocka_unit_test(invalid_blocks_are_rejected),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
