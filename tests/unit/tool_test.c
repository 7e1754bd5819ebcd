/* SPDX-License-Identifier: Apache-2.0 */
/* Running programs: output, status, complaints, time limits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <common/tool.h>

#define SHELL(script) ((const char *const[]){"sh", "-c", (script), NULL})

static void output_is_whole(void **state)
{
    (void)state;
    char *output = NULL;
    struct rog_error err = {0};
    /* More than a pipe holds, with as much on standard error between. */
    int code = rog_tool_run(
        SHELL("i=0; while [ $i -lt 20000 ]; do echo line $i; echo noise >&2; i=$((i+1)); done"), 60,
        &output, &err);
    assert_int_equal(code, ROG_OK);
    assert_int_equal(strlen(output), 10 * 7 + 90 * 8 + 900 * 9 + 9000 * 10 + 10000 * 11);
    assert_string_equal(output + strlen(output) - 11, "line 19999\n");
    free(output);
}

static void failure_says_what_the_program_said(void **state)
{
    (void)state;
    char *output = NULL;
    struct rog_error err = {0};
    int code = rog_tool_run(SHELL("echo out; echo no such thing >&2; exit 3"), 10, &output, &err);
    assert_int_equal(code, ROG_EFAILED);
    assert_null(output);
    assert_non_null(strstr(err.message, "no such thing (exit status 3)"));
    assert_int_equal(rog_tool_run(SHELL("kill -9 $$"), 10, NULL, &err), ROG_EFAILED);
    assert_non_null(strstr(err.message, "signal 9"));
}

static void missing_program(void **state)
{
    (void)state;
    const char *const argv[] = {"no-such-program-here", NULL};
    struct rog_error err = {0};
    assert_int_equal(rog_tool_run(argv, 10, NULL, &err), ROG_ENOTFOUND);
    assert_non_null(strstr(err.message, "no-such-program-here is not installed"));
    assert_false(rog_tool_exists("no-such-program-here"));
    assert_true(rog_tool_exists("sh"));
}

static void time_limit(void **state)
{
    (void)state;
    struct rog_error err = {0};
    time_t start = time(NULL);
    assert_int_equal(rog_tool_run(SHELL("exec sleep 60"), 0.3, NULL, &err), ROG_EFAILED);
    assert_true(time(NULL) - start < 20);
    assert_non_null(strstr(err.message, "killed"));
}

static void fed_line_by_line(void **state)
{
    (void)state;
    struct rog_error err = {0};
    struct rog_tool tool;
    assert_int_equal(rog_tool_start(&tool, (const char *const[]){"cat", NULL}, &err), ROG_OK);
    for (int i = 0; i < 3; i++) {
        char answer[16] = "";
        assert_int_equal(write(tool.input, "hello\n", 6), 6);
        struct pollfd end = {.fd = tool.output, .events = POLLIN};
        assert_int_equal(poll(&end, 1, 10000), 1);
        assert_int_equal(read(tool.output, answer, sizeof answer), 6);
        assert_string_equal(answer, "hello\n");
    }
    rog_tool_stop(&tool, 10);
    assert_int_equal(tool.pid, 0);
    rog_tool_stop(&tool, 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(output_is_whole),  cmocka_unit_test(failure_says_what_the_program_said),
        cmocka_unit_test(missing_program),  cmocka_unit_test(time_limit),
        cmocka_unit_test(fed_line_by_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
