/* SPDX-License-Identifier: Apache-2.0 */
/* Measures how long a device computes in an iteration. */
#include <trainer/run/device.h>

#include <stdlib.h>
#include <string.h>

#include <common/clock.h>
#include <common/memory.h>
#include <common/rng.h>
#include <librog/sync/server.h>
#include <librog/sync/worker.h>
#include <trainer/data/sources.h>
#include <trainer/nn/net.h>
#include <trainer/run/exchange.h>
#include <trainer/run/train.h>

#define LEFT_OUT 2 /* repetitions that are not counted: caches fill and memory is allocated */
#define LEAST 3
#define MOST 4096

/* ---- repetitions ---- */

struct times {
    double s[MOST];
    uint32_t count;
};

static int by_size(const void *one, const void *other)
{
    const double *a = one, *b = other;
    return (*a > *b) - (*a < *b);
}

static void judge(struct times *times, struct rog_device_time *time)
{
    uint32_t left_out = times->count > LEFT_OUT ? LEFT_OUT : 0, count = times->count - left_out;
    double *s = times->s + left_out;
    qsort(s, count, sizeof *s, by_size);
    *time = (struct rog_device_time){.median_s = (s[(count - 1) / 2] + s[count / 2]) / 2,
                                     .spread_s = (s[3 * count / 4] - s[count / 4]) / 2,
                                     .count = count};
}

/* Returns whether to repeat once more. Calls `between` first. */
static bool continues(const struct rog_device_options *options, double begin_s, uint32_t count)
{
    if (options->between)
        options->between(options->user);
    return count < MOST && (count < LEFT_OUT + LEAST || rog_clock_s() < begin_s + options->seconds);
}

static int check_interrupted(const struct rog_device_options *options, struct rog_error *err)
{
    bool interrupted = options->interrupted && options->interrupted(options->user);
    return interrupted ? rog_fail(err, ROG_EINTR, "interrupted") : ROG_OK;
}

static void fill(float *array, uint64_t count, struct rog_rng *rng, double size)
{
    for (uint64_t i = 0; i < count; i++)
        array[i] = (float)rog_rng_range(rng, -size, size);
}

/* ---- a local step ---- */

struct step {
    struct rog_arch *arch;
    struct rog_net *net;
    float *params, *buffers, *images, *targets, *gradients;
};

static int make_step(struct step *step, const struct rog_run_config *config, struct rog_error *err)
{
    uint32_t batch = config->workers[0].batch;
    uint64_t pixels = (uint64_t)batch * config->image_size * config->image_size * 3;
    struct rog_rng rng;
    int code =
        rog_arch_new(&step->arch, config->model, ROG_DATASET_CLASSES, config->image_size, err);
    if (!code)
        code = rog_net_new(&step->net, step->arch, batch, ROG_NET_TRAIN_FROZEN, err);
    if (code)
        return code;
    const struct rog_arch *arch = step->arch;
    uint64_t targets = (uint64_t)batch * arch->classes;
    step->params = rog_floats(arch->params);
    step->buffers = rog_floats(arch->buffers + 1);
    step->images = rog_floats(pixels);
    step->targets = rog_floats(targets);
    step->gradients = rog_floats(arch->params);
    if (!step->params || !step->buffers || !step->images || !step->targets || !step->gradients)
        return rog_fail_nomem(err);
    rog_rng_init(&rng, 1);
    fill(step->params, arch->params, &rng, 0.05);
    fill(step->images, pixels, &rng, 1);
    for (uint64_t i = 0; i < arch->buffers; i++)
        step->buffers[i] = 1;
    for (uint64_t i = 0; i < targets; i++)
        step->targets[i] = 1.0f / (float)arch->classes;
    return ROG_OK;
}

static void release_step(struct step *step)
{
    rog_net_free(step->net);
    rog_arch_free(step->arch);
    free(step->params);
    free(step->buffers);
    free(step->images);
    free(step->targets);
    free(step->gradients);
}

int rog_device_step(const struct rog_run_config *config, const struct rog_device_options *options,
                    struct rog_device_time *time, struct rog_error *err)
{
    struct step step = {0};
    struct times *times = calloc(1, sizeof *times);
    double begin_s = rog_clock_s();
    int code = times ? make_step(&step, config, err) : rog_fail_nomem(err);
    while (!code && continues(options, begin_s, times->count)) {
        float loss;
        double from_s = rog_clock_s();
        code = rog_net_gradients(step.net, step.params, step.buffers, step.images, step.targets,
                                 &loss, step.gradients, err);
        times->s[times->count++] = rog_clock_s() - from_s;
        if (!code)
            code = check_interrupted(options, err);
    }
    if (!code)
        judge(times, time);
    release_step(&step);
    free(times);
    return code;
}

/* ---- an exchange ---- */

enum { PUSH, PULL, SERVER_UNPACK, SERVER_PULL, PARTS };

struct exchange {
    struct rog_train train;
    struct rog_server *server;
    struct rog_worker *worker;
    float *model, *params, *gradients;
    float **places;
    const float **gradient_of;
    uint8_t *buffer;
    size_t bytes;
    uint32_t iteration;
    struct times times[PARTS];
};

static int make_values(struct exchange *made, struct rog_error *err)
{
    const struct rog_rows *rows = made->train.rows;
    struct rog_rng rng;
    made->model = rog_floats(rows->params);
    made->params = rog_floats(rows->params);
    made->gradients = rog_floats(rows->params);
    made->places = calloc(rows->tensor_count, sizeof *made->places);
    made->gradient_of = calloc(rows->tensor_count, sizeof *made->gradient_of);
    made->bytes = rog_exchange_message_bytes(rows);
    made->buffer = malloc(made->bytes);
    if (!made->model || !made->params || !made->gradients || !made->places || !made->gradient_of ||
        !made->buffer)
        return rog_fail_nomem(err);
    rog_rng_init(&rng, 1);
    fill(made->model, rows->params, &rng, 0.1);
    fill(made->gradients, rows->params, &rng, 1);
    memcpy(made->params, made->model, rows->params * sizeof *made->params);
    rog_rows_places(rows, made->params, made->places);
    for (uint32_t i = 0; i < rows->tensor_count; i++)
        made->gradient_of[i] = made->gradients + rows->tensors[i].offset;
    return ROG_OK;
}

static int make_exchange(struct exchange *made, const struct rog_run_config *config,
                         struct rog_error *err)
{
    struct rog_train *train = &made->train;
    int code = rog_train_init(train, config, NULL, err);
    if (!code)
        code = make_values(made, err);
    if (code)
        return code;
    const struct rog_strategy_config policy = {.rows = train->rows->row_count,
                                               .workers = config->worker_count,
                                               .threshold = train->threshold,
                                               .parameters = train->plugin.parameters,
                                               .seed = config->seed};
    const struct rog_server_config server = {
        .rows = train->rows,
        .strategy = train->plugin.strategy,
        .policy = policy,
        .optimizer = train->parts.server_optimizer,
        .optimizer_parameters = train->parts.chosen[ROG_PART_SERVER_OPTIMIZER].parameters,
        .average = config->checkpoint_average,
    };
    const struct rog_worker_config worker = {.rows = train->rows,
                                             .strategy = train->plugin.strategy,
                                             .policy = policy,
                                             .contribution = &train->parts.contribution};
    code = rog_server_new(&made->server, &server, made->model, err);
    if (!code)
        code = rog_worker_new(&made->worker, &worker, made->places, err);
    for (uint32_t i = 1; i < config->worker_count && !code; i++)
        rog_server_leave(made->server, i, 0); /* a worker that is alone never stalls */
    return code;
}

static void release_exchange(struct exchange *made)
{
    rog_worker_free(made->worker);
    rog_server_free(made->server);
    rog_train_release(&made->train);
    free(made->model);
    free(made->params);
    free(made->gradients);
    free(made->places);
    free(made->gradient_of);
    free(made->buffer);
}

/* Adds the time since *from_s to a part; *from_s becomes now. */
static void add_time(struct exchange *made, int part, double *from_s)
{
    double now_s = rog_clock_s();
    made->times[part].s[made->times[part].count] += now_s - *from_s;
    *from_s = now_s;
}

static int push(struct exchange *made, struct rog_error *err)
{
    const struct rog_rule rule = rog_exchange_rule(made->train.config, made->iteration);
    const struct rog_worker_gradients gradients = {
        .tensors = made->gradient_of, .rules = &rule, .rule_count = 1};
    double now = made->iteration, from_s = rog_clock_s();
    size_t size = 1;
    int code = rog_worker_begin(made->worker, now, err);
    if (!code)
        code = rog_worker_push(made->worker, &gradients, now, err);
    add_time(made, PUSH, &from_s);
    while (!code && size > 0) {
        code = rog_worker_send(made->worker, now, made->buffer, made->bytes, &size, err);
        add_time(made, PUSH, &from_s);
        if (!code && size > 0)
            code = rog_server_receive(made->server, 0, made->buffer, size, now, err);
        add_time(made, SERVER_UNPACK, &from_s);
    }
    return code;
}

static int pull(struct exchange *made, struct rog_error *err)
{
    struct rog_server_notice notice;
    enum rog_worker_notice news;
    double now = made->iteration, from_s = rog_clock_s();
    size_t size = 1;
    int code = ROG_OK;
    while (rog_server_notice(made->server, &notice))
        continue;
    while (!code && size > 0) {
        code = rog_server_send(made->server, 0, now, made->buffer, made->bytes, &size, err);
        add_time(made, SERVER_PULL, &from_s);
        if (!code && size > 0)
            code = rog_worker_receive(made->worker, made->buffer, size, now, &news, err);
        add_time(made, PULL, &from_s);
    }
    return code;
}

int rog_device_exchange(const struct rog_run_config *config,
                        const struct rog_device_options *options,
                        struct rog_device_exchange *exchange, struct rog_error *err)
{
    struct exchange *made = calloc(1, sizeof *made);
    double begin_s = rog_clock_s();
    int code = made ? make_exchange(made, config, err) : rog_fail_nomem(err);
    while (!code && continues(options, begin_s, made->iteration)) {
        made->iteration++;
        code = push(made, err);
        if (!code)
            code = pull(made, err);
        for (int part = 0; part < PARTS; part++)
            made->times[part].count++;
        if (!code)
            code = check_interrupted(options, err);
    }
    if (!code) {
        judge(&made->times[PUSH], &exchange->push);
        judge(&made->times[PULL], &exchange->pull);
        judge(&made->times[SERVER_UNPACK], &exchange->server_unpack);
        judge(&made->times[SERVER_PULL], &exchange->server_pull);
    }
    if (made)
        release_exchange(made);
    free(made);
    return code;
}
