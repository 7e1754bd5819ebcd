/* SPDX-License-Identifier: Apache-2.0 */

/* What consecutive messages contain and count, including scenes in which the published
 * implementation has errors. */

#include <setjmp.h>
#include <stdarg.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "protocol_scene.h"

/* Published: importance is one number per tensor. Here rows inside a tensor are distinguished. */
static void test_importance_is_per_row(void **state)
{
    (void)state;
    struct scene scene;
    struct rog_strategy strategy = scene_strategy();
    scene_init(&scene, strategy, 3);
    scene.message_s = 1; /* past the budget after BEGIN: mandatory rows only */
    for (uint32_t row = 0; row < scene.rows->row_count; row++)
        scene_fill_row(&scene, row, 0.001f);
    static const uint32_t large[] = {17, 55, 180};
    for (size_t i = 0; i < 3; i++)
        scene_fill_row(&scene, large[i], 0.5f);
    scene_push(&scene, 0);
    scene_flow_up(&scene, 0);
    assert_int_equal(scene.carried.count, 3);
    for (size_t i = 0; i < 3; i++)
        assert_true(rog_set_has(&scene.carried, large[i]));
    scene_release(&scene);
}

/* Published: on the server a row's freshness is 0 forever after it was first sent. */
static void test_freshness_of_pulls(void **state)
{
    (void)state;
    struct scene scene;
    struct rog_strategy strategy = scene_strategy();
    scene_init(&scene, strategy, 60);
    uint32_t rows = scene.rows->row_count, sent = 0;
    struct rog_set seen;
    assert_int_equal(rog_set_init(&seen, rows, NULL), 0);
    /* Everything is pushed each time (no time passes); worker 0 pulls 60 rows each time, those it
     * has missed for longest: after 4 pulls it has received each of the 212 at least once. */
    for (int iteration = 1; iteration <= 4; iteration++) {
        scene.message_s = 0;
        scene_push(&scene, 1);
        scene_flow_up(&scene, 1);
        assert_int_equal(scene.carried.count, rows);
        assert_int_equal(scene_flow_down(&scene, 1), ROG_WORKER_PULLED);
        scene_push(&scene, 0);
        scene_flow_up(&scene, 0);
        scene.message_s = 1;
        assert_int_equal(scene_flow_down(&scene, 0), ROG_WORKER_PULLED);
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
 * contain all 212. */
static void test_age_of_pushes(void **state)
{
    (void)state;
    struct scene scene;
    struct rog_strategy strategy = scene_strategy();
    struct rog_set seen;
    strategy.plan_push = scene_plan_pull;
    scene_init(&scene, strategy, 60);
    scene.message_s = 1;
    assert_int_equal(rog_set_init(&seen, scene.rows->row_count, NULL), 0);
    for (int iteration = 1; iteration <= 4; iteration++) {
        scene_push(&scene, 0);
        scene_flow_up(&scene, 0);
        assert_int_equal(scene.carried.count, 60);
        for (uint32_t row = 0; row < scene.rows->row_count; row++)
            if (rog_set_has(&scene.carried, row))
                rog_set_add(&seen, row);
        assert_int_equal(scene_flow_down(&scene, 0), ROG_WORKER_PULLED);
    }
    assert_int_equal(seen.count, scene.rows->row_count);
    rog_set_release(&seen);
    scene_release(&scene);
}

static void plan_without_budget(void *state, const struct rog_strategy_config *config,
                                const struct rog_send_view *view, struct rog_send_plan *plan)
{
    scene_plan_push(state, config, view, plan);
    plan->budget_s = 0;
}

/* No budget: only the mandatory rows, also if no time passes. */
static void test_no_budget(void **state)
{
    (void)state;
    struct scene scene;
    struct rog_strategy strategy = scene_strategy();
    strategy.plan_push = strategy.plan_pull = plan_without_budget;
    scene_init(&scene, strategy, 10);
    scene_push(&scene, 0);
    scene_flow_up(&scene, 0);
    assert_int_equal(scene.carried.count, 10);
    assert_int_equal(scene_flow_down(&scene, 0), ROG_WORKER_PULLED);
    assert_int_equal(scene.carried.count, 10);
    scene_release(&scene);
}

/* Sends as many rows as this worker has made transmissions, as far as it knows. */
static void plan_by_history(void *state, const struct rog_strategy_config *config,
                            const struct rog_send_view *view, struct rog_send_plan *plan)
{
    (void)state, (void)config;
    for (uint32_t row = 0; row < view->history.own; row++)
        plan->order[row] = row;
    plan->count = plan->mandatory = (uint32_t)view->history.own;
}

/* Pushes and pulls are transmissions; a worker knows the history of its last pull. */
static void test_history(void **state)
{
    (void)state;
    struct scene scene;
    struct rog_strategy strategy = scene_strategy();
    strategy.plan_push = plan_by_history;
    scene_init(&scene, strategy, 1);
    const struct rog_history *history = &scene.begin.history;

    scene.message_s = 0.25;
    scene_push(&scene, 0);
    scene_flow_up(&scene, 0);
    assert_int_equal(scene.carried.count, 0); /* it knows of no transmission yet */
    double first_s = scene.last.duration_s;
    assert_true(first_s > 0);
    assert_int_equal(scene_flow_down(&scene, 0), ROG_WORKER_PULLED);
    assert_true(history->own == 1 && history->slowest == 0 && !history->everyone_transmitted);
    assert_true(history->recent_max_s == first_s && history->mean_s == first_s);
    double second_s = scene.last.duration_s;
    assert_true(second_s > first_s); /* it contained a row */

    scene_push(&scene, 1);
    scene_flow_up(&scene, 1);
    double third_s = scene.last.duration_s;
    scene_push(&scene, 0);
    scene_flow_up(&scene, 0);
    assert_int_equal(scene.carried.count, 1);
    double fourth_s = scene.last.duration_s;
    assert_int_equal(scene_flow_down(&scene, 0), ROG_WORKER_PULLED);
    assert_true(history->own == 3 && history->slowest == 1 && history->everyone_transmitted);
    assert_true(history->recent_max_s == fmax(second_s, fourth_s));
    assert_true(fabs(history->mean_s - (first_s + second_s + third_s + fourth_s) / 4) < 1e-12);

    /* The slowest leaves. */
    rog_server_leave(scene.server, 1, scene.now);
    scene_push(&scene, 0);
    scene_flow_up(&scene, 0);
    assert_int_equal(scene.carried.count, 3);
    assert_int_equal(scene_flow_down(&scene, 0), ROG_WORKER_PULLED);
    assert_true(history->own == 5 && history->slowest == 5);
    scene_release(&scene);
}

/* A worker reports the duration of its pushes, from which all budgets follow: a report of an
 * extreme duration counts at most as much as possible, and no budget becomes infinite. */
static void test_a_worker_that_lies_about_time(void **state)
{
    (void)state;
    struct scene scene;
    struct rog_error err;
    const struct rog_history *history = &scene.begin.history;
    scene_init(&scene, scene_strategy(), 1);
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
        size = rog_wire_put_end(scene.buffer, &header, 0, 1.7e308, NULL);
        if (rog_server_receive(scene.server, 0, scene.buffer, size, scene.now, &err))
            fail_msg("%s", err.message);
        do {
            if (rog_server_send(scene.server, 0, scene.now, scene.buffer, scene.bytes, &size, &err))
                fail_msg("%s", err.message);
            if (size > 0)
                scene_note_message(&scene, size);
        } while (size > 0);
        assert_true(history->recent_max_s <= scene.now - began_s);
        assert_true(history->mean_s > 0 && history->mean_s <= scene.now - began_s);
    }
    scene_release(&scene);
}

/* Returns the rows of the server's next notice of this kind. */
static uint32_t noticed_rows(struct scene *scene, enum rog_server_notice_kind kind)
{
    struct rog_server_notice notice;
    do
        assert_true(rog_server_notice(scene->server, &notice));
    while (notice.kind != kind);
    return notice.rows;
}

/* Published: a small budget is cut to 0 after the message was sized, and everything is applied but
 * only the mandatory part counted. Here the rows counted, sent and applied are the same, and the
 * server reports the same number. */
static void test_small_budget(void **state)
{
    (void)state;
    struct scene scene;
    struct rog_strategy strategy = scene_strategy();
    scene_init(&scene, strategy, 10);
    scene.message_s = 0.015; /* the budget of 0.05 s ends after a few messages */
    for (uint64_t i = 0; i < scene.rows->params; i++)
        scene.gradients[i] = 1 + (float)(i % 7);
    for (uint32_t iteration = 1; iteration <= 3; iteration++) {
        const float *model = rog_server_change(scene.server);
        float *before = malloc(scene.rows->params * sizeof(float));
        assert_non_null(before);
        memcpy(before, model, scene.rows->params * sizeof(float));
        scene_push(&scene, 0);
        scene_flow_up(&scene, 0);
        struct rog_worker_status status;
        struct rog_version_view versions;
        rog_worker_status(scene.worker[0], &status);
        rog_server_versions(scene.server, &versions);
        uint32_t carried = scene.carried.count;
        assert_true(carried > 10 && carried < scene.rows->row_count);
        assert_int_equal(status.rows_pushed, carried);
        assert_int_equal(scene.last.rows, carried);
        assert_int_equal(noticed_rows(&scene, ROG_SERVER_PUSH_BEGUN), 0);
        assert_int_equal(noticed_rows(&scene, ROG_SERVER_PUSHED), carried);
        assert_true(scene.last.duration_s > 0.05 && scene.last.duration_s < 0.1);
        for (uint32_t row = 0; row < scene.rows->row_count; row++) {
            uint64_t at = rog_rows_offset(scene.rows, row);
            bool changed = memcmp(before + at, model + at,
                                  rog_rows_size(scene.rows, row) * sizeof(float)) != 0;
            /* Also the published checkpoint: the server's model is exactly what has arrived. */
            assert_int_equal(changed, rog_set_has(&scene.carried, row));
            assert_int_equal(versions.version[row] == iteration, rog_set_has(&scene.carried, row));
        }
        assert_int_equal(scene_flow_down(&scene, 0), ROG_WORKER_PULLED);
        assert_int_equal(scene.last.rows, scene.carried.count);
        assert_int_equal(noticed_rows(&scene, ROG_SERVER_PULL_SENT), scene.carried.count);
        rog_worker_status(scene.worker[0], &status);
        assert_int_equal(status.rows_pulled, scene.carried.count);
        /* The model was initially 0: all sums are equal. */
        assert_memory_equal(scene.params[0], rog_server_held(scene.server, 0),
                            scene.rows->params * sizeof(float));
        free(before);
    }
    scene_release(&scene);
}

/* Published: when one worker ends, the server stops serving the others. */
static void test_one_leaves_the_others_continue(void **state)
{
    (void)state;
    struct scene scene;
    struct rog_strategy strategy = scene_strategy();
    char text[64];
    strategy.admit = scene_admit_one_ahead;
    scene_init(&scene, strategy, 212);
    scene_push(&scene, 0);
    scene_flow_up(&scene, 0);
    assert_string_equal(scene_notices(&scene, text), "b0p0a0");
    assert_int_equal(scene_flow_down(&scene, 0), ROG_WORKER_PULLED);
    scene_push(&scene, 0);
    scene_flow_up(&scene, 0);
    assert_string_equal(scene_notices(&scene, text), "e0b0p0s0");
    assert_int_equal(scene_flow_down(&scene, 0), ROG_WORKER_NOTHING);
    rog_server_leave(scene.server, 1, scene.now);
    rog_server_leave(scene.server, 1, scene.now);
    assert_string_equal(scene_notices(&scene, text), "a0");
    for (int i = 0; i < 5; i++) {
        assert_int_equal(scene_flow_down(&scene, 0), ROG_WORKER_PULLED);
        scene_push(&scene, 0);
        scene_flow_up(&scene, 0);
        assert_string_equal(scene_notices(&scene, text), "e0b0p0a0");
    }
    struct rog_error err;
    size_t size;
    assert_int_equal(rog_server_send(scene.server, 1, 0, scene.buffer, scene.bytes, &size, &err),
                     ROG_EINVAL);
    assert_int_equal(rog_server_receive(scene.server, 1, scene.buffer, 8, 0, &err), ROG_EINVAL);
    assert_int_equal(rog_server_receive(scene.server, 2, scene.buffer, 8, 0, &err), ROG_EINVAL);
    scene_release(&scene);
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
        cmocka_unit_test(test_one_leaves_the_others_continue),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
