/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Workers that vanish at any moment and return with a copy of the server's model, over random
 * schedules: no worker waits forever, no message is rejected, and the server's copy of a worker's
 * model equals the worker's.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sync_cluster.h"

#define WORKERS 4
#define ITERATIONS 24
#define SEEDS 30

static void lose(struct cluster_link *link)
{
    while (link->first) {
        struct cluster_message *next = link->first->next;
        free(link->first);
        link->first = next;
    }
    *link = (struct cluster_link){0};
}

static void rejoin(struct cluster *cluster, uint32_t index)
{
    struct cluster_worker *worker = &cluster->workers[index];
    struct rog_version_view versions;
    struct rog_error err;
    uint32_t iteration;
    lose(&worker->up);
    lose(&worker->down);
    if (rog_server_join(cluster->server, index, cluster->now, &iteration, &err))
        fail_msg("%s", err.message);
    cluster_model(cluster, worker->params);
    rog_worker_join(worker->worker, iteration);
    worker->completed = iteration;

    rog_server_versions(cluster->server, &versions);
    assert_true(versions.active[index]);
    assert_int_equal(versions.oldest[index], iteration);
    assert_int_equal(versions.latest[index], iteration);
    for (uint32_t i = 0; i < WORKERS; i++)
        assert_true(versions.latest[i] >= iteration);
}

/* When a worker finishes an iteration, another one returns with a probability of one in eight. */
static void pulled(struct cluster *cluster, uint32_t worker)
{
    uint32_t *joins = cluster->watch.user;
    uint32_t other = (worker + 1 + rog_rng_below(&cluster->rng, WORKERS - 1)) % WORKERS;
    if (rog_rng_below(&cluster->rng, 8) > 0)
        return;
    rejoin(cluster, other);
    (*joins)++;
}

static void run_one(const char *library, int32_t threshold, uint64_t seed, uint32_t *joins)
{
    struct rog_plugin plugin;
    struct cluster cluster;
    load_strategy(&plugin, library);
    const struct cluster_options options = {.strategy = plugin.strategy,
                                            .parameters = plugin.parameters,
                                            .threshold = threshold,
                                            .workers = WORKERS,
                                            .iterations = ITERATIONS,
                                            .values = true,
                                            .seed = seed,
                                            .slow_s = 0.2};
    const struct cluster_watch watch = {.user = joins, .pulled = pulled};
    cluster_init(&cluster, &options, &watch);
    assert_true(cluster_run(&cluster));
    for (uint32_t i = 0; i < WORKERS; i++)
        assert_true(cluster_misjudged(&cluster, i) < CLUSTER_ROUNDING);
    cluster_release(&cluster);
    rog_plugin_release(&plugin);
}

static void test_workers_return(void **state)
{
    static const struct {
        const char *library;
        int32_t threshold;
    } cases[] = {{"BSP", 0}, {"SSP", 3}, {"ROG", 4}};
    (void)state;
    uint32_t joins = 0;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (uint64_t seed = 0; seed < SEEDS; seed++)
            run_one(cases[i].library, cases[i].threshold, seed, &joins);
    assert_true(joins > 500);
}

/* A server that resumes from a checkpoint waits for no worker until one connects. */
static void test_server_resumes(void **state)
{
    (void)state;
    struct rog_plugin plugin;
    struct cluster cluster;
    struct rog_error err;
    uint32_t iteration;
    load_strategy(&plugin, "BSP");
    const struct cluster_options options = {.strategy = plugin.strategy,
                                            .parameters = plugin.parameters,
                                            .workers = WORKERS,
                                            .iterations = ITERATIONS,
                                            .values = true,
                                            .slow_s = 0.2};
    const struct cluster_watch watch = {0};
    cluster_init(&cluster, &options, &watch);
    rog_server_resume(cluster.server, 17);
    assert_int_equal(rog_server_iteration(cluster.server), 17);
    for (uint32_t i = 0; i < WORKERS; i++) {
        cluster.workers[i].gone = i > 1;
        if (i > 1)
            continue;
        assert_int_equal(rog_server_join(cluster.server, i, 0, &iteration, &err), 0);
        assert_int_equal(iteration, 17);
        rog_worker_join(cluster.workers[i].worker, iteration);
        cluster.workers[i].completed = iteration;
    }
    assert_true(cluster_run(&cluster));
    assert_int_equal(rog_server_iteration(cluster.server), ITERATIONS);
    cluster_release(&cluster);
    rog_plugin_release(&plugin);
}

static void join_expected(struct cluster *cluster, uint32_t index, uint32_t after)
{
    struct rog_error err;
    uint32_t iteration;
    assert_int_equal(rog_server_join(cluster->server, index, 0, &iteration, &err), 0);
    assert_int_equal(iteration, after);
    rog_worker_join(cluster->workers[index].worker, iteration);
    cluster->workers[index].completed = iteration;
    cluster->workers[index].gone = false;
}

/* A resumed server waits for the workers that were connected before; one that was stalled repeats
 * its iteration, so that no worker continues without an iteration that another has not made. */
static void test_resumed_server_waits_for_its_workers(void **state)
{
    (void)state;
    struct rog_plugin plugin;
    struct cluster cluster;
    load_strategy(&plugin, "BSP");
    const struct cluster_options options = {.strategy = plugin.strategy,
                                            .parameters = plugin.parameters,
                                            .workers = WORKERS,
                                            .iterations = ITERATIONS,
                                            .values = true,
                                            .slow_s = 0.2};
    const struct cluster_watch watch = {0};
    cluster_init(&cluster, &options, &watch);
    rog_server_resume(cluster.server, 17);
    for (uint32_t i = 0; i < WORKERS; i++) {
        cluster.workers[i].gone = true;
        if (i < 3)
            rog_server_expect(cluster.server, i, 17);
    }
    join_expected(&cluster, 0, 17);
    assert_false(cluster_run(&cluster)); /* it has pushed, and the others have not connected yet */
    assert_int_equal(rog_server_iteration(cluster.server), 18);
    assert_int_equal(rog_server_goes_on_after(cluster.server, 0), 17);
    assert_int_equal(rog_server_goes_on_after(cluster.server, 1), 17);
    assert_int_equal(rog_server_goes_on_after(cluster.server, 3), ROG_SERVER_AWAY);
    join_expected(&cluster, 1, 17); /* it is not admitted either */
    assert_false(cluster_run(&cluster));
    assert_int_equal(rog_server_iteration(cluster.server), 18);
    rog_server_leave(cluster.server, 2, cluster.now); /* it did not connect in time */
    assert_true(cluster_run(&cluster));
    assert_int_equal(rog_server_iteration(cluster.server), ITERATIONS);
    cluster_release(&cluster);
    rog_plugin_release(&plugin);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_workers_return),
        cmocka_unit_test(test_server_resumes),
        cmocka_unit_test(test_resumed_server_waits_for_its_workers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
