/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Who waits for what, and for how long, over random schedules with workers that vanish and return:
 * a strategy makes any possible demand, and an oracle that knows only these demands and the
 * messages that have arrived computes who may continue, and who has to.
 */

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <librog/sync/wait.h>
#include <librog/sync/wire.h>

#include "sync_cluster.h"

#define MOST_WORKERS 8
#define FRACTION 10 /* one of this many rows is in a push */

/* Random demands of a strategy. */
enum asked { ITERATIONS = 1, ROWS = 2, SOME = 4, DEADLINES = 8 };

struct answer {
    uint32_t needed[MOST_WORKERS], iteration[MOST_WORKERS], quorum;
    double deadline_s;
};

struct oracle {
    uint32_t workers, asks, seed;
    struct {
        bool gone, waits;
        uint32_t pushed;
        double since_s;
        struct answer answer;
    } of[MOST_WORKERS];
    double now;
    uint32_t admitted, stalled, again, demanded, joined, early;
};

/* ---- the strategy ---- */

static struct oracle *oracle_of(const struct rog_strategy_config *config)
{
    struct oracle *oracle;
    memcpy(&oracle, config->parameters, sizeof oracle);
    return oracle;
}

static uint32_t drawn(const struct oracle *oracle, uint64_t a, uint64_t b, uint32_t below)
{
    return (uint32_t)(rog_random(oracle->seed, a, b) % below);
}

/* A tenth of the rows, different ones each time. */
static void plan_some(void *state, const struct rog_strategy_config *config,
                      const struct rog_send_view *view, struct rog_send_plan *plan)
{
    (void)state;
    uint32_t first = (view->iteration * 37 + view->worker * 11) % config->rows;
    plan->count = plan->mandatory = config->rows / FRACTION;
    for (uint32_t i = 0; i < plan->count; i++)
        plan->order[i] = (first + i) % config->rows;
}

/* Returns a version that a worker can reach before the one that demands it. */
static uint32_t possible(const struct oracle *oracle, uint32_t iteration, uint64_t a, uint64_t b)
{
    uint32_t behind = drawn(oracle, a, b, 3);
    return iteration > behind ? iteration - behind : 0;
}

static void ask_anything(void *state, const struct rog_strategy_config *config,
                         const struct rog_admit_view *view, struct rog_admission *admission)
{
    (void)state;
    struct oracle *oracle = oracle_of(config);
    struct answer *answer = &oracle->of[view->worker].answer;
    uint64_t a = (uint64_t)view->iteration * 100 + view->worker;
    assert_true(isinf(admission->deadline_s));
    assert_true(view->again ? view->waited_s > 0 : !(view->waited_s > 0));
    if (view->again) {
        assert_true(oracle->of[view->worker].waits);
        assert_true(view->now >= answer->deadline_s);
        assert_true(fabs(view->now - oracle->of[view->worker].since_s - view->waited_s) < 1e-9);
        oracle->again++;
    }
    memset(answer, 0, sizeof *answer);
    answer->deadline_s = (double)INFINITY;
    for (uint32_t j = 0; j < config->workers; j++) {
        assert_int_equal(admission->needed[j], 0);
        assert_int_equal(admission->iteration[j], 0);
        if ((oracle->asks & ITERATIONS) && drawn(oracle, a, 50 + j, 4))
            answer->iteration[j] = possible(oracle, view->iteration, a, j);
        if ((oracle->asks & ROWS) && drawn(oracle, a, 60 + j, 4))
            answer->needed[j] = possible(oracle, view->iteration, a, 10 + j);
        admission->iteration[j] = answer->iteration[j];
        admission->needed[j] = answer->needed[j];
    }
    if (oracle->asks & SOME)
        answer->quorum = view->again ? 1 : drawn(oracle, a, 20, config->workers + 1);
    if ((oracle->asks & DEADLINES) && drawn(oracle, a, 30, 2))
        answer->deadline_s = view->now + 0.01 + 0.2 * drawn(oracle, a, 40, 20);
    admission->quorum = answer->quorum;
    admission->deadline_s = answer->deadline_s;
}

static const struct rog_strategy anything = {.abi_version = ROG_STRATEGY_ABI,
                                             .struct_size = sizeof anything,
                                             .name = "ANYTHING",
                                             .threshold_max = 10,
                                             .plan_push = plan_some,
                                             .admit = ask_anything};

/* ---- the oracle ---- */

/* `back`: a worker that returns, and is already connected; ROG_NOBODY: none. */
static bool may_go_on(struct cluster *cluster, const struct oracle *oracle, uint32_t worker,
                      uint32_t back)
{
    const struct answer *answer = &oracle->of[worker].answer;
    struct rog_version_view versions;
    uint32_t active = 0, fulfil = 0;
    rog_server_versions(cluster->server, &versions);
    for (uint32_t j = 0; j < oracle->workers; j++) {
        if (oracle->of[j].gone && j != back)
            continue;
        uint32_t pushed = j == back ? versions.latest[j] : oracle->of[j].pushed;
        uint32_t oldest = UINT32_MAX;
        for (uint32_t row = 0; row < cluster->rows->row_count; row++) {
            uint32_t version = versions.version[(size_t)j * cluster->rows->row_count + row];
            oldest = version < oldest ? version : oldest;
        }
        active++;
        fulfil += answer->needed[j] <= oldest && answer->iteration[j] <= pushed;
    }
    return fulfil >= (answer->quorum && answer->quorum < active ? answer->quorum : active);
}

static uint32_t back(struct cluster *cluster, const struct oracle *oracle)
{
    struct rog_version_view versions;
    rog_server_versions(cluster->server, &versions);
    for (uint32_t i = 0; i < oracle->workers; i++)
        if (oracle->of[i].gone && versions.active[i])
            return i;
    return ROG_NOBODY;
}

/* Checks for whom a stalled worker waits first, and for which version or iteration. */
static void check_stall(const struct oracle *oracle, const struct rog_server_notice *notice)
{
    const struct answer *answer = &oracle->of[notice->worker].answer;
    uint32_t most = 0;
    for (uint32_t i = 0; i < oracle->workers; i++)
        most = answer->needed[i] > most ? answer->needed[i] : most;
    assert_true(notice->blocker < oracle->workers);
    assert_true(answer->needed[notice->blocker] || answer->iteration[notice->blocker]);
    assert_true((notice->needed && notice->needed <= most) ||
                notice->needed == answer->iteration[notice->blocker]);
}

static void noticed(struct cluster *cluster, const struct rog_server_notice *notice)
{
    struct oracle *oracle = cluster->watch.user;
    switch (notice->kind) {
    case ROG_SERVER_PUSHED:
        oracle->of[notice->worker].waits = true;
        oracle->of[notice->worker].since_s = cluster->now;
        break;
    case ROG_SERVER_STALLED:
        oracle->stalled++;
        assert_true(oracle->of[notice->worker].waits);
        check_stall(oracle, notice);
        break;
    case ROG_SERVER_ADMITTED:
        assert_true(oracle->of[notice->worker].waits);
        if (!may_go_on(cluster, oracle, notice->worker, ROG_NOBODY))
            assert_true(may_go_on(cluster, oracle, notice->worker, back(cluster, oracle)));
        oracle->of[notice->worker].waits = false;
        oracle->early += notice->oldest + 1 < notice->iteration;
        oracle->admitted++;
        break;
    case ROG_SERVER_DEMANDED:
        oracle->demanded++;
        break;
    default:
        break;
    }
}

/* No worker waits without need, whatever has just happened. */
static void settled(struct cluster *cluster, struct oracle *oracle)
{
    for (uint32_t i = 0; i < oracle->workers; i++)
        if (oracle->of[i].waits && !oracle->of[i].gone)
            assert_false(may_go_on(cluster, oracle, i, ROG_NOBODY));
}

static void arriving(struct cluster *cluster, uint32_t worker, const uint8_t *message, size_t size)
{
    struct oracle *oracle = cluster->watch.user;
    struct rog_wire wire;
    settled(cluster, oracle);
    assert_int_equal(rog_wire_parse(cluster->rows, message, size, &wire, NULL), 0);
    if (wire.header.stream != ROG_WIRE_PUSH || wire.header.kind != ROG_WIRE_END)
        return;
    oracle->of[worker].pushed = wire.header.iteration;
    oracle->of[worker].since_s = cluster->now;
}

static void left(struct cluster *cluster, uint32_t worker)
{
    struct oracle *oracle = cluster->watch.user;
    oracle->of[worker].gone = true;
    oracle->of[worker].waits = false;
}

static void joined(struct cluster *cluster, uint32_t worker, uint32_t iteration)
{
    struct oracle *oracle = cluster->watch.user;
    oracle->of[worker].gone = false;
    oracle->of[worker].pushed = iteration;
    oracle->joined++;
}

static void pulled(struct cluster *cluster, uint32_t worker)
{
    const struct oracle *oracle = cluster->watch.user;
    if (oracle->workers > 1 && rog_rng_below(&cluster->rng, 15) == 0) {
        uint32_t other = 1 + rog_rng_below(&cluster->rng, oracle->workers - 1);
        cluster_rejoin(cluster, (worker + other) % oracle->workers);
    }
}

static void run_schedule(uint32_t asks, bool leaves, uint32_t seed, struct oracle *totals)
{
    struct rog_rng rng;
    rog_rng_derive(&rng, seed, "waits", asks);
    struct oracle oracle = {
        .workers = 1 + rog_rng_below(&rng, MOST_WORKERS), .asks = asks, .seed = seed};
    struct oracle *user = &oracle;
    const struct cluster_options options = {.strategy = &anything,
                                            .threshold = 1,
                                            .parameters = &user,
                                            .workers = oracle.workers,
                                            .iterations = 2 + rog_rng_below(&rng, 12),
                                            .leaves = leaves,
                                            .seed = seed,
                                            .slow_s = rog_rng_range(&rng, 0.01, 0.5)};
    const struct cluster_watch watch = {.user = &oracle,
                                        .arriving = arriving,
                                        .notice = noticed,
                                        .pulled = leaves ? pulled : NULL,
                                        .left = left,
                                        .joined = joined};
    struct cluster cluster;
    cluster_init(&cluster, &options, &watch);
    if (!cluster_run(&cluster))
        fail_msg("%u: deadlock with seed %u", asks, seed);
    totals->admitted += oracle.admitted;
    totals->stalled += oracle.stalled;
    totals->again += oracle.again;
    totals->demanded += oracle.demanded;
    totals->joined += oracle.joined;
    totals->early += oracle.early;
    cluster_release(&cluster);
}

static void run_schedules(uint32_t asks, struct oracle *totals)
{
    *totals = (struct oracle){0};
    for (uint32_t seed = 0; seed < 120; seed++)
        run_schedule(asks, seed % 2, seed, totals);
    assert_true(totals->admitted > 1000 && totals->joined > 30);
}

/* A complete push counts, however few rows it has: the others are not demanded. */
static void test_iterations(void **state)
{
    (void)state;
    struct oracle totals;
    run_schedules(ITERATIONS, &totals);
    assert_int_equal(totals.demanded, 0);
    assert_true(totals.stalled > 300 && totals.early > 300);
    assert_int_equal(totals.again, 0);
}

static void test_some(void **state)
{
    (void)state;
    struct oracle all, some;
    run_schedules(ITERATIONS, &all);
    run_schedules(ITERATIONS | SOME, &some);
    assert_true(some.stalled > 100 && some.stalled < all.stalled);
}

static void test_deadlines(void **state)
{
    (void)state;
    struct oracle totals;
    run_schedules(ITERATIONS | DEADLINES, &totals);
    assert_true(totals.again > 100);
    run_schedules(ITERATIONS | SOME | DEADLINES, &totals);
    assert_true(totals.again > 50);
}

static void test_rows_too(void **state)
{
    (void)state;
    struct oracle totals;
    run_schedules(ROWS | SOME, &totals);
    assert_true(totals.demanded > 100);
    run_schedules(ITERATIONS | ROWS | SOME | DEADLINES, &totals);
    assert_true(totals.demanded > 100 && totals.again > 50);
}

/* One condition for all active workers is stored once, however many there are. */
static void test_kept_once(void **state)
{
    (void)state;
    struct rog_versions versions;
    struct rog_wait wait = {0};
    struct rog_condition conditions[] = {{9, 9}, {2, 1}, {2, 1}, {2, 1}};
    assert_int_equal(rog_versions_init(&versions, 1, 4, NULL), 0);
    versions.active[0] = 0;
    assert_int_equal(rog_wait_keep(&wait, &versions, conditions, NULL), 0);
    assert_null(wait.each);
    assert_int_equal(rog_wait_needed(&wait, 3), 2);
    assert_int_equal(rog_wait_iteration(&wait, 3), 1);
    conditions[3].iteration = 5;
    assert_int_equal(rog_wait_keep(&wait, &versions, conditions, NULL), 0);
    assert_int_equal(rog_wait_iteration(&wait, 2), 1);
    assert_int_equal(rog_wait_iteration(&wait, 3), 5);
    conditions[3] = (struct rog_condition){4, 1};
    assert_int_equal(rog_wait_keep(&wait, &versions, conditions, NULL), 0);
    assert_int_equal(rog_wait_needed(&wait, 2), 2);
    assert_int_equal(rog_wait_needed(&wait, 3), 4);
    assert_int_equal(wait.needed_max, 4);
    rog_wait_forget(&wait);
    rog_versions_release(&versions);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kept_once), cmocka_unit_test(test_iterations),
        cmocka_unit_test(test_some),      cmocka_unit_test(test_deadlines),
        cmocka_unit_test(test_rows_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
