/* SPDX-License-Identifier: Apache-2.0 */

/* Single scenes of the protocol, among them those in which the published implementation errs. */

#include <setjmp.h>
#include <stdarg.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <librog/sync/message.h>
#include <librog/sync/wire.h>

#include "sync_cluster.h"

#define WORKERS 2

/* ---- a strategy for these scenes: `threshold` rows are mandatory, the largest on a push, those
 * with the most unseen versions on a pull; the rest has 0.05 s. A worker may be one iteration ahead
 * of the others' rows. ---- */

static void plan_by(const struct rog_strategy_config *config, const struct rog_send_view *view,
                    bool by_age, struct rog_send_plan *plan)
{
    for (uint32_t row = 0; row < config->rows; row++) {
        uint32_t at = row;
        for (; at > 0; at--) {
            uint32_t other = plan->order[at - 1];
            if (by_age ? view->age[other] >= view->age[row]
                       : view->magnitude[other] >= view->magnitude[row])
                break;
            plan->order[at] = other;
        }
        plan->order[at] = row;
    }
    plan->count = config->rows;
    plan->mandatory = (uint32_t)config->threshold;
    plan->budget_s = 0.05;
}

static void plan_push(void *state, const struct rog_strategy_config *config,
                      const struct rog_send_view *view, struct rog_send_plan *plan)
{
    (void)state;
    plan_by(config, view, false, plan);
}

static void plan_pull(void *state, const struct rog_strategy_config *config,
                      const struct rog_send_view *view, struct rog_send_plan *plan)
{
    (void)state;
    plan_by(config, view, true, plan);
}

static void admit_all(void *state, const struct rog_strategy_config *config,
                      const struct rog_admit_view *view, struct rog_admission *admission)
{
    (void)state, (void)config, (void)view, (void)admission;
}

static void admit_one_ahead(void *state, const struct rog_strategy_config *config,
                            const struct rog_admit_view *view, struct rog_admission *admission)
{
    (void)state;
    for (uint32_t i = 0; i < config->workers; i++)
        admission->needed[i] = view->iteration - 1;
}

static struct rog_strategy make_strategy(void)
{
    return (struct rog_strategy){.abi_version = ROG_STRATEGY_ABI,
                                 .struct_size = sizeof(struct rog_strategy),
                                 .name = "SCENE",
                                 .plan_push = plan_push,
                                 .admit = admit_all,
                                 .plan_pull = plan_pull};
}

/* ---- a server and two workers without delay ---- */

struct scene {
    struct rog_strategy strategy;
    struct rog_rows *rows;
    struct rog_server *server;
    struct rog_worker *worker[WORKERS];
    float *model, *params[WORKERS], *gradients;
    uint8_t *buffer;
    size_t bytes;
    double now, message_s;       /* each message takes this long */
    struct rog_set carried;      /* rows of the last stream */
    struct rog_wire begin, last; /* its BEGIN and END */
    uint32_t messages;           /* of the last flow, BEGIN and END included */
};

static void scene_init(struct scene *scene, struct rog_strategy strategy, int32_t threshold)
{
    struct rog_error err;
    memset(scene, 0, sizeof *scene);
    scene->strategy = strategy;
    scene->rows = cluster_rows(false);
    uint64_t params = scene->rows->params;
    scene->bytes = rog_message_min_bytes(scene->rows);
    scene->buffer = malloc(scene->bytes);
    scene->model = calloc(params, sizeof(float));
    scene->gradients = calloc(params, sizeof(float));
    assert_true(scene->buffer && scene->model && scene->gradients);
    assert_int_equal(rog_set_init(&scene->carried, scene->rows->row_count, &err), 0);
    struct rog_strategy_config policy = {
        .rows = scene->rows->row_count, .workers = WORKERS, .threshold = threshold};
    struct rog_server_config server = {
        .rows = scene->rows, .strategy = &scene->strategy, .policy = policy};
    assert_int_equal(rog_server_new(&scene->server, &server, scene->model, &err), 0);
    for (uint32_t i = 0; i < WORKERS; i++) {
        struct rog_worker_config worker = {
            .rows = scene->rows, .strategy = &scene->strategy, .policy = policy, .worker = i};
        scene->params[i] = calloc(params, sizeof(float));
        assert_non_null(scene->params[i]);
        assert_int_equal(flat_worker_new(&scene->worker[i], &worker, scene->params[i], &err), 0);
    }
}

static void scene_release(struct scene *scene)
{
    for (uint32_t i = 0; i < WORKERS; i++) {
        rog_worker_free(scene->worker[i]);
        free(scene->params[i]);
    }
    rog_server_free(scene->server);
    rog_set_release(&scene->carried);
    rog_rows_free(scene->rows);
    free(scene->gradients);
    free(scene->model);
    free(scene->buffer);
}

static void note_message(struct scene *scene, size_t size)
{
    struct rog_wire wire;
    uint32_t first, length;
    assert_int_equal(rog_wire_parse(scene->rows, scene->buffer, size, &wire, NULL), 0);
    scene->messages++;
    scene->now += scene->message_s;
    if (wire.header.kind == ROG_WIRE_BEGIN) {
        rog_set_clear(&scene->carried);
        scene->begin = wire;
    }
    if (wire.header.kind == ROG_WIRE_END)
        scene->last = wire;
    while (wire.header.kind == ROG_WIRE_ROWS && rog_wire_run(&wire.numbers, &first, &length))
        for (uint32_t row = first; row < first + length; row++)
            assert_true(rog_set_add(&scene->carried, row));
}

/* All that the worker has to say goes to the server. */
static void flow_up(struct scene *scene, uint32_t worker)
{
    struct rog_error err;
    size_t size;
    scene->messages = 0;
    do {
        if (rog_worker_send(scene->worker[worker], scene->now, scene->buffer, scene->bytes, &size,
                            &err))
            fail_msg("%s", err.message);
        if (size == 0)
            break;
        note_message(scene, size);
        if (rog_server_receive(scene->server, worker, scene->buffer, size, scene->now, &err))
            fail_msg("%s", err.message);
    } while (true);
}

/* All that the server has to say to the worker; returns the last notice that says something. */
static enum rog_worker_notice flow_down(struct scene *scene, uint32_t worker)
{
    struct rog_error err;
    size_t size;
    enum rog_worker_notice notice, last = ROG_WORKER_NOTHING;
    scene->messages = 0;
    do {
        if (rog_server_send(scene->server, worker, scene->now, scene->buffer, scene->bytes, &size,
                            &err))
            fail_msg("%s", err.message);
        if (size == 0)
            break;
        note_message(scene, size);
        if (rog_worker_receive(scene->worker[worker], scene->buffer, size, scene->now, &notice,
                               &err))
            fail_msg("%s", err.message);
        last = notice == ROG_WORKER_NOTHING ? last : notice;
    } while (true);
    return last;
}

/* Without momentum and decay. */
static int push_at(struct scene *scene, const float *gradients, double rate, struct rog_error *err)
{
    const struct rog_rule rule = {.learning_rate = rate};
    return flat_worker_push(scene->worker[0], scene->rows, gradients, &rule, scene->now, err);
}

static void push(struct scene *scene, uint32_t worker)
{
    const struct rog_rule rule = {.learning_rate = 1};
    struct rog_error err;
    if (flat_worker_push(scene->worker[worker], scene->rows, scene->gradients, &rule, scene->now,
                         &err))
        fail_msg("%s", err.message);
}

/* What kinds of notices the server has given since the last call, in order, as letters. */
static const char *notices(struct scene *scene, char text[64])
{
    static const char letter[] = {
        [ROG_SERVER_PUSH_BEGUN] = 'b', [ROG_SERVER_PUSHED] = 'p',   [ROG_SERVER_STALLED] = 's',
        [ROG_SERVER_ADMITTED] = 'a',   [ROG_SERVER_DEMANDED] = 'd', [ROG_SERVER_PULL_SENT] = 'e',
    };
    struct rog_server_notice notice;
    size_t count = 0;
    while (rog_server_notice(scene->server, &notice) && count + 3 < 64) {
        text[count++] = letter[notice.kind];
        text[count++] = (char)('0' + notice.worker);
    }
    text[count] = '\0';
    return text;
}

static void fill_row(struct scene *scene, uint32_t row, float value)
{
    for (uint32_t k = 0; k < rog_rows_size(scene->rows, row); k++)
        scene->gradients[rog_rows_offset(scene->rows, row) + k] = k % 2 ? -value : value;
}

/* ---- scenes ---- */

/* Published: importance is one number per tensor. Here rows inside a tensor are told apart. */
static void test_importance_is_per_row(void **state)
{
    (void)state;
    struct scene scene;
    struct rog_strategy strategy = make_strategy();
    scene_init(&scene, strategy, 3);
    scene.message_s = 1; /* past the budget after BEGIN: mandatory rows only */
    for (uint32_t row = 0; row < scene.rows->row_count; row++)
        fill_row(&scene, row, 0.001f);
    static const uint32_t large[] = {17, 55, 180};
    for (size_t i = 0; i < 3; i++)
        fill_row(&scene, large[i], 0.5f);
    push(&scene, 0);
    flow_up(&scene, 0);
    assert_int_equal(scene.carried.count, 3);
    for (size_t i = 0; i < 3; i++)
        assert_true(rog_set_has(&scene.carried, large[i]));
    scene_release(&scene);
}

/* Published: on the server a row's freshness is 0 for ever after its first send. */
static void test_freshness_of_pulls(void **state)
{
    (void)state;
    struct scene scene;
    struct rog_strategy strategy = make_strategy();
    scene_init(&scene, strategy, 60);
    uint32_t rows = scene.rows->row_count, sent = 0;
    struct rog_set seen;
    assert_int_equal(rog_set_init(&seen, rows, NULL), 0);
    /* Everything is pushed each time (no time passes); worker 0 pulls 60 rows each time, those it
     * has missed for longest: after 4 pulls it has got each of the 212 once or more. */
    for (int iteration = 1; iteration <= 4; iteration++) {
        scene.message_s = 0;
        push(&scene, 1);
        flow_up(&scene, 1);
        assert_int_equal(scene.carried.count, rows);
        assert_int_equal(flow_down(&scene, 1), ROG_WORKER_PULLED);
        push(&scene, 0);
        flow_up(&scene, 0);
        scene.message_s = 1;
        assert_int_equal(flow_down(&scene, 0), ROG_WORKER_PULLED);
        assert_int_equal(scene.carried.count, 60);
        for (uint32_t row = rog_set_next(&scene.carried, 0); row < rows;
             row = rog_set_next(&scene.carried, row + 1))
            sent += rog_set_add(&seen, row);
    }
    assert_int_equal(sent, rows);
    rog_set_release(&seen);
    scene_release(&scene);
}

/* The age of a row on a push is the time since it was last sent: with the oldest 60 first, 4 pushes
 * carry all 212. */
static void test_age_of_pushes(void **state)
{
    (void)state;
    struct scene scene;
    struct rog_strategy strategy = make_strategy();
    struct rog_set seen;
    strategy.plan_push = plan_pull;
    scene_init(&scene, strategy, 60);
    scene.message_s = 1;
    assert_int_equal(rog_set_init(&seen, scene.rows->row_count, NULL), 0);
    for (int iteration = 1; iteration <= 4; iteration++) {
        push(&scene, 0);
        flow_up(&scene, 0);
        assert_int_equal(scene.carried.count, 60);
        for (uint32_t row = 0; row < scene.rows->row_count; row++)
            if (rog_set_has(&scene.carried, row))
                rog_set_add(&seen, row);
        assert_int_equal(flow_down(&scene, 0), ROG_WORKER_PULLED);
    }
    assert_int_equal(seen.count, scene.rows->row_count);
    rog_set_release(&seen);
    scene_release(&scene);
}

static void plan_without_budget(void *state, const struct rog_strategy_config *config,
                                const struct rog_send_view *view, struct rog_send_plan *plan)
{
    plan_push(state, config, view, plan);
    plan->budget_s = 0;
}

/* No budget: the mandatory rows alone, also where no time passes. */
static void test_no_budget(void **state)
{
    (void)state;
    struct scene scene;
    struct rog_strategy strategy = make_strategy();
    strategy.plan_push = strategy.plan_pull = plan_without_budget;
    scene_init(&scene, strategy, 10);
    push(&scene, 0);
    flow_up(&scene, 0);
    assert_int_equal(scene.carried.count, 10);
    assert_int_equal(flow_down(&scene, 0), ROG_WORKER_PULLED);
    assert_int_equal(scene.carried.count, 10);
    scene_release(&scene);
}

/* As many rows as this worker has made transmissions, as far as it knows. */
static void plan_by_history(void *state, const struct rog_strategy_config *config,
                            const struct rog_send_view *view, struct rog_send_plan *plan)
{
    (void)state, (void)config;
    for (uint32_t row = 0; row < view->history.own; row++)
        plan->order[row] = row;
    plan->count = plan->mandatory = (uint32_t)view->history.own;
}

/* Pushes and pulls are transmissions; a worker knows what came with its last pull. */
static void test_history(void **state)
{
    (void)state;
    struct scene scene;
    struct rog_strategy strategy = make_strategy();
    strategy.plan_push = plan_by_history;
    scene_init(&scene, strategy, 1);
    const struct rog_history *history = &scene.begin.history;

    scene.message_s = 0.25;
    push(&scene, 0);
    flow_up(&scene, 0);
    assert_int_equal(scene.carried.count, 0); /* it knows of no transmission yet */
    double first_s = scene.last.duration_s;
    assert_true(first_s > 0);
    assert_int_equal(flow_down(&scene, 0), ROG_WORKER_PULLED);
    assert_true(history->own == 1 && history->slowest == 0 && !history->everyone_transmitted);
    assert_true(history->recent_max_s == first_s && history->mean_s == first_s);
    double second_s = scene.last.duration_s;
    assert_true(second_s > first_s); /* it carried a row */

    push(&scene, 1);
    flow_up(&scene, 1);
    double third_s = scene.last.duration_s;
    push(&scene, 0);
    flow_up(&scene, 0);
    assert_int_equal(scene.carried.count, 1);
    double fourth_s = scene.last.duration_s;
    assert_int_equal(flow_down(&scene, 0), ROG_WORKER_PULLED);
    assert_true(history->own == 3 && history->slowest == 1 && history->everyone_transmitted);
    assert_true(history->recent_max_s == fmax(second_s, fourth_s));
    assert_true(fabs(history->mean_s - (first_s + second_s + third_s + fourth_s) / 4) < 1e-12);

    /* The slowest leaves. */
    rog_server_leave(scene.server, 1, scene.now);
    push(&scene, 0);
    flow_up(&scene, 0);
    assert_int_equal(scene.carried.count, 3);
    assert_int_equal(flow_down(&scene, 0), ROG_WORKER_PULLED);
    assert_true(history->own == 5 && history->slowest == 5);
    scene_release(&scene);
}

/* A worker says what its pushes took, and all budgets follow from it: one that says an age of the
 * world is believed as much as it could have taken, and nobody's budget ends up infinite. */
static void test_a_worker_that_lies_about_time(void **state)
{
    (void)state;
    struct scene scene;
    struct rog_error err;
    const struct rog_history *history = &scene.begin.history;
    scene_init(&scene, make_strategy(), 1);
    scene.message_s = 0.25;
    for (uint32_t iteration = 1; iteration <= 4; iteration++) {
        const struct rog_wire_header header = {
            .kind = ROG_WIRE_END, .stream = ROG_WIRE_PUSH, .values = true, .iteration = iteration};
        const struct rog_wire_header begin = {.kind = ROG_WIRE_BEGIN,
                                              .stream = ROG_WIRE_PUSH,
                                              .values = true,
                                              .iteration = iteration};
        const float scales[8] = {0};
        struct rog_set all;
        double began_s = scene.now;
        assert_int_equal(rog_set_init(&all, scene.rows->tensor_count, NULL), 0);
        rog_set_fill(&all);
        size_t size = rog_wire_put_begin(scene.buffer, &begin, &all, scales, NULL);
        rog_set_release(&all);
        if (rog_server_receive(scene.server, 0, scene.buffer, size, scene.now, &err))
            fail_msg("%s", err.message);
        scene.now += 0.5;
        size = rog_wire_put_end(scene.buffer, &header, 0, 1.7e308);
        if (rog_server_receive(scene.server, 0, scene.buffer, size, scene.now, &err))
            fail_msg("%s", err.message);
        do {
            if (rog_server_send(scene.server, 0, scene.now, scene.buffer, scene.bytes, &size, &err))
                fail_msg("%s", err.message);
            if (size > 0)
                note_message(&scene, size);
        } while (size > 0);
        assert_true(history->recent_max_s <= scene.now - began_s);
        assert_true(history->mean_s > 0 && history->mean_s <= scene.now - began_s);
    }
    scene_release(&scene);
}

/* Published: a small budget is cut to 0 after the message was sized, and everything is applied but
 * only the mandatory part counted. Here the rows counted, carried and applied are the same. */
static void test_small_budget(void **state)
{
    (void)state;
    struct scene scene;
    struct rog_strategy strategy = make_strategy();
    scene_init(&scene, strategy, 10);
    scene.message_s = 0.015; /* the budget of 0.05 s ends after a few messages */
    for (uint64_t i = 0; i < scene.rows->params; i++)
        scene.gradients[i] = 1 + (float)(i % 7);
    for (uint32_t iteration = 1; iteration <= 3; iteration++) {
        const float *model = rog_server_change(scene.server);
        float *before = malloc(scene.rows->params * sizeof(float));
        assert_non_null(before);
        memcpy(before, model, scene.rows->params * sizeof(float));
        push(&scene, 0);
        flow_up(&scene, 0);
        struct rog_worker_status status;
        struct rog_version_view versions;
        rog_worker_status(scene.worker[0], &status);
        rog_server_versions(scene.server, &versions);
        uint32_t carried = scene.carried.count;
        assert_true(carried > 10 && carried < scene.rows->row_count);
        assert_int_equal(status.rows_pushed, carried);
        assert_int_equal(scene.last.rows, carried);
        assert_true(scene.last.duration_s > 0.05 && scene.last.duration_s < 0.1);
        for (uint32_t row = 0; row < scene.rows->row_count; row++) {
            uint64_t at = rog_rows_offset(scene.rows, row);
            bool changed = memcmp(before + at, model + at,
                                  rog_rows_size(scene.rows, row) * sizeof(float)) != 0;
            /* Also the published checkpoint: the server's model is what has arrived, no more. */
            assert_int_equal(changed, rog_set_has(&scene.carried, row));
            assert_int_equal(versions.version[row] == iteration, rog_set_has(&scene.carried, row));
        }
        assert_int_equal(flow_down(&scene, 0), ROG_WORKER_PULLED);
        assert_int_equal(scene.last.rows, scene.carried.count);
        rog_worker_status(scene.worker[0], &status);
        assert_int_equal(status.rows_pulled, scene.carried.count);
        /* The model was 0 at first: all sums are the same. */
        assert_memory_equal(scene.params[0], rog_server_held(scene.server, 0),
                            scene.rows->params * sizeof(float));
        free(before);
    }
    scene_release(&scene);
}

/* Published: when one worker ends the server stops serving the others. */
static void test_one_leaves_the_others_go_on(void **state)
{
    (void)state;
    struct scene scene;
    struct rog_strategy strategy = make_strategy();
    char text[64];
    strategy.admit = admit_one_ahead;
    scene_init(&scene, strategy, 212);
    push(&scene, 0);
    flow_up(&scene, 0);
    assert_string_equal(notices(&scene, text), "b0p0a0");
    assert_int_equal(flow_down(&scene, 0), ROG_WORKER_PULLED);
    push(&scene, 0);
    flow_up(&scene, 0);
    assert_string_equal(notices(&scene, text), "e0b0p0s0");
    assert_int_equal(flow_down(&scene, 0), ROG_WORKER_NOTHING);
    rog_server_leave(scene.server, 1, scene.now);
    rog_server_leave(scene.server, 1, scene.now);
    assert_string_equal(notices(&scene, text), "a0");
    for (int i = 0; i < 5; i++) {
        assert_int_equal(flow_down(&scene, 0), ROG_WORKER_PULLED);
        push(&scene, 0);
        flow_up(&scene, 0);
        assert_string_equal(notices(&scene, text), "e0b0p0a0");
    }
    struct rog_error err;
    size_t size;
    assert_int_equal(rog_server_send(scene.server, 1, 0, scene.buffer, scene.bytes, &size, &err),
                     ROG_EINVAL);
    assert_int_equal(rog_server_receive(scene.server, 1, scene.buffer, 8, 0, &err), ROG_EINVAL);
    assert_int_equal(rog_server_receive(scene.server, 2, scene.buffer, 8, 0, &err), ROG_EINVAL);
    scene_release(&scene);
}

/* A worker that waits answers at once; the scale is the mean over the rows asked for; they have its
 * current version; what is then left is held back. */
static void test_demanded_rows(void **state)
{
    (void)state;
    struct scene scene;
    struct rog_strategy strategy = make_strategy();
    char text[64];
    strategy.admit = admit_one_ahead;
    scene_init(&scene, strategy, 5);
    scene.message_s = 1;
    for (uint32_t row = 0; row < scene.rows->row_count; row++)
        fill_row(&scene, row, row < 5 ? 10 : 0.25f);

    /* Worker 1 pushes rows 0..4 of iteration 1; worker 0 does its first two iterations and is
     * stalled for the other rows of both. */
    push(&scene, 1);
    flow_up(&scene, 1);
    push(&scene, 0);
    flow_up(&scene, 0);
    assert_int_equal(flow_down(&scene, 0), ROG_WORKER_PULLED);
    notices(&scene, text);
    push(&scene, 0);
    flow_up(&scene, 0);
    assert_string_equal(notices(&scene, text), "b0p0s0d0d1");

    assert_int_equal(flow_down(&scene, 0), ROG_WORKER_DEMANDED);
    flow_up(&scene, 0);
    assert_int_equal(scene.last.header.stream, ROG_WIRE_DEMANDED);
    assert_int_equal(scene.carried.count, scene.rows->row_count - 5);
    assert_string_equal(notices(&scene, text), "");
    assert_int_equal(flow_down(&scene, 0), ROG_WORKER_NOTHING);
    assert_int_equal(scene.messages, 0); /* not asked twice */

    /* Worker 1 is in the middle of its pull; it answers all the same. */
    assert_int_equal(flow_down(&scene, 1), ROG_WORKER_PULLED);
    const float *model = rog_server_change(scene.server) + rog_rows_offset(scene.rows, 200);
    float before = *model;
    flow_up(&scene, 1);
    assert_int_equal(scene.carried.count, scene.rows->row_count - 5);
    assert_string_equal(notices(&scene, text), "e1a0");
    struct rog_version_view versions;
    rog_server_versions(scene.server, &versions);
    assert_int_equal(versions.oldest[1], 1);
    assert_int_equal(versions.oldest[0], 2);
    /* The tensor of rows 92.. has been pushed never: its scale is 0.25, the exact residual. */
    assert_true(*model == before - 0.25f / WORKERS);
    const float *held_back = rog_worker_residual(scene.worker[1]);
    for (uint32_t row = 92; row < scene.rows->row_count; row++)
        assert_true(held_back[rog_rows_offset(scene.rows, row)] == 0);
    assert_int_equal(flow_down(&scene, 0), ROG_WORKER_PULLED);
    scene_release(&scene);
}

/* Rows asked for while a push is under way go out first, as mandatory. */
static void test_demanded_during_a_push(void **state)
{
    (void)state;
    struct scene scene;
    struct rog_strategy strategy = make_strategy();
    struct rog_error err;
    size_t size;
    scene_init(&scene, strategy, 5);
    scene.message_s = 1;
    for (uint32_t row = 0; row < scene.rows->row_count; row++)
        fill_row(&scene, row, row < 5 ? 10 : 0.25f);
    push(&scene, 0);
    flow_up(&scene, 0);
    assert_int_equal(flow_down(&scene, 0), ROG_WORKER_PULLED);
    push(&scene, 0);
    assert_int_equal(
        rog_worker_send(scene.worker[0], scene.now, scene.buffer, scene.bytes, &size, &err),
        0); /* BEGIN */
    note_message(&scene, size);
    assert_int_equal(rog_server_receive(scene.server, 0, scene.buffer, size, scene.now, &err), 0);

    struct rog_set asked;
    uint8_t request[64];
    const struct rog_wire_header header = {
        .kind = ROG_WIRE_REQUEST, .stream = ROG_WIRE_NONE, .values = true, .iteration = 1};
    enum rog_worker_notice notice;
    assert_int_equal(rog_set_init(&asked, scene.rows->row_count, NULL), 0);
    rog_set_add(&asked, 2); /* version 1 already: on its way */
    rog_set_add(&asked, 100);
    rog_set_add(&asked, 211);
    size = rog_wire_put_numbers(request, &header, &asked);
    assert_int_equal(rog_worker_receive(scene.worker[0], request, size, scene.now, &notice, &err),
                     0);
    assert_int_equal(notice, ROG_WORKER_DEMANDED);
    assert_int_equal(rog_worker_receive(scene.worker[0], request, size, scene.now, &notice, &err),
                     0);
    assert_int_equal(notice, ROG_WORKER_NOTHING);
    scene.now += 10;
    flow_up(&scene, 0);
    assert_int_equal(scene.last.header.stream, ROG_WIRE_PUSH);
    assert_int_equal(scene.last.rows, 7);
    assert_true(rog_set_has(&scene.carried, 100) && rog_set_has(&scene.carried, 211));
    for (uint32_t row = 0; row < 5; row++)
        assert_true(rog_set_has(&scene.carried, row));
    rog_set_release(&asked);
    scene_release(&scene);
}

/* A push that begins while an answer is half out: the answer ends, its rest goes with the push. */
static void test_push_interrupts_an_answer(void **state)
{
    (void)state;
    struct scene scene;
    struct rog_strategy strategy = make_strategy();
    struct rog_error err;
    char text[64];
    strategy.admit = admit_one_ahead;
    scene_init(&scene, strategy, 5);
    scene.message_s = 1;
    for (uint32_t row = 0; row < scene.rows->row_count; row++)
        fill_row(&scene, row, row < 5 ? 10 : 0.25f);
    push(&scene, 1);
    flow_up(&scene, 1);
    assert_int_equal(flow_down(&scene, 1), ROG_WORKER_PULLED);
    push(&scene, 0);
    flow_up(&scene, 0);
    assert_int_equal(flow_down(&scene, 0), ROG_WORKER_PULLED);
    push(&scene, 0);
    flow_up(&scene, 0);
    assert_int_equal(flow_down(&scene, 0), ROG_WORKER_DEMANDED);
    flow_up(&scene, 0);
    assert_int_equal(flow_down(&scene, 1), ROG_WORKER_DEMANDED);
    notices(&scene, text);

    uint32_t answered;
    for (int i = 0; i < 2; i++) { /* BEGIN and the first rows of the answer */
        size_t size;
        assert_int_equal(
            rog_worker_send(scene.worker[1], scene.now, scene.buffer, scene.bytes, &size, &err), 0);
        note_message(&scene, size);
        assert_int_equal(rog_server_receive(scene.server, 1, scene.buffer, size, scene.now, &err),
                         0);
    }
    answered = scene.carried.count;
    assert_true(answered > 0 && answered < scene.rows->row_count - 5);

    /* Being asked again for what is being answered changes nothing. */
    struct rog_set again;
    uint8_t request[64];
    const struct rog_wire_header header = {
        .kind = ROG_WIRE_REQUEST, .stream = ROG_WIRE_NONE, .values = true, .iteration = 1};
    enum rog_worker_notice notice;
    assert_int_equal(rog_set_init(&again, scene.rows->row_count, NULL), 0);
    rog_set_fill(&again);
    size_t bytes = rog_wire_put_numbers(request, &header, &again);
    assert_int_equal(rog_worker_receive(scene.worker[1], request, bytes, scene.now, &notice, &err),
                     0);
    assert_int_equal(notice, ROG_WORKER_NOTHING);
    rog_set_release(&again);
    push(&scene, 1);
    flow_up(&scene, 1);
    assert_int_equal(scene.last.header.stream, ROG_WIRE_PUSH);
    assert_true(scene.last.rows >= scene.rows->row_count - 5 - answered);
    struct rog_version_view versions;
    rog_server_versions(scene.server, &versions);
    assert_int_equal(versions.oldest[1], 1);
    assert_int_equal(flow_down(&scene, 0), ROG_WORKER_PULLED);
    scene_release(&scene);
}

static void test_bad_calls(void **state)
{
    (void)state;
    struct scene scene;
    struct rog_error err;
    size_t size;
    struct rog_worker_status status;
    scene_init(&scene, make_strategy(), 5);
    struct rog_worker *worker = scene.worker[0];

    /* A gradient that is not finite changes nothing. */
    scene.gradients[1234] = NAN;
    assert_int_equal(push_at(&scene, scene.gradients, 1, &err), ROG_EINVAL);
    assert_non_null(strstr(err.message, "not finite"));
    scene.gradients[1234] = 0;
    rog_worker_status(worker, &status);
    assert_int_equal(status.iteration, 0);
    assert_false(status.pushing || status.waiting);
    assert_int_equal(push_at(&scene, scene.gradients, NAN, &err), ROG_EINVAL);
    assert_int_equal(push_at(&scene, NULL, 1, &err), ROG_EINVAL);
    assert_int_equal(rog_worker_send(worker, 0, scene.buffer, scene.bytes, &size, &err), 0);
    assert_int_equal(size, 0);

    push(&scene, 0);
    assert_int_equal(push_at(&scene, scene.gradients, 1, &err), ROG_EINVAL);
    assert_int_equal(rog_worker_send(worker, 0, scene.buffer, scene.bytes - 1, &size, &err),
                     ROG_EINVAL);
    assert_int_equal(rog_server_send(scene.server, 0, 0, scene.buffer, 3, &size, &err), ROG_EINVAL);
    flow_up(&scene, 0);
    assert_int_equal(push_at(&scene, scene.gradients, 1, &err), ROG_EINVAL);
    assert_int_equal(flow_down(&scene, 0), ROG_WORKER_PULLED);

    /* An update that overflows. */
    for (uint64_t i = 0; i < scene.rows->params; i++)
        scene.gradients[i] = 1e38f;
    assert_int_equal(push_at(&scene, scene.gradients, 1e30, &err), ROG_EFAILED);
    assert_non_null(strstr(err.message, "diverged"));
    scene_release(&scene);
}

static void plan_twice(void *state, const struct rog_strategy_config *config,
                       const struct rog_send_view *view, struct rog_send_plan *plan)
{
    (void)state, (void)view;
    for (uint32_t row = 0; row < config->rows; row++)
        plan->order[row] = row / 2;
    plan->count = config->rows;
}

static void plan_outside(void *state, const struct rog_strategy_config *config,
                         const struct rog_send_view *view, struct rog_send_plan *plan)
{
    (void)state, (void)view;
    plan->order[0] = config->rows;
    plan->count = 1;
}

static void plan_too_many(void *state, const struct rog_strategy_config *config,
                          const struct rog_send_view *view, struct rog_send_plan *plan)
{
    (void)state, (void)view;
    plan->order[0] = 0;
    plan->count = 1;
    plan->mandatory = config->rows;
}

static void plan_back_in_time(void *state, const struct rog_strategy_config *config,
                              const struct rog_send_view *view, struct rog_send_plan *plan)
{
    (void)state, (void)config, (void)view;
    plan->budget_s = -1;
}

static int cannot_start(const struct rog_strategy_config *config, void **state, char *message,
                        uint32_t message_bytes)
{
    (void)config, (void)state;
    assert_true(message_bytes > 20);
    strcpy(message, "no luck today");
    return 1;
}

static void test_bad_strategies(void **state)
{
    (void)state;
    static const struct {
        void (*hook)(void *, const struct rog_strategy_config *, const struct rog_send_view *,
                     struct rog_send_plan *);
        const char *cause;
    } plans[] = {{plan_twice, "row 0 twice"},
                 {plan_outside, "row 212 out of range"},
                 {plan_too_many, "212 of them mandatory"},
                 {plan_back_in_time, "budget of -1 s"}};
    for (size_t i = 0; i < sizeof plans / sizeof *plans; i++) {
        struct scene scene;
        struct rog_strategy strategy = make_strategy();
        struct rog_error err;
        strategy.plan_push = plans[i].hook;
        scene_init(&scene, strategy, 5);
        assert_int_equal(push_at(&scene, scene.gradients, 1, &err), ROG_EINVAL);
        if (!strstr(err.message, plans[i].cause) || !strstr(err.message, "SCENE"))
            fail_msg("%s", err.message);
        scene_release(&scene);
    }
    struct rog_strategy strategy = make_strategy();
    struct rog_rows *rows = cluster_rows(true);
    struct rog_server_config config = {
        .rows = rows, .strategy = &strategy, .policy = {rows->row_count, 1, 0, NULL}};
    struct rog_server *server;
    struct rog_error err;
    strategy.create = cannot_start;
    assert_int_equal(rog_server_new(&server, &config, NULL, &err), ROG_EFAILED);
    assert_null(server);
    assert_non_null(strstr(err.message, "no luck today"));
    rog_rows_free(rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_importance_is_per_row),
        cmocka_unit_test(test_freshness_of_pulls),
        cmocka_unit_test(test_age_of_pushes),
        cmocka_unit_test(test_no_budget),
        cmocka_unit_test(test_history),
        cmocka_unit_test(test_a_worker_that_lies_about_time),
        cmocka_unit_test(test_small_budget),
        cmocka_unit_test(test_one_leaves_the_others_go_on),
        cmocka_unit_test(test_demanded_rows),
        cmocka_unit_test(test_demanded_during_a_push),
        cmocka_unit_test(test_push_interrupts_an_answer),
        cmocka_unit_test(test_bad_calls),
        cmocka_unit_test(test_bad_strategies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
