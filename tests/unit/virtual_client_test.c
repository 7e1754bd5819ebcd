/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A program on a virtual cluster, through <rog/rog.h>: what crosses to a small simulation and back,
 * who has control when, and what is said when either end misbehaves.
 */

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <rog/rog.h>
#include "virtual_sim.h"

#define TENSORS 3
#define TRAINED (40 * 30 + 30)
#define PARAMS (TRAINED + 6)
#define ITERATIONS 25

static const uint32_t dims[TENSORS] = {2, 1, 2};
static const uint32_t shapes[] = {40, 30, 30, 2, 3};
static const char *const names[TENSORS] = {"layer.weight", "layer.bias", "statistics"};
static const uint32_t first_of[TENSORS] = {0, 1200, TRAINED};

static const struct rog_rule rule = {0.5, 0, 0, ROG_RULE_HEAVY_BALL};

/* ---- a program ---- */

struct program {
    struct rog *rog;
    float params[PARAMS], gradients[TRAINED];
    const float *list[2];
    struct rog_step step;
};

static void assert_says(int code, int expected, const struct rog_error *err, const char *part)
{
    if (code != expected || !strstr(err->message, part))
        fail_msg("%d \"%s\" instead of %d with \"%s\"", code, code ? err->message : "", expected,
                 part);
}

static void check(int code, const struct rog_error *err)
{
    if (code)
        fail_msg("%s", err->message);
}

/* options: NULL, or what differs from those of a worker alone. */
static void open_program(struct program *program, const struct sim *sim,
                         const struct rog_options *given)
{
    struct rog_options options;
    struct rog_error err;
    rog_options_init(&options);
    if (given)
        options = *given;
    options.server = sim->server;
    options.strategy = "BSP";
    check(rog_open(&program->rog, &options, &err), &err);
    for (size_t i = 0, at = 0; i < TENSORS; at += dims[i++])
        check(rog_tensor(program->rog, names[i], dims[i], shapes + at,
                         options.without_values ? NULL : program->params + first_of[i],
                         i < 2 ? ROG_TENSOR_TRAINED : ROG_TENSOR_CONSTANT, &err),
              &err);
    program->list[0] = program->gradients;
    program->list[1] = program->gradients + first_of[1];
    program->step = (struct rog_step){
        .gradients = program->list, .rules = &rule, .rule_count = 1, .loss = 1.25};
}

static void start_program(struct program *program, const struct sim *sim,
                          const struct rog_options *given)
{
    struct rog_error err;
    open_program(program, sim, given);
    check(rog_start(program->rog, &err), &err);
}

/* ---- exchanges ---- */

static void descend(struct sim_end *end)
{
    for (size_t i = 0; i < TRAINED; i++)
        if (end->given[i >= first_of[1]])
            end->values[i] -= (float)end->rules[0].learning_rate * end->gradients[i];
}

static void train(struct sim_end *end, const void *user)
{
    (void)user;
    sim_meet(end);
    sim_expect(strstr(end->hello, "\"library\":\"BSP\""));
    sim_expect(end->layout->trained == 2 && end->layout->count == TENSORS);
    sim_expect(end->values[1] == 1 && end->constants[5] == PARAMS - 1);
    for (size_t i = 0; i < TRAINED; i++)
        end->values[i] = 7;
    end->constants[0] = 9;
    sim_give(end, ROG_VIRTUAL_START, 0, 0);
    for (uint32_t i = 1; i <= ITERATIONS; i++) {
        struct rog_virtual_message step = sim_take(end, ROG_VIRTUAL_STEP);
        sim_expect(step.number == 1 && step.loss == 1.25 && step.seconds >= 0);
        sim_expect(end->given[0] && end->given[1] == (i % 5 != 0));
        descend(end);
        sim_give(end, ROG_VIRTUAL_GO, i, 0);
    }
    sim_take(end, ROG_VIRTUAL_FINISH);
    sim_give_over(end, ITERATIONS);
    sim_expect_close(end);
}

static void test_exchanges(void **state)
{
    (void)state;
    struct sim sim;
    struct rog_error err;
    struct rog_statistics statistics;
    static struct program program;
    float model[PARAMS];
    for (size_t i = 0; i < PARAMS; i++)
        program.params[i] = (float)i;
    start_sim(&sim, train, NULL);
    open_program(&program, &sim, NULL);
    assert_int_equal(rog_local_steps(program.rog), 0);
    check(rog_start(program.rog, &err), &err);
    for (size_t i = 0; i < PARAMS; i++)
        model[i] = i < TRAINED ? 7 : i == TRAINED ? 9 : (float)i;
    assert_memory_equal(program.params, model, sizeof model);
    assert_int_equal(rog_local_steps(program.rog), 1);
    for (uint32_t i = 1; i <= ITERATIONS; i++) {
        program.list[1] = i % 5 ? program.gradients + first_of[1] : NULL;
        for (size_t j = 0; j < TRAINED; j++) {
            program.gradients[j] = (float)(i + j);
            if (j < first_of[1] || i % 5)
                model[j] -= 0.5f * program.gradients[j];
        }
        check(rog_exchange(program.rog, &program.step, &err), &err);
        assert_memory_equal(program.params, model, sizeof model);
        rog_statistics(program.rog, &statistics);
        assert_int_equal(statistics.iteration, i);
        assert_false(rog_over(program.rog));
    }
    check(rog_finish(program.rog, &err), &err);
    assert_true(rog_over(program.rog));
    rog_close(program.rog);
    end_sim(&sim);
}

/* ---- in parts, and what the program is told ---- */

static void slow(struct sim_end *end, const void *user)
{
    (void)user;
    sim_meet(end);
    usleep(200000);
    sim_give(end, ROG_VIRTUAL_START, 3, ROG_VIRTUAL_RESUMED | ROG_VIRTUAL_KEEP);
    struct rog_virtual_message kept = sim_take(end, ROG_VIRTUAL_KEPT);
    sim_expect(strcmp(kept.text, "nothing to keep") == 0);
    sim_take(end, ROG_VIRTUAL_STEP);
    usleep(200000);
    sim_give(end, ROG_VIRTUAL_GO, 4, 0);
    struct rog_virtual_message transfer = sim_take(end, ROG_VIRTUAL_TRANSFER);
    sim_expect(transfer.bytes == 5000000000 && transfer.bytes_down == 7);
    end->values[0] = 1e9f; /* not looked at */
    sim_give(end, ROG_VIRTUAL_GO, 4, 0);
    struct rog_virtual_message apart = sim_take(end, ROG_VIRTUAL_APART);
    sim_expect(apart.loss > 0.49 && apart.loss < 0.51 && apart.number == 0);
    sim_expect(end->values[0] > 1e8f);
    sim_give(end, ROG_VIRTUAL_GO, 5, 0);
    apart = sim_take(end, ROG_VIRTUAL_APART);
    sim_expect(apart.number == 1 && end->values[0] == 0);
    end->values[0] = 1e9f;
    sim_give(end, ROG_VIRTUAL_GO, 6, 0);
    struct rog_virtual_message fail = sim_take(end, ROG_VIRTUAL_FAIL);
    sim_expect(strcmp(fail.text, "closed by the program before it had finished") == 0);
    sim_expect_close(end);
}

static void test_in_parts(void **state)
{
    (void)state;
    struct sim sim;
    struct rog_error err;
    static struct program program;
    start_sim(&sim, slow, NULL);
    open_program(&program, &sim, NULL);
    check(rog_start_begin(program.rog, &err), &err);
    assert_int_equal(rog_start_wait(program.rog, 0.01, &err), ROG_EBUSY);
    assert_says(rog_exchange_begin(program.rog, &program.step, &err), ROG_EINVAL, &err,
                "has not begun");
    check(rog_start_wait(program.rog, 30, &err), &err);
    assert_says(rog_start(program.rog, &err), ROG_EINVAL, &err, "has been called before");
    assert_true(rog_resumed(program.rog) && rog_keep_due(program.rog));
    check(rog_kept(program.rog, "nothing to keep", &err), &err);
    assert_says(rog_kept(program.rog, NULL, &err), ROG_EINVAL, &err, "rog_keep_due");
    check(rog_exchange_begin(program.rog, &program.step, &err), &err);
    assert_says(rog_exchange_begin(program.rog, &program.step, &err), ROG_EINVAL, &err,
                "is going on");
    assert_says(rog_transfer(program.rog, 1, 1, &err), ROG_EINVAL, &err, "is going on");
    assert_int_equal(rog_exchange_wait(program.rog, 0, &err), ROG_EBUSY);
    check(rog_exchange_wait(program.rog, -1, &err), &err);
    check(rog_exchange_wait(program.rog, -1, &err), &err); /* nothing to wait for */
    assert_true(rog_resumed(program.rog) && !rog_keep_due(program.rog));
    check(rog_transfer(program.rog, 5000000000, 7, &err), &err);
    assert_true(program.params[0] == 0);
    check(rog_end_iteration(program.rog, 0.5, false, &err), &err);
    check(rog_end_iteration(program.rog, NAN, true, &err), &err);
    assert_true(program.params[0] == 0);
    rog_close(program.rog);
    end_sim(&sim);
}

/* ---- deltas, overlap, state ---- */

static void average(struct sim_end *end, const void *user)
{
    (void)user;
    sim_meet(end);
    end->values[5] = 1;
    sim_give(end, ROG_VIRTUAL_START, 0, 0);
    for (uint32_t i = 1; i <= 5; i++) {
        struct rog_virtual_message step = sim_take(end, ROG_VIRTUAL_STEP);
        sim_expect(step.number == 0 && !end->given[0] && !end->given[1]);
        sim_expect(end->values[5] == (float)(i + 1));
        end->values[6] += 10;
        sim_give(end, ROG_VIRTUAL_GO, i, 0);
    }
    sim_take(end, ROG_VIRTUAL_STATE_GET); /* of the residual: a delta has no momentum */
    for (size_t i = 0; i < 30; i++)
        end->gradients[first_of[1] + i] = (float)i;
    sim_say(end, &(struct rog_virtual_message){.kind = ROG_VIRTUAL_STATE});
    struct rog_virtual_message put = sim_take(end, ROG_VIRTUAL_STATE_PUT);
    sim_expect(put.number == 1 && put.part == ROG_VIRTUAL_RESIDUAL);
    sim_expect(end->gradients[first_of[1] + 3] == 33 && end->gradients[first_of[1] + 4] == 4);
    sim_say(end, &(struct rog_virtual_message){.kind = ROG_VIRTUAL_STATE});
    sim_take(end, ROG_VIRTUAL_FINISH);
    sim_expect(end->values[5] == 106); /* moved since, and not pushed: it stays */
    sim_give_over(end, 5);
    sim_expect_close(end);
}

static void test_deltas(void **state)
{
    (void)state;
    struct sim sim;
    struct rog_options options;
    struct rog_error err;
    struct rog_step step = {.loss = (double)NAN};
    float *momentum, *residual;
    static struct program program;
    start_sim(&sim, average, NULL);
    rog_options_init(&options);
    options.settings = "{\"contribution\": \"delta\"}";
    start_program(&program, &sim, &options);
    for (int i = 1; i <= 5; i++) {
        program.params[5]++;
        check(rog_exchange(program.rog, &step, &err), &err);
        assert_true(program.params[6] == (float)(10 * i));
    }
    check(rog_state(program.rog, 1, &momentum, &residual, &err), &err);
    assert_true(momentum == NULL && residual[29] == 29);
    residual[3] = 33;
    program.params[5] += 100;
    check(rog_finish(program.rog, &err), &err);
    assert_true(program.params[5] == 106);
    rog_close(program.rog);
    end_sim(&sim);
}

static void overlap(struct sim_end *end, const void *user)
{
    (void)user;
    sim_meet(end);
    sim_give(end, ROG_VIRTUAL_START, 0, 0);
    sim_take(end, ROG_VIRTUAL_STEP);
    sim_give(end, ROG_VIRTUAL_GO, 0, 0); /* it is being pushed */
    sim_take(end, ROG_VIRTUAL_SETTLE);
    end->values[0] = 5;
    sim_give(end, ROG_VIRTUAL_GO, 1, 0);
    for (int i = 0; i < 2; i++) {
        struct rog_virtual_message get = sim_take(end, ROG_VIRTUAL_STATE_GET);
        sim_expect(get.number == 0 && get.part == (uint32_t)i);
        end->gradients[1] = (float)(20 + i);
        sim_say(end, &(struct rog_virtual_message){.kind = ROG_VIRTUAL_STATE});
    }
    for (int i = 0; i < 2; i++) {
        struct rog_virtual_message put = sim_take(end, ROG_VIRTUAL_STATE_PUT);
        sim_expect(put.part == (uint32_t)i && end->gradients[1] == (i ? 31 : 20));
        sim_say(end, &(struct rog_virtual_message){.kind = ROG_VIRTUAL_STATE});
    }
    sim_take(end, ROG_VIRTUAL_STEP);
    sim_expect(end->gradients[1] == 0.5f);
    sim_give(end, ROG_VIRTUAL_GO, 1, 0);
    sim_take(end, ROG_VIRTUAL_FINISH);
    end->values[0] = 6;
    sim_give_over(end, 2);
    sim_expect_close(end);
}

static void test_overlap(void **state)
{
    (void)state;
    struct sim sim;
    struct rog_options options;
    struct rog_error err;
    float *momentum, *residual;
    static struct program program;
    program.gradients[1] = 0.5f;
    start_sim(&sim, overlap, NULL);
    rog_options_init(&options);
    options.background = true;
    start_program(&program, &sim, &options);
    check(rog_exchange(program.rog, &program.step, &err), &err);
    assert_says(rog_state(program.rog, 0, &momentum, &residual, &err), ROG_EINVAL, &err,
                "is going on");
    assert_true(program.params[0] == 0);
    check(rog_exchange_wait(program.rog, -1, &err), &err);
    assert_true(program.params[0] == 5);
    check(rog_state(program.rog, 0, &momentum, &residual, &err), &err);
    assert_true(momentum[1] == 20 && residual[1] == 21);
    residual[1] = 31;
    check(rog_exchange(program.rog, &program.step, &err), &err);
    check(rog_finish(program.rog, &err), &err);
    assert_true(program.params[0] == 6);
    assert_says(rog_exchange(program.rog, &program.step, &err), ROG_EINVAL, &err,
                "the run is over");
    rog_close(program.rog);
    end_sim(&sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exchanges),
        cmocka_unit_test(test_in_parts),
        cmocka_unit_test(test_deltas),
        cmocka_unit_test(test_overlap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
