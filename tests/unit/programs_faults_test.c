/* SPDX-License-Identifier: Apache-2.0 */
/* Programs that misbehave: an error that names the worker and the cause, and nothing remains. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <common/file.h>
#include "programs_fixture.h"
#include "programs_peers.h"

/* Expected errors about worker 2 of the three. */
static const struct fault {
    const char *command, *settings;
    int code;
    const char *says[4]; /* each of these */
} faults[] = {
    {"@crash",
     "",
     ROG_EFAILED,
     {"worker 2's program was killed by signal 11 (Segmentation fault)"}},
    {"@fail",
     "",
     ROG_EFAILED,
     {"worker 2's program exited with status 3; it said \"ValueError: no such thing\" (",
      "worker2/program.log)"}},
    {"sh -c 'exec 3<&1; @crash; exit 139'",
     "",
     ROG_EFAILED,
     {"worker 2's program exited with status 139 (as after signal 11, Segmentation fault)"}},
    {"@says-why",
     "",
     ROG_EFAILED,
     {"worker 2's program failed: ValueError: no such thing [Traceback (most recent call last):",
      "File \"train.py\", line 7, in step", "worker2/program.log)"}},
    {"@ends",
     "",
     ROG_EFAILED,
     {"worker 2's program exited (status 0) before it had finished; it said \"that is "
      "all\""}},
    {"@closes-and-ends",
     "",
     ROG_EFAILED,
     {"worker 2's program exited (status 0) before it had finished; it said nothing"}},
    {"@closes-and-stays",
     "",
     ROG_EFAILED,
     {"worker 2's program closed its connection to the simulation before it had finished"}},
    {"@hangs",
     "\"step_limit\":3,",
     ROG_EFAILED,
     {"worker 2's program has computed iteration 2 for more than 3 s of real time (setting "
      "step_limit)"}},
    {"@changes-parameters",
     "",
     ROG_EFAILED,
     {"worker 2's program failed: tensor bias was changed by the program"}},
    {"@grows",
     "\"memory_limit\":0.15,",
     ROG_EFAILED,
     {"worker 2's program was killed: it used 0.", "and 0.15 are allowed (setting memory_limit)"}},
    {"@prints-garbage",
     "",
     ROG_EFAILED,
     {"worker 2's program exited with status 5; it said \"\\x1b[31mred\xef\xbf\xbd\" ("}},
    {"@never-joins",
     "\"step_limit\":3,",
     ROG_EFAILED,
     {"worker 2's program has not joined the run within 3 s of real time (setting step_limit)"}},
    {"@has-no-part",
     "",
     ROG_EFAILED,
     {"worker 2's program ended (status 0) without taking part in the run"}},
    {"@other-shape",
     "",
     ROG_EINVAL,
     {"tensor 0 of worker 2 is weight (4, 2), of worker 1 it is weight (4, 3)"}},
    {"@ends-badly",
     "",
     ROG_EFAILED,
     {"worker 2's program exited with status 4; it said \"the figures cannot be "
      "written\""}},
    {"@does-not-end",
     "\"step_limit\":3,",
     ROG_EFAILED,
     {"worker 2's program has not ended after the run within 3 s of real time"}},
    {"% crash",
     "\"workers_per_process\":2,",
     ROG_EFAILED,
     {"the program of workers 1 to 2 (worker 2 was computing) was killed by signal 11"}},
    {"% fail",
     "\"workers_per_process\":3,",
     ROG_EFAILED,
     {"the program of workers 1 to 3 (worker 2 was computing) exited with status 3; it said"}},
    {"% says-why",
     "\"workers_per_process\":3,",
     ROG_EFAILED,
     {"worker 2's program failed: ValueError: no such thing", "worker1/program.log)"}},
    {"% hangs",
     "\"workers_per_process\":3,\"step_limit\":3,",
     ROG_EFAILED,
     {"worker 2's program has computed iteration 2 for more than 3 s"}},
    {"@good",
     "\"workers_per_process\":3,",
     ROG_EINVAL,
     {"command: with workers_per_process = 3 the command must be `PYTHON SCRIPT ARGUMENTS`"}},
    {"no-such-program", "", ROG_EFAILED, {"'s program exited with status 127; it said \""}},
    {"@hello-0", "", ROG_EFAILED, {"worker 2's program joined as worker 3"}},
    {"@hello-1", "", ROG_EFAILED, {"worker 2's program joined as worker 0"}},
    {"@hello-2", "", ROG_EFAILED, {"worker 2's program joined as worker 4294967295"}},
    {"@hello-3", "", ROG_EINVAL, {"worker 2's program uses version 77 of the protocol"}},
    {"@hello-4", "", ROG_EFAILED, {"worker 2's program started with a message of kind 2"}},
    {"@hello-5", "", ROG_EFAILED, {"worker 2's program", "its hello came without shared memory"}},
    {"@hello-6", "", ROG_EFORMAT, {"worker 2's program: its memory is not a memory file"}},
    {"@hello-7", "", ROG_EFORMAT, {"worker 2's program: its memory has 100 bytes, but"}},
    {"@hello-8", "", ROG_EFORMAT, {"worker 2's program: cannot use its memory of 0 bytes"}},
    {"@hello-9", "", ROG_EFORMAT, {"worker 2's program: its memory has 600 bytes, but"}},
    {"@hello-10", "", ROG_EFORMAT, {"worker 2's program: a hello of 18446744073709551615 bytes"}},
    {"@hello-11", "", ROG_EFORMAT, {"worker 2's program: its memory has 65536 bytes"}},
    {"@hello-12", "", ROG_EFORMAT, {"worker 2's program: its hello"}},
    {"@hello-13", "", ROG_EFORMAT, {"worker 2's program: its hello is not an object"}},
    {"@hello-14", "", ROG_EFORMAT, {"worker 2's program: a model's layout", "too large"}},
    {"@hello-15", "", ROG_EFORMAT, {"worker 2's program: its memory has 65536 bytes"}},
    {"@hello-16", "", ROG_EFORMAT, {"worker 2's program: a model's layout"}},
    {"@hello-17", "", ROG_EINVAL, {"the strategy of worker 2 is \"SSP\""}},
    {"@joins-twice", "", ROG_EFAILED, {"worker 2's program joined a second time as worker 2"}},
    {"@bytes-0", "", ROG_EFAILED, {"worker 2's program sent an invalid message: received 3 bytes"}},
    {"@bytes-1", "", ROG_EFAILED, {"worker 2's program sent an invalid message: "}},
    {"@bytes-2", "", ROG_EFORMAT, {"worker 2's program: its memory is not a memory file"}},
    {"@says-0",
     "",
     ROG_EFAILED,
     {"worker 2's program sent an invalid message: a message of unknown kind"}},
    {"@says-1",
     "",
     ROG_EFAILED,
     {"worker 2's program sent an invalid message: a message of unknown kind"}},
    {"@says-2",
     "",
     ROG_EFAILED,
     {"worker 2's program sent an invalid message: a message of unknown kind"}},
    {"@says-3",
     "",
     ROG_EFAILED,
     {"worker 2's program sent an invalid message: gradients without a rule"}},
    {"@says-4",
     "",
     ROG_EFAILED,
     {"worker 2's program sent an invalid message: 3 rules for 2 tensors"}},
    {"@says-5",
     "",
     ROG_EFAILED,
     {"worker 2's program sent an invalid message: 4294967295 rules for 2"}},
    {"@says-6",
     "",
     ROG_EFAILED,
     {"worker 2's program sent an invalid message: it requested the state of"}},
    {"@says-7",
     "",
     ROG_EFAILED,
     {"worker 2's program sent an invalid message: it requested the state of"}},
    {"@says-8",
     "",
     ROG_EFAILED,
     {"worker 2's program sent an invalid message: it requested the state of"}},
    {"@says-9",
     "",
     ROG_EFAILED,
     {"worker 2's program sent an invalid message: it was not asked to save"}},
    {"@says-10",
     "",
     ROG_EFAILED,
     {"worker 2's program sent an invalid message: a message of its own"}},
    {"@says-11", "", ROG_EFAILED, {"worker 2's program closed its connection"}},
};

/* Returns the number of differences. */
static unsigned try_fault(const struct fault *fault, uint32_t at_once)
{
    unsigned wrong = 0;
    struct run run;
    struct rog_error err = {0};
    run_open(&run, fault->command, fault->settings);
    run.options.at_once = at_once;
    int code = run_whole(&run, &err);
    rog_programs_free(run.programs);
    run.programs = NULL;
    wrong += code != fault->code;
    for (size_t i = 0; i < 4 && fault->says[i]; i++)
        wrong += !strstr(err.message, fault->says[i]);
    wrong += run_processes(&run) > 0;
    if (wrong)
        print_error("%s: %d \"%s\", %u processes left\n", fault->command, code, err.message,
                    run_processes(&run));
    run_close(&run);
    return wrong;
}

static void faults_are_named(void **state)
{
    (void)state;
    unsigned wrong = 0;
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
        wrong += try_fault(&faults[i], TEST_WORKERS);
    assert_int_equal(wrong, 0);
}

static void check(int code, const struct rog_error *err)
{
    if (code)
        fail_msg("%s", err->message);
}

/* Random messages end in an error, or have no effect. */
static void random_messages_are_handled(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= 12; seed++) {
        char command[64];
        struct run run;
        struct rog_error err = {0};
        snprintf(command, sizeof command, "@anything-%u", seed);
        run_open(&run, command, "\"step_limit\":3,");
        assert_int_equal(run_whole(&run, &err), ROG_EFAILED);
        assert_non_null(strstr(err.message, "worker 2's program"));
        run_close(&run);
    }
}

/* The log has the beginning, the end, and the number of bytes in between; it is small. */
static void much_output_is_cut(void **state)
{
    (void)state;
    struct run run;
    struct rog_error err;
    char *text, *path;
    size_t size;
    unsigned long long left_out;
    run_open(&run, "@prints", "");
    check(run_whole(&run, &err), &err);
    path = rog_format("%s/worker2/program.log", run.folder);
    check(rog_file_read(path, 4 << 20, &text, &size, &err), &err);
    assert_true(size < 2 << 20);
    assert_int_equal(strncmp(text, "begins\nline 0000", 16), 0);
    assert_non_null(
        strstr(text, "line 00000000000000000000000000000000000000000001048575\nends\n"));
    const char *mark = strstr(text, "\n[... ");
    assert_non_null(mark);
    assert_int_equal(sscanf(mark, "\n[... %llu bytes omitted ...]", &left_out), 1);
    /* Everything, with the mark's 64 bytes: 2^20 lines of 56, begins, ends, and the last line. */
    const char *last = strstr(text, "ends\n") + 5;
    assert_int_equal(size - 64 + left_out, 7 + (56 << 20) + 5 + strlen(last));
    free(text);
    free(path);
    run_close(&run);
}

/* All processes that a program has started end with it, also those that left its group and
 * environment. */
static unsigned count_sleepers(void)
{
    FILE *list = popen("ps -e -o args= | grep -c \"^sleep $SLEEP_S$\"", "re");
    unsigned count = 99;
    assert_non_null(list);
    assert_int_equal(fscanf(list, "%u", &count), 1);
    pclose(list);
    return count;
}

static void nothing_is_left(void **state)
{
    (void)state;
    struct run run;
    struct rog_error err;
    run_open(&run, "@hides", "");
    check(run_whole(&run, &err), &err);
    assert_true(count_sleepers() >= 1);
    run_close(&run);
    assert_int_equal(count_sleepers(), 0);
}

static void expect_in_log(const char *command, const char *words)
{
    struct run run;
    struct rog_error err;
    char *path, *text;
    size_t size;
    run_open(&run, command, "");
    check(run_whole(&run, &err), &err);
    path = rog_format("%s/worker2/program.log", run.folder);
    check(rog_file_read(path, 1 << 20, &text, &size, &err), &err);
    if (!strstr(text, words))
        fail_msg("\"%s\" lacks \"%s\"", text, words);
    free(text);
    free(path);
    run_close(&run);
}

static void a_fork_has_no_part(void **state)
{
    (void)state;
    expect_in_log("@uses-a-fork", "this process is a fork of");
}

/* Another process of the same user may connect: the run is not affected. */
static void strangers_are_rejected(void **state)
{
    (void)state;
    expect_in_log("@knocks", "this process was not started by the run that it tries to join");
}

/* The simulation is killed: the guard cleans up in its place. */
static void the_simulation_is_killed(void **state)
{
    (void)state;
    int ends[2];
    char byte;
    struct run run;
    run_open(&run, "@forks", "");
    assert_int_equal(pipe(ends), 0);
    pid_t simulation = fork();
    if (simulation == 0) {
        struct rog_error err;
        int code = run_start(&run, &err);
        code = code ? code : run_train(&run, &err);
        (void)!write(ends[1], code ? "x" : "y", 1);
        for (;;)
            pause();
    }
    close(ends[1]);
    assert_int_equal(read(ends[0], &byte, 1), 1);
    assert_int_equal(byte, 'y');
    assert_true(run_processes(&run) >= TEST_WORKERS);
    assert_true(count_sleepers() >= 1);
    kill(simulation, SIGKILL);
    waitpid(simulation, NULL, 0);
    const struct timespec step = {0, 50000000};
    for (int i = 0; i < 200 && run_processes(&run); i++)
        nanosleep(&step, NULL);
    assert_int_equal(run_processes(&run), 0);
    assert_int_equal(count_sleepers(), 0);
    close(ends[0]);
    run_close(&run);
}

static bool stop(void *user)
{
    const struct run *run = user;
    return run_processes(run) >= TEST_WORKERS;
}

static void it_is_interrupted(void **state)
{
    (void)state;
    struct run run;
    struct rog_error err;
    run_open(&run, "@never-joins", "");
    run.options.interrupted = stop;
    run.options.user = &run;
    assert_int_equal(run_whole(&run, &err), ROG_EINTR);
    assert_int_equal(run_processes(&run), 0);
    run_close(&run);
}

int main(int argc, char **argv)
{
    int status;
    char sleep_s[32]; /* a duration that no other process uses */
    if (is_peer(argc, argv, &status))
        return status;
    snprintf(sleep_s, sizeof sleep_s, "98765.%ld", (long)getpid());
    if (setenv("SLEEP_S", sleep_s, 1))
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(faults_are_named),   cmocka_unit_test(random_messages_are_handled),
        cmocka_unit_test(much_output_is_cut), cmocka_unit_test(nothing_is_left),
        cmocka_unit_test(a_fork_has_no_part), cmocka_unit_test(the_simulation_is_killed),
        cmocka_unit_test(it_is_interrupted),  cmocka_unit_test(strangers_are_rejected),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
