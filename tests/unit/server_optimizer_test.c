/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The laws of rog/server_optimizer.h, held against every optimizer of the table and against one
 * that keeps something beside the model (momentum on the server); and the average of the model that
 * checkpoints have, which goes on with it.
 */

#include <setjmp.h>
#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <librog/sync/average.h>
#include <librog/kernels/kernels.h>
#include <librog/sync/message.h>
#include <librog/sync/server_update.h>
#include <librog/optimizers/optimizers.h>
#include <librog/sync/wire.h>

#include "sync_cluster.h"

#define ROUNDS 6
#define ROUNDING 1e-5f /* of a checkpoint's values, and of the sums that follow */
#define MESSAGE_BYTES 100000

/* ---- momentum: v <- beta v + x / N;  w <- w - v ---- */

struct momentum {
    double beta;
};

static const struct rog_parameter momentum_parameters[] = {
    {.name = "beta",
     .type = ROG_PARAMETER_NUMBER,
     .offset = offsetof(struct momentum, beta),
     .fallback = "0.9",
     .max = 0.99,
     .help = "of what came before"},
    {.name = NULL},
};

static const struct momentum usual = {.beta = 0.9};

static int momentum_create(const struct rog_server_optimizer_config *config, void **state)
{
    *state = calloc(config->params, sizeof(float));
    return *state == NULL;
}

static void momentum_apply(void *state, const struct rog_server_optimizer_config *config,
                           const struct rog_arrival *arrival, float *model)
{
    float *v = (float *)state + arrival->offset;
    for (uint32_t i = 0; i < arrival->coded.elements; i++)
        v[i] *= (float)((const struct momentum *)config->parameters)->beta;
    rog_arrival_subtract(arrival, -config->share, v);
    for (uint32_t i = 0; i < arrival->coded.elements; i++)
        model[i] -= v[i];
}

static size_t momentum_bytes(const struct rog_server_optimizer_config *config)
{
    return config->params * sizeof(float);
}

static void momentum_save(const void *state, const struct rog_server_optimizer_config *config,
                          uint8_t *bytes)
{
    memcpy(bytes, state, momentum_bytes(config));
}

static void momentum_load(void *state, const struct rog_server_optimizer_config *config,
                          const uint8_t *bytes)
{
    memcpy(state, bytes, momentum_bytes(config));
}

static const struct rog_server_optimizer momentum = {
    .name = "momentum",
    .summary = "for this test",
    .parameters = momentum_parameters,
    .parameter_bytes = sizeof(struct momentum),
    .create = momentum_create,
    .destroy = free,
    .apply = momentum_apply,
    .state_bytes = momentum_bytes,
    .save = momentum_save,
    .load = momentum_load,
};

/* ---- a server and its worker ---- */

struct pair {
    struct rog_plugin plugin;
    struct rog_rows *rows;
    struct rog_worker *worker;
    float *params, *gradients;
    struct rog_rng rng;
    uint8_t *message, *other;
};

struct served {
    struct rog_server *server;
    float *model;
};

static float *floats_of(const struct pair *pair, const float *from)
{
    size_t bytes = pair->rows->params * sizeof(float);
    float *floats = calloc(1, bytes);
    assert_non_null(floats);
    return from ? memcpy(floats, from, bytes) : floats;
}

static struct served serve(const struct pair *pair, const struct rog_server_optimizer *optimizer,
                           double average, const float *model)
{
    struct served served = {.model = floats_of(pair, model)};
    const struct rog_server_config config = {.rows = pair->rows,
                                             .strategy = pair->plugin.strategy,
                                             .policy = {pair->rows->row_count, 1, 0, NULL},
                                             .optimizer = optimizer,
                                             .optimizer_parameters = &usual,
                                             .average = average};
    assert_int_equal(rog_server_new(&served.server, &config, served.model, NULL), 0);
    return served;
}

static void dismiss(struct served *served)
{
    rog_server_free(served->server);
    free(served->model);
}

static void pair_init(struct pair *pair)
{
    memset(pair, 0, sizeof *pair);
    load_strategy(&pair->plugin, "BSP");
    pair->rows = cluster_rows(false);
    pair->params = floats_of(pair, NULL);
    pair->gradients = floats_of(pair, NULL);
    pair->message = malloc(MESSAGE_BYTES);
    pair->other = malloc(MESSAGE_BYTES);
    assert_true(pair->message && pair->other);
    rog_rng_init(&pair->rng, 3);
    const struct rog_worker_config config = {.rows = pair->rows,
                                             .strategy = pair->plugin.strategy,
                                             .policy = {pair->rows->row_count, 1, 0, NULL}};
    assert_int_equal(flat_worker_new(&pair->worker, &config, pair->params, NULL), 0);
}

static void pair_release(struct pair *pair)
{
    rog_worker_free(pair->worker);
    rog_rows_free(pair->rows);
    rog_plugin_release(&pair->plugin);
    free(pair->params);
    free(pair->gradients);
    free(pair->message);
    free(pair->other);
}

/* One iteration, with the same messages for both servers (`also` may be NULL); the rows
 * of their pulls are the same where `alike`. */
static void iterate(struct pair *pair, struct served *served, struct served *also, bool alike)
{
    const struct rog_rule rule = {.learning_rate = 0.1, .momentum = 0.5};
    enum rog_worker_notice notice = ROG_WORKER_NOTHING;
    size_t size, other_size;
    for (uint64_t i = 0; i < pair->rows->params; i++)
        pair->gradients[i] = (float)rog_rng_normal(&pair->rng);
    assert_int_equal(flat_worker_push(pair->worker, pair->rows, pair->gradients, &rule, 0, NULL),
                     0);
    while (!rog_worker_send(pair->worker, 0, pair->message, MESSAGE_BYTES, &size, NULL) && size) {
        assert_int_equal(rog_server_receive(served->server, 0, pair->message, size, 0, NULL), 0);
        if (also)
            assert_int_equal(rog_server_receive(also->server, 0, pair->message, size, 0, NULL), 0);
    }
    while (!rog_server_send(served->server, 0, 0, pair->message, MESSAGE_BYTES, &size, NULL) &&
           size) {
        if (also) {
            rog_server_send(also->server, 0, 0, pair->other, MESSAGE_BYTES, &other_size, NULL);
            assert_int_equal(other_size, size);
            if (alike && pair->message[1] == ROG_WIRE_ROWS)
                assert_memory_equal(pair->other, pair->message, size);
        }
        assert_int_equal(rog_worker_receive(pair->worker, pair->message, size, 0, &notice, NULL),
                         0);
    }
    if (also) {
        rog_server_send(also->server, 0, 0, pair->other, MESSAGE_BYTES, &other_size, NULL);
        assert_int_equal(other_size, 0);
    }
    assert_int_equal(notice, ROG_WORKER_PULLED);
}

static void model_of(const struct pair *pair, const struct served *served, float *model)
{
    memcpy(model, served->model, pair->rows->params * sizeof *model);
    rog_kernel_add(model, rog_server_change(served->server), pair->rows->params);
}

/* As checkpoints have it. */
static void saved_of(const struct pair *pair, const struct served *served, float *model)
{
    memcpy(model, served->model, pair->rows->params * sizeof *model);
    rog_kernel_add(model, rog_server_saved_change(served->server), pair->rows->params);
}

static bool are_near(const struct pair *pair, const float *one, const float *other)
{
    for (uint64_t i = 0; i < pair->rows->params; i++)
        if (!(fabsf(one[i] - other[i]) < ROUNDING))
            return false;
    return true;
}

static void join(struct pair *pair, struct served *served)
{
    uint32_t iteration = 0;
    assert_int_equal(rog_server_join(served->server, 0, 0, &iteration, NULL), 0);
    assert_int_equal(iteration, ROUNDS);
    model_of(pair, served, pair->params);
    rog_worker_join(pair->worker, iteration);
}

/* ---- the laws ---- */

/* Goes on from a checkpoint beside the server that was not interrupted. Whether the models, and
 * what checkpoints have of them, end alike. */
static bool goes_on(const struct rog_server_optimizer *optimizer, double average, bool keeps_state)
{
    struct pair pair;
    struct rog_error err;
    pair_init(&pair);
    struct served first = serve(&pair, optimizer, average, NULL);
    for (int i = 0; i < ROUNDS; i++)
        iterate(&pair, &first, NULL, true);

    size_t size = rog_server_state_bytes(first.server);
    uint8_t *state = malloc(size + 1);
    assert_non_null(state);
    rog_server_save(first.server, state);
    float *checkpoint = floats_of(&pair, NULL), *other = floats_of(&pair, NULL);
    saved_of(&pair, &first, checkpoint);
    struct served second = serve(&pair, optimizer, average, checkpoint);
    rog_server_resume(second.server, ROUNDS);
    assert_int_equal(rog_server_load(second.server, state, size + 1, &err), ROG_EFORMAT);
    if (keeps_state)
        assert_int_equal(rog_server_load(second.server, state, size, &err), 0);
    free(state);

    join(&pair, &first);
    join(&pair, &second);
    for (int i = 0; i < ROUNDS; i++)
        iterate(&pair, &first, &second, keeps_state);
    model_of(&pair, &first, checkpoint);
    model_of(&pair, &second, other);
    bool alike = are_near(&pair, checkpoint, other);
    saved_of(&pair, &first, checkpoint);
    saved_of(&pair, &second, other);
    alike = alike && are_near(&pair, checkpoint, other);
    /* The last checkpoint is that of before the end. */
    rog_server_end(first.server);
    saved_of(&pair, &first, other);
    assert_true(are_near(&pair, checkpoint, other));
    free(checkpoint);
    free(other);
    dismiss(&first);
    dismiss(&second);
    pair_release(&pair);
    return alike;
}

static void test_going_on(void **state)
{
    (void)state;
    for (size_t i = 0; rog_server_optimizers[i]; i++)
        assert_true(goes_on(rog_server_optimizers[i], 0, true));
    assert_true(goes_on(&momentum, 0, true));
    /* This test sees a state that is lost. */
    assert_false(goes_on(&momentum, 0, false));
    /* The model is in the state where checkpoints have its average. */
    assert_true(goes_on(NULL, 5, true));
    assert_true(goes_on(&momentum, 5, true));
    assert_false(goes_on(NULL, 5, false));
}

/* A row that arrives changes this row alone. */
static void change_one_row(const struct rog_server_optimizer *optimizer)
{
    struct rog_rows *rows = cluster_rows(false);
    struct rog_server_update update;
    assert_int_equal(rog_server_update_init(&update, optimizer, &usual, rows, 4, true, NULL), 0);
    float *model = calloc(rows->params, sizeof *model);
    float *before = calloc(rows->params, sizeof *before);
    uint8_t bytes[4096];
    assert_true(model && before);
    struct rog_rng rng;
    rog_rng_init(&rng, 1);
    for (uint32_t row = 0; row < rows->row_count; row++) {
        float values[1024], scale[8] = {1, 1, 1, 1, 1, 1, 1, 1};
        uint32_t size = rog_rows_size(rows, row);
        for (uint32_t k = 0; k < size; k++)
            values[k] = (float)rog_rng_normal(&rng);
        struct rog_arrival arrival = {.row = row,
                                      .iteration = 1,
                                      .offset = rog_rows_offset(rows, row),
                                      .codec = rows->codec,
                                      .coded = rog_rows_coded(rows, row, scale),
                                      .bytes = bytes};
        rows->codec->encode(&arrival.coded, values, bytes);
        memcpy(before, model, rows->params * sizeof *model);
        optimizer->apply(update.state, &update.config, &arrival, model + arrival.offset);
        memcpy(before + arrival.offset, model + arrival.offset, size * sizeof *model);
        assert_memory_equal(before, model, rows->params * sizeof *model);
    }
    rog_server_update_release(&update);
    rog_rows_free(rows);
    free(model);
    free(before);
}

static void test_one_row(void **state)
{
    (void)state;
    for (size_t i = 0; rog_server_optimizers[i]; i++) {
        assert_true(rog_server_optimizers[i]->name && rog_server_optimizers[i]->summary);
        change_one_row(rog_server_optimizers[i]);
    }
    change_one_row(&momentum);
}

/* The first of all keeps nothing, so that nothing is written for it. */
static void test_mean_keeps_nothing(void **state)
{
    (void)state;
    struct pair pair;
    pair_init(&pair);
    struct served served = serve(&pair, NULL, 0, NULL);
    assert_int_equal(rog_server_state_bytes(served.server), 0);
    assert_int_equal(rog_server_load(served.server, NULL, 0, NULL), 0);
    dismiss(&served);
    pair_release(&pair);
}

static void overflow(void *state, const struct rog_server_optimizer_config *config,
                     const struct rog_arrival *arrival, float *model)
{
    (void)state, (void)config, (void)arrival;
    model[0] = INFINITY;
}

static const struct rog_server_optimizer overflowing = {
    .name = "overflowing", .summary = "an update that no float holds", .apply = overflow};

/* A model that is not finite any more is not sent: the server says what has happened. */
static void test_diverged(void **state)
{
    (void)state;
    struct pair pair;
    struct rog_error err = {0};
    const struct rog_rule rule = {.learning_rate = 0.1, .momentum = 0.5};
    size_t size;
    pair_init(&pair);
    struct served served = serve(&pair, &overflowing, 0, NULL);
    assert_int_equal(flat_worker_push(pair.worker, pair.rows, pair.gradients, &rule, 0, NULL), 0);
    while (!rog_worker_send(pair.worker, 0, pair.message, MESSAGE_BYTES, &size, NULL) && size)
        assert_int_equal(rog_server_receive(served.server, 0, pair.message, size, 0, NULL), 0);
    assert_int_equal(rog_server_send(served.server, 0, 0, pair.message, MESSAGE_BYTES, &size, &err),
                     ROG_EFAILED);
    assert_non_null(strstr(err.message, "diverged"));
    dismiss(&served);
    pair_release(&pair);
}

/* One that has parameters is not made without them, and one that fails leaves nothing behind. */
static int fail_to_create(const struct rog_server_optimizer_config *config, void **state)
{
    *state = (void *)config; /* nothing that could be freed */
    return 1;
}

static void test_not_made(void **state)
{
    (void)state;
    struct rog_rows *rows = cluster_rows(false);
    struct rog_server_update update;
    struct rog_server_optimizer failing = momentum;
    struct rog_error err = {0};
    assert_int_equal(rog_server_update_init(&update, &momentum, NULL, rows, 4, true, &err),
                     ROG_EINVAL);
    assert_non_null(strstr(err.message, "momentum"));
    failing.create = fail_to_create;
    assert_int_equal(rog_server_update_init(&update, &failing, &usual, rows, 4, true, NULL),
                     ROG_ENOMEM);
    assert_null(update.state);
    rog_server_update_release(&update);
    rog_rows_free(rows);
}

/* ---- the average that checkpoints have ---- */

/* The weighted mean of all models, each counting exp(-1 / n) times as much as the next one. */
static void mean_of(const double *models, size_t count, size_t params, double n, double *mean)
{
    for (size_t k = 0; k < params; k++) {
        double sum = 0, weights = 0;
        for (size_t t = 0; t < count; t++) {
            double weight = exp(-(double)(count - 1 - t) / n);
            sum += weight * models[t * params + k];
            weights += weight;
        }
        mean[k] = sum / weights;
    }
}

/* Of the models after each iteration; and training does not know of it. */
static void check_average(double n)
{
    struct pair pair;
    pair_init(&pair);
    struct served with = serve(&pair, NULL, n, NULL), without = serve(&pair, NULL, 0, NULL);
    size_t params = pair.rows->params;
    double *models = calloc((ROUNDS + 2) * params, sizeof *models);
    double *mean = models + (ROUNDS + 1) * params;
    assert_non_null(models);
    assert_ptr_equal(rog_server_saved_change(without.server), rog_server_change(without.server));
    for (size_t t = 1; t <= ROUNDS; t++) {
        iterate(&pair, &with, &without, true);
        assert_memory_equal(rog_server_change(with.server), rog_server_change(without.server),
                            params * sizeof(float));
        for (size_t k = 0; k < params; k++)
            models[t * params + k] = rog_server_change(with.server)[k];
        mean_of(models, t + 1, params, n, mean);
        for (size_t k = 0; k < params; k++) {
            double found = rog_server_saved_change(with.server)[k];
            if (!(fabs(found - mean[k]) <= 1e-6 * (0.1 + fabs(mean[k]))))
                fail_msg("over %g, after %zu: %.9g instead of %.9g", n, t, found, mean[k]);
        }
    }
    free(models);
    dismiss(&with);
    dismiss(&without);
    pair_release(&pair);
}

static void test_average(void **state)
{
    (void)state;
    static const double spans[] = {0.01, 1, 4, 1e9};
    for (size_t s = 0; s < sizeof spans / sizeof *spans; s++)
        check_average(spans[s]);
}

static void test_average_of_one_model(void **state)
{
    (void)state;
    float model[37], other[37];
    struct rog_average average;
    struct rog_rng rng;
    rog_rng_init(&rng, 9);
    for (size_t i = 0; i < 37; i++)
        model[i] = (float)rog_rng_normal(&rng);
    assert_int_equal(rog_average_init(&average, 7, 37, NULL), 0);
    for (size_t i = 0; i < 37; i++)
        assert_true(average.values[i] == 0);
    memcpy(average.values, model, sizeof model);
    for (uint32_t t = 1; t < 1000; t++)
        rog_average_pushed(&average, model, 1 + t % 3);
    assert_memory_equal(average.values, model, sizeof model);
    for (size_t i = 0; i < 37; i++)
        other[i] = model[i] + 1;
    average.pushes = 0;
    rog_average_pushed(&average, other, 2); /* the other one has not pushed yet */
    assert_memory_equal(average.values, model, sizeof model);
    rog_average_pushed(&average, other, 2);
    assert_memory_not_equal(average.values, model, sizeof model);
    rog_average_release(&average);
    /* Where none is asked for. */
    assert_int_equal(rog_average_init(&average, 0, 37, NULL), 0);
    assert_false(rog_average_is_kept(&average));
    rog_average_pushed(&average, NULL, 1);
    assert_int_equal(rog_average_bytes(&average), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_going_on),
        cmocka_unit_test(test_one_row),
        cmocka_unit_test(test_mean_keeps_nothing),
        cmocka_unit_test(test_diverged),
        cmocka_unit_test(test_not_made),
        cmocka_unit_test(test_average),
        cmocka_unit_test(test_average_of_one_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
