/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Rounds of pushes, scene by scene: what is in a round, when its step takes place and which workers
 * get it. Values are sent without a codec, and each worker sends a single number, so that the model
 * shows which pushes it contains.
 */

#include <setjmp.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <common/parameters.h>
#include <librog/codecs/codecs.h>
#include <librog/optimizers/optimizers.h>
#include <librog/sync/message.h>
#include <librog/sync/wire.h>

#include "sync_cluster.h"

#define WORKERS 3
#define MOST_MESSAGES 200

/* ---- a server and its workers ---- */

struct message {
    uint8_t *bytes;
    size_t size;
};

struct scene {
    struct rog_strategy strategy;
    struct rog_rows *rows;
    const struct rog_server_optimizer *optimizer;
    void *parameters;
    struct rog_server *server;
    struct rog_worker *worker[WORKERS];
    float *model, *params[WORKERS], *gradients;
    uint8_t *buffer;
    size_t bytes;
    struct message up[WORKERS][MOST_MESSAGES]; /* of a push, not delivered yet, from `first` on */
    uint32_t first[WORKERS], count[WORKERS];
    uint32_t ages; /* sum of the ages of all rows, of the last planned pull */
};

static void wait_for_all(void *state, const struct rog_strategy_config *config,
                         const struct rog_admit_view *view, struct rog_admission *admission)
{
    (void)state;
    for (uint32_t i = 0; i < config->workers; i++)
        admission->needed[i] = view->iteration;
}

static void wait_for_nobody(void *state, const struct rog_strategy_config *config,
                            const struct rog_admit_view *view, struct rog_admission *admission)
{
    (void)state, (void)config, (void)view, (void)admission;
}

/* Sends the first half of the rows, or all of them, alternating. */
static void plan_half(void *state, const struct rog_strategy_config *config,
                      const struct rog_send_view *view, struct rog_send_plan *plan)
{
    (void)state;
    plan->count = view->iteration % 2 ? config->rows / 2 : config->rows;
    plan->mandatory = plan->count;
    for (uint32_t row = 0; row < plan->count; row++)
        plan->order[row] = row;
}

static double weigh_nothing(void *state, const struct rog_strategy_config *config,
                            const struct rog_weigh_view *view)
{
    (void)state, (void)config;
    return view->worker == 1 ? 0 : 1;
}

static struct rog_server *serve(struct scene *scene, const struct rog_magnitude_hook *hook)
{
    struct rog_error err;
    struct rog_server *server;
    const struct rog_server_config config = {
        .rows = scene->rows,
        .strategy = &scene->strategy,
        .policy = {.rows = scene->rows->row_count, .workers = WORKERS},
        .optimizer = scene->optimizer,
        .optimizer_parameters = scene->parameters,
        .magnitudes = hook};
    if (rog_server_new(&server, &config, scene->model, &err))
        fail_msg("%s", err.message);
    return server;
}

static void set_optimizer(struct scene *scene, const char *name, const char *given)
{
    struct rog_json *json = NULL;
    for (size_t i = 0; rog_server_optimizers[i]; i++)
        if (strcmp(rog_server_optimizers[i]->name, name) == 0)
            scene->optimizer = rog_server_optimizers[i];
    assert_non_null(scene->optimizer);
    assert_int_equal(rog_json_parse(given, strlen(given), "given", &json, NULL), 0);
    assert_int_equal(rog_parameters_make(scene->optimizer->parameters,
                                         scene->optimizer->parameter_bytes, name, json, NULL,
                                         &scene->parameters, NULL),
                     0);
    rog_json_free(json);
}

static void scene_init_with(struct scene *scene, const char *optimizer, const char *parameters,
                            bool values, struct rog_strategy strategy,
                            const struct rog_magnitude_hook *hook)
{
    memset(scene, 0, sizeof *scene);
    strategy.abi_version = ROG_STRATEGY_ABI;
    strategy.struct_size = sizeof strategy;
    strategy.name = "SCENE";
    scene->strategy = strategy;
    scene->rows = cluster_rows(false);
    const struct rog_codec *none;
    assert_int_equal(rog_codec_find("none", &none, NULL), 0);
    assert_int_equal(
        rog_rows_set_codecs(scene->rows, &(struct rog_rows_codecs){.push = none}, NULL), 0);
    set_optimizer(scene, optimizer, parameters);
    size_t params = scene->rows->params;
    scene->bytes = rog_message_min_bytes(scene->rows);
    scene->buffer = malloc(scene->bytes);
    scene->gradients = calloc(params, sizeof(float));
    scene->model = values ? calloc(params, sizeof(float)) : NULL;
    assert_true(scene->buffer && scene->gradients);
    scene->server = serve(scene, hook);
    for (uint32_t i = 0; i < WORKERS; i++) {
        const struct rog_worker_config config = {
            .rows = scene->rows,
            .strategy = &scene->strategy,
            .policy = {.rows = scene->rows->row_count, .workers = WORKERS},
            .worker = i};
        scene->params[i] = values ? calloc(params, sizeof(float)) : NULL;
        assert_int_equal(flat_worker_new(&scene->worker[i], &config, scene->params[i], NULL), 0);
    }
}

static void scene_init(struct scene *scene, const char *optimizer, const char *parameters,
                       void (*admit)(void *, const struct rog_strategy_config *,
                                     const struct rog_admit_view *, struct rog_admission *))
{
    scene_init_with(scene, optimizer, parameters, true, (struct rog_strategy){.admit = admit},
                    NULL);
}

static void scene_release(struct scene *scene)
{
    for (uint32_t i = 0; i < WORKERS; i++) {
        while (scene->count[i] > scene->first[i])
            free(scene->up[i][scene->first[i]++].bytes);
        rog_worker_free(scene->worker[i]);
        free(scene->params[i]);
    }
    rog_server_free(scene->server);
    rog_rows_free(scene->rows);
    free(scene->parameters);
    free(scene->model);
    free(scene->gradients);
    free(scene->buffer);
}

/* The worker has computed x for all elements; writes its messages. */
static void compute(struct scene *scene, uint32_t worker, float x)
{
    const struct rog_rule rule = {.learning_rate = 1};
    size_t size;
    for (uint64_t i = 0; i < scene->rows->params; i++)
        scene->gradients[i] = x;
    assert_int_equal(flat_worker_push(scene->worker[worker], scene->rows,
                                      scene->model ? scene->gradients : NULL, &rule, 0, NULL),
                     0);
    scene->first[worker] = scene->count[worker] = 0;
    while (!rog_worker_send(scene->worker[worker], 0, scene->buffer, scene->bytes, &size, NULL) &&
           size) {
        struct message *message = &scene->up[worker][scene->count[worker]++];
        assert_true(scene->count[worker] < MOST_MESSAGES);
        *message = (struct message){malloc(size), size};
        memcpy(message->bytes, scene->buffer, size);
    }
}

/* Delivers all of its messages except the last `but`; unless NULL, to `also`, too. */
static void arrive(struct scene *scene, uint32_t worker, uint32_t but, struct rog_server *also)
{
    struct rog_error err;
    while (scene->first[worker] + but < scene->count[worker]) {
        struct message *message = &scene->up[worker][scene->first[worker]++];
        if (rog_server_receive(scene->server, worker, message->bytes, message->size, 0, &err))
            fail_msg("%s", err.message);
        if (also)
            assert_int_equal(
                rog_server_receive(also, worker, message->bytes, message->size, 0, NULL), 0);
        free(message->bytes);
    }
}

static void push(struct scene *scene, uint32_t worker, float x)
{
    compute(scene, worker, x);
    arrive(scene, worker, 0, NULL);
}

/* Delivers the worker's pull, if it is admitted; returns the number of messages. */
static uint32_t pull(struct scene *scene, uint32_t worker)
{
    enum rog_worker_notice notice;
    uint32_t messages = 0;
    size_t size;
    while (!rog_server_send(scene->server, worker, 0, scene->buffer, scene->bytes, &size, NULL) &&
           size) {
        assert_int_equal(
            rog_worker_receive(scene->worker[worker], scene->buffer, size, 0, &notice, NULL), 0);
        messages++;
    }
    return messages;
}

/* Returns the value added to every element of a row. */
static double moved(const struct scene *scene, uint32_t row)
{
    const float *change = rog_server_change(scene->server) + rog_rows_offset(scene->rows, row);
    for (uint32_t i = 1; i < rog_rows_size(scene->rows, row); i++)
        assert_true(change[i] == change[0]);
    return change[0];
}

static void expect(const struct scene *scene, double change)
{
    for (uint32_t row = 0; row < scene->rows->row_count; row++)
        if (!(fabs(moved(scene, row) - change) < 1e-6 * (1 + fabs(change))))
            fail_msg("row %u has moved by %.9g instead of %.9g", row, moved(scene, row), change);
}

/* ---- contents and end of a round ---- */

/* The last message of a push completes the round; waiting workers continue after its step, not
 * before. */
static void a_step_precedes_waiting_workers(void **state)
{
    (void)state;
    struct scene scene;
    scene_init(&scene, "nesterov", "{\"learning_rate\":1,\"momentum\":0.5}", wait_for_all);
    double v = 0, w = 0;
    for (int i = 1; i <= 3; i++) {
        for (uint32_t k = 0; k < WORKERS; k++)
            compute(&scene, k, (float)(i * (int)(k + 1)));
        arrive(&scene, 0, 0, NULL);
        arrive(&scene, 2, 0, NULL);
        arrive(&scene, 1, 1, NULL); /* all of its rows have arrived */
        expect(&scene, w);
        assert_int_equal(pull(&scene, 0), 0);
        arrive(&scene, 1, 0, NULL);
        v = 0.5 * v + 2 * i;
        w -= 2 * i + 0.5 * v;
        expect(&scene, w);
        for (uint32_t k = 0; k < WORKERS; k++) {
            assert_true(pull(&scene, k) > 2);
            assert_true(fabs(scene.params[k][0] - w) < 1e-5);
        }
    }
    scene_release(&scene);
}

/* Of fewer pushes than there are workers: a push in progress during a step belongs to the next
 * round, completely, and counts less. */
static void a_push_is_in_one_round(void **state)
{
    (void)state;
    struct scene scene;
    scene_init(&scene, "buffer", "{\"every\":2,\"learning_rate\":3}", wait_for_nobody);
    compute(&scene, 2, 100);
    arrive(&scene, 2, scene.count[2] / 2, NULL);
    push(&scene, 0, 1);
    pull(&scene, 0);
    expect(&scene, 0);
    push(&scene, 1, 4);
    double w = -3.0 / 2 * (1 + 4);
    expect(&scene, w);
    pull(&scene, 1);
    arrive(&scene, 2, 0, NULL); /* made from the model before that step */
    expect(&scene, w);
    push(&scene, 1, 10);
    w -= 3.0 / 2 * (100 / sqrt(2) + 10);
    expect(&scene, w);
    /* A worker that has not pulled since is two steps behind; one that has pulled is not behind. */
    push(&scene, 0, 6);
    pull(&scene, 2);
    push(&scene, 2, 7);
    w -= 3.0 / 2 * (6 / sqrt(3) + 7);
    expect(&scene, w);
    scene_release(&scene);
}

/* Of more pushes than there are workers: they continue meanwhile, without anything new to pull. */
static void a_round_over_iterations(void **state)
{
    (void)state;
    struct scene scene;
    scene_init(&scene, "buffer", "{\"every\":7,\"exponent\":0}", wait_for_all);
    double sum = 0, w = 0;
    for (uint32_t i = 0, pushes = 0; i < 5; i++) {
        for (uint32_t k = 0; k < WORKERS; k++) {
            push(&scene, k, (float)(i + k));
            sum += i + k;
            if (++pushes % 7 == 0) {
                w -= sum / 7;
                sum = 0;
            }
            expect(&scene, w);
        }
        for (uint32_t k = 0; k < WORKERS; k++)
            assert_true(pull(&scene, k) > 2);
    }
    scene_release(&scene);
}

/* A worker that leaves during its push: nothing of it counts, and the others' round is complete. */
static void a_worker_that_leaves(void **state)
{
    (void)state;
    struct scene scene;
    scene_init(&scene, "nesterov", "{\"learning_rate\":1,\"momentum\":0}", wait_for_all);
    push(&scene, 0, 1);
    push(&scene, 1, 2);
    compute(&scene, 2, 50);
    arrive(&scene, 2, 1, NULL);
    expect(&scene, 0);
    rog_server_leave(scene.server, 2, 0);
    expect(&scene, -1.5);
    assert_true(pull(&scene, 0) > 2);
    assert_true(fabs(scene.params[0][0] + 1.5) < 1e-6);
    pull(&scene, 1);
    /* It reconnects: its earlier push is forgotten, and it is waited for again. */
    uint32_t iteration = 0;
    push(&scene, 0, 3);
    assert_int_equal(rog_server_join(scene.server, 2, 0, &iteration, NULL), 0);
    for (uint64_t i = 0; i < scene.rows->params; i++)
        scene.params[2][i] = rog_server_held(scene.server, 2)[i];
    rog_worker_join(scene.worker[2], iteration);
    while (scene.first[2] < scene.count[2])
        free(scene.up[2][scene.first[2]++].bytes);
    push(&scene, 1, 4);
    expect(&scene, -1.5);
    push(&scene, 2, 5);
    expect(&scene, -1.5 - 4);
    /* A contribution of a worker that leaves does not replace one of a connected worker. */
    for (uint32_t k = 0; k < WORKERS; k++)
        pull(&scene, k);
    push(&scene, 1, 1);
    rog_server_leave(scene.server, 1, 0);
    push(&scene, 0, 2);
    expect(&scene, -1.5 - 4);
    push(&scene, 2, 6);
    expect(&scene, -1.5 - 4 - 3);
    /* The last worker to leave undoes nothing. */
    pull(&scene, 0);
    push(&scene, 0, 8);
    for (uint32_t k = 0; k < WORKERS; k++)
        rog_server_leave(scene.server, k, 0);
    expect(&scene, -1.5 - 4 - 3 - 8);
    scene_release(&scene);
}

/* Rows that are not in a push are not in its round; the mean is over all contributions. */
static void rows_that_are_left_out(void **state)
{
    (void)state;
    struct scene scene;
    scene_init_with(&scene, "nesterov", "{\"learning_rate\":1,\"momentum\":0.5}", true,
                    (struct rog_strategy){.admit = wait_for_nobody, .plan_push = plan_half}, NULL);
    uint32_t half = scene.rows->row_count / 2, last = scene.rows->row_count - 1;
    for (uint32_t k = 0; k < WORKERS; k++)
        push(&scene, k, 3);
    assert_true(fabs(moved(&scene, 0) + 4.5) < 1e-6);
    assert_true(moved(&scene, half) == 0 && moved(&scene, last) == 0);
    for (uint32_t k = 0; k < WORKERS; k++) {
        pull(&scene, k);
        push(&scene, k, 3); /* includes what waited */
    }
    double v = 0.5 * 3 + 3;
    assert_true(fabs(moved(&scene, 0) + 4.5 + 3 + 0.5 * v) < 1e-5);
    assert_true(fabs(moved(&scene, last) + 6 + 0.5 * 6) < 1e-5);
    scene_release(&scene);
}

/* Voting: each worker has one vote of any size, a 0 is none, and a tie moves nothing. */
static void a_vote(void **state)
{
    (void)state;
    struct scene scene;
    scene_init(&scene, "majority", "{\"learning_rate\":0.5}", wait_for_all);
    static const float x[][WORKERS] = {
        {100, -1, -2}, {1, 2, -300}, {0, 0, 3}, {1, -5, 0}, {0, 0, 0}};
    static const double moves[] = {0.5, -0.5, -0.5, 0, 0};
    double w = 0;
    for (size_t i = 0; i < sizeof moves / sizeof *moves; i++) {
        for (uint32_t k = 0; k < WORKERS; k++)
            push(&scene, k, x[i][k]);
        w += moves[i];
        expect(&scene, w);
        for (uint32_t k = 0; k < WORKERS; k++)
            pull(&scene, k);
    }
    scene_release(&scene);
    scene_init(&scene, "majority", "{\"learning_rate\":0.5,\"of\":\"values\"}", wait_for_all);
    for (uint32_t k = 0; k < WORKERS; k++)
        push(&scene, k, x[0][k]);
    expect(&scene, -0.5);
    scene_release(&scene);
}

/* ---- invalid messages ---- */

/* A row twice in a push is rejected at once, and earlier rows are not lost. */
static void a_row_twice(void **state)
{
    (void)state;
    struct scene scene;
    struct rog_error err = {0};
    scene_init(&scene, "nesterov", "{\"learning_rate\":1,\"momentum\":0}", wait_for_all);
    push(&scene, 1, 1);
    push(&scene, 2, 1);
    compute(&scene, 0, 4);
    arrive(&scene, 0, 2, NULL);
    struct message *rows = &scene.up[0][scene.count[0] - 2];
    assert_int_equal(rows->bytes[1], ROG_WIRE_ROWS);
    for (int i = 0; i < 2; i++) {
        int code = rog_server_receive(scene.server, 0, rows->bytes, rows->size, 0, &err);
        assert_int_equal(code, i ? ROG_EFORMAT : 0);
    }
    assert_non_null(strstr(err.message, "arrived twice in iteration 1"));
    scene.first[0]++;
    arrive(&scene, 0, 0, NULL);
    free(rows->bytes);
    expect(&scene, -2);
    scene_release(&scene);
}

/* ---- ages of rows, and runs without values ---- */

static void add_ages(void *user, bool of_pull, uint32_t worker, uint32_t iteration,
                     const uint32_t *age, float *magnitude)
{
    struct scene *scene = user;
    (void)worker, (void)iteration, (void)magnitude;
    scene->ages = 0;
    for (uint32_t row = 0; of_pull && row < scene->rows->row_count; row++)
        scene->ages += age[row];
}

/* The age of a row of a pull is the number of its changes: one per round. */
static void ages_are_rounds(void **state)
{
    (void)state;
    for (int values = 0; values < 2; values++) {
        struct scene scene;
        const struct rog_magnitude_hook hook = {&scene, add_ages};
        scene_init_with(&scene, "buffer", "{\"every\":2}", values,
                        (struct rog_strategy){.admit = wait_for_nobody}, &hook);
        uint32_t rows = scene.rows->row_count;
        push(&scene, 0, 1);
        pull(&scene, 0);
        assert_int_equal(scene.ages, 0);
        push(&scene, 1, 1);
        pull(&scene, 1);
        assert_int_equal(scene.ages, rows);
        push(&scene, 0, 1);
        push(&scene, 1, 1);
        pull(&scene, 1);
        assert_int_equal(scene.ages, rows);
        pull(&scene, 0);
        assert_int_equal(scene.ages, 2 * rows);
        scene_release(&scene);
    }
}

/* A strategy that gives a push no weight excludes it from the round, with its rows. */
static void a_push_that_is_dropped(void **state)
{
    (void)state;
    struct scene scene;
    const struct rog_magnitude_hook hook = {&scene, add_ages};
    scene_init_with(&scene, "majority", "{\"every\":2,\"learning_rate\":1}", true,
                    (struct rog_strategy){
                        .admit = wait_for_nobody, .plan_push = plan_half, .weigh = weigh_nothing},
                    &hook);
    push(&scene, 1, 1);
    push(&scene, 0, -2);
    pull(&scene, 1);
    push(&scene, 1, 1); /* all rows */
    assert_true(moved(&scene, 0) == 0);
    push(&scene, 2, -1);
    assert_true(moved(&scene, 0) == 1);
    pull(&scene, 2);
    assert_int_equal(scene.ages, scene.rows->row_count / 2);
    scene_release(&scene);
}

/* ---- saved in the middle of a round ---- */

struct bytes {
    uint8_t *at;
    size_t size;
};

static int keep(void *user, const void *bytes, size_t size, struct rog_error *err)
{
    struct bytes *kept = user;
    (void)err;
    kept->at = realloc(kept->at, kept->size + size);
    assert_non_null(kept->at);
    memcpy(kept->at + kept->size, bytes, size);
    kept->size += size;
    return 0;
}

static struct bytes archived(struct rog_server *server)
{
    struct rog_archive archive;
    struct bytes kept = {0};
    rog_archive_save(&archive, keep, &kept);
    rog_server_archive(server, &archive);
    assert_int_equal(rog_archive_end(&archive, NULL), 0);
    return kept;
}

/* Within a push within a round: the loaded server continues like the original. A changed state is
 * rejected, or the server continues anyway. */
static void a_server_in_an_archive(void **state)
{
    (void)state;
    struct scene scene;
    struct rog_archive archive;
    scene_init(&scene, "adam", "{\"learning_rate\":1,\"every\":2}", wait_for_nobody);
    for (int i = 0; i < 3; i++) {
        push(&scene, 0, (float)i - 1);
        pull(&scene, 0);
    }
    compute(&scene, 1, 2);
    arrive(&scene, 1, 2, NULL);
    struct bytes first = archived(scene.server);
    struct rog_server *second = serve(&scene, NULL);
    rog_archive_load(&archive, first.at, first.size);
    rog_server_archive(second, &archive);
    assert_int_equal(rog_archive_end(&archive, NULL), 0);
    arrive(&scene, 1, 0, second);
    compute(&scene, 2, 7);
    arrive(&scene, 2, 0, second);
    struct bytes one = archived(scene.server), other = archived(second);
    assert_int_equal(one.size, other.size);
    assert_memory_equal(one.at, other.at, one.size);
    rog_server_free(second);

    struct rog_rng rng;
    rog_rng_init(&rng, 5);
    uint32_t refused = 0;
    for (int i = 0; i < 400; i++) {
        uint8_t *at = first.at + rog_rng_below(&rng, (uint32_t)first.size), before = *at;
        *at = (uint8_t)rog_rng_below(&rng, 256);
        second = serve(&scene, NULL);
        rog_archive_load(&archive, first.at, first.size);
        rog_server_archive(second, &archive);
        refused += rog_archive_end(&archive, NULL) != 0;
        rog_server_free(second);
        *at = before;
    }
    assert_true(refused > 0 && refused < 400);
    free(one.at);
    free(other.at);
    free(first.at);
    scene_release(&scene);
}

static void grant_one(void *state, const struct rog_strategy_config *config,
                      const struct rog_grant_view *view, struct rog_grant *grant)
{
    (void)state, (void)config;
    grant->next = view->granted_count ? ROG_NOBODY : view->waiting[0];
}

/* A single worker that waits for a grant would wait forever if the strategy that loads it gives
 * none. */
static void a_grant_that_never_comes(void **state)
{
    (void)state;
    struct scene scene;
    struct rog_archive archive;
    struct rog_error err = {0};
    scene_init_with(&scene, "adam", "{\"every\":2}", true,
                    (struct rog_strategy){.admit = wait_for_nobody, .grant = grant_one}, NULL);
    push(&scene, 0, 1);
    push(&scene, 1, 1);
    struct bytes saved = archived(scene.server);
    for (int grants = 1; grants >= 0; grants--) {
        scene.strategy.grant = grants ? grant_one : NULL;
        struct rog_server *second = serve(&scene, NULL);
        rog_archive_load(&archive, saved.at, saved.size);
        rog_server_archive(second, &archive);
        assert_int_equal(rog_archive_end(&archive, &err), grants ? 0 : ROG_EFORMAT);
        rog_server_free(second);
    }
    assert_non_null(strstr(err.message, "a worker waits for a grant that never comes"));
    free(saved.at);
    scene_release(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_step_precedes_waiting_workers),
        cmocka_unit_test(a_push_is_in_one_round),
        cmocka_unit_test(a_round_over_iterations),
        cmocka_unit_test(a_worker_that_leaves),
        cmocka_unit_test(rows_that_are_left_out),
        cmocka_unit_test(a_push_that_is_dropped),
        cmocka_unit_test(a_vote),
        cmocka_unit_test(a_row_twice),
        cmocka_unit_test(ages_are_rounds),
        cmocka_unit_test(a_server_in_an_archive),
        cmocka_unit_test(a_grant_that_never_comes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
