/* SPDX-License-Identifier: Apache-2.0 */

/* A loop whose table cannot grow continues once, and its thread knows that memory ran out. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <fcntl.h>
#include <unistd.h>

#include <uv.h>

#include <common/ran_out.h>
#include <librog/net/reserve.h>

static bool fails;

/* Linked with --wrap=realloc. */
void *__real_realloc(void *memory, size_t bytes);
void *__wrap_realloc(void *memory, size_t bytes);
void *__wrap_realloc(void *memory, size_t bytes)
{
    return fails ? NULL : __real_realloc(memory, bytes);
}

static int called;

static void readable(uv_poll_t *poll, int status, int events)
{
    assert_int_equal(status, 0);
    assert_int_equal(events, UV_READABLE);
    called++;
    uv_poll_stop(poll);
}

/* Watches the same pipe by another descriptor with at least this number. */
static void watch(uv_loop_t *loop, uv_poll_t *poll, int pipe, int least)
{
    int fd = fcntl(pipe, F_DUPFD_CLOEXEC, least);
    assert_true(fd >= least);
    assert_int_equal(uv_poll_init(loop, poll, fd), 0);
    uv_poll_start(poll, UV_READABLE, readable);
}

static void a_table_grows_without_memory(void **state)
{
    static const int numbers[] = {40, 100, 900, 300};
    enum { COUNT = sizeof numbers / sizeof *numbers };
    uv_loop_t loop;
    uv_poll_t polls[COUNT];
    int ends[2];
    (void)state;
    rog_reserve_for_loops();
    assert_int_equal(uv_loop_init(&loop), 0);
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], "x", 1), 1);
    for (int i = 0; i < COUNT; i++) {
        watch(&loop, &polls[i], ends[0], numbers[i]);
        assert_int_equal(rog_ran_out(), i > 0);
        fails = true;
    }
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(called, COUNT);
    for (int i = 0; i < COUNT; i++)
        uv_close((uv_handle_t *)&polls[i], NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
    fails = false;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_table_grows_without_memory)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
