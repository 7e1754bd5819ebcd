/* SPDX-License-Identifier: Apache-2.0 */
/* rog-unpack: rogctl runs it on a host to store files there. It needs only the C library, since it
 * is the first program that is sent. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <common/cli.h>
#include <common/deployed.h>
#include <trainer/unpack/unpack.h>

#define MAX_COUNT_DIGITS 9

/* Does nothing: a signal interrupts the wait for input, which ends the program. */
static void interrupt(int number)
{
    (void)number;
}

/* Blocks signals except while the program waits for input (objects.h). */
static void hold_signals(void)
{
    static const int numbers[] = {SIGHUP, SIGINT, SIGTERM};
    struct sigaction action = {.sa_handler = interrupt};
    sigset_t held;
    sigemptyset(&held);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        sigaction(numbers[i], &action, NULL);
        sigaddset(&held, numbers[i]);
    }
    sigprocmask(SIG_BLOCK, &held, NULL);
    signal(SIGPIPE, SIG_IGN);
}

int main(int argc, char **argv)
{
    struct rog_error err = {0};
    size_t digits = argc == 4 ? strspn(argv[3], "0123456789") : 0;
    if (!digits || digits > MAX_COUNT_DIGITS || argv[3][digits]) {
        fprintf(stderr, "usage: rog-unpack ROOT HASH COUNT\n"
                        "\n"
                        "Reads COUNT objects from standard input, as rogctl sends them, into the\n"
                        "folder ROOT, and creates the tree HASH from them.\n");
        return ROG_EXIT_USAGE;
    }
    umask(077);
    hold_signals();
    int code = rog_unpack(argv[1], argv[2], strtoul(argv[3], NULL, 10), STDIN_FILENO, &err);
    if (code)
        fprintf(stderr, "%s\n", err.message);
    if (code == ROG_EFORMAT)
        return ROG_DEPLOYED_STATUS_DAMAGED;
    return code ? ROG_EXIT_FAILED : ROG_EXIT_OK;
}
