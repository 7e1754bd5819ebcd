/* SPDX-License-Identifier: Apache-2.0 */
/* A run's folder, and the line that describes a run to the user. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <common/file.h>
#include <common/snapshot.h>
#include <orchestrator/text/label.h>
#include <orchestrator/fleet/resume.h>
#include <orchestrator/fleet/run_files.h>
#include <orchestrator/terminal/progress.h>

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

/* Another run with that name has another name on hosts; this one keeps its own, also over
 * attempts. */
static void a_run_keeps_its_name_on_hosts(void **state)
{
    struct rog_error err;
    char *other = rog_path_join(*state, "other"), *mark = rog_path_join(*state, ROG_RUN_MARK);
    char *name[4] = {NULL};
    assert_int_equal(rog_dir_make(other, &err), 0);
    assert_int_equal(rog_run_name_on_hosts(*state, "run", &name[0], &err), 0);
    assert_int_equal(rog_run_prepare(*state, "{}", &err), 0);
    assert_int_equal(rog_run_name_on_hosts(*state, "run", &name[1], &err), 0);
    assert_int_equal(rog_run_name_on_hosts(other, "run", &name[2], &err), 0);
    assert_string_equal(name[0], name[1]);
    assert_string_not_equal(name[0], name[2]);
    assert_int_equal(strlen(name[0]), strlen("run-01234567"));

    assert_int_equal(rog_file_write(mark, "../../..", 8, &err), 0);
    assert_int_equal(rog_run_name_on_hosts(*state, "run", &name[3], &err), 0);
    assert_null(strchr(name[3], '/'));
    for (size_t i = 0; i < sizeof name / sizeof *name; i++)
        free(name[i]);
    free(mark);
    free(other);
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

/* A FIFO without a writer. */
static void fifos_are_not_waited_for(void **state)
{
    struct rog_error err;
    double t_s;
    char *events = rog_path_join(*state, ROG_RUN_EVENTS), *snapshot = rog_snapshot_path(*state);
    char *folder = rog_path_dir(snapshot);
    assert_int_equal(mkfifo(events, 0600), 0);
    assert_false(rog_run_stream_is_whole(*state));
    assert_false(rog_run_has_begun(*state));
    assert_int_equal(rog_dir_make(folder, &err), 0);
    assert_int_equal(mkfifo(snapshot, 0600), 0);
    assert_false(rog_resume_is_possible(*state, &t_s));
    free(folder);
    free(snapshot);
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
    static const char *const parts[] = {"running",        "4210 s",    "iteration   812",
                                        "accuracy 61.2%", "stall 12%", "84x real time",
                                        "1:08 left"};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        assert_non_null(strstr(line, parts[i]));
    /* A terminal of usual width shows all of it, abbreviated. */
    job.label = "ROG 20";
    rog_progress_line(&job, 79, line, sizeof line);
    assert_non_null(strstr(line, "acc 61.2%"));
    assert_non_null(strstr(line, "1:08 left"));
    for (size_t width = 20; width < 120; width++) {
        rog_progress_line(&job, width, line, sizeof line);
        assert_true(rog_label_columns(line) <= width);
    }
    /* The end of a label may distinguish a run from others: numbers are dropped first. */
    job.label = "BSP, density 0.01, batchsize 16";
    rog_progress_line(&job, 79, line, sizeof line);
    assert_non_null(strstr(line, job.label));
    assert_non_null(strstr(line, "running"));
    for (size_t width = 20; width < 120; width++) {
        rog_progress_line(&job, width, line, sizeof line);
        assert_true(line[0] && rog_label_columns(line) <= width);
    }
    job.label = "ROG 20";
    /* A resumed run: earlier progress does not count for this process's speed. */
    job.from_t = 3210;
    rog_progress_line(&job, 200, line, sizeof line);
    assert_non_null(strstr(line, " 20x real time"));
    assert_non_null(strstr(line, "iteration   812"));
    assert_non_null(strstr(line, "4:49 left"));
    job.t = job.from_t;
    job.iteration = 0;
    rog_progress_line(&job, 200, line, sizeof line);
    assert_non_null(strstr(line, "3210 s"));
    assert_null(strstr(line, "iteration"));
    assert_null(strstr(line, "real time"));
    assert_null(strstr(line, "left"));
    job.state = ROG_FLEET_WAITING;
    rog_progress_line(&job, 80, line, sizeof line);
    assert_null(strstr(line, "accuracy"));
}

static void waiting_has_a_line(void **state)
{
    (void)state;
    struct rog_fleet_job job = {.label = "ROG 4", .state = ROG_FLEET_RUNNING, .waiting_s = 83.2};
    char line[256];
    rog_progress_waiting(&job, 79, line, sizeof line);
    assert_string_equal(line, "");
    snprintf(job.waiting, sizeof job.waiting, "without worker 3 (robot3),\x1b[2J out of reach");
    rog_progress_waiting(&job, 79, line, sizeof line);
    assert_non_null(strstr(line, "  without worker 3 (robot3),"));
    assert_non_null(strstr(line, "out of reach (1:23)"));
    assert_null(strchr(line, '\x1b'));
    for (size_t width = 24; width < 60; width++) {
        rog_progress_waiting(&job, width, line, sizeof line);
        assert_true(rog_label_columns(line) <= width);
        assert_non_null(strstr(line, "(1:23)"));
    }
    job.waiting_s = 0;
    rog_progress_waiting(&job, 79, line, sizeof line);
    assert_null(strchr(line, ':'));
}

/* In real time there is no speed, and nothing is shown of a run that has not started. */
static void runs_in_real_time_have_lines_of_their_own(void **state)
{
    (void)state;
    struct rog_json *config = rog_json_object();
    rog_json_put_number(config, "seconds", 20);
    struct rog_fleet_job job = {.label = "ROG 4",
                                .state = ROG_FLEET_RUNNING,
                                .config = config,
                                .real_time = true,
                                .accuracy = (double)NAN,
                                .wall_s = 7};
    char line[256];
    rog_progress_line(&job, 200, line, sizeof line);
    assert_non_null(strstr(line, "begins"));
    assert_null(strstr(line, "iteration"));
    assert_null(strstr(line, "left"));
    job.queued = true;
    rog_progress_line(&job, 200, line, sizeof line);
    assert_non_null(strstr(line, "waiting"));
    job.queued = false;
    job.t = 2;
    job.done = 0.1;
    job.wall_s = 9;
    rog_progress_line(&job, 200, line, sizeof line);
    assert_non_null(strstr(line, "running"));
    assert_non_null(strstr(line, "0:18 left"));
    assert_null(strstr(line, "real time"));
    job.t = 21; /* what it waits for then is shown elsewhere */
    job.done = 1;
    rog_progress_line(&job, 200, line, sizeof line);
    assert_null(strstr(line, "left"));
    job.state = ROG_FLEET_DONE; /* resumed at its end */
    job.wall_s = 3;
    rog_progress_line(&job, 200, line, sizeof line);
    assert_null(strstr(line, "0:03"));
    job.wall_s = 28;
    rog_progress_line(&job, 200, line, sizeof line);
    assert_non_null(strstr(line, "in 0:28"));
    job.state = ROG_FLEET_RUNNING;
    job.left = true;
    job.t = 8;
    rog_progress_line(&job, 200, line, sizeof line);
    assert_non_null(strstr(line, "left on its hosts at 8 s"));
    rog_json_free(config);
}

/* A host may send anything: its text moves no cursor and sets no title. */
static void output_of_hosts_is_harmless(void **state)
{
    const char *folder = *state;
    char *path = rog_path_join(folder, "said"), *said = NULL;
    size_t size;
    struct rog_progress progress;
    rog_progress_init(&progress, &(struct rog_output){0});
    struct rog_fleet_observer observer = rog_progress_observer(&progress);
    int standard_error = dup(STDERR_FILENO);
    fflush(stderr);
    assert_non_null(freopen(path, "w", stderr));
    observer.say(observer.user, NULL, "worker 1: \x1b[2J gone");
    fflush(stderr);
    dup2(standard_error, STDERR_FILENO);
    close(standard_error);
    assert_int_equal(rog_file_read(path, 1000, &said, &size, NULL), 0);
    assert_non_null(strstr(said, "worker 1: \\x1b[2J gone\n"));
    assert_null(strchr(said, '\x1b'));
    free(said);
    free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_run_is_locked_by_one, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(preparing_removes_what_an_attempt_left, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(a_run_keeps_its_name_on_hosts, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(a_stream_is_whole_with_its_end, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(fifos_are_not_waited_for, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(a_log_gives_its_last_words, make_folder, remove_folder),
        cmocka_unit_test(a_line_fits_its_width),
        cmocka_unit_test(waiting_has_a_line),
        cmocka_unit_test(runs_in_real_time_have_lines_of_their_own),
        cmocka_unit_test_setup_teardown(output_of_hosts_is_harmless, make_folder, remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
