/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The laws of rog/server_optimizer.h, tested with every optimizer of the table and with one that
 * has a state beside the model (momentum on the server); and the average of the model for
 * checkpoints, which is resumed with it.
 */

#include <setjmp.h>
#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <common/parameters.h>
#include <librog/sync/average.h>
#include <librog/kernels/kernels.h>
#include <librog/sync/message.h>
#include <librog/sync/coding.h>
#include <librog/sync/server_update.h>
#include <librog/optimizers/optimizers.h>
#include <librog/sync/wire.h>

#include "sync_cluster.h"

#define ROUNDS 6
#define ROUNDING 1e-5f /* of a checkpoint's values, and of the following sums */
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

static void momentum_apply(const struct rog_server_optimizer_config *config,
                           const struct rog_arrival *arrival, float *const *memory, float *model)
{
    float *v = memory[0];
    for (uint32_t i = 0; i < arrival->coded.elements; i++)
        v[i] *= (float)((const struct momentum *)config->parameters)->beta;
    rog_arrival_subtract(arrival, -config->share, v);
    for (uint32_t i = 0; i < arrival->coded.elements; i++)
        model[i] -= v[i];
}

static const struct rog_server_optimizer momentum = {
    .name = "momentum",
    .summary = "for this test",
    .parameters = momentum_parameters,
    .parameter_bytes = sizeof(struct momentum),
    .memory = 1,
    .apply = momentum_apply,
};

/* The example of docs/write-a-server-optimizer.md. */
extern const struct rog_server_optimizer rog_server_optimizer_polyak;

/* ---- the optimizers with their parameters ---- */

/* Returns parameters from "every":3,...; NULL: the defaults. */
static void *parameters_of(const struct rog_server_optimizer *optimizer, const char *given)
{
    struct rog_error err = {0};
    struct rog_json *json = NULL;
    void *parameters = NULL;
    if (given && rog_json_parse(given, strlen(given), "given", &json, &err))
        fail_msg("%s", err.message);
    if (rog_parameters_make(optimizer->parameters, optimizer->parameter_bytes, optimizer->name,
                            json, NULL, &parameters, &err))
        fail_msg("%s: %s", optimizer->name, err.message);
    rog_json_free(json);
    return parameters;
}

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
                           const void *parameters, double average, const float *model)
{
    struct served served = {.model = floats_of(pair, model)};
    const struct rog_server_config config = {
        .rows = pair->rows,
        .strategy = pair->plugin.strategy,
        .policy = {.rows = pair->rows->row_count, .workers = 1},
        .optimizer = optimizer,
        .optimizer_parameters = parameters,
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
    const struct rog_worker_config config = {
        .rows = pair->rows,
        .strategy = pair->plugin.strategy,
        .policy = {.rows = pair->rows->row_count, .workers = 1}};
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

/* Makes one iteration, with the same messages for both servers (`also` may be NULL); the rows of
 * their pulls are equal if `alike`. */
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

/* Returns the model of checkpoints. */
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

/* Resumes from a checkpoint beside the uninterrupted server. Returns whether the models, and those
 * of checkpoints, end equal. */
static bool goes_on(const struct rog_server_optimizer *optimizer, const void *parameters,
                    double average, bool keeps_state)
{
    struct pair pair;
    struct rog_error err;
    pair_init(&pair);
    struct served first = serve(&pair, optimizer, parameters, average, NULL);
    for (int i = 0; i < ROUNDS; i++)
        iterate(&pair, &first, NULL, true);

    size_t size = rog_server_state_bytes(first.server);
    uint8_t *state = malloc(size + 1);
    assert_non_null(state);
    rog_server_save(first.server, state);
    float *checkpoint = floats_of(&pair, NULL), *other = floats_of(&pair, NULL);
    saved_of(&pair, &first, checkpoint);
    struct served second = serve(&pair, optimizer, parameters, average, checkpoint);
    rog_server_resume(second.server, ROUNDS);
    assert_int_equal(rog_server_load(second.server, state, size + 1, &err), ROG_EFORMAT);
    if (keeps_state)
        assert_int_equal(rog_server_load(second.server, state, size, &err), 0);
    free(state);

    join(&pair, &first);
    join(&pair, &second);
    /* A pull within a round contains only the rounding of one of the models. */
    bool at_once = !optimizer || optimizer->apply;
    for (int i = 0; i < ROUNDS; i++)
        iterate(&pair, &first, &second, keeps_state && at_once);
    model_of(&pair, &first, checkpoint);
    model_of(&pair, &second, other);
    bool alike = are_near(&pair, checkpoint, other);
    saved_of(&pair, &first, checkpoint);
    saved_of(&pair, &second, other);
    alike = alike && are_near(&pair, checkpoint, other);
    /* The last checkpoint is the one before the end. */
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

static void test_resuming(void **state)
{
    (void)state;
    for (size_t i = 0; rog_server_optimizers[i]; i++) {
        const struct rog_server_optimizer *optimizer = rog_server_optimizers[i];
        bool in_rounds = optimizer->step;
        /* The checkpoint is in the middle of a round, or after each. */
        for (int every = 1; every <= (in_rounds ? 4 : 1); every += 3) {
            char given[64];
            snprintf(given, sizeof given, "{\"every\":%d,\"learning_rate\":0.3}", every);
            void *parameters = parameters_of(optimizer, in_rounds ? given : NULL);
            assert_true(goes_on(optimizer, parameters, 0, true));
            assert_true(goes_on(optimizer, parameters, 5, true));
            if (every == 4)
                assert_false(goes_on(optimizer, parameters, 0, false));
            free(parameters);
        }
    }
    void *parameters = parameters_of(&rog_server_optimizer_polyak, NULL);
    assert_true(goes_on(&rog_server_optimizer_polyak, parameters, 0, true));
    free(parameters);
    assert_true(goes_on(&momentum, &usual, 0, true));
    /* Checks that this test detects a lost state. */
    assert_false(goes_on(&momentum, &usual, 0, false));
    /* If checkpoints have the average, the model is in the state. */
    assert_true(goes_on(NULL, NULL, 5, true));
    assert_true(goes_on(&momentum, &usual, 5, true));
    assert_false(goes_on(NULL, NULL, 5, false));
}

/* ---- one row ---- */

/* A model, the sum added to it, and an active optimizer. */
struct work {
    struct rog_rows *rows;
    struct rog_server_update update;
    float *change, *before;
    uint32_t *merged;
    struct rog_rng rng;
};

static void work_init(struct work *work, const struct rog_server_optimizer *optimizer,
                      const void *parameters)
{
    work->rows = cluster_rows(false);
    assert_int_equal(
        rog_server_update_init(&work->update, optimizer, parameters, work->rows, 4, true, NULL), 0);
    work->change = calloc(work->rows->params, sizeof *work->change);
    work->before = calloc(work->rows->params, sizeof *work->before);
    work->merged = calloc(work->rows->row_count, sizeof *work->merged);
    assert_true(work->change && work->before && work->merged);
    rog_rng_init(&work->rng, 1);
}

static void work_release(struct work *work)
{
    rog_server_update_release(&work->update);
    rog_rows_free(work->rows);
    free(work->change);
    free(work->before);
    free(work->merged);
}

/* Receives a row of this size, as the whole of a push that makes a round. */
static void row_arrives(struct work *work, uint32_t row, float size)
{
    float values[1024], scale[8];
    uint8_t bytes[4096];
    uint32_t elements = rog_rows_size(work->rows, row);
    for (uint32_t k = 0; k < elements; k++)
        values[k] = (float)rog_rng_normal(&work->rng);
    for (uint32_t k = 0; k < 8; k++)
        scale[k] = size;
    struct rog_coding coding = {
        .rows = work->rows, .way = &work->rows->way[ROG_ROWS_PUSH], .scale = scale};
    const struct rog_arrival arrival = {.row = row,
                                        .iteration = 1,
                                        .weight = 1,
                                        .codec = coding.way->codec,
                                        .coded = *rog_coding_row(&coding, row),
                                        .bytes = bytes};
    coding.way->codec->encode(&arrival.coded, values, bytes);
    rog_server_update_arrived(&work->update, &row, 1, work->merged);
    rog_server_update_apply(&work->update, &arrival, work->change);
    rog_server_update_push_ends(&work->update);
    rog_server_update_settle(&work->update, 1, work->change, work->merged);
}

/* A received row changes only this row, of the model, the sum and the state. */
static void change_one_row(const struct rog_server_optimizer *optimizer, const void *parameters)
{
    struct work work;
    work_init(&work, optimizer, parameters);
    size_t bytes = work.rows->params * sizeof(float);
    float *arrays[] = {work.change, work.update.memory[0], work.update.memory[1]};
    for (uint32_t i = 0; i < 3; i++)
        for (uint32_t row = 0; arrays[i] && row < work.rows->row_count; row++) {
            uint64_t at = rog_rows_offset(work.rows, row);
            memcpy(work.before, arrays[i], bytes);
            row_arrives(&work, row, 1);
            assert_memory_not_equal(work.before, arrays[i], bytes);
            memcpy(work.before + at, arrays[i] + at, rog_rows_size(work.rows, row) * sizeof(float));
            assert_memory_equal(work.before, arrays[i], bytes);
        }
    for (uint64_t k = 0; work.update.sum && k < work.rows->params; k++)
        assert_true(work.update.sum[k] == 0);
    work_release(&work);
}

static void test_one_row(void **state)
{
    (void)state;
    for (size_t i = 0; rog_server_optimizers[i]; i++) {
        const struct rog_server_optimizer *optimizer = rog_server_optimizers[i];
        assert_true(optimizer->name && optimizer->summary);
        assert_true(!optimizer->apply == (optimizer->round && optimizer->step));
        void *parameters = parameters_of(optimizer, optimizer->step ? "{\"every\":1}" : NULL);
        change_one_row(optimizer, parameters);
        free(parameters);
    }
    void *polyak = parameters_of(&rog_server_optimizer_polyak, NULL);
    change_one_row(&rog_server_optimizer_polyak, polyak);
    free(polyak);
    change_one_row(&momentum, &usual);
}

/* The largest values that may arrive, for a long time: the state stays finite. */
static void test_largest_values(void **state)
{
    (void)state;
    static const char *const given[] = {"{\"every\":1}", "{\"every\":1,\"momentum\":0.9999}",
                                        "{\"every\":1,\"beta1\":0,\"beta2\":0,\"epsilon\":1e-16}",
                                        "{\"every\":3,\"learning_rate\":1000}"};
    static const float sizes[] = {1e6f, 1e-6f, 1e-20f, 1e-30f, 0};
    for (size_t i = 0; rog_server_optimizers[i]; i++)
        for (size_t g = 0; g < sizeof given / sizeof *given; g++) {
            const struct rog_server_optimizer *optimizer = rog_server_optimizers[i];
            if (!optimizer->step || (strstr(given[g], "momentum") && optimizer->memory != 1) ||
                (strstr(given[g], "beta") && optimizer->memory != 2))
                continue;
            struct work work;
            void *parameters = parameters_of(optimizer, given[g]);
            work_init(&work, optimizer, parameters);
            for (int k = 0; k < 3000; k++) {
                row_arrives(&work, 0, sizes[k / 600]);
                for (uint32_t m = 0; m < optimizer->memory; m++)
                    assert_true(rog_kernel_finite(work.update.memory[m], 8));
                assert_true(rog_kernel_finite(work.change, 8));
            }
            work_release(&work);
            free(parameters);
        }
}

/* The default optimizer has no state, so that none is written. */
static void test_mean_keeps_nothing(void **state)
{
    (void)state;
    struct pair pair;
    pair_init(&pair);
    struct served served = serve(&pair, NULL, NULL, 0, NULL);
    assert_int_equal(rog_server_state_bytes(served.server), 0);
    assert_int_equal(rog_server_load(served.server, NULL, 0, NULL), 0);
    dismiss(&served);
    pair_release(&pair);
}

static void overflow(const struct rog_server_optimizer_config *config,
                     const struct rog_arrival *arrival, float *const *memory, float *model)
{
    (void)config, (void)arrival, (void)memory;
    model[0] = INFINITY;
}

static const struct rog_server_optimizer overflowing = {
    .name = "overflowing", .summary = "an update that no float holds", .apply = overflow};

static uint32_t one(const struct rog_server_optimizer_config *config, uint32_t active)
{
    (void)config, (void)active;
    return 1;
}

static void overflow_step(const struct rog_server_optimizer_config *config,
                          const struct rog_round *round, const float *sum, float *const *memory,
                          float *model, uint32_t elements)
{
    (void)config, (void)round, (void)sum, (void)memory, (void)elements;
    model[0] = INFINITY;
}

static const struct rog_server_optimizer overflowing_rounds = {
    .name = "overflowing", .summary = "the same in rounds", .round = one, .step = overflow_step};

/* A model that is no longer finite is not sent: the server reports the divergence. */
static void diverge(const struct rog_server_optimizer *optimizer)
{
    struct pair pair;
    struct rog_error err = {0};
    const struct rog_rule rule = {.learning_rate = 0.1, .momentum = 0.5};
    size_t size;
    pair_init(&pair);
    struct served served = serve(&pair, optimizer, NULL, 0, NULL);
    assert_int_equal(flat_worker_push(pair.worker, pair.rows, pair.gradients, &rule, 0, NULL), 0);
    while (!rog_worker_send(pair.worker, 0, pair.message, MESSAGE_BYTES, &size, NULL) && size)
        assert_int_equal(rog_server_receive(served.server, 0, pair.message, size, 0, NULL), 0);
    assert_int_equal(rog_server_send(served.server, 0, 0, pair.message, MESSAGE_BYTES, &size, &err),
                     ROG_EFAILED);
    assert_non_null(strstr(err.message, "diverged"));
    dismiss(&served);
    pair_release(&pair);
}

static void test_diverged(void **state)
{
    (void)state;
    diverge(&overflowing);
    diverge(&overflowing_rounds);
}

/* An optimizer with parameters cannot be created without them. */
static void test_not_made(void **state)
{
    (void)state;
    struct rog_rows *rows = cluster_rows(false);
    struct rog_server_update update;
    struct rog_error err = {0};
    assert_int_equal(rog_server_update_init(&update, &momentum, NULL, rows, 4, true, &err),
                     ROG_EINVAL);
    assert_non_null(strstr(err.message, "momentum"));
    rog_server_update_release(&update);
    rog_rows_free(rows);
}

/* ---- parameters ---- */

static const struct rog_server_optimizer *named(const char *name)
{
    size_t i = 0;
    while (rog_server_optimizers[i] && strcmp(rog_server_optimizers[i]->name, name) != 0)
        i++;
    assert_non_null(rog_server_optimizers[i]);
    return rog_server_optimizers[i];
}

static void refuse(const char *name, const char *given, const char *said)
{
    const struct rog_server_optimizer *optimizer = named(name);
    struct rog_error err = {0};
    struct rog_json *json = NULL;
    void *parameters = NULL;
    assert_int_equal(rog_parameters_check_table(optimizer->parameters, optimizer->parameter_bytes,
                                                optimizer->name, &err),
                     0);
    assert_int_equal(rog_json_parse(given, strlen(given), "given", &json, NULL), 0);
    assert_int_equal(rog_parameters_make(optimizer->parameters, optimizer->parameter_bytes,
                                         optimizer->name, json, NULL, &parameters, &err),
                     ROG_EINVAL);
    if (!strstr(err.message, said))
        fail_msg("%s %s: %s", name, given, err.message);
    rog_json_free(json);
    free(parameters);
}

static void test_parameters(void **state)
{
    (void)state;
    refuse("mean", "{\"every\":1}", "every");
    refuse("buffer", "{\"every\":-1}", "every");
    refuse("buffer", "{\"every\":1.5}", "every");
    refuse("buffer", "{\"every\":1000001}", "every");
    refuse("buffer", "{\"exponent\":-0.5}", "exponent");
    refuse("nesterov", "{\"momentum\":1}", "momentum");
    refuse("nesterov", "{\"learning_rate\":-1}", "learning_rate");
    refuse("adam", "{\"epsilon\":0}", "epsilon");
    refuse("adam", "{\"beta2\":1}", "beta2");
    refuse("adam", "{\"freeze_after\":-1}", "freeze_after");
    refuse("majority", "{\"of\":\"all\"}", "signs");
    refuse("majority", "{\"vote\":1}", "vote");
}

/* ---- the average of checkpoints ---- */

/* Computes the weighted mean of all models, each counting exp(-1 / n) times as much as the next
 * one. */
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

/* Checks the average of the models after each iteration; training is not affected. */
static void check_average(double n)
{
    struct pair pair;
    pair_init(&pair);
    struct served with = serve(&pair, NULL, NULL, n, NULL),
                  without = serve(&pair, NULL, NULL, 0, NULL);
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
    /* If no average is requested. */
    assert_int_equal(rog_average_init(&average, 0, 37, NULL), 0);
    assert_false(rog_average_is_kept(&average));
    rog_average_pushed(&average, NULL, 1);
    assert_int_equal(rog_average_bytes(&average), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_resuming),
        cmocka_unit_test(test_one_row),
        cmocka_unit_test(test_largest_values),
        cmocka_unit_test(test_mean_keeps_nothing),
        cmocka_unit_test(test_diverged),
        cmocka_unit_test(test_not_made),
        cmocka_unit_test(test_parameters),
        cmocka_unit_test(test_average),
        cmocka_unit_test(test_average_of_one_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
