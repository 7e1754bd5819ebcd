/* SPDX-License-Identifier: Apache-2.0 */

/* A loop and a caller that take turns: their shared data have one owner at a time, the loop
 * continues meanwhile, and either can end the exchange. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include <librog/net/handoff.h>

#define TURNS 200

struct bench {
    uv_loop_t loop;
    uv_idle_t idle;
    uv_thread_t thread;
    struct rog_handoff *handoff;
    uint64_t rounds; /* iterations of the loop */
    uint32_t value;  /* written by the current owner */
    bool quit;
};

static void round_of(uv_idle_t *idle)
{
    struct bench *bench = idle->data;
    bench->rounds++;
}

static void taken(void *user)
{
    struct bench *bench = user;
    assert_false(rog_handoff_given(bench->handoff));
    bench->value++;
    if (bench->value == 2 * TURNS)
        uv_stop(&bench->loop);
    else
        rog_handoff_give(bench->handoff);
}

static void quit(void *user)
{
    struct bench *bench = user;
    bench->quit = true;
    uv_stop(&bench->loop);
}

static const struct rog_handoff_hooks hooks = {taken, quit};

static void run(void *user)
{
    struct bench *bench = user;
    rog_handoff_give(bench->handoff);
    uv_run(&bench->loop, UV_RUN_DEFAULT);
    rog_handoff_over(bench->handoff);
}

static void open_bench(struct bench *bench)
{
    *bench = (struct bench){.value = 0};
    uv_loop_init(&bench->loop);
    uv_idle_init(&bench->loop, &bench->idle);
    bench->idle.data = bench;
    uv_idle_start(&bench->idle, round_of);
    assert_int_equal(rog_handoff_new(&bench->handoff, &bench->loop, &hooks, bench, NULL), 0);
    assert_false(rog_handoff_wait(bench->handoff, 0));
    assert_false(rog_handoff_wait(bench->handoff, 0.01));
    assert_false(rog_handoff_hand_back(bench->handoff)); /* the loop is the owner */
}

static void close_bench(struct bench *bench)
{
    uv_thread_join(&bench->thread);
    rog_handoff_free(bench->handoff);
    uv_close((uv_handle_t *)&bench->idle, NULL);
    uv_run(&bench->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&bench->loop), 0);
}

static void test_turns(void **state)
{
    (void)state;
    struct bench bench;
    open_bench(&bench);
    uv_thread_create(&bench.thread, run, &bench);
    for (uint32_t i = 0; i < TURNS; i++) {
        assert_true(rog_handoff_wait(bench.handoff, -1));
        assert_false(rog_handoff_is_over(bench.handoff));
        assert_int_equal(bench.value, 2 * i);
        bench.value++;
        assert_true(rog_handoff_hand_back(bench.handoff));
    }
    assert_true(rog_handoff_wait(bench.handoff, -1));
    assert_true(rog_handoff_is_over(bench.handoff));
    assert_false(rog_handoff_hand_back(bench.handoff));
    assert_int_equal(bench.value, 2 * TURNS);
    assert_true(bench.rounds > 0);
    assert_false(bench.quit);
    close_bench(&bench);
}

/* The caller ends it while it is the owner. */
static void test_quit(void **state)
{
    (void)state;
    struct bench bench;
    open_bench(&bench);
    uv_thread_create(&bench.thread, run, &bench);
    assert_true(rog_handoff_wait(bench.handoff, -1));
    rog_handoff_quit(bench.handoff);
    close_bench(&bench);
    assert_true(bench.quit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_turns), cmocka_unit_test(test_quit)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
