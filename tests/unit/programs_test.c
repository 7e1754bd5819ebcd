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

#include <unistd.h>

#include <common/file.h>
#include <trainer/sim/program_turns.h>
#include "programs_fixture.h"
#include "programs_peers.h"

static void check(int code, const struct rog_error *err)
{
    if (code)
        fail_msg("%s", err->message);
}

/* Checks the model of the simulation. */
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

/* Several workers in one process give the same result as each in its own. */
static void share_a_process(void **state)
{
    (void)state;
    for (uint32_t each = 2; each <= TEST_WORKERS; each++)
        for (uint32_t at_once = 1; at_once <= TEST_WORKERS; at_once += 2) {
            struct run run;
            struct rog_error err;
            char settings[64];
            snprintf(settings, sizeof settings, "\"workers_per_process\":%u,", each);
            run_open(&run, "% good", settings);
            run.options.at_once = at_once;
            check(run_start(&run, &err), &err);
            assert_int_equal(run_processes(&run), each < TEST_WORKERS ? 2 : 1);
            check(run_train(&run, &err), &err);
            check(rog_programs_end(run.programs, run.statistics, &err), &err);
            expect_model(&run);
            run_close(&run);
        }
}

static void a_worker_may_finish_early(void **state)
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
        check(rog_programs_compute(run.programs, &turn, &err), &err);
        check(rog_programs_result(run.programs, i, &result, &err), &err);
        assert_int_equal(result.kind, ROG_PROGRAMS_APART);
        assert_true(result.loss > 0.24 && result.loss < 0.26);
        assert_true(result.model == (i == 1 ? rog_programs_values(run.programs, i) : NULL));
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

static void begin_iteration(struct run *run, uint32_t n)
{
    struct rog_error err;
    for (uint32_t i = 0; i < TEST_WORKERS; i++) {
        const struct rog_programs_turn turn = {
            .worker = i, .iteration = n, .local_steps = 1, .statistics.iteration = n - 1};
        check(rog_programs_compute(run->programs, &turn, &err), &err);
    }
}

static bool is_impatient(void *user)
{
    return *(const bool *)user;
}

/* Control is given to the next program although no result was requested before. */
static void control_is_given_without_requests(void **state)
{
    (void)state;
    struct run run;
    struct rog_error err;
    bool impatient = false;
    run_open(&run, "@good", "");
    run.options.at_once = 1;
    run.options.interrupted = is_impatient;
    run.options.user = &impatient;
    check(run_start(&run, &err), &err);
    begin_iteration(&run, 1);
    impatient = true; /* waiting would return ROG_EINTR */
    int last = ROG_EINTR;
    for (int i = 0; i < 10000 && last == ROG_EINTR; i++) {
        struct rog_programs_result result;
        usleep(1000);
        check(rog_programs_attend(run.programs, &err), &err);
        last = rog_programs_result(run.programs, TEST_WORKERS - 1, &result, &err);
    }
    check(last, &err);
    run_close(&run);
}

/* A program that waits for others at the end of the run has no time limit. */
static void the_end_takes_turns(void **state)
{
    (void)state;
    struct run run;
    struct rog_error err;
    run_open(&run, "@slow", "\"step_limit\":3,");
    run.options.at_once = 1;
    check(run_start(&run, &err), &err);
    begin_iteration(&run, 1);
    check(rog_programs_end(run.programs, run.statistics, &err), &err);
    run_close(&run);
}

/* Only workers of the listed ranks are programs. Here the others have no network, so that the first
 * program brings the model. */
static void workers_that_are_programs(void **state)
{
    (void)state;
    static const struct {
        const char *settings, *which;
    } cases[] = {
        {"", "123"}, {"\"ranks\":[1],", "1"}, {"\"ranks\":[3,2],", "23"}, {"\"ranks\":[2],", "2"}};
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        struct run run;
        struct rog_error err;
        struct rog_program_turns turns = {0};
        run_open(&run, "@good", cases[k].settings);
        struct rog_train train = {.config = run.config};
        const struct rog_program_turns_options options = {
            .config_path = run.path, .out_dir = run.folder, .at_once = 1};
        check(rog_plugin_load(&train.plugin, run.config->library, &err), &err);
        check(rog_plugin_configure(&train.plugin, run.config->parameters, &err), &err);
        check(rog_parts_init(&train.parts, run.config->json, &err), &err);
        check(rog_program_turns_start(&turns, &train, &options, &err), &err);
        for (uint32_t i = 0; i < TEST_WORKERS; i++) {
            bool is_program = strchr(cases[k].which, (int)('1' + i)) != NULL;
            assert_int_equal(rog_program_turns_has(&turns, i), is_program);
            assert_int_equal(rog_program_turns_values(&turns, i) != NULL, is_program);
        }
        assert_int_equal(run_processes(&run), strlen(cases[k].which));
        assert_true(train.params[1] == 1 + (float)(cases[k].which[0] - '0') / 4);
        rog_program_turns_release(&turns);
        rog_train_release(&train);
        run_close(&run);
    }
}

/* ---- snapshots ---- */

struct bytes {
    uint8_t *bytes;
    size_t size;
};

static int take_bytes(void *user, const void *bytes, size_t size, struct rog_error *err)
{
    struct bytes *saved = user;
    (void)err;
    saved->bytes = realloc(saved->bytes, saved->size + size);
    memcpy(saved->bytes + saved->size, bytes, size);
    saved->size += size;
    return ROG_OK;
}

/* Adds the workers' results; the model moves with the last of them. */
static void take_results(struct run *run, uint32_t from, uint32_t to)
{
    struct rog_error err;
    for (uint32_t i = from; i < to; i++) {
        struct rog_programs_result result;
        check(rog_programs_result(run->programs, i, &result, &err), &err);
        assert_int_equal(result.kind, ROG_PROGRAMS_STEP);
        for (size_t k = 0; k < 12; k++)
            run->momentum[0][k] += result.gradients[0][k];
    }
    if (to < TEST_WORKERS)
        return;
    for (size_t k = 0; k < 12; k++) {
        run->params[k] -= TEST_RATE * run->momentum[0][k];
        run->momentum[0][k] = 0;
    }
    for (uint32_t i = 0; i < TEST_WORKERS; i++)
        memcpy(rog_programs_values(run->programs, i), run->params, sizeof run->params);
}

static void save(struct run *run, struct bytes *saved)
{
    struct rog_archive archive;
    struct rog_error err;
    bool all;
    check(rog_programs_kept(run->programs, &all, &err), &err);
    assert_true(all);
    rog_archive_save(&archive, take_bytes, saved);
    rog_programs_archive(run->programs, &archive);
    check(rog_archive_end(&archive, &err), &err);
}

static void take_up(struct run *run, const struct bytes *saved)
{
    struct rog_archive archive;
    struct rog_error err;
    float params[TEST_PARAMS];
    memcpy(params, run->params, sizeof params);
    rog_programs_free(run->programs);
    check(run_start(run, &err), &err);
    memcpy(run->params, params, sizeof params);
    rog_archive_load(&archive, saved->bytes, saved->size);
    rog_programs_archive(run->programs, &archive);
    check(rog_archive_end(&archive, &err), &err);
    check(rog_programs_resume(run->programs, &err), &err);
}

/* Interrupted in iteration 3 after this many results; 99: not at all. */
static void train_keepers(float params[TEST_PARAMS], uint32_t at_once, uint32_t interrupted)
{
    struct run run;
    struct rog_error err;
    struct bytes saved = {0};
    run_open(&run, "@keeper", "");
    run.options.at_once = at_once;
    check(run_start(&run, &err), &err);
    for (uint32_t n = 1; n <= 5; n++) {
        rog_programs_keep(run.programs, n == 3 && interrupted < 99);
        begin_iteration(&run, n);
        if (n == 3 && interrupted < 99) {
            take_results(&run, 0, interrupted);
            save(&run, &saved);
            take_up(&run, &saved);
            take_results(&run, interrupted, TEST_WORKERS);
        } else {
            take_results(&run, 0, TEST_WORKERS);
        }
    }
    check(rog_programs_end(run.programs, run.statistics, &err), &err);
    memcpy(params, run.params, sizeof run.params);
    free(saved.bytes);
    run_close(&run);
}

static void resumed_from_a_snapshot(void **state)
{
    (void)state;
    float whole[TEST_PARAMS], params[TEST_PARAMS];
    train_keepers(whole, 1, 99);
    for (uint32_t taken = 0; taken < TEST_WORKERS; taken++)
        for (uint32_t at_once = 1; at_once <= 2; at_once++) {
            train_keepers(params, at_once, taken);
            assert_memory_equal(params, whole, sizeof params);
        }
}

static void a_program_that_keeps_nothing(void **state)
{
    (void)state;
    struct run run;
    struct rog_error err;
    bool all;
    run_open(&run, "@good", "");
    check(run_start(&run, &err), &err);
    rog_programs_keep(run.programs, true);
    begin_iteration(&run, 1);
    assert_int_equal(rog_programs_kept(run.programs, &all, &err), ROG_EINVAL);
    assert_non_null(strstr(err.message, "program cannot be resumed: it does not save its state"));
    take_results(&run, 0, TEST_WORKERS);
    check(rog_programs_end(run.programs, run.statistics, &err), &err);
    run_close(&run);
}

static void a_damaged_snapshot_is_refused(void **state)
{
    (void)state;
    struct run run;
    struct rog_error err;
    struct bytes saved = {0};
    struct rog_archive archive;
    run_open(&run, "@keeper", "");
    check(run_start(&run, &err), &err);
    rog_programs_keep(run.programs, true);
    begin_iteration(&run, 1);
    save(&run, &saved);
    rog_programs_free(run.programs);
    check(run_start(&run, &err), &err);
    for (size_t size = 0; size < saved.size; size += 1 + size / 7) {
        rog_archive_load(&archive, saved.bytes, size);
        rog_programs_archive(run.programs, &archive);
        assert_int_equal(rog_archive_end(&archive, &err), ROG_EFORMAT);
    }
    free(saved.bytes);
    run_close(&run);
}

int main(int argc, char **argv)
{
    int status;
    if (is_peer(argc, argv, &status))
        return status;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(train_together),
        cmocka_unit_test(share_a_process),
        cmocka_unit_test(a_worker_may_finish_early),
        cmocka_unit_test(messages_of_their_own),
        cmocka_unit_test(states_are_read_and_changed),
        cmocka_unit_test(control_is_given_without_requests),
        cmocka_unit_test(the_end_takes_turns),
        cmocka_unit_test(workers_that_are_programs),
        cmocka_unit_test(resumed_from_a_snapshot),
        cmocka_unit_test(a_program_that_keeps_nothing),
        cmocka_unit_test(a_damaged_snapshot_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
