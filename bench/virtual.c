/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Where the CPU time of a virtual run goes: the run of CONFIG as in `rog-trainer simulate`, on one
 * thread, with clocks around the gradients, then the test of its last model, counted once for each
 * of the run's checkpoints (tests take the same time whatever the weights). Everything else is
 * overhead, from reading the data set to the last event. The initial weights are random.
 *
 *     bench-virtual CONFIG FOLDER     FOLDER: for events and checkpoints
 */

#include <stdio.h>
#include <stdlib.h>

#include <bench/measure.h>
#include <common/file.h>
#include <trainer/nn/safetensors.h>
#include <trainer/run/evaluate.h>
#include <trainer/run/pretrain.h>
#include <trainer/run/train.h>
#include <trainer/sim/cluster.h>
#include <trainer/sim/network.h>

struct bench {
    struct rog_run_config *config;
    struct rog_train train;
    struct rog_events *events;
    struct rog_cluster_result result;
    const char *folder;
    struct rog_rule rule; /* of the current gradient */
    uint32_t checkpoints, gradients;
    double gradients_s, checkpoints_s, run_s, test_s;
};

static int take_gradients(void *user, const struct rog_cluster_turn *turn,
                          struct rog_cluster_work *work, struct rog_error *err)
{
    struct bench *bench = user;
    double begin_s = rog_bench_cpu_s();
    int code = rog_network_work(&bench->train, turn, &bench->rule, work, err);
    bench->gradients_s += rog_bench_cpu_s() - begin_s;
    bench->gradients += turn->steps;
    return code;
}

static int take_checkpoint(void *user, const float *change, uint32_t index, double t_s,
                           uint32_t iteration, struct rog_error *err)
{
    struct bench *bench = user;
    double begin_s = rog_bench_cpu_s();
    struct rog_checkpoint checkpoint = {.index = index, .iteration = iteration, .t_s = t_s};
    int code =
        rog_train_save(&bench->train, bench->train.params, change, bench->folder, &checkpoint, err);
    if (!code)
        code = rog_checkpoint_report(bench->events, &checkpoint, err);
    bench->checkpoints_s += rog_bench_cpu_s() - begin_s;
    bench->checkpoints++;
    return code;
}

static int write_start(const struct rog_run_config *config, const char *path, struct rog_error *err)
{
    struct rog_arch *arch = NULL;
    int code = rog_pretrain_arch(config, &arch, err);
    if (code)
        return code;
    float *params = malloc(arch->params * sizeof *params);
    float *buffers = malloc((arch->buffers + 1) * sizeof *buffers);
    if (params && buffers) {
        rog_arch_initialize(arch, config->seed, params, buffers);
        code = rog_safetensors_write(path, arch, params, NULL, buffers, NULL, 0, err);
    } else {
        code = rog_fail_nomem(err);
    }
    free(buffers);
    free(params);
    rog_arch_free(arch);
    return code;
}

static int simulate(struct bench *bench, const char *start_model, struct rog_error *err)
{
    char *path = rog_path_join(bench->folder, "events.jsonl");
    int code = path ? rog_events_open(&bench->events, path, err) : rog_fail_nomem(err);
    free(path);
    if (!code)
        code = rog_train_init(&bench->train, bench->config, start_model, err);
    if (!code)
        code = rog_train_report_start(&bench->train, bench->events, err);
    if (code)
        return code;
    const struct rog_cluster_config cluster = {
        .run = bench->config,
        .iterations = bench->train.iterations,
        .strategy = bench->train.plugin.strategy,
        .threshold = bench->train.threshold,
        .rows = bench->train.rows,
        .wire_scale = bench->train.wire_scale,
        .params = bench->train.params,
        .events = bench->events,
        .user = bench,
        .work = take_gradients,
        .checkpoint = take_checkpoint,
    };
    code = rog_cluster_run(&cluster, &bench->result, err);
    if (!code)
        code = rog_train_report_end(&bench->train, bench->events, bench->result.seconds,
                                    bench->result.iterations, NULL, err);
    return code;
}

static int test(struct bench *bench, struct rog_error *err)
{
    struct rog_tester *tester = NULL;
    struct rog_test_result result;
    int code = rog_tester_new(&tester, bench->config, NULL, err);
    double begin_s = rog_bench_cpu_s();
    if (!code)
        code =
            rog_tester_run_weights(tester, bench->train.params, bench->train.buffers, &result, err);
    bench->test_s = rog_bench_cpu_s() - begin_s;
    rog_tester_free(tester);
    return code;
}

static void report(const struct bench *bench)
{
    const double none = ROG_BENCH_NO_LIMIT;
    double tests_s = bench->checkpoints * bench->test_s, all_s = bench->run_s + tests_s;
    rog_bench_print("virtual run: virtual seconds", bench->result.seconds, "s", none);
    rog_bench_print("virtual run: CPU of the simulation", bench->run_s, "s", none);
    rog_bench_print("virtual run: CPU of a batch's gradients",
                    1e3 * bench->gradients_s / bench->gradients, "ms", none);
    rog_bench_print("virtual run: CPU of a checkpoint's test", 1e3 * bench->test_s, "ms", none);
    rog_bench_print("virtual run: CPU of saving a checkpoint",
                    1e3 * bench->checkpoints_s / bench->checkpoints, "ms", none);
    rog_bench_print("virtual run: gradients in the simulation's CPU",
                    100 * bench->gradients_s / bench->run_s, "%", 100);
    rog_bench_print("virtual run: gradients and tests in all CPU",
                    100 * (bench->gradients_s + tests_s) / all_s, "%", 100);
}

int main(int argc, char **argv)
{
    struct bench bench = {0};
    struct rog_error err;
    if (argc != 3) {
        fprintf(stderr, "usage: bench-virtual CONFIG FOLDER\n");
        return 2;
    }
    bench.folder = argv[2];
    char *start = rog_path_join(bench.folder, "start.safetensors");
    int code = start ? rog_dir_make(bench.folder, &err) : rog_fail_nomem(&err);
    if (!code)
        code = rog_run_config_read(&bench.config, argv[1], &err);
    if (!code)
        code = write_start(bench.config, start, &err);
    /* Once to fill the caches, which outlive runs. */
    if (!code)
        code = rog_train_init(&bench.train, bench.config, start, &err);
    rog_train_release(&bench.train);
    double begin_s = rog_bench_cpu_s();
    if (!code)
        code = simulate(&bench, start, &err);
    bench.run_s = rog_bench_cpu_s() - begin_s;
    if (!code)
        code = test(&bench, &err);
    if (code)
        fprintf(stderr, "bench-virtual: %s\n", err.message);
    else
        report(&bench);
    rog_events_close(bench.events, NULL);
    rog_train_release(&bench.train);
    rog_run_config_free(bench.config);
    free(start);
    return code ? 1 : 0;
}
