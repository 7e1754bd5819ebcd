/* SPDX-License-Identifier: Apache-2.0 */
/* What terminals answer, and what they are sent: a pseudo-terminal whose other end plays kitty,
 * iTerm2, a terminal with sixels, one without pictures, and one that says nothing. The answers are
 * those of the terminals' documentation: kitty's "Terminal graphics protocol", xterm's
 * "ctlseqs". */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <common/file.h>
#include <orchestrator/preview.h>

static const char kitty[] = "\033P>|kitty(0.32.2)\033\\\033_Gi=31;OK\033\\\033[?62;c";
static const char iterm[] = "\033P>|iTerm2 3.5.0\033\\\033[?64;1;2;4;6;17;18;21;22c";
static const char xterm_sixel[] = "\033P>|XTerm(379)\033\\\033[?63;1;2;4;6;9;15;16;22c";
static const char vte[] = "\033P>|VTE(7006)\033\\\033[?65;1;9c";
static const char level_4_only[] = "\033[?4c";
static const char kitty_refuses[] = "\033_Gi=31;ENOTSUPPORTED:no\033\\\033[?62;22c";

static const struct {
    const char *answer;
    enum rog_preview how;
} answers[] = {
    {kitty, ROG_PREVIEW_KITTY},
    {iterm, ROG_PREVIEW_ITERM},
    {xterm_sixel, ROG_PREVIEW_SIXEL},
    {vte, ROG_PREVIEW_NONE},
    {level_4_only, ROG_PREVIEW_NONE},
    {kitty_refuses, ROG_PREVIEW_NONE},
    {"\033[?62;14;40c", ROG_PREVIEW_NONE},
    {"\033[?62;4", ROG_PREVIEW_NONE}, /* not whole */
    {"iTerm2 3.5.0\033[?1;2c", ROG_PREVIEW_NONE},
    {"ls -l\r\033[?6c", ROG_PREVIEW_NONE},
    {"", ROG_PREVIEW_NONE},
};

static void answers_are_understood(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++)
        assert_int_equal(rog_preview_understand(answers[i].answer, strlen(answers[i].answer)),
                         answers[i].how);
    char noise[5000];
    memset(noise, '\033', sizeof noise);
    assert_int_equal(rog_preview_understand(noise, sizeof noise), ROG_PREVIEW_NONE);
}

/* The terminal: answers the first question and keeps what else it is sent. */
struct terminal {
    int fd;
    const char *answer;
    char *got;
    size_t size;
};

static void *be_a_terminal(void *user)
{
    struct terminal *terminal = user;
    bool answered = false;
    char piece[4096];
    ssize_t size;
    while ((size = read(terminal->fd, piece, sizeof piece)) > 0) {
        terminal->got = realloc(terminal->got, terminal->size + (size_t)size + 1);
        memcpy(terminal->got + terminal->size, piece, (size_t)size);
        terminal->size += (size_t)size;
        terminal->got[terminal->size] = '\0';
        if (!answered && strstr(terminal->got, "\033[c")) {
            answered = true;
            size_t length = strlen(terminal->answer);
            if (write(terminal->fd, terminal->answer, length) != (ssize_t)length)
                break;
        }
    }
    return NULL;
}

/* In a process whose terminal it is: asks, shows, exits with what it learned. */
static int use_terminal(const char *name, const char *folder)
{
    struct rog_error err;
    if (setsid() < 0)
        return 100;
    int fd = open(name, O_RDWR);
    if (fd < 0 || ioctl(fd, TIOCSCTTY, 0) != 0)
        return 101;
    const struct winsize window = {.ws_col = 60, .ws_row = 24};
    ioctl(fd, TIOCSWINSZ, &window);
    enum rog_preview how = rog_preview_ask(fd);
    if (rog_preview_show(fd, how, folder, "picture", &err) != 0)
        return 102;
    close(fd);
    return (int)how;
}

static enum rog_preview meet(const char *answer, const char *folder, struct terminal *terminal)
{
    pthread_t thread;
    int status = 0;
    *terminal = (struct terminal){.fd = posix_openpt(O_RDWR | O_NOCTTY), .answer = answer};
    assert_true(terminal->fd >= 0 && grantpt(terminal->fd) == 0 && unlockpt(terminal->fd) == 0);
    char name[64];
    assert_int_equal(ptsname_r(terminal->fd, name, sizeof name), 0);
    fflush(stdout);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        _exit(use_terminal(name, folder));
    assert_int_equal(pthread_create(&thread, NULL, be_a_terminal, terminal), 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    pthread_join(thread, NULL); /* its reads fail once nobody has the other end open */
    close(terminal->fd);
    assert_true(WIFEXITED(status));
    assert_true(WEXITSTATUS(status) < 100);
    return (enum rog_preview)WEXITSTATUS(status);
}

static void pictures_arrive(void **state)
{
    (void)state;
    struct terminal terminal;
    char folder[] = "/tmp/rog-preview-XXXXXX";
    assert_non_null(mkdtemp(folder));
    char *path = rog_format("%s/picture.png", folder);
    char picture[4000];
    for (size_t i = 0; i < sizeof picture; i++)
        picture[i] = (char)(i * 7);
    assert_int_equal(rog_file_write(path, picture, sizeof picture, NULL), 0);

    assert_int_equal(meet(kitty, folder, &terminal), ROG_PREVIEW_KITTY);
    assert_non_null(strstr(terminal.got, "\033_Ga=T,f=100,q=2,c=60,m=1;AAcOFRwjKjE4P0ZNVFtiaXB3"));
    assert_non_null(strstr(terminal.got, "\033_Gm=0;"));
    free(terminal.got);

    assert_int_equal(meet(iterm, folder, &terminal), ROG_PREVIEW_ITERM);
    assert_non_null(strstr(terminal.got, "\033]1337;File=inline=1;size=4000;width=60;"
                                         "preserveAspectRatio=1:AAcOFRwjKjE4P0ZNVFtiaXB3"));
    assert_non_null(strstr(terminal.got, "WQ==\a")); /* 4000 bytes: one left over */
    free(terminal.got);

    assert_int_equal(meet(vte, folder, &terminal), ROG_PREVIEW_NONE);
    assert_null(strstr(terminal.got, "AAcOFRwj"));
    free(terminal.got);
    assert_int_equal(meet("", folder, &terminal), ROG_PREVIEW_NONE); /* it never answers */
    free(terminal.got);
    free(path);
    rog_dir_remove(folder, NULL);
}

static void what_is_no_terminal_is_not_asked(void **state)
{
    (void)state;
    int fds[2];
    char byte;
    assert_int_equal(pipe(fds), 0);
    assert_int_equal(rog_preview_ask(fds[1]), ROG_PREVIEW_NONE);
    close(fds[1]);
    assert_int_equal(read(fds[0], &byte, 1), 0);
    close(fds[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_are_understood),
        cmocka_unit_test(pictures_arrive),
        cmocka_unit_test(what_is_no_terminal_is_not_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
