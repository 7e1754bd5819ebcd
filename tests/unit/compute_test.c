/* SPDX-License-Identifier: Apache-2.0 */

/* The thread that computes: jobs one after the other, while the loop goes on, and an end in the
 * middle of one. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include <trainer/net/compute.h>

#define JOBS 200

struct bench {
    uv_loop_t loop;
    uv_idle_t idle;
    struct rog_compute *compute;
    uint64_t turns; /* of the loop */
    uint64_t value; /* the job's between start and done */
    uint32_t jobs;
};

static int job(void *user, struct rog_error *err)
{
    struct bench *bench = user;
    for (int i = 0; i < 10000; i++)
        bench->value += bench->value % 3 + 1;
    return bench->jobs == JOBS - 1 ? rog_fail(err, ROG_EFAILED, "the last one fails") : 0;
}

static void turn(uv_idle_t *idle)
{
    struct bench *bench = idle->data;
    bench->turns++;
}

static void done(void *user, int code, const struct rog_error *err)
{
    struct bench *bench = user;
    assert_false(rog_compute_busy(bench->compute));
    bench->jobs++;
    assert_int_equal(code, bench->jobs == JOBS ? ROG_EFAILED : 0);
    if (bench->jobs < JOBS) {
        rog_compute_start(bench->compute);
        return;
    }
    assert_string_equal(err->message, "the last one fails");
    uv_stop(&bench->loop);
}

static const struct rog_compute_hooks hooks = {job, done};

static void test_jobs(void **state)
{
    (void)state;
    struct bench bench = {.value = 1};
    uv_loop_init(&bench.loop);
    uv_idle_init(&bench.loop, &bench.idle);
    bench.idle.data = &bench;
    uv_idle_start(&bench.idle, turn);
    assert_int_equal(rog_compute_new(&bench.compute, &bench.loop, &hooks, &bench, NULL), 0);
    assert_false(rog_compute_busy(bench.compute));
    rog_compute_start(bench.compute);
    assert_true(rog_compute_busy(bench.compute));
    uv_run(&bench.loop, UV_RUN_DEFAULT);
    assert_int_equal(bench.jobs, JOBS);
    assert_true(bench.turns > JOBS);
    bench.jobs = 0;
    rog_compute_start(bench.compute); /* and freed while it works */
    rog_compute_free(bench.compute);
    uv_close((uv_handle_t *)&bench.idle, NULL);
    uv_run(&bench.loop, UV_RUN_DEFAULT);
    assert_int_equal(bench.jobs, 0);
    assert_int_equal(uv_loop_close(&bench.loop), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_jobs)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
