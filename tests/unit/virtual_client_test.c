/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A program on a virtual cluster, through <rog/rog.h>: the data exchanged with a small simulation,
 * and who has control when.
 */

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <unistd.h>

#include <cmocka.h>

#include "virtual_program.h"

#define ITERATIONS 25

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

/* ---- in parts, and statistics of the program ---- */

static void wait_for_word(const int *ends)
{
    char word;
    sim_expect(read(ends[0], &word, 1) == 1);
}

/* Answers after the program has checked that there is no answer yet. */
static void slow(struct sim_end *end, const void *user)
{
    sim_meet(end);
    wait_for_word(user);
    sim_give(end, ROG_VIRTUAL_START, 3, ROG_VIRTUAL_RESUMED | ROG_VIRTUAL_KEEP);
    struct rog_virtual_message kept = sim_take(end, ROG_VIRTUAL_KEPT);
    sim_expect(strcmp(kept.text, "nothing to keep") == 0);
    sim_take(end, ROG_VIRTUAL_STEP);
    wait_for_word(user);
    sim_give(end, ROG_VIRTUAL_GO, 4, 0);
    struct rog_virtual_message transfer = sim_take(end, ROG_VIRTUAL_TRANSFER);
    sim_expect(transfer.bytes == 5000000000 && transfer.bytes_down == 7);
    end->values[0] = 1e9f; /* ignored */
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
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    start_sim(&sim, slow, ends);
    open_program(&program, &sim, NULL);
    check(rog_start_begin(program.rog, &err), &err);
    assert_int_equal(rog_start_wait(program.rog, 0.01, &err), ROG_EBUSY);
    assert_says(rog_exchange_begin(program.rog, &program.step, &err), ROG_EINVAL, &err,
                "has not started");
    assert_int_equal(write(ends[1], "", 1), 1);
    check(rog_start_wait(program.rog, 30, &err), &err);
    assert_says(rog_start(program.rog, &err), ROG_EINVAL, &err, "has already been called");
    assert_true(rog_resumed(program.rog) && rog_keep_due(program.rog));
    check(rog_kept(program.rog, "nothing to keep", &err), &err);
    assert_says(rog_kept(program.rog, NULL, &err), ROG_EINVAL, &err, "rog_keep_due");
    check(rog_exchange_begin(program.rog, &program.step, &err), &err);
    assert_says(rog_exchange_begin(program.rog, &program.step, &err), ROG_EINVAL, &err,
                "is in progress");
    assert_says(rog_transfer(program.rog, 1, 1, &err), ROG_EINVAL, &err, "is in progress");
    assert_int_equal(rog_exchange_wait(program.rog, 0, &err), ROG_EBUSY);
    assert_int_equal(write(ends[1], "", 1), 1);
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
    close(ends[0]);
    close(ends[1]);
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
    sim_expect(end->values[5] == 106); /* changed since, and not pushed: it is kept */
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
    sim_take(end, ROG_VIRTUAL_STEP);
    end->values[0] = 6;
    sim_give_over(end, 2); /* at the run's time limit */
    for (int i = 0; i < 2; i++) {
        sim_take(end, ROG_VIRTUAL_STATE_GET);
        sim_say(end, &(struct rog_virtual_message){.kind = ROG_VIRTUAL_STATE});
    }
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
                "is in progress");
    assert_true(program.params[0] == 0);
    check(rog_exchange_wait(program.rog, -1, &err), &err);
    assert_true(program.params[0] == 5);
    check(rog_state(program.rog, 0, &momentum, &residual, &err), &err);
    assert_true(momentum[1] == 20 && residual[1] == 21);
    residual[1] = 31;
    check(rog_exchange(program.rog, &program.step, &err), &err);
    check(rog_exchange(program.rog, &program.step, &err), &err);
    assert_true(rog_over(program.rog) && program.params[0] == 6);
    check(rog_state(program.rog, 0, &momentum, &residual, &err), &err); /* no exchange is in
                                                                           progress */
    assert_says(rog_exchange(program.rog, &program.step, &err), ROG_EINVAL, &err,
                "the run is over");
    rog_close(program.rog);
    end_sim(&sim);
}

/* ---- sizes ---- */

static void take_many(struct sim_end *end, const void *user)
{
    uint32_t count = *(const uint32_t *)user;
    sim_meet(end);
    sim_expect(end->layout->count == count);
    sim_give(end, ROG_VIRTUAL_START, 0, 0);
    sim_take(end, ROG_VIRTUAL_STEP);
    for (uint32_t i = 0; i < count; i++) {
        sim_expect(end->given[i] == (i % 3 != 0));
        sim_expect(end->rules[i].learning_rate == i);
        end->values[i] = (float)i + (end->given[i] ? end->gradients[i] : 0);
    }
    sim_give(end, ROG_VIRTUAL_GO, 1, 0);
    sim_take(end, ROG_VIRTUAL_FINISH);
    sim_give_over(end, 1);
}

/* The maximum number of tensors, of one element each, with a rule each. */
static void test_many_tensors(void **state)
{
    (void)state;
    const uint32_t count = ROG_LAYOUT_TENSORS;
    struct sim sim;
    struct rog_options options;
    struct rog_error err;
    struct rog *rog;
    float *values = calloc(count, sizeof *values);
    const float **gradients = calloc(count, sizeof *gradients), one = 0.5f;
    struct rog_rule *rules = calloc(count, sizeof *rules);
    start_sim(&sim, take_many, &count);
    rog_options_init(&options);
    options.server = sim.server;
    check(rog_open(&rog, &options, &err), &err);
    for (uint32_t i = 0; i < count; i++) {
        char name[32];
        snprintf(name, sizeof name, "tensor.%u", i);
        check(rog_tensor(rog, name, 1, (uint32_t[]){1}, &values[i], ROG_TENSOR_TRAINED, &err),
              &err);
        gradients[i] = i % 3 ? &one : NULL;
        rules[i].learning_rate = i;
    }
    check(rog_start(rog, &err), &err);
    const struct rog_step step = {.gradients = gradients, .rules = rules, .rule_count = count};
    check(rog_exchange(rog, &step, &err), &err);
    for (uint32_t i = 0; i < count; i++)
        assert_true(values[i] == (float)i + (i % 3 ? 0.5f : 0));
    check(rog_finish(rog, &err), &err);
    rog_close(rog);
    end_sim(&sim);
    free(values);
    free(gradients);
    free(rules);
}

static void without(struct sim_end *end, const void *user)
{
    (void)user;
    sim_meet(end);
    sim_expect(end->head->without_values && end->places.bytes < 4096);
    sim_expect(end->layout->params == TRAINED);
    sim_give(end, ROG_VIRTUAL_START, 0, 0);
    sim_take(end, ROG_VIRTUAL_STEP);
    sim_give_over(end, 1); /* at the run's time limit */
    sim_expect_close(end);
}

static void test_without_values(void **state)
{
    (void)state;
    struct sim sim;
    struct rog_options options;
    struct rog_error err;
    float *momentum, *residual;
    static struct program program;
    start_sim(&sim, without, NULL);
    rog_options_init(&options);
    options.without_values = true;
    start_program(&program, &sim, &options);
    program.step.gradients = NULL;
    assert_says(rog_state(program.rog, 0, &momentum, &residual, &err), ROG_EINVAL, &err,
                "no momentum");
    check(rog_exchange(program.rog, &program.step, &err), &err);
    assert_true(rog_over(program.rog));
    check(rog_finish(program.rog, &err), &err);
    rog_close(program.rog);
    end_sim(&sim);
}

static void test_options(void **state)
{
    (void)state;
    struct rog_options options;
    struct rog_error err;
    struct rog *rog;
    rog_options_init(&options);
    options.server = "virtual:x";
    options.pace = true;
    assert_says(rog_open(&rog, &options, &err), ROG_EINVAL, &err, "pace");
    options.pace = false;
    options.server = "127.0.0.1:1";
    options.key = (const unsigned char *)"0123456789abcdef0123456789abcdef";
    check(rog_open(&rog, &options, &err), &err);
    assert_says(rog_transfer(rog, 1, 1, &err), ROG_EINVAL, &err, "rog_start has not been");
    assert_says(rog_kept(rog, NULL, &err), ROG_EINVAL, &err, "rog_keep_due");
    assert_false(rog_resumed(rog));
    rog_leave(rog, "before it began");
    rog_close(rog);
}

static void take_up(struct sim_end *end, const void *user)
{
    (void)user;
    sim_meet(end);
    sim_give(end, ROG_VIRTUAL_START, 3, ROG_VIRTUAL_RESUMED);
    sim_take(end, ROG_VIRTUAL_SETTLE);
    sim_give(end, ROG_VIRTUAL_GO, 3, 0);
    sim_take(end, ROG_VIRTUAL_FINISH);
    sim_give_over(end, 3);
    sim_expect_close(end);
}

/* When the run is resumed, the exchange of the previous iteration is still in progress. */
static void test_overlap_resumed(void **state)
{
    (void)state;
    struct sim sim;
    struct rog_options options;
    struct rog_error err;
    static struct program program;
    start_sim(&sim, take_up, NULL);
    rog_options_init(&options);
    options.background = true;
    start_program(&program, &sim, &options);
    check(rog_exchange_wait(program.rog, -1, &err), &err);
    check(rog_exchange_wait(program.rog, -1, &err), &err); /* it has ended */
    check(rog_finish(program.rog, &err), &err);
    rog_close(program.rog);
    end_sim(&sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exchanges),       cmocka_unit_test(test_in_parts),
        cmocka_unit_test(test_deltas),          cmocka_unit_test(test_overlap),
        cmocka_unit_test(test_overlap_resumed), cmocka_unit_test(test_many_tensors),
        cmocka_unit_test(test_without_values),  cmocka_unit_test(test_options),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
