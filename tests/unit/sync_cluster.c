/* SPDX-License-Identifier: Apache-2.0 */
/* A server and workers connected by queues, for tests of the core. */
#include "sync_cluster.h"

#include <setjmp.h>
#include <stdarg.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <common/parameters.h>
#include <librog/sync/message.h>

#define LINK_MESSAGES 4 /* maximum number in a link */

void load_strategy(struct rog_plugin *plugin, const char *library)
{
    struct rog_error err;
    if (rog_plugin_load(plugin, library, &err) || rog_plugin_configure(plugin, NULL, &err))
        fail_msg("%s", err.message);
}

struct rog_rows *cluster_rows(bool small)
{
    static const uint32_t dims[] = {2, 1, 2, 3, 2};
    static const uint32_t shapes[] = {40, 30, 8, 10, 10, 50, 3, 9, 120, 9};
    static const uint32_t small_dims[] = {1, 2, 1};
    static const uint32_t small_shapes[] = {8, 5, 6, 20};
    struct rog_rows *rows;
    struct rog_error err;
    if (small ? rog_rows_new(&rows, small_dims, small_shapes, 3, &err)
              : rog_rows_new(&rows, dims, shapes, 5, &err))
        fail_msg("%s", err.message);
    return rows;
}

static void *allocate(size_t count, size_t size)
{
    void *memory = calloc(count, size);
    assert_non_null(memory);
    return memory;
}

int flat_worker_new(struct rog_worker **worker, const struct rog_worker_config *config,
                    float *params, struct rog_error *err)
{
    float **places = allocate(config->rows->tensor_count, sizeof *places);
    if (params)
        rog_rows_places(config->rows, params, places);
    int code = rog_worker_new(worker, config, params ? places : NULL, err);
    free(places);
    return code;
}

int flat_worker_push(struct rog_worker *worker, const struct rog_rows *rows, const float *gradients,
                     const struct rog_rule *rule, double now, struct rog_error *err)
{
    const float **places = allocate(rows->tensor_count, sizeof *places);
    for (uint32_t i = 0; gradients && i < rows->tensor_count; i++)
        places[i] = gradients + rows->tensors[i].offset;
    const struct rog_worker_gradients given = {
        .tensors = gradients ? places : NULL, .rules = rule, .rule_count = 1};
    int code = rog_worker_push(worker, &given, now, err);
    free(places);
    return code;
}

static bool pushes_deltas(const struct cluster *cluster)
{
    const struct rog_contribution_config *contribution = cluster->options.contribution;
    return contribution && contribution->kind == ROG_CONTRIBUTION_DELTA;
}

static void init_worker(struct cluster *cluster, uint32_t index)
{
    const struct cluster_options *options = &cluster->options;
    struct cluster_worker *worker = &cluster->workers[index];
    struct rog_error err;
    worker->pace = 1 + rog_rng_below(&cluster->rng, 20);
    worker->stop_after = options->iterations;
    if (options->leaves && rog_rng_below(&cluster->rng, 3) == 0)
        worker->stop_after = rog_rng_below(&cluster->rng, options->iterations + 1);
    if (options->values) {
        worker->params = allocate(cluster->rows->params, sizeof(float));
        memcpy(worker->params, cluster->model, cluster->rows->params * sizeof(float));
    }
    struct rog_worker_config config = {.rows = cluster->rows,
                                       .strategy = options->strategy,
                                       .policy = {.rows = cluster->rows->row_count,
                                                  .workers = options->workers,
                                                  .threshold = options->threshold,
                                                  .parameters = cluster->options.parameters},
                                       .worker = index,
                                       .contribution = options->contribution};
    config.policy.seed = options->seed;
    if (pushes_deltas(cluster))
        worker->stepped = allocate(cluster->rows->params, sizeof *worker->stepped);
    if (flat_worker_new(&worker->worker, &config, worker->params, &err))
        fail_msg("%s", err.message);
}

void cluster_init(struct cluster *cluster, const struct cluster_options *options,
                  const struct cluster_watch *watch)
{
    struct rog_error err;
    memset(cluster, 0, sizeof *cluster);
    cluster->options = *options;
    if (!options->parameters &&
        rog_parameters_make(options->strategy->parameters, options->strategy->parameter_bytes,
                            options->strategy->name, NULL, NULL, &cluster->defaults, &err))
        fail_msg("%s", err.message);
    if (cluster->defaults)
        cluster->options.parameters = cluster->defaults;
    cluster->watch = *watch;
    rog_rng_init(&cluster->rng, options->seed);
    cluster->rows = cluster_rows(options->small);
    if (options->exact) {
        const struct rog_codec *none;
        assert_int_equal(rog_codec_find("none", &none, &err), 0);
        assert_int_equal(
            rog_rows_set_codecs(cluster->rows, &(struct rog_rows_codecs){.push = none}, &err), 0);
    }
    if (options->codecs && rog_rows_set_codecs(cluster->rows, options->codecs, &err))
        fail_msg("%s", err.message);
    if (options->values) {
        cluster->model = allocate(cluster->rows->params, sizeof(float));
        cluster->gradients = allocate(cluster->rows->params, sizeof(float));
        for (uint64_t i = 0; i < cluster->rows->params; i++)
            cluster->model[i] = (float)rog_rng_normal(&cluster->rng);
    }
    cluster->buffer_bytes =
        rog_message_min_bytes(cluster->rows) + rog_rng_below(&cluster->rng, 400);
    cluster->buffer = allocate(cluster->buffer_bytes, 1);
    struct rog_server_config config = {.rows = cluster->rows,
                                       .strategy = options->strategy,
                                       .policy = {.rows = cluster->rows->row_count,
                                                  .workers = options->workers,
                                                  .threshold = options->threshold,
                                                  .parameters = cluster->options.parameters},
                                       .optimizer = options->optimizer,
                                       .optimizer_parameters = options->optimizer_parameters};
    config.policy.seed = options->seed;
    if (rog_server_new(&cluster->server, &config, cluster->model, &err))
        fail_msg("%s", err.message);
    cluster->workers = allocate(options->workers, sizeof *cluster->workers);
    for (uint32_t i = 0; i < options->workers; i++)
        init_worker(cluster, i);
}

static void drop_link(struct cluster_link *link)
{
    while (link->first) {
        struct cluster_message *next = link->first->next;
        free(link->first);
        link->first = next;
    }
    link->last = NULL;
    link->count = 0;
}

void cluster_release(struct cluster *cluster)
{
    for (uint32_t i = 0; i < cluster->options.workers; i++) {
        struct cluster_worker *worker = &cluster->workers[i];
        rog_worker_free(worker->worker);
        free(worker->params);
        free(worker->stepped);
        drop_link(&worker->up);
        drop_link(&worker->down);
    }
    rog_server_free(cluster->server);
    rog_rows_free(cluster->rows);
    free(cluster->defaults);
    free(cluster->workers);
    free(cluster->buffer);
    free(cluster->gradients);
    free(cluster->model);
}

static void enqueue(struct cluster_link *link, const uint8_t *bytes, size_t size)
{
    struct cluster_message *message = malloc(sizeof *message + size);
    assert_non_null(message);
    message->next = NULL;
    message->size = size;
    memcpy(message->bytes, bytes, size);
    if (link->last)
        link->last->next = message;
    else
        link->first = message;
    link->last = message;
    link->count++;
}

static struct cluster_message *dequeue(struct cluster_link *link)
{
    struct cluster_message *message = link->first;
    link->first = message->next;
    if (!link->first)
        link->last = NULL;
    link->count--;
    return message;
}

static void drain_notices(struct cluster *cluster)
{
    struct rog_server_notice notice;
    while (rog_server_notice(cluster->server, &notice))
        if (cluster->watch.notice)
            cluster->watch.notice(cluster, &notice);
}

/* Asks the strategy again when it is due. */
static void tick(struct cluster *cluster)
{
    struct rog_error err;
    while (rog_server_deadline(cluster->server) <= cluster->now) {
        if (rog_server_tick(cluster->server, cluster->now, &err))
            fail_msg("%s", err.message);
        drain_notices(cluster);
    }
}

/* The five actions of a worker; each returns whether it took place. */

static bool act_leave(struct cluster *cluster, uint32_t index)
{
    struct cluster_worker *worker = &cluster->workers[index];
    if (worker->completed < worker->stop_after ||
        worker->stop_after == cluster->options.iterations || rog_rng_below(&cluster->rng, 8) > 0)
        return false;
    worker->gone = true;
    drop_link(&worker->up);
    drop_link(&worker->down);
    rog_server_leave(cluster->server, index, cluster->now);
    if (cluster->watch.left)
        cluster->watch.left(cluster, index);
    drain_notices(cluster);
    return true;
}

/* Returns the rate of the push after `iteration` iterations. */
static double learning_rate(const struct cluster *cluster, uint32_t iteration)
{
    const struct cluster_options *options = &cluster->options;
    double rate = options->learning_rate > 0 ? options->learning_rate : 0.01;
    if (cluster->calm_after > 0 && iteration >= cluster->calm_after)
        return 0;
    return options->halve_every ? ldexp(rate, -(int)(iteration / options->halve_every)) : rate;
}

static void draw_gradients(struct cluster *cluster)
{
    for (uint64_t i = 0; cluster->gradients && i < cluster->rows->params; i++)
        cluster->gradients[i] = (float)rog_rng_normal(&cluster->rng);
}

static void step_locally(struct cluster *cluster, struct cluster_worker *worker,
                         const struct rog_rule *rule)
{
    draw_gradients(cluster);
    for (uint64_t i = 0; i < cluster->rows->params; i++) {
        float before = worker->params[i];
        worker->params[i] -= (float)rule->learning_rate *
                             (cluster->gradients[i] + (float)rule->weight_decay * before);
        worker->stepped[i] += (double)before - (double)worker->params[i];
    }
}

static bool act_push(struct cluster *cluster, uint32_t index)
{
    struct cluster_worker *worker = &cluster->workers[index];
    struct rog_worker_status status;
    struct rog_error err;
    rog_worker_status(worker->worker, &status);
    if (status.pushing || status.waiting || status.iteration >= cluster->options.iterations)
        return false;
    const struct rog_rule rule = {learning_rate(cluster, status.iteration),
                                  cluster->options.no_momentum ? 0 : 0.9, 5e-4, ROG_RULE_BLOCK};
    cluster->learning_rate = rule.learning_rate;
    bool delta = pushes_deltas(cluster), overlap = rog_worker_overlaps(worker->worker);
    if (!delta)
        draw_gradients(cluster);
    else if (!worker->ahead)
        step_locally(cluster, worker, &rule);
    if (flat_worker_push(worker->worker, cluster->rows, delta ? NULL : cluster->gradients, &rule,
                         cluster->now, &err))
        fail_msg("%s", err.message);
    worker->ahead = delta && overlap;
    if (worker->ahead)
        step_locally(cluster, worker, &rule);
    if (cluster->watch.pushed)
        cluster->watch.pushed(cluster, index, cluster->gradients);
    return true;
}

static bool act_send_up(struct cluster *cluster, uint32_t index)
{
    struct cluster_worker *worker = &cluster->workers[index];
    struct rog_error err;
    size_t size;
    if (worker->up.count >= LINK_MESSAGES)
        return false;
    if (rog_worker_send(worker->worker, cluster->now, cluster->buffer, cluster->buffer_bytes, &size,
                        &err))
        fail_msg("%s", err.message);
    if (size == 0)
        return false;
    enqueue(&worker->up, cluster->buffer, size);
    if (cluster->watch.sent_up)
        cluster->watch.sent_up(cluster, index, cluster->buffer, size);
    return true;
}

static bool act_send_down(struct cluster *cluster, uint32_t index)
{
    struct cluster_worker *worker = &cluster->workers[index];
    struct rog_error err;
    size_t size;
    if (worker->down.count >= LINK_MESSAGES)
        return false;
    if (rog_server_send(cluster->server, index, cluster->now, cluster->buffer,
                        cluster->buffer_bytes, &size, &err))
        fail_msg("%s", err.message);
    if (size == 0)
        return false;
    enqueue(&worker->down, cluster->buffer, size);
    if (cluster->watch.sent_down)
        cluster->watch.sent_down(cluster, index, cluster->buffer, size);
    drain_notices(cluster);
    return true;
}

static bool act_arrive_up(struct cluster *cluster, uint32_t index)
{
    struct cluster_worker *worker = &cluster->workers[index];
    struct rog_error err;
    if (worker->up.count == 0)
        return false;
    struct cluster_message *message = dequeue(&worker->up);
    if (cluster->watch.arriving)
        cluster->watch.arriving(cluster, index, message->bytes, message->size);
    if (!cluster->stop && rog_server_receive(cluster->server, index, message->bytes, message->size,
                                             cluster->now, &err))
        fail_msg("%s", err.message);
    free(message);
    drain_notices(cluster);
    return true;
}

static bool act_arrive_down(struct cluster *cluster, uint32_t index)
{
    struct cluster_worker *worker = &cluster->workers[index];
    enum rog_worker_notice notice;
    struct rog_error err;
    if (worker->down.count == 0)
        return false;
    struct cluster_message *message = dequeue(&worker->down);
    if (cluster->watch.arriving_down)
        cluster->watch.arriving_down(cluster, index, message->bytes, message->size);
    notice = ROG_WORKER_NOTHING;
    if (!cluster->stop && rog_worker_receive(worker->worker, message->bytes, message->size,
                                             cluster->now, &notice, &err))
        fail_msg("%s", err.message);
    free(message);
    if (notice == ROG_WORKER_PULLED) {
        worker->completed++;
        if (cluster->watch.pulled)
            cluster->watch.pulled(cluster, index);
    }
    return true;
}

/* Does one action of a worker, trying them from a random one on. */
static bool act(struct cluster *cluster, uint32_t index)
{
    static bool (*const acts[])(struct cluster *, uint32_t) = {
        act_leave, act_push, act_send_up, act_send_down, act_arrive_up, act_arrive_down,
    };
    const uint32_t count = sizeof acts / sizeof *acts;
    if (cluster->workers[index].gone)
        return false;
    uint32_t first = rog_rng_below(&cluster->rng, count);
    for (uint32_t i = 0; i < count; i++)
        if (acts[(first + i) % count](cluster, index))
            return true;
    return false;
}

void cluster_drain(struct cluster *cluster)
{
    for (uint32_t i = 0; i < cluster->options.workers; i++)
        while (!cluster->workers[i].gone && (act_send_up(cluster, i) || act_arrive_up(cluster, i)))
            ;
}

void cluster_rejoin(struct cluster *cluster, uint32_t index)
{
    struct cluster_worker *worker = &cluster->workers[index];
    struct rog_error err;
    uint32_t iteration;
    drop_link(&worker->up);
    drop_link(&worker->down);
    if (rog_server_join(cluster->server, index, cluster->now, &iteration, &err))
        fail_msg("%s", err.message);
    if (!worker->gone && cluster->watch.left)
        cluster->watch.left(cluster, index);
    drain_notices(cluster);
    if (worker->params)
        cluster_model(cluster, worker->params);
    rog_worker_join(worker->worker, iteration);
    worker->completed = iteration;
    worker->gone = false;
    if (cluster->watch.joined)
        cluster->watch.joined(cluster, index, iteration);
}

void cluster_model(const struct cluster *cluster, float *model)
{
    const float *change = rog_server_change(cluster->server);
    for (uint64_t i = 0; i < cluster->rows->params; i++)
        model[i] = cluster->model[i] + change[i];
}

double cluster_misjudged(const struct cluster *cluster, uint32_t worker)
{
    const float *held = rog_server_held(cluster->server, worker);
    const float *params = cluster->workers[worker].params;
    double most = 0;
    for (uint64_t i = 0; i < cluster->rows->params; i++)
        most = fmax(most, fabs((double)cluster->model[i] + (double)held[i] - (double)params[i]));
    return most;
}

static bool finished(const struct cluster *cluster)
{
    for (uint32_t i = 0; i < cluster->options.workers; i++)
        if (!cluster->workers[i].gone &&
            cluster->workers[i].completed < cluster->options.iterations)
            return false;
    return true;
}

bool cluster_run(struct cluster *cluster)
{
    uint32_t workers = cluster->options.workers, total = 0;
    for (uint32_t i = 0; i < workers; i++)
        total += cluster->workers[i].pace;
    while (!cluster->stop && !finished(cluster)) {
        cluster->now += rog_rng_uniform(&cluster->rng) * 2 * cluster->options.slow_s;
        tick(cluster);
        uint32_t draw = rog_rng_below(&cluster->rng, total), index = 0;
        while (draw >= cluster->workers[index].pace)
            draw -= cluster->workers[index++].pace;
        /* Leaving is random: if nothing happens, try again before giving up. */
        bool acted = false;
        for (uint32_t i = 0; i < 100 * workers && !acted; i++)
            acted = act(cluster, (index + i) % workers);
        if (!acted && isinf(rog_server_deadline(cluster->server)))
            return false;
        if (!acted)
            cluster->now = rog_server_deadline(cluster->server);
    }
    return true;
}
