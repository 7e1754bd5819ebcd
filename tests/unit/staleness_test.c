/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The published staleness bounds over random schedules. The oracle keeps its own table of versions
 * from the messages that arrive and knows the bounds from the paper, not from the plugins:
 *   BSP      at the admission of iteration t every row of every worker that is there has version t;
 *   SSP, ROG  ... has at least version t - S.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <trainer/sync/wire.h>

#include "sync_cluster.h"

struct oracle {
    uint32_t rows, workers;
    uint32_t allowed; /* versions that a row may be behind */
    uint32_t *version, *asked;
    uint32_t *pushed;  /* [worker]: iteration whose push has arrived completely */
    uint32_t *stalled; /* [worker]: iteration it stalls in, 0: none */
    bool *gone;
    uint32_t admissions, stalls, demands;
};

static uint32_t oldest_row(const struct oracle *oracle)
{
    uint32_t oldest = UINT32_MAX;
    for (uint32_t i = 0; i < oracle->workers; i++)
        for (uint32_t row = 0; row < oracle->rows && !oracle->gone[i]; row++)
            if (oracle->version[i * oracle->rows + row] < oldest)
                oldest = oracle->version[i * oracle->rows + row];
    return oldest;
}

static bool may_go_on(const struct oracle *oracle, uint32_t iteration)
{
    return oldest_row(oracle) + (uint64_t)oracle->allowed >= iteration;
}

static void arriving(struct cluster *cluster, uint32_t worker, const uint8_t *message, size_t size)
{
    struct oracle *oracle = cluster->watch.user;
    struct rog_wire wire;
    assert_int_equal(rog_wire_parse(cluster->rows, message, size, &wire, NULL), 0);
    if (wire.header.kind == ROG_WIRE_END && wire.header.stream == ROG_WIRE_PUSH)
        oracle->pushed[worker] = wire.header.iteration;
    if (wire.header.kind != ROG_WIRE_ROWS)
        return;
    uint32_t first, length;
    while (rog_wire_run(&wire.numbers, &first, &length))
        for (uint32_t row = first; row < first + length; row++)
            oracle->version[worker * oracle->rows + row] = wire.header.iteration;
}

static void sent_down(struct cluster *cluster, uint32_t worker, const uint8_t *message, size_t size)
{
    struct oracle *oracle = cluster->watch.user;
    struct rog_wire wire;
    assert_int_equal(rog_wire_parse(cluster->rows, message, size, &wire, NULL), 0);
    if (wire.header.kind != ROG_WIRE_REQUEST)
        return;
    oracle->demands++;
    assert_true(wire.header.iteration <= oracle->pushed[worker]);
    uint32_t first, length;
    while (rog_wire_run(&wire.numbers, &first, &length)) {
        for (uint32_t row = first; row < first + length; row++) {
            uint32_t at = worker * oracle->rows + row;
            assert_true(oracle->version[at] < wire.header.iteration);
            /* Asked before for a version that it still has not reached: asked twice. */
            assert_true(oracle->asked[at] <= oracle->version[at]);
            oracle->asked[at] = wire.header.iteration;
        }
    }
}

static void noticed(struct cluster *cluster, const struct rog_server_notice *notice)
{
    struct oracle *oracle = cluster->watch.user;
    uint32_t worker = notice->worker;
    switch (notice->kind) {
    case ROG_SERVER_STALLED:
        oracle->stalls++;
        oracle->stalled[worker] = notice->iteration;
        assert_false(may_go_on(oracle, notice->iteration));
        assert_false(oracle->gone[notice->blocker]);
        break;
    case ROG_SERVER_ADMITTED:
        oracle->admissions++;
        oracle->stalled[worker] = 0;
        assert_true(may_go_on(oracle, notice->iteration));
        assert_int_equal(notice->oldest, oldest_row(oracle));
        assert_int_equal(notice->iteration, oracle->pushed[worker]);
        break;
    case ROG_SERVER_DEMANDED:
        assert_true(notice->version <= oracle->pushed[worker]);
        assert_true(notice->rows > 0);
        break;
    default:
        break;
    }
    /* Nobody stalls for longer than needed: all is decided before the last notice is read, so that
     * it is enough to look at those that have not been admitted when no notice is left. */
}

static void nobody_stalls_in_vain(struct cluster *cluster, uint32_t worker)
{
    const struct oracle *oracle = cluster->watch.user;
    (void)worker;
    for (uint32_t i = 0; i < oracle->workers; i++)
        if (oracle->stalled[i] && !oracle->gone[i])
            assert_false(may_go_on(oracle, oracle->stalled[i]));
}

static void left(struct cluster *cluster, uint32_t worker)
{
    struct oracle *oracle = cluster->watch.user;
    oracle->gone[worker] = true;
}

static void oracle_init(struct oracle *oracle, uint32_t workers, uint32_t allowed)
{
    struct rog_rows *rows = cluster_rows(false);
    *oracle = (struct oracle){.rows = rows->row_count, .workers = workers, .allowed = allowed};
    oracle->version = calloc((size_t)workers * oracle->rows, sizeof *oracle->version);
    oracle->asked = calloc((size_t)workers * oracle->rows, sizeof *oracle->asked);
    oracle->pushed = calloc(workers, sizeof *oracle->pushed);
    oracle->stalled = calloc(workers, sizeof *oracle->stalled);
    oracle->gone = calloc(workers, sizeof *oracle->gone);
    rog_rows_free(rows);
}

static void oracle_release(struct oracle *oracle)
{
    free(oracle->gone);
    free(oracle->stalled);
    free(oracle->pushed);
    free(oracle->asked);
    free(oracle->version);
}

struct totals {
    uint32_t admissions, stalls, demands;
};

static void run_schedules(const char *library, int32_t threshold, uint32_t allowed,
                          uint32_t schedules, struct totals *totals)
{
    struct rog_plugin plugin;
    load_strategy(&plugin, library);
    for (uint32_t seed = 0; seed < schedules; seed++) {
        struct rog_rng rng;
        rog_rng_derive(&rng, seed, library, (uint64_t)threshold);
        struct cluster_options options = {.strategy = plugin.strategy,
                                          .threshold = threshold,
                                          .workers = 1 + rog_rng_below(&rng, 6),
                                          .iterations = 1 + rog_rng_below(&rng, 14),
                                          .leaves = rog_rng_below(&rng, 2) == 0,
                                          .seed = seed,
                                          .slow_s = rog_rng_range(&rng, 0.01, 2)};
        struct oracle oracle;
        struct cluster cluster;
        oracle_init(&oracle, options.workers, allowed);
        const struct cluster_watch watch = {.user = &oracle,
                                            .arriving = arriving,
                                            .sent_down = sent_down,
                                            .notice = noticed,
                                            .pulled = nobody_stalls_in_vain,
                                            .left = left};
        cluster_init(&cluster, &options, &watch);
        if (!cluster_run(&cluster))
            fail_msg("%s %d: deadlock with seed %u", library, threshold, seed);
        nobody_stalls_in_vain(&cluster, 0);
        totals->admissions += oracle.admissions;
        totals->stalls += oracle.stalls;
        totals->demands += oracle.demands;
        cluster_release(&cluster);
        oracle_release(&oracle);
    }
    rog_plugin_release(&plugin);
}

static void test_bsp(void **state)
{
    (void)state;
    struct totals totals = {0};
    run_schedules("BSP", 0, 0, 1000, &totals);
    assert_true(totals.stalls > 1000);
    assert_int_equal(totals.demands, 0);
}

static void test_ssp(void **state)
{
    (void)state;
    for (int32_t threshold = 0; threshold <= 4; threshold++) {
        struct totals totals = {0};
        run_schedules("SSP", threshold, (uint32_t)threshold, 300, &totals);
        assert_true(totals.stalls > 100);
        assert_int_equal(totals.demands, 0);
    }
}

static void test_asp(void **state)
{
    (void)state;
    struct totals totals = {0};
    run_schedules("SSP", ROG_THRESHOLD_INFINITE, UINT32_MAX, 200, &totals);
    assert_true(totals.admissions > 1000);
    assert_int_equal(totals.stalls, 0);
}

static void test_rog(void **state)
{
    (void)state;
    static const int32_t thresholds[] = {1, 2, 3, 4, 8};
    for (size_t i = 0; i < sizeof thresholds / sizeof *thresholds; i++) {
        struct totals totals = {0};
        run_schedules("ROG", thresholds[i], (uint32_t)thresholds[i], 500, &totals);
        assert_true(totals.stalls > 50);
        if (thresholds[i] > 1 && thresholds[i] < 8)
            assert_true(totals.demands > 50);
    }
}

/* The example that users copy keeps its bound as well. */
static void test_skeleton(void **state)
{
    (void)state;
    struct totals totals = {0};
    run_schedules(TEST_PLUGINS "/skeleton.so", 3, 3, 200, &totals);
    assert_true(totals.admissions > 1000);
    assert_true(totals.stalls > 20);
}

/* And so does the one that docs/write-a-strategy.md writes. */
static void test_documented(void **state)
{
    (void)state;
    struct totals totals = {0};
    run_schedules(TEST_PLUGINS "/mean.so", 2, 2, 200, &totals);
    assert_true(totals.admissions > 1000);
    assert_true(totals.stalls > 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bsp),      cmocka_unit_test(test_ssp),
        cmocka_unit_test(test_asp),      cmocka_unit_test(test_rog),
        cmocka_unit_test(test_skeleton), cmocka_unit_test(test_documented),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
