/* SPDX-License-Identifier: Apache-2.0 */
/* The open descriptors of a guard: readers of the program's pipes must not wait for the guard's
 * end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <trainer/shape/watchdog.h>

#define PIPES 3
#define HIGHEST 64

/* Writes to the kept file what each open descriptor is. Waits for the program to close its end. */
static int list_open(int watchdog, void *user)
{
    char byte;
    int keep = *(const int *)user;
    alarm(10); /* a guard that does not detect the end must not be left behind */
    for (int fd = 0; fd < HIGHEST; fd++) {
        struct stat info;
        if (fstat(fd, &info) == 0)
            dprintf(keep, "%s ",
                    fd == watchdog          ? "watchdog"
                    : fd == keep            ? "keep"
                    : S_ISCHR(info.st_mode) ? "null"
                                            : "other");
    }
    return read(watchdog, &byte, 1) == 0 ? 7 : 1;
}

/* With the kept file below and above the pipe, and files of the program in between. */
static void only_what_it_needs_is_open(void **state)
{
    (void)state;
    int pipes[PIPES][2];
    for (int low = 0; low < 2; low++) {
        struct rog_watchdog line;
        struct rog_error err = {0};
        char text[256] = "";
        int file = memfd_create("kept", 0), keep = low ? file : fcntl(file, F_DUPFD, HIGHEST / 2);
        assert_true(file >= 3 && keep >= 3);
        if (!low)
            close(file);
        for (int i = 0; i < PIPES; i++)
            assert_int_equal(pipe(pipes[i]), 0);
        assert_int_equal(rog_watchdog_start(&line, "rog-test-guard", keep, list_open, &keep, &err),
                         ROG_OK);
        /* The guard has no write end of any pipe: each ends once it is closed here. */
        for (int i = 0; i < PIPES; i++) {
            close(pipes[i][1]);
            assert_int_equal(read(pipes[i][0], text, 1), 0);
            close(pipes[i][0]);
        }
        assert_int_equal(rog_watchdog_end(&line), 7 << 8);
        assert_true(pread(keep, text, sizeof text - 1, 0) > 0);
        assert_string_equal(text, low ? "null null null keep watchdog "
                                      : "null null null watchdog keep ");
        close(keep);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(only_what_it_needs_is_open)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
