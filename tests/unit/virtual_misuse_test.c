/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A program on a virtual cluster that misbehaves, and one whose simulation does: the errors on both
 * sides.
 */

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <librog/virtual/message.h>
#include "virtual_program.h"

/* ---- a program that misbehaves ---- */

static void see_change(struct sim_end *end, const void *user)
{
    uint32_t before = *(const uint32_t *)user;
    sim_meet(end);
    sim_give(end, ROG_VIRTUAL_START, 0, 0);
    for (uint32_t i = 1; i < before; i++) {
        sim_take(end, ROG_VIRTUAL_STEP);
        sim_give(end, ROG_VIRTUAL_GO, i, 0);
    }
    struct rog_virtual_message fail = sim_take(end, ROG_VIRTUAL_FAIL);
    sim_expect(strstr(fail.text, "tensor layer.bias was changed by the program"));
    sim_expect_close(end);
}

/* Changes between two exchanges are checked in the first ones, and later from time to time. */
static void test_changed_tensors(void **state)
{
    (void)state;
    static const uint32_t before[] = {1, 2, 3, 11, 21};
    for (size_t i = 0; i < sizeof before / sizeof *before; i++) {
        struct sim sim;
        struct rog_error err;
        static struct program program;
        start_sim(&sim, see_change, &before[i]);
        start_program(&program, &sim, NULL);
        for (uint32_t k = 1; k < before[i]; k++)
            check(rog_exchange(program.rog, &program.step, &err), &err);
        program.params[first_of[1] + 29]++;
        assert_says(rog_exchange(program.rog, &program.step, &err), ROG_EINVAL, &err, "layer.bias");
        assert_says(rog_finish(program.rog, &err), ROG_EINVAL, &err, "layer.bias");
        rog_close(program.rog);
        end_sim(&sim);
    }
}

static void quote(struct sim_end *end, const void *user)
{
    (void)user;
    sim_meet(end);
    sim_give(end, ROG_VIRTUAL_START, 0, 0);
    struct rog_virtual_message fail = sim_take(end, ROG_VIRTUAL_FAIL);
    size_t length = strlen(fail.text);
    sim_expect(length > ROG_VIRTUAL_TEXT_BYTES - 8 && length < ROG_VIRTUAL_TEXT_BYTES);
    sim_expect(strncmp(fail.text, "\xc3\xa4", 2) == 0); /* no partial character */
    sim_expect(strcmp(fail.text + length - 18, "ValueError: wrong!") == 0);
    sim_expect_close(end);
}

static void test_own_words(void **state)
{
    (void)state;
    struct sim sim;
    struct rog_error err;
    static struct program program;
    static char traceback[9000];
    for (size_t i = 0; i < 8000; i += 2)
        strcpy(traceback + i, "\xc3\xa4");
    strcat(traceback, "ValueError: wrong!");
    start_sim(&sim, quote, NULL);
    start_program(&program, &sim, NULL);
    rog_leave(program.rog, traceback);
    rog_leave(program.rog, "another word");
    assert_says(rog_exchange(program.rog, &program.step, &err), ROG_EFAILED, &err, "ValueError");
    rog_close(program.rog);
    end_sim(&sim);
}

static void two_steps(struct sim_end *end, const void *user)
{
    (void)user;
    sim_meet(end);
    sim_give(end, ROG_VIRTUAL_START, 0, 0);
    for (uint32_t i = 1; i <= 2; i++) {
        sim_take(end, ROG_VIRTUAL_STEP);
        end->values[0] = (float)i;
        sim_give(end, ROG_VIRTUAL_GO, i, 0);
    }
    sim_take(end, ROG_VIRTUAL_FINISH);
    sim_give_over(end, 2);
    sim_expect_close(end);
}

/* A fork has a copy of the handle, but no part in the run: neither using nor closing it has an
 * effect. */
static void test_fork(void **state)
{
    (void)state;
    struct sim sim;
    struct rog_error err;
    int status = 0;
    float *momentum, *residual;
    static struct program program;
    start_sim(&sim, two_steps, NULL);
    start_program(&program, &sim, NULL);
    check(rog_exchange(program.rog, &program.step, &err), &err);
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        bool refused = rog_exchange(program.rog, &program.step, &err) == ROG_EINVAL &&
                       strstr(err.message, "fork") && rog_finish(program.rog, &err) == ROG_EINVAL &&
                       rog_state(program.rog, 0, &momentum, &residual, &err) == ROG_EINVAL;
        rog_leave(program.rog, "the child's word");
        rog_close(program.rog);
        _exit(refused ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    check(rog_exchange(program.rog, &program.step, &err), &err);
    assert_true(program.params[0] == 2);
    check(rog_finish(program.rog, &err), &err);
    rog_close(program.rog);
    end_sim(&sim);
}

static void wait_in_vain(struct sim_end *end, const void *user)
{
    (void)user;
    sim_meet(end);
    sim_give(end, ROG_VIRTUAL_START, 0, 0);
    sim_take(end, ROG_VIRTUAL_STEP);
    kill(getppid(), SIGTERM);
    struct rog_virtual_message fail = sim_take(end, ROG_VIRTUAL_FAIL);
    sim_expect(strcmp(fail.text, "interrupted by SIGTERM") == 0);
    sim_expect_close(end);
}

static void test_signal(void **state)
{
    (void)state;
    struct sim sim;
    struct rog_options options;
    struct rog_error err;
    static struct program program;
    rog_options_init(&options);
    options.catch_signals = true;
    start_sim(&sim, wait_in_vain, NULL);
    start_program(&program, &sim, &options);
    assert_says(rog_exchange(program.rog, &program.step, &err), ROG_EINTR, &err, "SIGTERM");
    rog_close(program.rog);
    end_sim(&sim);
}

/* ---- a simulation that misbehaves ---- */

enum moment { AT_HELLO, AT_STEP, WHILE_COMPUTING, MOMENTS };

struct misdeed {
    void (*commit)(struct sim_end *end);
    enum moment at;
};

static void misbehave(struct sim_end *end, const void *user)
{
    const struct misdeed *misdeed = user;
    sim_meet(end);
    if (misdeed->at > AT_HELLO)
        sim_give(end, ROG_VIRTUAL_START, 0, 0);
    if (misdeed->at == AT_STEP)
        sim_take(end, ROG_VIRTUAL_STEP);
    misdeed->commit(end);
}

static void go_away(struct sim_end *end)
{
    close(end->socket);
}

static void be_killed(struct sim_end *end)
{
    (void)end;
    kill(getpid(), SIGKILL);
}

static void say_error(struct sim_end *end)
{
    const struct rog_virtual_message message = {
        .kind = ROG_VIRTUAL_ERROR, .number = 1, .text = "tensor w of worker 2 is not finite"};
    sim_say(end, &message);
    close(end->socket);
}

static void say_nonsense(struct sim_end *end)
{
    sim_say(end, &(struct rog_virtual_message){.kind = 77});
    pause();
}

static void say_kind_of_program(struct sim_end *end)
{
    sim_say(end, &(struct rog_virtual_message){.kind = ROG_VIRTUAL_STEP});
    pause();
}

static void say_half(struct sim_end *end)
{
    const char some[100] = {ROG_VIRTUAL_GO};
    sim_expect(send(end->socket, some, sizeof some, 0) == sizeof some);
    pause();
}

static void say_too_much(struct sim_end *end)
{
    static const char some[2 * sizeof(struct rog_virtual_message)] = {ROG_VIRTUAL_GO};
    sim_expect(send(end->socket, some, sizeof some, 0) == sizeof some);
    pause();
}

static void say_without_end(struct sim_end *end)
{
    struct rog_virtual_message message = {.kind = ROG_VIRTUAL_ERROR};
    memset(message.text, 'x', sizeof message.text);
    sim_say(end, &message);
    pause();
}

static void send_descriptor(struct sim_end *end)
{
    const struct rog_virtual_message message = {.kind = ROG_VIRTUAL_GO};
    sim_expect(rog_virtual_send(end->socket, &message, 0, NULL) == 0);
    pause();
}

static int descriptors(void)
{
    int count = 0;
    for (int fd = 0; fd < 256; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

/* Checks the program's error, in each part of the exchange. */
static void commit(const struct misdeed *misdeed, int code, const char *word)
{
    struct sim sim;
    struct rog_error err;
    static struct program program;
    int status, before = descriptors();
    start_sim(&sim, misbehave, misdeed);
    open_program(&program, &sim, NULL);
    int got = rog_start(program.rog, &err);
    if (misdeed->at > AT_HELLO)
        check(got, &err);
    if (misdeed->at == WHILE_COMPUTING)
        usleep(50000);
    if (misdeed->at > AT_HELLO)
        got = rog_exchange(program.rog, &program.step, &err);
    assert_says(got, code, &err, word);
    assert_says(rog_exchange(program.rog, &program.step, &err),
                misdeed->at > AT_HELLO ? code : ROG_EINVAL, &err,
                misdeed->at > AT_HELLO ? word : "has not started");
    rog_close(program.rog);
    kill(sim.process, SIGKILL);
    waitpid(sim.process, &status, 0);
    assert_int_equal(descriptors(), before);
}

static void test_misdeeds(void **state)
{
    (void)state;
    static const struct {
        void (*commit)(struct sim_end *end);
        int code;
        const char *word;
    } kinds[] = {
        {go_away, ROG_EFAILED, "has exited"},
        {be_killed, ROG_EFAILED, "has exited"},
        {say_error, ROG_EINVAL, "tensor w of worker 2"},
        {say_nonsense, ROG_EFORMAT, "an unexpected message"},
        {say_kind_of_program, ROG_EFORMAT, "an unexpected message"},
        {say_half, ROG_EFORMAT, "100 bytes"},
        {say_too_much, ROG_EFORMAT, "not a message"},
        {say_without_end, ROG_EFORMAT, "not a message"},
        {send_descriptor, ROG_EFORMAT, "1 descriptors"},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        for (enum moment at = 0; at < MOMENTS; at++) {
            const struct misdeed misdeed = {kinds[i].commit, at};
            commit(&misdeed, kinds[i].code, kinds[i].word);
        }
}

static void test_no_simulation(void **state)
{
    (void)state;
    struct sim sim = {.server = "virtual:rog-test-of-nobody"};
    struct rog_error err;
    static struct program program;
    open_program(&program, &sim, NULL);
    assert_says(rog_start(program.rog, &err), ROG_EFAILED, &err, "rog-test-of-nobody");
    assert_says(rog_exchange_wait(program.rog, -1, &err), ROG_EFAILED, &err, "cannot reach");
    rog_close(program.rog);
    strcpy(sim.server, "virtual:");
    open_program(&program, &sim, NULL);
    assert_says(rog_start(program.rog, &err), ROG_EINVAL, &err,
                "is not the address of a simulation");
    rog_close(program.rog);
}

/* A socket of that name may belong to another user. */
static void test_another_user(void **state)
{
    (void)state;
    struct sim sim;
    struct rog_error err;
    static struct program program;
    if (geteuid() != 0) {
        print_message("not tried: only root can listen as another user\n");
        skip();
    }
    snprintf(sim.server, sizeof sim.server, "virtual:rog-test-nobody-%d", (int)getpid());
    assert_int_equal(seteuid(65534), 0);
    int listener = listen_for(&sim);
    assert_int_equal(seteuid(0), 0);
    open_program(&program, &sim, NULL);
    assert_says(rog_start_begin(program.rog, &err), ROG_EFAILED, &err, "user 65534");
    rog_close(program.rog);
    close(listener);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_changed_tensors),
        cmocka_unit_test(test_own_words),
        cmocka_unit_test(test_fork),
        cmocka_unit_test(test_signal),
        cmocka_unit_test(test_misdeeds),
        cmocka_unit_test(test_no_simulation),
        cmocka_unit_test(test_another_user),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
