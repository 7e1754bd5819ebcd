/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Laws of every included strategy, over random schedules of slow and fast workers that leave and
 * return: no worker waits forever, the same schedule gives the same bytes, and the promises about
 * staleness, iterations, quorums, grants and shares hold. The oracle counts from the messages that
 * arrive.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <common/json.h>
#include <librog/sync/wire.h>

#include "sync_cluster.h"

#define WORKERS_MAX 6

struct oracle {
    const struct rog_strategy *strategy;
    struct rog_strategy_config config;
    uint32_t complete[WORKERS_MAX]; /* iteration of the last complete push */
    bool gone[WORKERS_MAX];
    uint32_t rows_up[WORKERS_MAX], rows_down[WORKERS_MAX];
    uint64_t hash; /* of all messages, in order */
    uint32_t admissions;
    uint32_t joins; /* a worker returns after about one in this many pulls; 0: never */
};

static void hear(struct oracle *oracle, uint32_t worker, const uint8_t *message, size_t size)
{
    oracle->hash = (oracle->hash ^ worker) * UINT64_C(1099511628211);
    for (size_t i = 0; i < size; i++)
        oracle->hash = (oracle->hash ^ message[i]) * UINT64_C(1099511628211);
}

/* Counts the rows of a push or a pull; at its end there must be as many as announced. */
static void count_rows(struct oracle *oracle, const struct rog_rows *rows, uint32_t *count,
                       const struct rog_wire *wire, enum rog_wire_stream stream)
{
    uint32_t first, length;
    struct rog_wire_numbers numbers = wire->numbers;
    if (wire->header.stream != stream)
        return;
    if (wire->header.kind == ROG_WIRE_BEGIN)
        *count = 0;
    while (wire->header.kind == ROG_WIRE_ROWS && rog_wire_run(&numbers, &first, &length))
        *count += length;
    if (wire->header.kind == ROG_WIRE_END && oracle->strategy->least_share)
        assert_true(*count >=
                    floor(oracle->strategy->least_share(&oracle->config) * rows->row_count));
}

static void arriving(struct cluster *cluster, uint32_t worker, const uint8_t *message, size_t size)
{
    struct oracle *oracle = cluster->watch.user;
    struct rog_wire wire;
    assert_int_equal(rog_wire_parse(cluster->rows, message, size, &wire, NULL), 0);
    hear(oracle, worker, message, size);
    count_rows(oracle, cluster->rows, &oracle->rows_up[worker], &wire, ROG_WIRE_PUSH);
    if (wire.header.kind == ROG_WIRE_END && wire.header.stream == ROG_WIRE_PUSH)
        oracle->complete[worker] = wire.header.iteration;
}

static void arriving_down(struct cluster *cluster, uint32_t worker, const uint8_t *message,
                          size_t size)
{
    struct oracle *oracle = cluster->watch.user;
    struct rog_wire wire;
    assert_int_equal(rog_wire_parse(cluster->rows, message, size, &wire, NULL), 0);
    hear(oracle, worker, message, size);
    count_rows(oracle, cluster->rows, &oracle->rows_down[worker], &wire, ROG_WIRE_PULL);
}

static void admitted(struct oracle *oracle, const struct rog_server_notice *notice)
{
    const struct rog_strategy *strategy = oracle->strategy;
    const struct rog_strategy_config *config = &oracle->config;
    uint32_t active = 0, reached = 0, slowest = UINT32_MAX;
    for (uint32_t i = 0; i < config->workers; i++) {
        if (oracle->gone[i])
            continue;
        active++;
        reached += oracle->complete[i] >= notice->iteration;
        if (oracle->complete[i] < slowest)
            slowest = oracle->complete[i];
    }
    oracle->admissions++;
    int64_t bound = strategy->iteration_bound ? strategy->iteration_bound(config) : -1;
    assert_true(bound < 0 || notice->iteration <= slowest + bound);
    bound = strategy->staleness_bound ? strategy->staleness_bound(config) : -1;
    assert_true(bound < 0 || notice->iteration <= notice->oldest + bound);
    if (strategy->least_quorum)
        assert_true(reached >= active || reached >= strategy->least_quorum(config));
    if (strategy->most_granted)
        assert_true(notice->granted <= strategy->most_granted(config));
}

static void noticed(struct cluster *cluster, const struct rog_server_notice *notice)
{
    if (notice->kind == ROG_SERVER_ADMITTED)
        admitted(cluster->watch.user, notice);
}

/* A worker that has made all of its iterations leaves, as in a run. */
static void leave_at_end(struct cluster *cluster, uint32_t worker)
{
    struct oracle *oracle = cluster->watch.user;
    if (cluster->workers[worker].completed < cluster->options.iterations)
        return;
    cluster->workers[worker].gone = oracle->gone[worker] = true;
    rog_server_leave(cluster->server, worker, cluster->now);
}

static void pulled(struct cluster *cluster, uint32_t worker)
{
    struct oracle *oracle = cluster->watch.user;
    uint32_t workers = oracle->config.workers;
    leave_at_end(cluster, worker);
    if (oracle->joins && workers > 1 && rog_rng_below(&cluster->rng, oracle->joins) == 0)
        cluster_rejoin(cluster, (worker + 1 + rog_rng_below(&cluster->rng, workers - 1)) % workers);
}

static void left(struct cluster *cluster, uint32_t worker)
{
    struct oracle *oracle = cluster->watch.user;
    oracle->gone[worker] = true;
}

static void joined(struct cluster *cluster, uint32_t worker, uint32_t iteration)
{
    struct oracle *oracle = cluster->watch.user;
    oracle->gone[worker] = false;
    oracle->complete[worker] = iteration;
    leave_at_end(cluster, worker);
}

/* Runs one schedule; the results are in the oracle. */
static void run_schedule(struct oracle *oracle, const struct rog_plugin *plugin, int32_t threshold,
                         uint64_t seed)
{
    struct rog_rng rng;
    rog_rng_derive(&rng, seed, plugin->strategy->name, (uint64_t)threshold);
    struct cluster_options options = {.strategy = plugin->strategy,
                                      .threshold = threshold,
                                      .parameters = plugin->parameters,
                                      .workers = 1 + rog_rng_below(&rng, WORKERS_MAX),
                                      .iterations = 1 + rog_rng_below(&rng, 14),
                                      .leaves = rog_rng_below(&rng, 2) == 0,
                                      .values = rog_rng_below(&rng, 4) == 0,
                                      .seed = seed,
                                      .slow_s = rog_rng_range(&rng, 0.01, 2)};
    const struct cluster_watch watch = {.user = oracle,
                                        .arriving = arriving,
                                        .arriving_down = arriving_down,
                                        .notice = noticed,
                                        .pulled = pulled,
                                        .left = left,
                                        .joined = joined};
    struct cluster cluster;
    *oracle = (struct oracle){.strategy = plugin->strategy,
                              .config = {.rows = 1,
                                         .workers = options.workers,
                                         .threshold = threshold,
                                         .parameters = plugin->parameters,
                                         .worker = ROG_NOBODY},
                              .joins = rog_rng_below(&rng, 3) ? 0 : 12};
    cluster_init(&cluster, &options, &watch);
    if (!cluster_run(&cluster))
        fail_msg("%s %d: deadlock with seed %u", plugin->strategy->name, threshold, (unsigned)seed);
    cluster_release(&cluster);
}

static const struct {
    const char *library;
    int32_t threshold;
    const char *parameters;
} strategies[] = {
    {"BITS", 1, "{}"},
    {"BITS", 4, "{\"time\": 3}"},
    {"BSP", 0, "{}"},
    {"DECO", 0, "{}"},
    {"DECO", 2, "{\"least_share\": 0.3}"},
    {"DSSP", 0, "{\"range\": 0}"},
    {"DSSP", 0, "{\"range\": 3}"},
    {"DSSP", 3, "{}"},
    {"FEDAVG", 0, "{}"},
    {"FEDAVG", 0, "{\"share\": 0.5}"},
    {"FEDAVG", 0, "{\"share\": 0.001, \"weights\": \"equal\"}"},
    {"FLOWN", 2, "{}"},
    {"GAIA", 0, "{}"},
    {"GAIA", 3, "{\"significance\": 0}"},
    {"GAIA", 3, "{\"significance\": 1000}"},
    {"QUORUM", 0, "{}"},
    {"QUORUM", 2, "{\"backups\": 2}"},
    {"QUORUM", 0, "{\"backups\": 1000000, \"late\": \"counted\"}"},
    {"QUORUM", 0, "{\"backups\": 0, \"deadline\": 3, \"weights\": \"equal\"}"},
    {"ROG", 4, "{}"},
    {"SSP", 2, "{}"},
    {"STREAM", 0, "{}"},
    {"STREAM", 2, "{\"fragments\": 3, \"pattern\": \"sequential\"}"},
    {"TOPK", 0, "{}"},
    {"TOPK", ROG_THRESHOLD_INFINITE, "{\"share\": 0.5}"},
    {"TOPK", 3, "{\"share\": 1}"},
};

static void test_laws(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof strategies / sizeof *strategies; i++) {
        struct rog_plugin plugin;
        struct rog_json *given = NULL;
        struct rog_error err;
        const char *text = strategies[i].parameters;
        uint32_t admissions = 0;
        if (rog_json_parse(text, strlen(text), "parameters", &given, &err) ||
            rog_plugin_load(&plugin, strategies[i].library, &err) ||
            rog_plugin_configure(&plugin, given, &err))
            fail_msg("%s", err.message);
        rog_json_free(given);
        for (uint64_t seed = 0; seed < 60; seed++) {
            struct oracle first, second;
            run_schedule(&first, &plugin, strategies[i].threshold, seed);
            admissions += first.admissions;
            if (seed % 8)
                continue;
            run_schedule(&second, &plugin, strategies[i].threshold, seed);
            assert_memory_equal(&first, &second, sizeof first);
        }
        assert_true(admissions > 500);
        rog_plugin_release(&plugin);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_laws)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
