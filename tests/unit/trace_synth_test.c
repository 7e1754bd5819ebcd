/* SPDX-License-Identifier: Apache-2.0 */
/* The generator's statistics, compared with those of the published outdoor recordings. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <common/hash.h>
#include <librog/trace/stats.h>
#include <librog/trace/source.h>
#include <librog/trace/trace.h>

#define WORKERS 4
#define SPAN_S 24000

struct band {
    double low, high;
};

static void within(const char *what, double value, struct band band)
{
    if (!(value >= band.low && value <= band.high))
        fail_msg("%s is %.4g, not within %.4g to %.4g", what, value, band.low, band.high);
}

static void stats_of(const char *source, uint32_t rank, uint64_t seed,
                     struct rog_trace_stats *stats)
{
    struct rog_trace *trace = NULL;
    struct rog_error err = {0};
    if (rog_trace_open(
            &trace, &(struct rog_trace_source){.name = source, .rank = rank, .seed = seed}, &err) ||
        rog_trace_stats(trace, SPAN_S, stats, &err))
        fail_msg("%s", err.message);
    rog_trace_free(trace);
}

/* Statistics of the recordings, each of the four workers (percentiles with the tolerance of the
 * rounded figures), and the autocorrelation of all four together. */
static void like_the_recordings(const char *source, uint64_t seed, bool generated)
{
    static const struct band percentile[ROG_TRACE_PERCENTILES] = {
        {0.45, 0.75}, {2.7, 3.3}, {30, 42}, {90, 102}, {145, 155}};
    static const double expected[ROG_TRACE_LAGS] = {0.98, 0.92, 0.83, 0.67, 0.3};
    static const double tolerance[ROG_TRACE_LAGS] = {0.015, 0.03, 0.04, 0.07, 0.15};
    double autocorrelation[ROG_TRACE_LAGS] = {0};
    for (uint32_t rank = 1; rank <= WORKERS; rank++) {
        struct rog_trace_stats stats;
        stats_of(source, rank, seed, &stats);
        within("mean", stats.mean_mbps, (struct band){50, 57.2});
        within("standard deviation", stats.sd_mbps, (struct band){50.5, 57});
        for (int i = 0; i < ROG_TRACE_PERCENTILES; i++)
            within("percentile", stats.percentile_mbps[i], percentile[i]);
        within("share below 1 Mbit/s", stats.below_1, (struct band){0.0695, 0.11});
        within("share below 5 Mbit/s", stats.below_5, (struct band){0.29, 0.385});
        within("share of short values", stats.hold_short, (struct band){0.45, 0.55});
        if (generated)
            within("highest", stats.max_mbps, (struct band){150, 249});
        for (int i = 0; i < ROG_TRACE_LAGS; i++)
            autocorrelation[i] += stats.autocorrelation[i] / WORKERS;
    }
    for (int i = 0; i < ROG_TRACE_LAGS; i++) {
        char what[64];
        snprintf(what, sizeof what, "%s seed %llu: autocorrelation at %g s", source,
                 (unsigned long long)seed, rog_trace_lags_s[i]);
        within(what, autocorrelation[i],
               (struct band){expected[i] - tolerance[i], expected[i] + tolerance[i]});
    }
}

static void outdoors_is_like_the_recordings(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 5; seed++)
        like_the_recordings("synth:outdoors", seed, true);
}

/* The bands above are of the recordings: they must hold for them to be meaningful. */
static void the_recordings_are_like_themselves(void **state)
{
    (void)state;
    const char *data = getenv("ROG_SHARED_DATA");
    char *source = rog_format("%s/traces/outdoors-worker{rank}.csv", data ? data : "");
    char *first = rog_format("%s/traces/outdoors-worker1.csv", data ? data : "");
    assert_non_null(source);
    assert_non_null(first);
    bool there = rog_file_exists(first);
    if (there)
        like_the_recordings(source, 0, false);
    free(source);
    free(first);
    if (!there) {
        print_message("skipped: no recorded traces in ROG_SHARED_DATA\n");
        skip();
    }
}

static void many_seeds_on_average(void **state)
{
    (void)state;
    static const double expected[ROG_TRACE_LAGS] = {0.98, 0.92, 0.83, 0.67, 0.3};
    double mean[ROG_TRACE_LAGS] = {0};
    const int seeds = 50;
    for (int seed = 0; seed < seeds; seed++) {
        struct rog_trace_stats stats;
        stats_of("synth:outdoors", 1, 1000 + (uint64_t)seed, &stats);
        for (int i = 0; i < ROG_TRACE_LAGS; i++)
            mean[i] += stats.autocorrelation[i] / seeds;
    }
    for (int i = 0; i < ROG_TRACE_LAGS; i++)
        within("mean autocorrelation", mean[i],
               (struct band){expected[i] - 0.025, expected[i] + 0.025});
}

static void indoors_has_more_and_fewer_fades(void **state)
{
    (void)state;
    for (uint32_t rank = 1; rank <= WORKERS; rank++) {
        struct rog_trace_stats in, out;
        stats_of("synth:indoors", rank, 3, &in);
        stats_of("synth:outdoors", rank, 3, &out);
        within("mean, to outdoors", in.mean_mbps / out.mean_mbps,
               (struct band){93.0 / 73 - 0.01, 93.0 / 73 + 0.01});
        within("share below 5 Mbit/s", in.below_5, (struct band){0.13, 0.19});
        within("share below 1 Mbit/s", in.below_1, (struct band){0.03, 0.05});
    }
}

/* A seed and a rank determine a trace; the same bytes everywhere. */
static void seeds_and_ranks(void **state)
{
    (void)state;
    struct rog_trace *a = NULL, *b = NULL;
    assert_int_equal(
        rog_trace_open(
            &a, &(struct rog_trace_source){.name = "synth:outdoors", .rank = 2, .seed = 9}, NULL),
        0);
    assert_int_equal(
        rog_trace_open(
            &b, &(struct rog_trace_source){.name = "synth:outdoors", .rank = 2, .seed = 9}, NULL),
        0);
    assert_int_equal(a->count, b->count);
    assert_memory_equal(a->mbps, b->mbps, a->count * sizeof *a->mbps);
    assert_memory_equal(a->start_s, b->start_s, a->count * sizeof *a->start_s);
    char hex[ROG_SHA256_HEX_BYTES];
    rog_sha256(a->mbps, a->count * sizeof *a->mbps, hex);
    assert_string_equal(hex, "428dc9e2363226cebbca082a1cc5276a8730d41b01795e16fb6df0a25ece0616");
    rog_trace_free(b);
    assert_int_equal(
        rog_trace_open(
            &b, &(struct rog_trace_source){.name = "synth:outdoors", .rank = 3, .seed = 9}, NULL),
        0);
    assert_true(a->count != b->count || memcmp(a->mbps, b->mbps, a->count * sizeof *a->mbps) != 0);
    rog_trace_free(b);
    assert_int_equal(
        rog_trace_open(
            &b, &(struct rog_trace_source){.name = "synth:outdoors", .rank = 2, .seed = 10}, NULL),
        0);
    assert_true(a->count != b->count || memcmp(a->mbps, b->mbps, a->count * sizeof *a->mbps) != 0);
    rog_trace_free(b);
    rog_trace_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(outdoors_is_like_the_recordings),
        cmocka_unit_test(the_recordings_are_like_themselves),
        cmocka_unit_test(many_seeds_on_average),
        cmocka_unit_test(indoors_has_more_and_fewer_fades),
        cmocka_unit_test(seeds_and_ranks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
