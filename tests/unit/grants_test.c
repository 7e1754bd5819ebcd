/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Grants over random schedules, with slow and fast workers that vanish and return. The oracle has
 * its own list of waiting workers and grants, from the server's notices and the messages that
 * arrive; it knows FLOWN's rule from its publication, not from the plugin.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <librog/sync/wire.h>

#include "sync_cluster.h"

#define MOST_WORKERS 8

struct oracle {
    uint32_t workers, at_once;
    bool flown; /* also check the order of grants */
    uint64_t threshold;
    struct {
        bool gone, granted;
        uint64_t waits; /* its place among the waiting workers; 0: it does not wait */
        uint64_t iteration, bytes;
        double began_s, rate;
    } of[MOST_WORKERS];
    uint64_t places;
    uint32_t grants, stalls, full, priorities, joined;
};

static uint32_t granted(const struct oracle *oracle)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < oracle->workers; i++)
        count += oracle->of[i].granted;
    return count;
}

static bool far_behind(const struct oracle *oracle, uint32_t worker)
{
    uint64_t most = 0;
    for (uint32_t i = 0; i < oracle->workers; i++)
        if (!oracle->of[i].gone && oracle->of[i].iteration > most)
            most = oracle->of[i].iteration;
    return oracle->of[worker].iteration + oracle->threshold <= most;
}

/* Returns whether b precedes a, by FLOWN's rule. */
static bool goes_before(const struct oracle *oracle, uint32_t a, uint32_t b)
{
    bool a_first = far_behind(oracle, a), b_first = far_behind(oracle, b);
    if (a_first != b_first)
        return b_first;
    bool earlier = oracle->of[b].waits < oracle->of[a].waits;
    if (a_first || oracle->of[a].rate == oracle->of[b].rate)
        return earlier;
    return oracle->of[b].rate > oracle->of[a].rate;
}

static void admitted(struct oracle *oracle, const struct rog_server_notice *notice)
{
    uint32_t worker = notice->worker;
    oracle->grants++;
    assert_true(oracle->of[worker].waits > 0);
    assert_false(oracle->of[worker].gone);
    for (uint32_t i = 0; oracle->flown && i < oracle->workers; i++)
        if (i != worker && oracle->of[i].waits)
            assert_false(goes_before(oracle, worker, i));
    oracle->priorities += far_behind(oracle, worker);
    oracle->of[worker].waits = 0;
    oracle->of[worker].granted = true;
    assert_true(granted(oracle) <= oracle->at_once);
    assert_int_equal(notice->granted, granted(oracle));
    oracle->full += granted(oracle) == oracle->at_once;
}

static void noticed(struct cluster *cluster, const struct rog_server_notice *notice)
{
    struct oracle *oracle = cluster->watch.user;
    uint32_t worker = notice->worker;
    switch (notice->kind) {
    case ROG_SERVER_PUSHED:
        oracle->of[worker].iteration = notice->iteration;
        oracle->of[worker].waits = ++oracle->places;
        break;
    case ROG_SERVER_STALLED:
        oracle->stalls++;
        assert_true(oracle->of[worker].waits > 0);
        if (oracle->flown)
            assert_true(oracle->of[notice->blocker].granted);
        break;
    case ROG_SERVER_ADMITTED:
        admitted(oracle, notice);
        break;
    case ROG_SERVER_PULL_SENT:
        assert_true(oracle->of[worker].granted);
        oracle->of[worker].granted = false;
        break;
    default:
        break;
    }
}

/* The server's measure of a push: the bytes after its first message, and how long they take. */
static void arriving(struct cluster *cluster, uint32_t worker, const uint8_t *message, size_t size)
{
    struct oracle *oracle = cluster->watch.user;
    struct rog_wire wire;
    assert_int_equal(rog_wire_parse(cluster->rows, message, size, &wire, NULL), 0);
    if (wire.header.stream != ROG_WIRE_PUSH)
        return;
    if (wire.header.kind == ROG_WIRE_BEGIN) {
        oracle->of[worker].began_s = cluster->now;
        oracle->of[worker].bytes = 0;
    } else if (wire.header.kind == ROG_WIRE_ROWS) {
        oracle->of[worker].bytes += wire.wire_bytes;
    } else if (cluster->now > oracle->of[worker].began_s) {
        oracle->of[worker].rate =
            (double)oracle->of[worker].bytes / (cluster->now - oracle->of[worker].began_s);
    }
}

static void left(struct cluster *cluster, uint32_t worker)
{
    struct oracle *oracle = cluster->watch.user;
    oracle->of[worker].gone = true;
    oracle->of[worker].granted = false;
    oracle->of[worker].waits = 0;
}

static void joined(struct cluster *cluster, uint32_t worker, uint32_t iteration)
{
    struct oracle *oracle = cluster->watch.user;
    oracle->of[worker].gone = false;
    oracle->of[worker].iteration = iteration;
    oracle->of[worker].rate = 0;
    oracle->joined++;
}

/* No worker waits while a grant is available. Some vanish and return meanwhile. */
static void pulled(struct cluster *cluster, uint32_t worker)
{
    const struct oracle *oracle = cluster->watch.user;
    for (uint32_t i = 0; oracle->flown && i < oracle->workers; i++)
        if (oracle->of[i].waits)
            assert_int_equal(granted(oracle), oracle->at_once);
    if (oracle->workers > 1 && rog_rng_below(&cluster->rng, 12) == 0)
        cluster_rejoin(cluster, (worker + 1 + rog_rng_below(&cluster->rng, oracle->workers - 1)) %
                                    oracle->workers);
}

static void run_schedule(const struct rog_strategy *strategy, const void *parameters,
                         int32_t threshold, uint64_t seed, struct oracle *totals)
{
    struct rog_rng rng;
    rog_rng_derive(&rng, seed, strategy->name, (uint64_t)threshold);
    const struct cluster_options options = {.strategy = strategy,
                                            .threshold = threshold,
                                            .parameters = parameters,
                                            .workers = 1 + rog_rng_below(&rng, MOST_WORKERS),
                                            .iterations = 1 + rog_rng_below(&rng, 14),
                                            .leaves = rog_rng_below(&rng, 2) == 0,
                                            .seed = seed,
                                            .slow_s = rog_rng_range(&rng, 0.01, 2)};
    struct oracle oracle = {.workers = options.workers,
                            .at_once = totals->at_once,
                            .flown = totals->flown,
                            .threshold = (uint64_t)threshold};
    const struct cluster_watch watch = {.user = &oracle,
                                        .arriving = arriving,
                                        .notice = noticed,
                                        .pulled = pulled,
                                        .left = left,
                                        .joined = joined};
    struct cluster cluster;
    cluster_init(&cluster, &options, &watch);
    if (!cluster_run(&cluster))
        fail_msg("%s %d: deadlock with seed %u", strategy->name, threshold, (unsigned)seed);
    totals->grants += oracle.grants;
    totals->stalls += oracle.stalls;
    totals->full += oracle.full;
    totals->priorities += oracle.priorities;
    totals->joined += oracle.joined;
    cluster_release(&cluster);
}

static void run_flown(int32_t threshold, const char *text, uint32_t at_once, struct oracle *totals)
{
    struct rog_plugin plugin;
    struct rog_error err;
    struct rog_json *given = NULL;
    load_strategy(&plugin, "FLOWN");
    assert_int_equal(rog_json_parse(text, strlen(text), "parameters", &given, &err), 0);
    assert_int_equal(rog_plugin_configure(&plugin, given, &err), 0);
    rog_json_free(given);
    const struct rog_strategy_config config = {
        .rows = 1, .workers = 1, .threshold = threshold, .parameters = plugin.parameters};
    assert_int_equal(plugin.strategy->most_granted(&config), at_once);
    *totals = (struct oracle){.at_once = at_once, .flown = true};
    for (uint64_t seed = 0; seed < 150; seed++)
        run_schedule(plugin.strategy, plugin.parameters, threshold, seed, totals);
    rog_plugin_release(&plugin);
}

static void test_flown(void **state)
{
    (void)state;
    struct oracle totals;
    static const int32_t thresholds[] = {0, 1, 4, ROG_THRESHOLD_INFINITE};
    for (size_t i = 0; i < sizeof thresholds / sizeof *thresholds; i++) {
        run_flown(thresholds[i], "{}", 2, &totals);
        assert_true(totals.grants > 1000 && totals.stalls > 150 && totals.full > 150);
        assert_true(totals.joined > 50);
        if (thresholds[i] == 1)
            assert_true(totals.priorities > 50 && totals.priorities < totals.grants);
    }
}

static void test_flown_at_once(void **state)
{
    (void)state;
    struct oracle totals;
    run_flown(2, "{\"at_once\": 1}", 1, &totals);
    assert_int_equal(totals.full, totals.grants);
    run_flown(2, "{\"at_once\": 1000}", 1000, &totals);
    assert_int_equal(totals.stalls, 0);
}

/* ---- a strategy that also waits for versions, and grants one worker at a time, the last to arrive
 * ---- */

static void ssp_admit(void *state, const struct rog_strategy_config *config,
                      const struct rog_admit_view *view, struct rog_admission *admission)
{
    (void)state;
    for (uint32_t i = 0; view->iteration > 1 && i < config->workers; i++)
        admission->needed[i] = view->iteration - 1;
}

static void last_alone(void *state, const struct rog_strategy_config *config,
                       const struct rog_grant_view *view, struct rog_grant *grant)
{
    (void)state;
    assert_int_equal(grant->next, ROG_NOBODY);
    assert_true(view->waiting_count > 0 && view->waiting_count <= config->workers);
    uint32_t count = 0;
    for (uint32_t i = 0; i < config->workers; i++)
        count += view->granted[i];
    assert_int_equal(count, view->granted_count);
    /* A worker that does not wait means none. */
    grant->next = count ? config->workers + 5 : view->waiting[view->waiting_count - 1];
}

static void test_with_versions(void **state)
{
    (void)state;
    static const struct rog_strategy strategy = {.abi_version = ROG_STRATEGY_ABI,
                                                 .struct_size = sizeof(struct rog_strategy),
                                                 .name = "LAST_ALONE",
                                                 .admit = ssp_admit,
                                                 .grant = last_alone};
    struct oracle totals = {.at_once = 1};
    for (uint64_t seed = 0; seed < 500; seed++)
        run_schedule(&strategy, NULL, 0, seed, &totals);
    assert_true(totals.grants > 1000 && totals.stalls > 300 && totals.joined > 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_flown),
        cmocka_unit_test(test_flown_at_once),
        cmocka_unit_test(test_with_versions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
