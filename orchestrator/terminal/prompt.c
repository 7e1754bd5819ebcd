/* SPDX-License-Identifier: Apache-2.0 */
/* Asks for passphrases on the controlling terminal. */
#include <orchestrator/terminal/prompt.h>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include <common/cli.h>
#include <common/clock.h>

#define PATIENCE_S 120.0

enum { CTRL_C = 3, CTRL_D = 4, BACKSPACE = 8, CTRL_U = 21, DELETE = 127 };

enum end { GOING_ON, ENTERED, GIVEN_UP, INTERRUPTED };

static void show(int fd, const char *text, size_t size)
{
    ssize_t written = write(fd, text, size);
    (void)written; /* if the write fails there will be no answer either */
}

/* Shows a question, which may come from a host, with control characters removed. */
static void show_harmless(int fd, const char *text)
{
    char *shown = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&shown, &size);
    if (!out)
        return;
    rog_write_harmless(out, text);
    if (fclose(out) == 0)
        show(fd, shown, size);
    free(shown);
}

/* Processes a typed byte. */
static enum end take_byte(int fd, unsigned char typed, bool echo, char *answer, size_t bytes,
                          size_t *used)
{
    switch (typed) {
    case '\r':
    case '\n':
        return *used > 0 ? ENTERED : GIVEN_UP;
    case CTRL_C:
        return INTERRUPTED;
    case CTRL_D:
        return GIVEN_UP;
    case BACKSPACE:
    case DELETE:
        if (*used > 0 && echo)
            show(fd, "\b \b", 3);
        *used -= *used > 0;
        return GOING_ON;
    case CTRL_U:
        for (; *used > 0; (*used)--)
            if (echo)
                show(fd, "\b \b", 3);
        return GOING_ON;
    default:
        if (*used + 1 == bytes)
            return GIVEN_UP; /* a truncated answer would be a different one */
        answer[(*used)++] = (char)typed;
        if (echo)
            show(fd, (const char *)&typed, 1);
        return GOING_ON;
    }
}

static enum end read_answer(int fd, bool echo, int cancel_fd, char *answer, size_t bytes)
{
    double until_s = rog_clock_s() + PATIENCE_S;
    size_t used = 0;
    enum end end = GOING_ON;
    while (end == GOING_ON) {
        struct pollfd ready[] = {{.fd = fd, .events = POLLIN}, {.fd = cancel_fd, .events = POLLIN}};
        double left_s = until_s - rog_clock_s();
        unsigned char typed;
        if (left_s <= 0 || poll(ready, 2, (int)(1000 * left_s) + 1) <= 0 || ready[1].revents ||
            read(fd, &typed, 1) != 1)
            end = GIVEN_UP;
        else
            end = take_byte(fd, typed, echo, answer, bytes, &used);
    }
    answer[end == ENTERED ? used : 0] = '\0';
    return end;
}

bool rog_prompt(void *user, const char *text, bool echo, int cancel_fd, char *answer, size_t bytes)
{
    static const char erase[] = "\r\033[K"; /* clears the line */
    struct termios before, quiet;
    enum end end = GIVEN_UP;
    (void)user;
    int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return false;
    if (tcgetpgrp(fd) == getpgrp() && tcgetattr(fd, &before) == 0) {
        quiet = before;
        /* Ctrl-C must be handled here, otherwise the terminal would be left without echo. */
        quiet.c_lflag &= (tcflag_t) ~(ICANON | ECHO | ISIG);
        quiet.c_cc[VMIN] = 1;
        quiet.c_cc[VTIME] = 0;
        if (tcsetattr(fd, TCSAFLUSH, &quiet) == 0) {
            show(fd, erase, sizeof erase - 1);
            show_harmless(fd, text);
            end = read_answer(fd, echo, cancel_fd, answer, bytes);
            /* Output before the question continues as if there had been none. */
            show(fd, erase, sizeof erase - 1);
            tcsetattr(fd, TCSAFLUSH, &before);
        }
    }
    close(fd);
    if (end == INTERRUPTED)
        kill(getpid(), SIGINT);
    return end == ENTERED;
}
