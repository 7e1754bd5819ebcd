/* SPDX-License-Identifier: Apache-2.0 */
/* Training from scratch, on a few generated images. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <omp.h>

#include <trainer/data/synth.h>
#include <trainer/run/fit.h>

struct fixture {
    struct rog_dataset *dataset; /* 200 images */
    struct rog_arch *arch;
    float *params, *buffers;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    struct rog_error err;
    *state = f;
    if (!f || rog_synth_draw(&f->dataset, ROG_SPLIT_TRAIN, 2, &err) ||
        rog_arch_new(&f->arch, "convmlp-nano", 100, 32, &err))
        return -1;
    f->params = calloc(f->arch->params, sizeof(float));
    f->buffers = calloc(f->arch->buffers, sizeof(float));
    if (!f->params || !f->buffers)
        return -1;
    rog_arch_initialize(f->arch, 1, f->params, f->buffers);
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    rog_dataset_free(f->dataset);
    rog_arch_free(f->arch);
    free(f->params);
    free(f->buffers);
    free(f);
    return 0;
}

struct log {
    int calls, stop_at;
    struct rog_fit_progress last;
};

static int take(void *user, const struct rog_fit_progress *progress)
{
    struct log *log = user;
    log->last = *progress;
    return ++log->calls == log->stop_at;
}

static void test_learns(void **state)
{
    struct fixture *f = *state;
    struct rog_error err;
    struct log first = {0}, log = {0};
    struct rog_fit_options options = {.epochs = 1, .batch = 25, .learning_rate = 0.0, .seed = 3};
    assert_int_equal(
        rog_fit(f->dataset, f->arch, &options, take, &first, f->params, f->buffers, &err), 0);
    assert_true(first.calls >= 1);
    assert_true(first.last.done == 1);
    assert_int_equal(first.last.epoch, 1);
    assert_true(first.last.loss > 4); /* ln 100 is 4.6 */

    options.epochs = 8;
    options.learning_rate = 0.03;
    assert_int_equal(
        rog_fit(f->dataset, f->arch, &options, NULL, NULL, f->params, f->buffers, &err), 0);
    options.epochs = 1;
    options.learning_rate = 0.0;
    assert_int_equal(
        rog_fit(f->dataset, f->arch, &options, take, &log, f->params, f->buffers, &err), 0);
    assert_true(log.last.loss < first.last.loss - 0.5);
    for (uint64_t i = 0; i < f->arch->params; i++)
        assert_true(isfinite(f->params[i]));
}

/* The same seed gives the same weights, whatever number of threads the caller has; and the caller's
 * number does not change. */
static void test_is_seeded(void **state)
{
    struct fixture *f = *state;
    struct rog_error err;
    const size_t params = f->arch->params * sizeof(float),
                 buffers = f->arch->buffers * sizeof(float);
    float *result[3], *statistics[3];
    struct rog_fit_options options = {.epochs = 1, .batch = 25, .learning_rate = 0.03, .seed = 3};
    for (int i = 0; i < 3; i++) {
        result[i] = malloc(params);
        statistics[i] = malloc(buffers);
        assert_non_null(result[i]);
        assert_non_null(statistics[i]);
        memcpy(result[i], f->params, params);
        memcpy(statistics[i], f->buffers, buffers);
        omp_set_num_threads(i ? 2 : 1);
        options.seed = i == 2 ? 4 : 3;
        assert_int_equal(
            rog_fit(f->dataset, f->arch, &options, NULL, NULL, result[i], statistics[i], &err), 0);
        assert_int_equal(omp_get_max_threads(), i ? 2 : 1);
    }
    assert_memory_equal(result[0], result[1], params);
    assert_memory_equal(statistics[0], statistics[1], buffers);
    assert_memory_not_equal(result[0], result[2], params);
    assert_memory_not_equal(statistics[0], f->buffers, buffers);
    for (int i = 0; i < 3; i++) {
        free(result[i]);
        free(statistics[i]);
    }
}

static void test_can_be_stopped(void **state)
{
    struct fixture *f = *state;
    struct rog_error err;
    struct log log = {.stop_at = 1};
    const struct rog_fit_options options = {
        .epochs = 100000, .batch = 25, .learning_rate = 0.01, .seed = 3};
    assert_int_equal(
        rog_fit(f->dataset, f->arch, &options, take, &log, f->params, f->buffers, &err), ROG_EINTR);
    assert_int_equal(log.calls, 1);
    assert_true(log.last.done < 0.1);
}

static void test_detects_divergence(void **state)
{
    struct fixture *f = *state;
    struct rog_error err;
    const struct rog_fit_options options = {
        .epochs = 4, .batch = 25, .learning_rate = 1e30, .seed = 3};
    assert_int_equal(
        rog_fit(f->dataset, f->arch, &options, NULL, NULL, f->params, f->buffers, &err),
        ROG_EFAILED);
    assert_non_null(strstr(err.message, "the learning rate 1e+30 is too large"));
}

static void test_refuses(void **state)
{
    struct fixture *f = *state;
    struct rog_error err;
    static const struct rog_fit_options wrong[] = {
        {.epochs = 0, .batch = 25}, {.epochs = 1, .batch = 1}, {.epochs = 1, .batch = 201}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(
            rog_fit(f->dataset, f->arch, &wrong[i], NULL, NULL, f->params, f->buffers, &err),
            ROG_EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_learns, setup, teardown),
        cmocka_unit_test_setup_teardown(test_is_seeded, setup, teardown),
        cmocka_unit_test_setup_teardown(test_can_be_stopped, setup, teardown),
        cmocka_unit_test_setup_teardown(test_detects_divergence, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refuses, setup, teardown),
    };
    return cmocka_run_group_tests_name("fit", tests, NULL, NULL);
}
