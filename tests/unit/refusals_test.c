/* SPDX-License-Identifier: Apache-2.0 */

/* Calls out of order, numbers out of range and impossible plans: rejected, with the cause. */

#include <setjmp.h>
#include <stdarg.h>
#include <math.h>
#include <string.h>

#include <cmocka.h>

#include <librog/sync/sending.h>

#include "protocol_scene.h"

static void test_bad_calls(void **state)
{
    (void)state;
    struct scene scene;
    struct rog_error err;
    size_t size;
    struct rog_worker_status status;
    scene_init(&scene, scene_strategy(), 5);
    struct rog_worker *worker = scene.worker[0];

    /* A gradient that is not finite has no effect. */
    scene.gradients[1234] = NAN;
    assert_int_equal(scene_push_at(&scene, scene.gradients, 1, &err), ROG_EINVAL);
    assert_non_null(strstr(err.message, "not finite"));
    scene.gradients[1234] = 0;
    rog_worker_status(worker, &status);
    assert_int_equal(status.iteration, 0);
    assert_false(status.pushing || status.waiting);
    assert_int_equal(scene_push_at(&scene, scene.gradients, NAN, &err), ROG_EINVAL);
    assert_int_equal(scene_push_at(&scene, NULL, 1, &err), ROG_EINVAL);
    assert_int_equal(rog_worker_send(worker, 0, scene.buffer, scene.bytes, &size, &err), 0);
    assert_int_equal(size, 0);

    scene_push(&scene, 0);
    assert_int_equal(scene_push_at(&scene, scene.gradients, 1, &err), ROG_EINVAL);
    assert_int_equal(rog_worker_send(worker, 0, scene.buffer, scene.bytes - 1, &size, &err),
                     ROG_EINVAL);
    assert_int_equal(rog_server_send(scene.server, 0, 0, scene.buffer, 3, &size, &err), ROG_EINVAL);
    scene_flow_up(&scene, 0);
    assert_int_equal(scene_push_at(&scene, scene.gradients, 1, &err), ROG_EINVAL);
    assert_int_equal(scene_flow_down(&scene, 0), ROG_WORKER_PULLED);

    /* An update that overflows. */
    for (uint64_t i = 0; i < scene.rows->params; i++)
        scene.gradients[i] = 1e38f;
    assert_int_equal(scene_push_at(&scene, scene.gradients, 1e30, &err), ROG_EFAILED);
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
        struct rog_strategy strategy = scene_strategy();
        struct rog_error err;
        strategy.plan_push = plans[i].hook;
        scene_init(&scene, strategy, 5);
        assert_int_equal(scene_push_at(&scene, scene.gradients, 1, &err), ROG_EINVAL);
        if (!strstr(err.message, plans[i].cause) || !strstr(err.message, "SCENE"))
            fail_msg("%s", err.message);
        scene_release(&scene);
    }
    struct rog_strategy strategy = scene_strategy();
    struct rog_rows *rows = cluster_rows(true);
    struct rog_server_config config = {
        .rows = rows, .strategy = &strategy, .policy = {.rows = rows->row_count, .workers = 1}};
    struct rog_server *server;
    struct rog_error err;
    strategy.create = cannot_start;
    assert_int_equal(rog_server_new(&server, &config, NULL, &err), ROG_EFAILED);
    assert_null(server);
    assert_non_null(strstr(err.message, "no luck today"));
    rog_rows_free(rows);
}

/* A strategy that does not order rows is never silent; one that orders those of one direction may
 * be. */
static void test_may_be_silent(void **state)
{
    (void)state;
    const struct rog_strategy_config config = {.workers = 1};
    struct rog_strategy strategy = {.abi_version = ROG_STRATEGY_ABI};
    assert_false(rog_strategy_may_be_silent(&strategy, &config));
    strategy.plan_pull = scene_plan_pull;
    assert_true(rog_strategy_may_be_silent(&strategy, &config));
    strategy.plan_push = scene_plan_push;
    assert_true(rog_strategy_may_be_silent(&strategy, &config));
    strategy.plan_pull = NULL;
    assert_true(rog_strategy_may_be_silent(&strategy, &config));
    strategy.abi_version = 4; /* its plans could not express this */
    assert_false(rog_strategy_may_be_silent(&strategy, &config));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bad_calls),
        cmocka_unit_test(test_bad_strategies),
        cmocka_unit_test(test_may_be_silent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
