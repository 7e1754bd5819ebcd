/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The published staleness bounds over random schedules. The oracle has its own table of versions
 * from the messages that arrive and knows the bounds from the paper, not from the plugins:
 *   BSP       at the admission of iteration t every row of every connected worker has version t;
 *   SSP, ROG  ... has at least version t - S.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <librog/sync/wire.h>

#include "sync_cluster.h"

struct oracle {
    uint32_t rows, workers;
    /* The version that all rows of `other` must have before `worker` continues after `iteration`.
     */
    uint32_t (*needed)(const struct oracle *oracle, uint32_t worker, uint32_t iteration,
                       uint32_t other);
    uint32_t allowed; /* versions that a row may be behind */
    uint32_t *version, *asked;
    uint32_t *pushed;   /* [worker]: iteration whose push has arrived completely */
    uint32_t *stalled;  /* [worker]: iteration it stalls in, 0: none */
    uint32_t *demanded; /* [worker]: rows older than this were demanded */
    bool *gone;
    bool joins;
    uint32_t admissions, stalls, demands, joined;
};

static uint32_t published_bound(const struct oracle *oracle, uint32_t worker, uint32_t iteration,
                                uint32_t other)
{
    (void)worker, (void)other;
    return iteration > oracle->allowed ? iteration - oracle->allowed : 0;
}

static uint32_t oldest_row_of(const struct oracle *oracle, uint32_t worker)
{
    uint32_t oldest = UINT32_MAX;
    for (uint32_t row = 0; row < oracle->rows; row++)
        if (oracle->version[worker * oracle->rows + row] < oldest)
            oldest = oracle->version[worker * oracle->rows + row];
    return oldest;
}

static uint32_t oldest_row(const struct oracle *oracle)
{
    uint32_t oldest = UINT32_MAX;
    for (uint32_t i = 0; i < oracle->workers; i++)
        if (!oracle->gone[i] && oldest_row_of(oracle, i) < oldest)
            oldest = oldest_row_of(oracle, i);
    return oldest;
}

static bool may_go_on(const struct oracle *oracle, uint32_t worker, uint32_t iteration)
{
    for (uint32_t i = 0; i < oracle->workers; i++)
        if (!oracle->gone[i] &&
            oldest_row_of(oracle, i) < oracle->needed(oracle, worker, iteration, i))
            return false;
    return true;
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
            /* Already demanded for a version that it has not reached: demanded twice. */
            assert_true(oracle->asked[at] <= oracle->version[at]);
            oracle->asked[at] = wire.header.iteration;
        }
    }
}

/* Returns the rows of a worker with a version in [from, to). */
static uint32_t count_rows(const struct oracle *oracle, uint32_t worker, uint32_t from, uint32_t to)
{
    uint32_t count = 0;
    for (uint32_t row = 0; row < oracle->rows; row++) {
        uint32_t version = oracle->version[worker * oracle->rows + row];
        count += version >= from && version < to;
    }
    return count;
}

static void noticed(struct cluster *cluster, const struct rog_server_notice *notice)
{
    struct oracle *oracle = cluster->watch.user;
    uint32_t worker = notice->worker;
    switch (notice->kind) {
    case ROG_SERVER_STALLED:
        oracle->stalls++;
        oracle->stalled[worker] = notice->iteration;
        assert_false(may_go_on(oracle, worker, notice->iteration));
        assert_false(oracle->gone[notice->blocker]);
        break;
    case ROG_SERVER_ADMITTED:
        oracle->admissions++;
        oracle->stalled[worker] = 0;
        assert_false(oracle->gone[worker]);
        assert_true(may_go_on(oracle, worker, notice->iteration));
        assert_int_equal(notice->oldest, oldest_row(oracle));
        assert_int_equal(notice->iteration, oracle->pushed[worker]);
        break;
    case ROG_SERVER_DEMANDED:
        assert_true(notice->version <= oracle->pushed[worker]);
        assert_true(notice->rows > 0);
        assert_int_equal(notice->rows,
                         count_rows(oracle, worker, oracle->demanded[worker], notice->version));
        oracle->demanded[worker] = notice->version;
        break;
    default:
        break;
    }
}

/* No worker stalls longer than necessary, and all rows that can be demanded were. */
static void nobody_stalls_in_vain(struct cluster *cluster)
{
    const struct oracle *oracle = cluster->watch.user;
    for (uint32_t i = 0; i < oracle->workers; i++) {
        if (!oracle->stalled[i] || oracle->gone[i])
            continue;
        assert_false(may_go_on(oracle, i, oracle->stalled[i]));
        for (uint32_t j = 0; j < oracle->workers; j++) {
            uint32_t needed = oracle->needed(oracle, i, oracle->stalled[i], j);
            uint32_t oldest = oldest_row_of(oracle, j);
            if (!oracle->gone[j] && oldest < needed && needed <= oracle->pushed[j])
                assert_true(oldest < oracle->demanded[j]);
        }
    }
}

static void pulled(struct cluster *cluster, uint32_t worker)
{
    const struct oracle *oracle = cluster->watch.user;
    nobody_stalls_in_vain(cluster);
    if (oracle->joins && oracle->workers > 1 && rog_rng_below(&cluster->rng, 12) == 0)
        cluster_rejoin(cluster, (worker + 1 + rog_rng_below(&cluster->rng, oracle->workers - 1)) %
                                    oracle->workers);
}

static void joined(struct cluster *cluster, uint32_t worker, uint32_t iteration)
{
    struct oracle *oracle = cluster->watch.user;
    oracle->joined++;
    oracle->gone[worker] = false;
    oracle->stalled[worker] = 0;
    oracle->demanded[worker] = 0;
    oracle->pushed[worker] = iteration;
    for (uint32_t row = 0; row < oracle->rows; row++) {
        oracle->version[worker * oracle->rows + row] = iteration;
        oracle->asked[worker * oracle->rows + row] = 0;
    }
}

static void left(struct cluster *cluster, uint32_t worker)
{
    struct oracle *oracle = cluster->watch.user;
    oracle->gone[worker] = true;
}

static void oracle_init(struct oracle *oracle, uint32_t workers)
{
    struct rog_rows *rows = cluster_rows(false);
    oracle->rows = rows->row_count;
    oracle->workers = workers;
    oracle->version = calloc((size_t)workers * oracle->rows, sizeof *oracle->version);
    oracle->asked = calloc((size_t)workers * oracle->rows, sizeof *oracle->asked);
    oracle->pushed = calloc(workers, sizeof *oracle->pushed);
    oracle->stalled = calloc(workers, sizeof *oracle->stalled);
    oracle->demanded = calloc(workers, sizeof *oracle->demanded);
    oracle->gone = calloc(workers, sizeof *oracle->gone);
    rog_rows_free(rows);
}

static void oracle_release(struct oracle *oracle)
{
    free(oracle->gone);
    free(oracle->demanded);
    free(oracle->stalled);
    free(oracle->pushed);
    free(oracle->asked);
    free(oracle->version);
}

struct totals {
    uint32_t admissions, stalls, demands, joined;
};

static void run_schedule(const struct rog_strategy *strategy, const void *parameters,
                         int32_t threshold, const struct oracle *bound, uint64_t seed,
                         struct totals *totals)
{
    struct rog_rng rng;
    rog_rng_derive(&rng, seed, strategy->name, (uint64_t)threshold);
    struct cluster_options options = {.strategy = strategy,
                                      .threshold = threshold,
                                      .parameters = parameters,
                                      .workers = 1 + rog_rng_below(&rng, 6),
                                      .iterations = 1 + rog_rng_below(&rng, 14),
                                      .leaves = rog_rng_below(&rng, 2) == 0,
                                      .seed = seed,
                                      .slow_s = rog_rng_range(&rng, 0.01, 2)};
    struct oracle oracle = *bound;
    struct cluster cluster;
    oracle.joins = rog_rng_below(&rng, 3) == 0;
    oracle_init(&oracle, options.workers);
    const struct cluster_watch watch = {.user = &oracle,
                                        .arriving = arriving,
                                        .sent_down = sent_down,
                                        .notice = noticed,
                                        .pulled = pulled,
                                        .left = left,
                                        .joined = joined};
    cluster_init(&cluster, &options, &watch);
    if (!cluster_run(&cluster))
        fail_msg("%s %d: deadlock with seed %u", strategy->name, threshold, (unsigned)seed);
    nobody_stalls_in_vain(&cluster);
    totals->admissions += oracle.admissions;
    totals->stalls += oracle.stalls;
    totals->demands += oracle.demands;
    totals->joined += oracle.joined;
    cluster_release(&cluster);
    oracle_release(&oracle);
}

/* The bound that `rogctl verify` checks is the bound checked here, if the plugin declares one. */
static void states_its_bound(const struct rog_plugin *plugin, int32_t threshold, uint32_t allowed)
{
    const struct rog_strategy *strategy = plugin->strategy;
    if (!strategy->staleness_bound)
        return;
    const struct rog_strategy_config config = {
        .rows = 1, .workers = 1, .threshold = threshold, .parameters = plugin->parameters};
    assert_int_equal(strategy->staleness_bound(&config),
                     allowed == UINT32_MAX ? -1 : (int64_t)allowed);
}

static void run_schedules(const char *library, int32_t threshold, uint32_t allowed,
                          uint32_t schedules, struct totals *totals)
{
    struct rog_plugin plugin;
    const struct oracle bound = {.needed = published_bound, .allowed = allowed};
    load_strategy(&plugin, library);
    states_its_bound(&plugin, threshold, allowed);
    for (uint32_t seed = 0; seed < schedules; seed++)
        run_schedule(plugin.strategy, plugin.parameters, threshold, &bound, seed, totals);
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

/* ---- a strategy with another demand for each worker each time ---- */

static uint32_t mix(uint32_t a, uint32_t b, uint32_t c)
{
    uint64_t hash = ((uint64_t)a * 1000003 + b) * 1000003 + c;
    hash = (hash ^ hash >> 29) * UINT64_C(0xbf58476d1ce4e5b9);
    return (uint32_t)(hash >> 32);
}

/* Demands any version up to the worker's own iteration; mostly none. */
static uint32_t wild_bound(const struct oracle *oracle, uint32_t worker, uint32_t iteration,
                           uint32_t other)
{
    (void)oracle;
    uint32_t dice = mix(worker, iteration, other);
    uint32_t behind = dice / 4 % 8;
    return dice % 4 || behind >= iteration ? 0 : iteration - behind;
}

static void wild_admit(void *state, const struct rog_strategy_config *config,
                       const struct rog_admit_view *view, struct rog_admission *admission)
{
    (void)state;
    for (uint32_t i = 0; i < config->workers; i++)
        admission->needed[i] = wild_bound(NULL, view->worker, view->iteration, i);
}

/* Sends some rows, perhaps none, some of them mandatory. */
static void wild_plan(void *state, const struct rog_strategy_config *config,
                      const struct rog_send_view *view, struct rog_send_plan *plan)
{
    (void)state;
    for (uint32_t row = 0; row < config->rows; row++)
        if (mix(view->worker, view->iteration, row) % 3 == 0)
            plan->order[plan->count++] = row;
    plan->mandatory = plan->count / (1 + mix(view->worker, view->iteration, 0) % 4);
    plan->budget_s = mix(view->iteration, 1, 1) % 5;
}

static void test_wild(void **state)
{
    (void)state;
    static const struct rog_strategy wild = {.abi_version = ROG_STRATEGY_ABI,
                                             .struct_size = sizeof(struct rog_strategy),
                                             .name = "WILD",
                                             .plan_push = wild_plan,
                                             .admit = wild_admit,
                                             .plan_pull = wild_plan};
    const struct oracle bound = {.needed = wild_bound};
    struct totals totals = {0};
    for (uint32_t seed = 0; seed < 1500; seed++)
        run_schedule(&wild, NULL, 0, &bound, seed, &totals);
    assert_true(totals.stalls > 1000);
    assert_true(totals.demands > 1000);
    assert_true(totals.joined > 500);
}

/* The example that users copy keeps its bound, too. */
static void test_skeleton(void **state)
{
    (void)state;
    struct totals totals = {0};
    run_schedules(TEST_PLUGINS "/skeleton.so", 3, 3, 200, &totals);
    assert_true(totals.admissions > 1000);
    assert_true(totals.stalls > 20);
}

/* And so does the example of docs/write-a-strategy.md. */
static void test_documented(void **state)
{
    (void)state;
    struct totals totals = {0};
    run_schedules(TEST_PLUGINS "/mean.so", 2, 2, 200, &totals);
    assert_true(totals.admissions > 1000);
    assert_true(totals.stalls > 20);
}

/* Plugins of all earlier versions of the interface work as before. */
static void test_earlier_versions(void **state)
{
    (void)state;
    static const char *const files[] = {TEST_PLUGINS "/version_1.so", TEST_PLUGINS "/version_2.so",
                                        TEST_PLUGINS "/version_3.so", TEST_PLUGINS "/version_4.so",
                                        TEST_PLUGINS "/version_5.so"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        struct totals totals = {0};
        run_schedules(files[i], 0, 0, 100, &totals);
        assert_true(totals.admissions > 500);
        assert_true(totals.stalls > 10);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bsp),        cmocka_unit_test(test_ssp),
        cmocka_unit_test(test_asp),        cmocka_unit_test(test_rog),
        cmocka_unit_test(test_skeleton),   cmocka_unit_test(test_wild),
        cmocka_unit_test(test_documented), cmocka_unit_test(test_earlier_versions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
