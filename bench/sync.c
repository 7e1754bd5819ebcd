/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What one exchange costs the synchronization core, on one thread, for a model of the shape of
 * ConvMLP-M: milliseconds, the median over the iterations. SSP sends the whole model each time, ROG
 * (the default, with threshold 4) ranks the rows and sends the mandatory ones. The limit is the
 * time in which a copy moves the bytes that the step has to touch.
 *
 *     bench-sync [LIBRARY [THRESHOLD [MODEL]]]
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bench/measure.h>
#include <common/plugin.h>
#include <common/rng.h>
#include <trainer/nn/arch.h>
#include <trainer/sync/message.h>
#include <trainer/sync/server.h>
#include <trainer/sync/worker.h>

#define ITERATIONS 15
#define MESSAGE_BYTES 65536
#define WORKERS 4

enum step {
    WORKER_PUSH,    /* fold the gradients in, rank */
    WORKER_SEND,    /* sign bits of all messages */
    SERVER_RECEIVE, /* merge them */
    SERVER_BEGIN,   /* scales, magnitudes, rank */
    SERVER_SEND,    /* sign bits of all messages */
    WORKER_APPLY,
    STEPS
};

/* `arrays`: how many arrays of the model a step reads or writes, a changed one twice; of the rows
 * that travel, or of all. */
static const struct {
    const char *name;
    double arrays;
    bool all_rows;
} steps[STEPS] = {
    [WORKER_PUSH] = {"worker: fold the gradients in, rank", 6, true},
    [WORKER_SEND] = {"worker: write the push", 2, false},
    [SERVER_RECEIVE] = {"server: receive the push", 2, false},
    [SERVER_BEGIN] = {"server: measure the pull, rank", 2, true},
    [SERVER_SEND] = {"server: write the pull", 3, false},
    [WORKER_APPLY] = {"worker: apply the pull", 2, false},
};

struct bench {
    struct rog_rows *rows;
    struct rog_server *server;
    struct rog_worker *worker;
    float *model, *params, *gradients;
    uint8_t *buffer;
    double ms[STEPS][ITERATIONS];
    size_t push_bytes, pull_bytes;
};

static double now_ms(void)
{
    return 1e3 * rog_bench_wall_s();
}

static int make_rows(struct rog_rows **rows, const char *model, struct rog_error *err)
{
    struct rog_arch *arch;
    int code = rog_arch_new(&arch, model, 100, 32, err);
    if (code)
        return code;
    uint32_t *dims = calloc(arch->tensor_count, sizeof *dims);
    uint32_t *shapes = calloc((size_t)arch->tensor_count * ROG_TENSOR_MAX_DIMS, sizeof *shapes);
    size_t count = 0;
    if (dims && shapes) {
        for (uint32_t i = 0; i < arch->tensor_count; i++) {
            dims[i] = arch->tensors[i].dims;
            for (uint32_t k = 0; k < dims[i]; k++)
                shapes[count++] = arch->tensors[i].shape[k];
        }
        code = rog_rows_new(rows, dims, shapes, arch->tensor_count, err);
    } else {
        code = rog_fail_nomem(err);
    }
    free(shapes);
    free(dims);
    rog_arch_free(arch);
    return code;
}

static int push(struct bench *bench, int iteration, struct rog_error *err)
{
    size_t size;
    double start = now_ms();
    int code = rog_worker_push(bench->worker, bench->gradients, 1e-3, iteration, err);
    bench->ms[WORKER_PUSH][iteration] = now_ms() - start;
    bench->push_bytes = 0;
    while (!code) {
        start = now_ms();
        code = rog_worker_send(bench->worker, iteration, bench->buffer, MESSAGE_BYTES, &size, err);
        bench->ms[WORKER_SEND][iteration] += now_ms() - start;
        if (code || size == 0)
            break;
        bench->push_bytes += size;
        start = now_ms();
        code = rog_server_receive(bench->server, 0, bench->buffer, size, iteration, err);
        bench->ms[SERVER_RECEIVE][iteration] += now_ms() - start;
    }
    return code;
}

static int pull(struct bench *bench, int iteration, struct rog_error *err)
{
    struct rog_server_notice notice;
    while (rog_server_notice(bench->server, &notice))
        ;
    int code = 0;
    bench->pull_bytes = 0;
    for (enum step step = SERVER_BEGIN; !code; step = SERVER_SEND) {
        size_t size;
        enum rog_worker_notice news;
        double start = now_ms();
        code =
            rog_server_send(bench->server, 0, iteration, bench->buffer, MESSAGE_BYTES, &size, err);
        bench->ms[step][iteration] += now_ms() - start;
        if (code || size == 0)
            break;
        bench->pull_bytes += size;
        start = now_ms();
        code = rog_worker_receive(bench->worker, bench->buffer, size, iteration, &news, err);
        bench->ms[WORKER_APPLY][iteration] += now_ms() - start;
    }
    return code;
}

static int prepare(struct bench *bench, const struct rog_strategy *strategy, int threshold,
                   const char *model, struct rog_error *err)
{
    int code = make_rows(&bench->rows, model, err);
    if (code)
        return code;
    uint64_t params = bench->rows->params;
    bench->model = malloc(params * sizeof(float));
    bench->params = malloc(params * sizeof(float));
    bench->gradients = malloc(params * sizeof(float));
    bench->buffer = malloc(MESSAGE_BYTES);
    if (!bench->model || !bench->params || !bench->gradients || !bench->buffer)
        return rog_fail_nomem(err);
    struct rog_rng rng;
    rog_rng_init(&rng, 1);
    for (uint64_t i = 0; i < params; i++) {
        bench->model[i] = (float)rog_rng_range(&rng, -0.1, 0.1);
        bench->gradients[i] = (float)rog_rng_range(&rng, -1, 1);
    }
    memcpy(bench->params, bench->model, params * sizeof(float));

    struct rog_strategy_config policy = {bench->rows->row_count, WORKERS, threshold};
    struct rog_server_config server = {bench->rows, strategy, policy};
    struct rog_worker_config worker = {bench->rows, strategy, policy, 0, 0.9, 5e-4};
    code = rog_server_new(&bench->server, &server, bench->model, err);
    if (!code)
        code = rog_worker_new(&bench->worker, &worker, bench->params, err);
    /* Alone, the worker is never stalled. */
    for (uint32_t i = 1; i < WORKERS && !code; i++)
        rog_server_leave(bench->server, i, 0);
    return code;
}

/* The share of the model's sign bits that a message stream of so many bytes carries, closely. */
static double share_of(const struct bench *bench, size_t bytes)
{
    double share = (double)bytes / (double)bench->rows->wire_bytes;
    return share < 1 ? share : 1;
}

static void report(struct bench *bench, const char *library, int threshold, const char *model)
{
    double model_bytes = (double)bench->rows->params * sizeof(float), sum = 0, sum_limit = 0;
    double rate = rog_bench_copy_rate(bench->rows->params);
    char name[128];
    snprintf(name, sizeof name, "memory: copy of %s's parameters", model);
    rog_bench_print(name, rate * 1e-9, "GB/s", ROG_BENCH_NO_LIMIT);
    for (int step = 0; step < STEPS; step++) {
        double share = steps[step].all_rows     ? 1
                       : step <= SERVER_RECEIVE ? share_of(bench, bench->push_bytes)
                                                : share_of(bench, bench->pull_bytes);
        double limit = 1e3 * steps[step].arrays * share * model_bytes / rate;
        double ms = rog_bench_median(bench->ms[step], ITERATIONS);
        snprintf(name, sizeof name, "%s %d, %s, %s", library, threshold, model, steps[step].name);
        rog_bench_print(name, ms, "ms", limit);
        sum += ms;
        sum_limit += limit;
    }
    snprintf(name, sizeof name, "%s %d, %s, whole exchange", library, threshold, model);
    rog_bench_print(name, sum, "ms", sum_limit);
}

int main(int argc, char **argv)
{
    const char *library = argc > 1 ? argv[1] : "ROG";
    int threshold = argc > 2 ? atoi(argv[2]) : 4;
    const char *model = argc > 3 ? argv[3] : "convmlp-m";
    struct rog_plugin plugin = {0};
    struct bench bench = {0};
    struct rog_error err;
    int code = rog_plugin_load(&plugin, library, &err);
    if (!code)
        code = prepare(&bench, plugin.strategy, threshold, model, &err);
    for (int i = 0; i < ITERATIONS && !code; i++) {
        code = push(&bench, i, &err);
        if (!code)
            code = pull(&bench, i, &err);
    }
    if (code) {
        fprintf(stderr, "bench-sync: %s\n", err.message);
    } else {
        report(&bench, library, threshold, model);
    }
    rog_worker_free(bench.worker);
    rog_server_free(bench.server);
    rog_rows_free(bench.rows);
    free(bench.buffer);
    free(bench.gradients);
    free(bench.params);
    free(bench.model);
    rog_plugin_release(&plugin);
    return code ? 1 : 0;
}
