/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The cost of one exchange in the synchronization core, on one thread, for a model with the shape
 * of ConvMLP-M: milliseconds of CPU, the median over the iterations. SSP sends the whole model each
 * time, ROG (the default, with threshold 4) ranks the rows and sends the mandatory ones. The limit
 * is the time in which a copy moves the bytes that the step has to access. Also the memory of
 * server and worker, in copies of the model, including the model that they update and the
 * gradients.
 *
 * With an optimizer that works in rounds each push is a round, and receiving it includes the step.
 *
 *     bench-sync [LIBRARY [THRESHOLD [MODEL [WORKERS [OPTIMIZER]]]]]
 */

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bench/measure.h>
#include <common/memory.h>
#include <common/parameters.h>
#include <common/plugin.h>
#include <common/rng.h>
#include <librog/optimizers/optimizers.h>
#include <librog/sync/message.h>
#include <librog/sync/server.h>
#include <librog/sync/server_update.h>
#include <librog/sync/worker.h>
#include <trainer/nn/arch.h>

#define ITERATIONS 15
#define MESSAGE_BYTES 65536
#define WORKERS 4
#define MOST_WORKERS 1024

enum step {
    WORKER_PUSH,    /* accumulate the gradients, rank */
    WORKER_SEND,    /* sign bits of all messages */
    SERVER_RECEIVE, /* merge them */
    SERVER_BEGIN,   /* scales, magnitudes, rank */
    SERVER_SEND,    /* sign bits of all messages */
    WORKER_APPLY,
    STEPS
};

/* `arrays`: how many arrays of the model a step reads or writes, counting a changed one twice; of
 * the rows that are sent, or of all. */
static const struct {
    const char *name;
    double arrays;
    bool all_rows;
} steps[STEPS] = {
    [WORKER_PUSH] = {"worker: accumulate the gradients, rank", 6, true},
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
    float **places;            /* [tensor]: pointers into params */
    const float **gradient_of; /* [tensor] */
    uint8_t *buffer;
    uint32_t workers;
    const struct rog_server_optimizer *optimizer;
    void *optimizer_parameters;
    double server_bytes, worker_bytes;
    double ms[STEPS][ITERATIONS];
    size_t push_bytes, pull_bytes;
};

static double now_ms(void)
{
    return 1e3 * rog_bench_cpu_s();
}

/* Returns the bytes allocated by malloc. */
static double allocated_bytes(void)
{
    struct mallinfo2 info = mallinfo2();
    return (double)info.uordblks + (double)info.hblkhd;
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
    const struct rog_rule rule = {.learning_rate = 1e-3, .momentum = 0.9, .weight_decay = 5e-4};
    const struct rog_worker_gradients gradients = {
        .tensors = bench->gradient_of, .rules = &rule, .rule_count = 1};
    int code = rog_worker_push(bench->worker, &gradients, iteration, err);
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

/* Returns the arrays that receiving a push reads or writes: the model, or the sum; then in the step
 * the model, the sum, which is cleared, and the optimizer's memory. */
static double arrays_to_receive(const struct rog_server_optimizer *optimizer)
{
    return steps[SERVER_RECEIVE].arrays + (optimizer->step ? 4 + 2.0 * optimizer->memory : 0);
}

static int find_optimizer(struct bench *bench, const char *name, struct rog_error *err)
{
    const struct rog_server_optimizer *const *optimizer = rog_server_optimizers;
    while (*optimizer && strcmp((*optimizer)->name, name) != 0)
        optimizer++;
    if (!*optimizer)
        return rog_fail(err, ROG_EINVAL, "there is no server optimizer \"%s\"", name);
    bench->optimizer = *optimizer;
    struct rog_json *given = rog_json_object();
    if ((*optimizer)->step)
        rog_json_put_integer(given, "every", 1);
    int code = rog_parameters_make((*optimizer)->parameters, (*optimizer)->parameter_bytes, name,
                                   given, NULL, &bench->optimizer_parameters, err);
    rog_json_free(given);
    return code;
}

static int prepare(struct bench *bench, const struct rog_plugin *plugin, int threshold,
                   const char *model, struct rog_error *err)
{
    int code = make_rows(&bench->rows, model, err);
    if (code)
        return code;
    uint64_t params = bench->rows->params;
    bench->model = rog_floats(params);
    bench->params = rog_floats(params);
    bench->gradients = rog_floats(params);
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
    bench->gradient_of = calloc(bench->rows->tensor_count, sizeof *bench->gradient_of);
    bench->places = calloc(bench->rows->tensor_count, sizeof *bench->places);
    if (!bench->gradient_of || !bench->places)
        return rog_fail_nomem(err);
    rog_rows_places(bench->rows, bench->params, bench->places);
    for (uint32_t i = 0; i < bench->rows->tensor_count; i++)
        bench->gradient_of[i] = bench->gradients + bench->rows->tensors[i].offset;

    struct rog_strategy_config policy = {.rows = bench->rows->row_count,
                                         .workers = bench->workers,
                                         .threshold = threshold,
                                         .parameters = plugin->parameters};
    struct rog_server_config server = {.rows = bench->rows,
                                       .strategy = plugin->strategy,
                                       .policy = policy,
                                       .optimizer = bench->optimizer,
                                       .optimizer_parameters = bench->optimizer_parameters};
    struct rog_worker_config worker = {
        .rows = bench->rows, .strategy = plugin->strategy, .policy = policy, .worker = 0};
    double before = allocated_bytes();
    code = rog_server_new(&bench->server, &server, bench->model, err);
    double between = allocated_bytes();
    if (!code)
        code = rog_worker_new(&bench->worker, &worker, bench->places, err);
    bench->server_bytes = between - before + (double)params * sizeof(float);
    bench->worker_bytes = allocated_bytes() - between + 2 * (double)params * sizeof(float);
    /* A worker that is alone never stalls. */
    for (uint32_t i = 1; i < bench->workers && !code; i++)
        rog_server_leave(bench->server, i, 0);
    return code;
}

/* Returns the share of the model's sign bits, approximately, in a message stream of this size. */
static double share_of(const struct bench *bench, size_t bytes)
{
    double share = (double)bytes / (double)bench->rows->way[ROG_ROWS_PUSH].wire_bytes;
    return share < 1 ? share : 1;
}

/* Steps that are also reported as one: the first and the last. */
static const struct {
    const char *name;
    enum step first, last;
} sums[] = {
    {"worker: push, both", WORKER_PUSH, WORKER_SEND},
    {"server: answer a pull, both", SERVER_BEGIN, SERVER_SEND},
    {"whole exchange", 0, STEPS - 1},
};

static void report_step(const char *what, const char *step, double ms, double limit_ms)
{
    char name[160];
    snprintf(name, sizeof name, "%s, %s", what, step);
    rog_bench_print(name, ms, "ms", limit_ms);
}

static void report(struct bench *bench, const char *what)
{
    double model_bytes = (double)bench->rows->params * sizeof(float);
    double ms[STEPS], limit_ms[STEPS], rate = rog_bench_copy_rate(bench->rows->params);
    char name[160];
    snprintf(name, sizeof name, "%s, copy of the parameters", what);
    rog_bench_print(name, rate * 1e-9, "GB/s", ROG_BENCH_NO_LIMIT);
    for (int step = 0; step < STEPS; step++) {
        double share = steps[step].all_rows     ? 1
                       : step <= SERVER_RECEIVE ? share_of(bench, bench->push_bytes)
                                                : share_of(bench, bench->pull_bytes);
        double arrays =
            step == SERVER_RECEIVE ? arrays_to_receive(bench->optimizer) : steps[step].arrays;
        limit_ms[step] = 1e3 * arrays * share * model_bytes / rate;
        ms[step] = rog_bench_median(bench->ms[step], ITERATIONS);
        report_step(what, steps[step].name, ms[step], limit_ms[step]);
    }
    for (size_t i = 0; i < sizeof sums / sizeof *sums; i++) {
        double sum = 0, limit = 0;
        for (int step = sums[i].first; step <= (int)sums[i].last; step++) {
            sum += ms[step];
            limit += limit_ms[step];
        }
        report_step(what, sums[i].name, sum, limit);
    }
    snprintf(name, sizeof name, "%s, server's memory", what);
    rog_bench_print(name, bench->server_bytes / model_bytes, "models",
                    bench->workers + 2.0 + rog_server_update_arrays(bench->optimizer));
    snprintf(name, sizeof name, "%s, worker's memory", what);
    rog_bench_print(name, bench->worker_bytes / model_bytes, "models", 4);
}

int main(int argc, char **argv)
{
    const char *library = argc > 1 ? argv[1] : "ROG";
    int threshold = argc > 2 ? atoi(argv[2]) : 4;
    const char *model = argc > 3 ? argv[3] : "convmlp-m";
    struct rog_plugin plugin = {0};
    int workers = argc > 4 ? atoi(argv[4]) : WORKERS;
    struct bench bench = {.workers = (uint32_t)workers};
    char what[96];
    struct rog_error err;
    if (workers < 1 || workers > MOST_WORKERS) {
        fprintf(stderr, "bench-sync: 1 to %d workers (found %s)\n", MOST_WORKERS, argv[4]);
        return 2;
    }
    const char *optimizer = argc > 5 ? argv[5] : rog_server_optimizers[0]->name;
    snprintf(what, sizeof what, "%s %d, %s, %d workers%s%s", library, threshold, model, workers,
             argc > 5 ? ", " : "", argc > 5 ? optimizer : "");
    int code = find_optimizer(&bench, optimizer, &err);
    if (!code)
        code = rog_plugin_load(&plugin, library, &err);
    if (!code)
        code = rog_plugin_configure(&plugin, NULL, &err);
    if (!code)
        code = prepare(&bench, &plugin, threshold, model, &err);
    for (int i = 0; i < ITERATIONS && !code; i++) {
        code = push(&bench, i, &err);
        if (!code)
            code = pull(&bench, i, &err);
    }
    if (code) {
        fprintf(stderr, "bench-sync: %s\n", err.message);
    } else {
        report(&bench, what);
    }
    rog_worker_free(bench.worker);
    rog_server_free(bench.server);
    free(bench.optimizer_parameters);
    rog_rows_free(bench.rows);
    free(bench.buffer);
    free(bench.gradient_of);
    free(bench.places);
    free(bench.gradients);
    free(bench.params);
    free(bench.model);
    rog_plugin_release(&plugin);
    return code ? 1 : 0;
}
