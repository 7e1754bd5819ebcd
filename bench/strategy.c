/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The wall time of a strategy's hooks: the median of a push's plan and of an admission, over ROWS
 * rows and 4 workers. The same strategy in C and in Python shows the cost of the latter.
 *
 *     bench-strategy ROWS LIBRARY...     bench-strategy 33307 ROG examples/strategies/rog.py
 */

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <bench/measure.h>
#include <common/plugin.h>
#include <common/rng.h>

#define WORKERS 4
#define REPEATS 200

struct bench {
    struct rog_plugin plugin;
    struct rog_strategy_config config;
    void *state;
    struct rog_send_view view;
    struct rog_send_plan plan;
    uint32_t *age, *order;
    float *magnitude;
    uint8_t *demanded, *level;
    uint32_t *versions; /* of each row, followed by those of each worker */
    struct rog_node_view nodes[WORKERS];
};

static int prepare(struct bench *bench, uint32_t rows, const char *library, struct rog_error *err)
{
    int code = rog_plugin_load(&bench->plugin, library, err);
    if (!code)
        code = rog_plugin_configure(&bench->plugin, NULL, err);
    if (code)
        return code;
    bench->config =
        (struct rog_strategy_config){.rows = rows,
                                     .workers = WORKERS,
                                     .threshold = bench->plugin.strategy->threshold_default,
                                     .parameters = bench->plugin.parameters,
                                     .worker = ROG_NOBODY};
    bench->age = calloc(rows, sizeof *bench->age);
    bench->order = calloc(rows, sizeof *bench->order);
    bench->magnitude = calloc(rows, sizeof *bench->magnitude);
    bench->demanded = calloc(rows, 1);
    bench->level = calloc(rows, 1);
    bench->versions = calloc((size_t)WORKERS * rows + 2 * WORKERS, sizeof *bench->versions);
    if (!bench->age || !bench->order || !bench->magnitude || !bench->demanded || !bench->level ||
        !bench->versions)
        return rog_fail_nomem(err);
    struct rog_rng rng;
    rog_rng_init(&rng, 1);
    for (uint32_t row = 0; row < rows; row++) {
        bench->age[row] = 1 + (uint32_t)rog_rng_range(&rng, 0, 4);
        bench->magnitude[row] = (float)rog_rng_range(&rng, 0, 1);
    }
    bench->view = (struct rog_send_view){.iteration = 5,
                                         .age = bench->age,
                                         .magnitude = bench->magnitude,
                                         .demanded = bench->demanded,
                                         .node = &bench->nodes[0]};
    bench->plan = (struct rog_send_plan){.order = bench->order, .level = bench->level};
    char message[256] = "";
    const struct rog_strategy *strategy = bench->plugin.strategy;
    if (strategy->create &&
        strategy->create(&bench->config, &bench->state, message, sizeof message))
        return rog_fail(err, ROG_EFAILED, "%s: %s", library, message);
    return 0;
}

static void plan(struct bench *bench)
{
    const struct rog_strategy *strategy = bench->plugin.strategy;
    if (strategy->plan_push)
        strategy->plan_push(bench->state, &bench->config, &bench->view, &bench->plan);
}

static void admit(struct bench *bench)
{
    uint32_t wanted[2 * WORKERS] = {0};
    const uint8_t active[WORKERS] = {1, 1, 1, 1};
    const uint32_t *of_workers = bench->versions + (size_t)WORKERS * bench->config.rows;
    const struct rog_admit_view view = {.iteration = 5,
                                        .versions = {.version = bench->versions,
                                                     .oldest = of_workers,
                                                     .latest = of_workers + WORKERS,
                                                     .active = active},
                                        .nodes = bench->nodes};
    struct rog_admission admission = {
        .needed = wanted, .iteration = wanted + WORKERS, .deadline_s = (double)INFINITY};
    bench->plugin.strategy->admit(bench->state, &bench->config, &view, &admission);
}

static int measure(struct bench *bench, const char *library, const char *hook,
                   void (*call)(struct bench *bench), struct rog_error *err)
{
    double took_us[REPEATS];
    char name[256];
    for (size_t i = 0; i < REPEATS; i++) {
        double begin_s = rog_bench_wall_s();
        call(bench);
        took_us[i] = 1e6 * (rog_bench_wall_s() - begin_s);
    }
    const struct rog_strategy *strategy = bench->plugin.strategy;
    const char *why = strategy->failure ? strategy->failure(bench->state, &bench->config) : NULL;
    if (why)
        return rog_fail(err, ROG_EFAILED, "%s: %s", library, why);
    snprintf(name, sizeof name, "%s, %u rows, %s", library, bench->config.rows, hook);
    rog_bench_print(name, rog_bench_median(took_us, REPEATS), "us", ROG_BENCH_NO_LIMIT);
    return 0;
}

static void release(struct bench *bench)
{
    if (bench->state && bench->plugin.strategy->destroy)
        bench->plugin.strategy->destroy(bench->state);
    free(bench->versions);
    free(bench->level);
    free(bench->demanded);
    free(bench->magnitude);
    free(bench->order);
    free(bench->age);
    rog_plugin_release(&bench->plugin);
}

int main(int argc, char **argv)
{
    struct rog_error err = {0};
    int code = 0;
    unsigned long rows = argc > 2 ? strtoul(argv[1], NULL, 10) : 0;
    if (rows < 1 || rows > 10000000) {
        fprintf(stderr, "usage: bench-strategy ROWS LIBRARY...\n");
        return 2;
    }
    for (int i = 2; i < argc && !code; i++) {
        struct bench bench = {0};
        code = prepare(&bench, (uint32_t)rows, argv[i], &err);
        if (!code)
            code = measure(&bench, argv[i], "plan of a push", plan, &err);
        if (!code)
            code = measure(&bench, argv[i], "admission", admit, &err);
        release(&bench);
    }
    if (code)
        fprintf(stderr, "bench-strategy: %s\n", err.message);
    return code ? 1 : 0;
}
