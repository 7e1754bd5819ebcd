/* SPDX-License-Identifier: Apache-2.0 */
/* Child processes: starting, ending, output, status, errors, time limits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <common/file.h>
#include <common/process.h>

#define SHELL(script) ((const char *const[]){"sh", "-c", (script), NULL})

static void wait_for_end(struct rog_process *process);

static void pause_ms(long ms)
{
    const struct timespec time = {ms / 1000, ms % 1000 * 1000000L};
    nanosleep(&time, NULL);
}

static void output_is_whole(void **state)
{
    (void)state;
    char *output = NULL;
    struct rog_error err = {0};
    /* More than a pipe holds, with as much on standard error. */
    int code = rog_process_run(
        SHELL("i=0; while [ $i -lt 20000 ]; do echo line $i; echo noise >&2; i=$((i+1)); done"), 60,
        &output, &err);
    assert_int_equal(code, ROG_OK);
    assert_int_equal(strlen(output), 10 * 7 + 90 * 8 + 900 * 9 + 9000 * 10 + 10000 * 11);
    assert_string_equal(output + strlen(output) - 11, "line 19999\n");
    free(output);
}

static void a_failure_quotes_the_program(void **state)
{
    (void)state;
    char *output = NULL;
    struct rog_error err = {0};
    int code =
        rog_process_run(SHELL("echo out; echo no such thing >&2; exit 3"), 10, &output, &err);
    assert_int_equal(code, ROG_EFAILED);
    assert_null(output);
    assert_non_null(strstr(err.message, "no such thing (exit status 3)"));
    assert_int_equal(rog_process_run(SHELL("kill -9 $$"), 10, NULL, &err), ROG_EFAILED);
    assert_non_null(strstr(err.message, "signal 9"));
    assert_int_equal(rog_process_run(SHELL("exit 137"), 10, NULL, &err), ROG_EFAILED);
    assert_non_null(strstr(err.message, "exit status 137"));
}

/* As a supervisor may set it: the kernel then keeps no exit status. */
static void an_ignored_sigchld_is_no_timeout(void **state)
{
    (void)state;
    struct rog_error err = {0};
    struct rog_process process;
    const struct rog_process_options options = {.argv = SHELL("exec sleep 60")};
    signal(SIGCHLD, SIG_IGN);
    int code = rog_process_run(SHELL("exit 0"), 5, NULL, &err);
    int started = rog_process_start(&process, &options, NULL);
    rog_process_kill(&process);
    signal(SIGCHLD, SIG_DFL);
    assert_int_equal(code, ROG_OK);
    assert_int_equal(started, ROG_OK);
    assert_true(rog_process_gone(&process));
}

/* On request, a child continues after its parent's end. */
static void a_viewer_outlives_its_parent(void **state)
{
    (void)state;
    int pipe_fd[2];
    assert_int_equal(pipe(pipe_fd), 0);
    pid_t parent = fork();
    if (parent == 0) {
        struct rog_process process;
        const struct rog_process_options options = {.argv = SHELL("exec sleep 60"),
                                                    .outlives = true};
        if (rog_process_start(&process, &options, NULL) != 0 ||
            write(pipe_fd[1], &process.pid, sizeof process.pid) != sizeof process.pid)
            _exit(1);
        kill(getpid(), SIGKILL);
    }
    close(pipe_fd[1]);
    pid_t child = 0;
    assert_int_equal(read(pipe_fd[0], &child, sizeof child), sizeof child);
    close(pipe_fd[0]);
    waitpid(parent, NULL, 0);
    pause_ms(200);
    char path[64], *stat = NULL;
    size_t size = 0;
    snprintf(path, sizeof path, "/proc/%ld/stat", (long)child);
    bool lives = rog_file_read(path, 4096, &stat, &size, NULL) == 0 && !strstr(stat, ") Z ");
    free(stat);
    kill(child, SIGKILL);
    assert_true(lives);
}

static void missing_program(void **state)
{
    (void)state;
    const char *const argv[] = {"no-such-program-here", NULL};
    struct rog_error err = {0};
    assert_int_equal(rog_process_run(argv, 10, NULL, &err), ROG_ENOTFOUND);
    assert_non_null(strstr(err.message, "no-such-program-here is not installed"));
    assert_false(rog_program_exists("no-such-program-here"));
    assert_true(rog_program_exists("sh"));
}

static void time_limit(void **state)
{
    (void)state;
    struct rog_error err = {0};
    time_t start = time(NULL);
    assert_int_equal(rog_process_run(SHELL("exec sleep 60"), 0.3, NULL, &err), ROG_EFAILED);
    assert_true(time(NULL) - start < 20);
    assert_non_null(strstr(err.message, "killed"));
}

/* The children of a program hold its pipes, and are ended with it. */
static bool is_stopped(void *user)
{
    return ++*(unsigned *)user > 3;
}

/* Also if it has closed its outputs. */
static void an_interrupted_program_is_ended(void **state)
{
    (void)state;
    static const char *const scripts[] = {"exec sleep 1000", "exec >&- 2>&-; sleep 1000"};
    for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++) {
        unsigned asked = 0;
        const struct rog_process_limit limit = {1000, is_stopped, &asked};
        struct rog_error err = {0};
        assert_int_equal(rog_process_run_within(SHELL(scripts[i]), &limit, NULL, &err), ROG_EINTR);
        assert_non_null(strstr(err.message, "interrupted"));
    }
}

static void a_socket_is_input_and_output(void **state)
{
    (void)state;
    int ends[2];
    char word[8] = "";
    struct rog_process process;
    struct rog_error err = {0};
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    const struct rog_process_options options = {
        .argv = SHELL("read word; echo $word$word"), .log = "/dev/null", .socket = ends[1]};
    assert_int_equal(rog_process_start(&process, &options, &err), 0);
    close(ends[1]);
    assert_int_equal(write(ends[0], "ab\n", 3), 3);
    assert_int_equal(recv(ends[0], word, 5, MSG_WAITALL), 5);
    assert_string_equal(word, "abab\n");
    assert_int_equal(read(ends[0], word, 1), 0); /* no other process holds the other end */
    close(ends[0]);
    wait_for_end(&process);
}

static void time_limit_ends_the_group(void **state)
{
    (void)state;
    struct rog_error err = {0};
    char name[] = "/tmp/rog-process-XXXXXX", script[128];
    int fd = mkstemp(name);
    assert_true(fd >= 0);
    close(fd);
    snprintf(script, sizeof script, "(sleep 1; echo alive >%s) & wait", name);
    assert_int_equal(rog_process_run(SHELL(script), 0.2, NULL, &err), ROG_EFAILED);
    pause_ms(1500);
    char *text = NULL;
    size_t size = 1;
    assert_int_equal(rog_file_read(name, 100, &text, &size, &err), 0);
    assert_int_equal(size, 0);
    free(text);
    unlink(name);
}

/* The child has its own group unless it uses the terminal. */
static void the_terminal_is_for_our_group(void **state)
{
    (void)state;
    for (int has = 0; has < 2; has++) {
        struct rog_process process;
        const struct rog_process_options options = {.argv = SHELL("sleep 60"), .has_terminal = has};
        assert_int_equal(rog_process_start(&process, &options, NULL), 0);
        assert_int_equal(getpgid(process.pid) == getpgrp(), has);
        rog_process_stop(&process);
        assert_int_equal(process.status, 128 + SIGTERM);
    }
}

/* A user's PATH may lack /usr/sbin and /sbin. */
static void programs_are_found(void **state)
{
    (void)state;
    char *before = rog_strdup(getenv("PATH"));
    setenv("PATH", "/nonexistent", 1);
    char *tool = rog_program_path("ldconfig"), *none = rog_program_path("cat");
    setenv("PATH", before, 1);
    assert_non_null(tool);
    assert_null(none);
    free(tool);
    free(before);
}

static void fed_line_by_line(void **state)
{
    (void)state;
    struct rog_error err = {0};
    struct rog_process tool;
    const struct rog_process_options options = {
        .argv = (const char *const[]){"cat", NULL}, .pipes = true, .error_pipe = true};
    assert_int_equal(rog_process_start(&tool, &options, &err), ROG_OK);
    for (int i = 0; i < 3; i++) {
        char answer[16] = "";
        assert_int_equal(write(tool.input, "hello\n", 6), 6);
        struct pollfd end = {.fd = tool.output, .events = POLLIN};
        assert_int_equal(poll(&end, 1, 10000), 1);
        assert_int_equal(read(tool.output, answer, sizeof answer), 6);
        assert_string_equal(answer, "hello\n");
    }
    assert_false(rog_process_wait(&tool, 0.05));
    rog_process_close_input(&tool);
    assert_true(rog_process_wait(&tool, 10));
    assert_int_equal(tool.status, 0);
    rog_process_kill(&tool);
    assert_int_equal(tool.output, -1);
    rog_process_kill(&tool);
}

static void wait_for_end(struct rog_process *process)
{
    for (int i = 0; i < 1000 && !rog_process_ended(process); i++)
        pause_ms(10);
    assert_true(rog_process_gone(process));
}

static void shell(struct rog_process *process, const char *script, bool pipes, const char *log)
{
    const char *const argv[] = {"/bin/sh", "-c", script, NULL};
    const struct rog_process_options options = {.argv = argv, .log = log, .pipes = pipes};
    struct rog_error err = {0};
    if (rog_process_start(process, &options, &err) != 0)
        fail_msg("%s", err.message);
}

static void a_process_talks_over_pipes(void **state)
{
    (void)state;
    struct rog_process process;
    struct rog_lines lines = {0};
    struct rog_error err;
    shell(&process, "while read -r x; do echo \"got $x\"; done; printf 'half'; exit 7", true, NULL);
    assert_int_equal(write(process.input, "one\ntwo\n", 8), 8);
    rog_process_close_input(&process);
    wait_for_end(&process);
    assert_int_equal(process.status, 7);
    assert_int_equal(rog_lines_fill(&lines, &process, &err), 0);
    assert_string_equal(rog_lines_next(&lines), "got one");
    assert_string_equal(rog_lines_next(&lines), "got two");
    assert_null(rog_lines_next(&lines));
    rog_lines_release(&lines);
    rog_process_stop(&process);
}

static void unusable_commands_are_reported_at_once(void **state)
{
    (void)state;
    const char *const argv[] = {"/nonexistent/program", NULL};
    const struct rog_process_options options = {.argv = argv};
    struct rog_process process;
    struct rog_error err;
    assert_int_equal(rog_process_start(&process, &options, &err), ROG_ENOTFOUND);
    assert_non_null(strstr(err.message, "/nonexistent/program: No such file"));
    assert_true(rog_process_gone(&process));
    rog_process_stop(&process);
}

static void a_signal_shows_in_the_status(void **state)
{
    (void)state;
    struct rog_process process;
    shell(&process, "kill -9 $$", false, NULL);
    wait_for_end(&process);
    assert_int_equal(process.status, 128 + SIGKILL);
    rog_process_stop(&process);
}

/* Also a process that ignores SIGTERM, and the child's own children. */
static void stopping_ends_the_whole_group(void **state)
{
    (void)state;
    struct rog_process process;
    struct rog_lines lines = {0};
    struct rog_error err;
    shell(&process, "trap '' TERM; sleep 600 & echo $!; wait; sleep 600", true, NULL);
    const char *line = NULL;
    for (int i = 0; i < 500 && !line; i++) {
        pause_ms(10);
        assert_int_equal(rog_lines_fill(&lines, &process, &err), 0);
        line = rog_lines_next(&lines);
    }
    assert_non_null(line);
    pid_t grandchild = (pid_t)atol(line), child = process.pid;
    assert_true(grandchild > 1);
    rog_process_stop(&process);
    assert_int_equal(kill(child, 0), -1);
    /* It is reaped by init, which may take a moment. */
    bool gone = false;
    for (int i = 0; i < 500 && !gone; i++) {
        char path[64];
        char *stat = NULL;
        size_t size = 0;
        snprintf(path, sizeof path, "/proc/%ld/stat", (long)grandchild);
        gone = rog_file_read(path, 4096, &stat, &size, &err) != 0 || strstr(stat, ") Z ");
        free(stat);
        pause_ms(10);
    }
    assert_true(gone);
    rog_lines_release(&lines);
}

/* The parent of a process is killed by SIGKILL, so only the kernel can end the process. */
static void no_process_outlives_its_parent(void **state)
{
    (void)state;
    int pipe_fd[2];
    assert_int_equal(pipe(pipe_fd), 0);
    pid_t parent = fork();
    if (parent == 0) {
        struct rog_process process;
        shell(&process, "exec sleep 600", false, NULL);
        if (write(pipe_fd[1], &process.pid, sizeof process.pid) != sizeof process.pid)
            _exit(1);
        kill(getpid(), SIGKILL);
    }
    pid_t child = 0;
    assert_int_equal(read(pipe_fd[0], &child, sizeof child), sizeof child);
    waitpid(parent, NULL, 0);
    bool gone = false;
    for (int i = 0; i < 500 && !gone; i++) {
        char path[64];
        char *stat = NULL;
        size_t size = 0;
        snprintf(path, sizeof path, "/proc/%ld/stat", (long)child);
        gone = rog_file_read(path, 4096, &stat, &size, NULL) != 0 || strstr(stat, ") Z ");
        free(stat);
        pause_ms(10);
    }
    assert_true(gone);
    close(pipe_fd[0]);
    close(pipe_fd[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(output_is_whole),
        cmocka_unit_test(a_failure_quotes_the_program),
        cmocka_unit_test(missing_program),
        cmocka_unit_test(an_ignored_sigchld_is_no_timeout),
        cmocka_unit_test(a_viewer_outlives_its_parent),
        cmocka_unit_test(time_limit),
        cmocka_unit_test(an_interrupted_program_is_ended),
        cmocka_unit_test(a_socket_is_input_and_output),
        cmocka_unit_test(fed_line_by_line),
        cmocka_unit_test(time_limit_ends_the_group),
        cmocka_unit_test(the_terminal_is_for_our_group),
        cmocka_unit_test(programs_are_found),
        cmocka_unit_test(no_process_outlives_its_parent),
        cmocka_unit_test(stopping_ends_the_whole_group),
        cmocka_unit_test(a_signal_shows_in_the_status),
        cmocka_unit_test(unusable_commands_are_reported_at_once),
        cmocka_unit_test(a_process_talks_over_pipes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
