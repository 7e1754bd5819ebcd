/* SPDX-License-Identifier: Apache-2.0 */

/* Strategies with impossible answers: each answer is rejected with a message that names the
 * strategy, and answers at the limits are accepted. */

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sync_cluster.h"

#define WORKERS 2

/* What the strategy of a case answers. */
struct answers {
    uint32_t local_steps, push_level, pull_level, quorum, iteration;
    bool overlap;
    double weight, deadline_s;
    uint32_t *hooks_left; /* the strategy fails after this many hooks; NULL: never */
};

static const struct answers usual = {.local_steps = 1, .weight = 1, .deadline_s = INFINITY};

static const struct answers *answers_of(const struct rog_strategy_config *config)
{
    return config->parameters;
}

static void plan_push(void *state, const struct rog_strategy_config *config,
                      const struct rog_send_view *view, struct rog_send_plan *plan)
{
    (void)state, (void)view;
    plan->order[0] = 1;
    plan->count = plan->mandatory = 1;
    plan->level[1] = (uint8_t)answers_of(config)->push_level;
}

static void plan_pull(void *state, const struct rog_strategy_config *config,
                      const struct rog_send_view *view, struct rog_send_plan *plan)
{
    plan_push(state, config, view, plan);
    plan->level[1] = (uint8_t)answers_of(config)->pull_level;
    plan->level[0] = 200; /* of a row that is not sent: ignored */
}

static void admit(void *state, const struct rog_strategy_config *config,
                  const struct rog_admit_view *view, struct rog_admission *admission)
{
    (void)state;
    for (uint32_t i = 0; !view->again && i < config->workers; i++)
        admission->iteration[i] = answers_of(config)->iteration;
    admission->quorum = answers_of(config)->quorum;
    admission->deadline_s = answers_of(config)->deadline_s;
}

static double weigh(void *state, const struct rog_strategy_config *config,
                    const struct rog_weigh_view *view)
{
    (void)state, (void)view;
    return answers_of(config)->weight;
}

static void plan_work(void *state, const struct rog_strategy_config *config,
                      const struct rog_work_view *view, struct rog_work_plan *plan)
{
    (void)state, (void)view;
    plan->local_steps = answers_of(config)->local_steps;
    plan->overlap = answers_of(config)->overlap;
}

static const char *failure(const void *state, const struct rog_strategy_config *config)
{
    (void)state;
    uint32_t *left = answers_of(config)->hooks_left;
    if (left && *left == 0)
        return "it has lost its thread";
    if (left)
        --*left;
    return NULL;
}

static const struct rog_strategy odd = {.abi_version = ROG_STRATEGY_ABI,
                                        .struct_size = sizeof odd,
                                        .name = "ODD",
                                        .plan_push = plan_push,
                                        .admit = admit,
                                        .plan_pull = plan_pull,
                                        .weigh = weigh,
                                        .plan_work = plan_work,
                                        .failure = failure};

/* Runs an iteration of worker 0, from its beginning to its pull; the other one does nothing. */
static int iterate(struct rog_worker *worker, struct rog_server *server, struct rog_error *err)
{
    const struct rog_rule rule = {.learning_rate = 1};
    const struct rog_worker_gradients none = {.rules = &rule, .rule_count = 1};
    enum rog_worker_notice notice = ROG_WORKER_NOTHING;
    uint8_t message[4096];
    size_t size = 1;
    double now = 100;
    int code = rog_worker_begin(worker, now, err);
    if (!code)
        code = rog_worker_push(worker, &none, now, err);
    while (!code && size > 0) {
        code = rog_worker_send(worker, now, message, sizeof message, &size, err);
        if (!code && size > 0)
            code = rog_server_receive(server, 0, message, size, now, err);
    }
    if (!code && isfinite(rog_server_deadline(server))) {
        now = rog_server_deadline(server);
        code = rog_server_tick(server, now, err);
    }
    while (!code && notice != ROG_WORKER_PULLED) {
        code = rog_server_send(server, 0, now, message, sizeof message, &size, err);
        assert_true(code || size > 0);
        if (!code)
            code = rog_worker_receive(worker, message, size, now, &notice, err);
    }
    return code;
}

static int attempt(const struct answers *answers, struct rog_error *err)
{
    struct rog_rows *rows = cluster_rows(true);
    const struct rog_strategy_config policy = {
        .rows = rows->row_count, .workers = WORKERS, .threshold = 1, .parameters = answers};
    const struct rog_worker_config config = {.rows = rows, .strategy = &odd, .policy = policy};
    const struct rog_server_config server_config = {
        .rows = rows, .strategy = &odd, .policy = policy};
    struct rog_worker *worker = NULL;
    struct rog_server *server = NULL;
    assert_int_equal(rog_worker_new(&worker, &config, NULL, NULL), 0);
    assert_int_equal(rog_server_new(&server, &server_config, NULL, NULL), 0);
    int code = iterate(worker, server, err);
    rog_server_free(server);
    rog_worker_free(worker);
    rog_rows_free(rows);
    return code;
}

static void test_refused(void **state)
{
    (void)state;
    static const struct {
        struct answers answers;
        const char *says;
    } cases[] = {
        {{0, .weight = 1}, "planned 0 local steps for iteration 1"},
        {{1000000000, .weight = 1}, "planned 1000000000 local steps"},
        {{1, .overlap = true}, "but overlap is not set"},
        {{1, .push_level = 1}, "planned row 1 at level 1"},
        {{1, .pull_level = 255, .weight = 1}, "planned row 1 at level 255"},
        {{1, .weight = NAN}, "gave iteration 1 of worker 1 the weight"},
        {{1, .weight = -1e-9}, "gave iteration 1 of worker 1 the weight -1e-09"},
        {{1, .weight = INFINITY}, "the weight inf; 0 to 1000"},
        {{1, .weight = 1000.1}, "the weight 1000.1; 0 to 1000"},
        {{1, .weight = 1, .quorum = WORKERS + 1}, "wait for 3 workers, but there are 2"},
        {{1, .weight = 1, .quorum = UINT32_MAX}, "wait for 4294967295 workers"},
        {{1, .weight = 1, .deadline_s = NAN}, "wait until"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rog_error err = {0};
        int code = attempt(&cases[i].answers, &err);
        if (code != ROG_EINVAL || !strstr(err.message, "strategy ODD") ||
            !strstr(err.message, cases[i].says))
            fail_msg("\"%s\" instead of \"%s\"", err.message, cases[i].says);
    }
}

/* A deadline in the past only matters for a worker that has to wait. */
static void test_deadlines(void **state)
{
    (void)state;
    static const double past[] = {100, 99, 0, -1, -INFINITY};
    struct rog_error err = {0};
    for (size_t i = 0; i < sizeof past / sizeof *past; i++) {
        struct answers answers = usual;
        answers.deadline_s = past[i];
        assert_int_equal(attempt(&answers, &err), 0);
        answers.iteration = 1; /* also of the other worker, which is not connected */
        assert_int_equal(attempt(&answers, &err), ROG_EINVAL);
        assert_non_null(strstr(err.message, "strategy ODD makes worker 1 wait until"));
    }
    struct answers soon = usual;
    soon.deadline_s = nextafter(100, 200);
    soon.iteration = 1;
    assert_int_equal(attempt(&soon, &err), 0);
}

static void test_taken(void **state)
{
    (void)state;
    struct rog_error err = {0};
    struct answers answers = usual;
    answers.local_steps = ROG_LOCAL_STEPS_MAX;
    answers.weight = ROG_WEIGHT_MAX;
    answers.quorum = WORKERS;
    assert_int_equal(attempt(&answers, &err), 0);
    answers.weight = 0;
    answers.quorum = 1;
    answers.iteration = 1;
    answers.deadline_s = 1e300;
    assert_int_equal(attempt(&answers, &err), 0);
}

/* Whichever hook fails, its answer is not used, and the run ends with the reason. */
static void test_failure(void **state)
{
    (void)state;
    struct answers answers = usual;
    uint32_t hooks = 0;
    for (int code = ROG_EFAILED; code; hooks++) {
        struct rog_error err = {0};
        uint32_t left = hooks;
        answers.hooks_left = &left;
        code = attempt(&answers, &err);
        assert_int_equal(code, code ? ROG_EFAILED : 0);
        if (code)
            assert_string_equal(err.message, "strategy ODD: it has lost its thread");
    }
    assert_in_range(hooks, 6, 100); /* plan_work, plan_push, weigh, admit, plan_pull, none */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_deadlines),
        cmocka_unit_test(test_taken),
        cmocka_unit_test(test_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
