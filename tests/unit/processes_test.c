/* SPDX-License-Identifier: Apache-2.0 */
/* Child processes, a run's folder and the line that a person sees of a run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <common/file.h>
#include <common/process.h>
#include <orchestrator/figures/label.h>
#include <orchestrator/fleet/run_files.h>
#include <orchestrator/progress.h>

static void pause_ms(long ms)
{
    const struct timespec time = {ms / 1000, ms % 1000 * 1000000L};
    nanosleep(&time, NULL);
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

static void what_cannot_be_executed_is_said_at_once(void **state)
{
    (void)state;
    const char *const argv[] = {"/nonexistent/program", NULL};
    const struct rog_process_options options = {.argv = argv};
    struct rog_process process;
    struct rog_error err;
    assert_int_equal(rog_process_start(&process, &options, &err), ROG_EFAILED);
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

/* Also what ignores SIGTERM, and what the child has started itself. */
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

/* The parent of a process dies by SIGKILL, so nothing but the kernel can end the process. */
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

/* ---- folders of runs ---- */

static int make_folder(void **state)
{
    char *folder = strdup("/tmp/rog-run-XXXXXX");
    *state = folder;
    return folder && mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    rog_dir_remove(*state, NULL);
    free(*state);
    return 0;
}

static void a_run_is_locked_by_one(void **state)
{
    struct rog_error err;
    int one = -1, two = -1;
    char self[32];
    snprintf(self, sizeof self, "process %ld", (long)getpid());
    assert_int_equal(rog_run_lock(*state, &one, &err), 0);
    assert_int_equal(rog_run_lock(*state, &two, &err), ROG_EBUSY);
    assert_non_null(strstr(err.message, self));
    assert_int_equal(two, -1);
    rog_run_unlock(one);
    assert_int_equal(rog_run_lock(*state, &two, &err), 0);
    rog_run_unlock(two);
}

static void preparing_removes_what_an_attempt_left(void **state)
{
    struct rog_error err;
    char *checkpoint = rog_path_join(*state, "chkpt/deep/a.safetensors");
    char *events = rog_path_join(*state, ROG_RUN_EVENTS);
    char *config = rog_path_join(*state, ROG_RUN_CONFIG);
    assert_int_equal(rog_file_write(checkpoint, "x", 1, &err), 0);
    assert_int_equal(rog_file_write(events, "x", 1, &err), 0);
    assert_int_equal(rog_run_prepare(*state, "{}", &err), 0);
    assert_false(rog_file_exists(checkpoint));
    assert_false(rog_file_exists(events));
    assert_true(rog_file_exists(config));
    free(config);
    free(events);
    free(checkpoint);
}

static void a_stream_is_whole_with_its_end(void **state)
{
    static const struct {
        const char *text;
        bool whole;
    } streams[] = {
        {"", false},
        {"{\"event\":\"end\",\"t\":1}", false},
        {"{\"event\":\"end\",\"t\":1}\n", true},
        {"{\"event\":\"x\",\"t\":1}\n{\"event\":\"end\",\"t\":1}\n", true},
        {"{\"event\":\"end\",\"t\":1}\n{\"event\":\"x\",\"t\":1}\n", false},
        {"{\"event\":\"end\",\"t\":1}\nx\n", false},
    };
    struct rog_error err;
    char *events = rog_path_join(*state, ROG_RUN_EVENTS);
    assert_false(rog_run_stream_is_whole(*state));
    for (size_t i = 0; i < sizeof streams / sizeof *streams; i++) {
        assert_int_equal(rog_file_write(events, streams[i].text, strlen(streams[i].text), &err), 0);
        assert_int_equal(rog_run_stream_is_whole(*state), streams[i].whole);
    }
    free(events);
}

static void a_log_gives_its_last_words(void **state)
{
    struct rog_error err;
    char *log = rog_path_join(*state, ROG_RUN_LOG), text[64];
    static const char *const logs[][2] = {
        {"", ""},
        {"one\n", "one"},
        {"one\ntwo\nthree\nfour\n\n", "two three four"},
        {"pre-training: 10%\nrog-trainer: the disk is full\n", "the disk is full"},
        {"a very long line that does not fit into the sixty-four bytes there are for it, end",
         NULL},
    };
    rog_run_log_tail(log, text, sizeof text);
    assert_string_equal(text, "");
    for (size_t i = 0; i < sizeof logs / sizeof *logs; i++) {
        assert_int_equal(rog_file_write(log, logs[i][0], strlen(logs[i][0]), &err), 0);
        rog_run_log_tail(log, text, sizeof text);
        if (logs[i][1])
            assert_string_equal(text, logs[i][1]);
        else
            assert_non_null(strstr(text, "for it, end"));
    }
    free(log);
}

static void a_line_fits_its_width(void **state)
{
    (void)state;
    struct rog_fleet_job job = {
        .label = "ROG 20 \xc3\xa4\x1b[2J",
        .state = ROG_FLEET_RUNNING,
        .iteration = 812,
        .t = 4210,
        .done = 0.421,
        .accuracy = 61.25,
        .stall_share = 0.123,
        .wall_s = 50,
    };
    char line[256];
    rog_progress_line(&job, 200, line, sizeof line);
    assert_null(strchr(line, '\x1b'));
    assert_non_null(strstr(line, "ROG 20 \xc3\xa4"));
    static const char *const parts[] = {"running",   "4210 s", "iteration   812", "accuracy 61.2%",
                                        "stall 12%", "84x",    "1:08 left"};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        assert_non_null(strstr(line, parts[i]));
    /* The usual terminal holds all of it, in short. */
    rog_progress_line(&job, 79, line, sizeof line);
    assert_non_null(strstr(line, "acc 61.2%"));
    assert_non_null(strstr(line, "1:08 left"));
    for (size_t width = 20; width < 120; width++) {
        rog_progress_line(&job, width, line, sizeof line);
        assert_true(rog_label_columns(line) <= width);
    }
    job.state = ROG_FLEET_WAITING;
    rog_progress_line(&job, 80, line, sizeof line);
    assert_null(strstr(line, "accuracy"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_process_talks_over_pipes),
        cmocka_unit_test(what_cannot_be_executed_is_said_at_once),
        cmocka_unit_test(a_signal_shows_in_the_status),
        cmocka_unit_test(stopping_ends_the_whole_group),
        cmocka_unit_test(no_process_outlives_its_parent),
        cmocka_unit_test_setup_teardown(a_run_is_locked_by_one, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(preparing_removes_what_an_attempt_left, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(a_stream_is_whole_with_its_end, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(a_log_gives_its_last_words, make_folder, remove_folder),
        cmocka_unit_test(a_line_fits_its_width),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
