/* SPDX-License-Identifier: Apache-2.0 */
/* Programs of a virtual cluster: started, given control in turn, ended. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include "programs_fixture.h"
#include "programs_peers.h"

static void check(int code, const struct rog_error *err)
{
    if (code)
        fail_msg("%s", err->message);
}

/* What the simulation comes to. */
static void expect_model(const struct run *run)
{
    float params[TEST_PARAMS];
    for (size_t i = 0; i < TEST_PARAMS; i++)
        params[i] = (float)i + 0.25f;
    for (uint32_t n = 1; n <= TEST_ITERATIONS; n++) {
        float sum[TEST_PARAMS] = {0};
        for (uint32_t worker = 1; worker <= TEST_WORKERS; worker++)
            for (size_t i = 0; i < (n == 2 ? 12u : TEST_PARAMS); i++)
                sum[i] += (0.25f * params[i] + (float)worker) / TEST_WORKERS;
        for (size_t i = 0; i < TEST_PARAMS; i++)
            params[i] -= TEST_RATE * sum[i];
    }
    for (size_t i = 0; i < TEST_PARAMS; i++)
        if (run->params[i] != params[i])
            fail_msg("value %zu is %.9g instead of %.9g", i, (double)run->params[i],
                     (double)params[i]);
}

static void train_together(void **state)
{
    (void)state;
    for (uint32_t at_once = 1; at_once <= TEST_WORKERS; at_once++) {
        struct run run;
        struct rog_error err;
        run_open(&run, "@good", "");
        run.options.at_once = at_once;
        check(run_whole(&run, &err), &err);
        expect_model(&run);
        /* All of them have the constants of the first. */
        assert_int_equal(run.constants[1], 11);
        for (unsigned i = 1; i <= TEST_WORKERS; i++) {
            char *path = rog_format("%s/worker%u/program.log", run.folder, i), *text, wanted[96];
            size_t size;
            snprintf(wanted, sizeof wanted, "constants 10 11, values %.9g\n",
                     (double)run.params[3]);
            check(rog_file_read(path, 1 << 20, &text, &size, &err), &err);
            assert_string_equal(text, wanted);
            free(text);
            free(path);
        }
        assert_int_equal(run_processes(&run), 0);
        run_close(&run);
    }
}

static void a_worker_may_have_enough(void **state)
{
    (void)state;
    struct run run;
    struct rog_error err;
    run_open(&run, "@early", "");
    check(run_whole(&run, &err), &err);
    assert_true(run.through[0] && run.through[1] && !run.through[2]);
    run_close(&run);
}

static void messages_of_their_own(void **state)
{
    (void)state;
    struct run run;
    struct rog_error err;
    run_open(&run, "@messages", "");
    check(run_start(&run, &err), &err);
    for (uint32_t i = 0; i < TEST_WORKERS; i++) {
        struct rog_programs_result result;
        const struct rog_programs_turn turn = {.worker = i, .iteration = 1, .local_steps = 1};
        check(rog_programs_compute(run.programs, &turn, &err), &err);
        check(rog_programs_result(run.programs, i, &result, &err), &err);
        assert_int_equal(result.kind, ROG_PROGRAMS_TRANSFER);
        assert_int_equal(result.bytes_up, 1000);
        assert_int_equal(result.bytes_down, 2000);
    }
    check(run_train(&run, &err), &err);
    check(rog_programs_end(run.programs, run.statistics, &err), &err);
    expect_model(&run);
    run_close(&run);
}

static void find_state(void *user, uint32_t worker, uint32_t tensor, float **momentum,
                       float **residual)
{
    struct run *run = user;
    size_t first = tensor ? 12 : 0;
    *momentum = run->momentum[worker] + first;
    *residual = run->residual[worker] + first;
}

static void states_are_read_and_changed(void **state)
{
    (void)state;
    for (uint32_t at_once = 1; at_once <= TEST_WORKERS; at_once++) {
        struct run run;
        struct rog_error err;
        run_open(&run, "@state", "");
        for (uint32_t i = 0; i < TEST_WORKERS; i++)
            run.residual[i][14] = 7;
        run.options.state = find_state;
        run.options.user = &run;
        run.options.at_once = at_once;
        check(run_whole(&run, &err), &err);
        expect_model(&run);
        for (uint32_t i = 0; i < TEST_WORKERS; i++)
            assert_true(run.momentum[i][14] == 3 && run.momentum[i][13] == 0);
        run_close(&run);
    }
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "peer") == 0)
        return run_peer(argv[2]);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(train_together),
        cmocka_unit_test(a_worker_may_have_enough),
        cmocka_unit_test(messages_of_their_own),
        cmocka_unit_test(states_are_read_and_changed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
