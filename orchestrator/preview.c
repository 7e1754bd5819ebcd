/* SPDX-License-Identifier: Apache-2.0 */
#include <orchestrator/preview.h>

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <common/clock.h>
#include <common/file.h>
#include <orchestrator/figures/gnuplot.h>

#define ANSWER_MAX_BYTES 1024
#define ANSWER_S 1.0
#define COLUMNS_MAX 80
#define PICTURE_MAX_BYTES ((size_t)32 << 20)
#define PIECE_BYTES 3072 /* of a picture in one of kitty's messages: 4096 in base64 */
#define DRAW_TIMEOUT_S 30.0

/* XTVERSION, kitty's query for a picture of one pixel, and DA1, which every terminal answers, and
 * answers last. */
static const char question[] = "\033[>q"
                               "\033_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\033\\"
                               "\033[c";

/* --- asking --- */

/* The attributes of DA1, "ESC [ ? 62 ; 4 ; 22 c"; NULL where it has not come whole. */
static const char *attributes(const char *answer)
{
    for (const char *at = strstr(answer, "\033[?"); at; at = strstr(at + 1, "\033[?")) {
        size_t length = strspn(at + 3, "0123456789;");
        if (length && at[3 + length] == 'c')
            return at + 3;
    }
    return NULL;
}

static bool has_attribute(const char *list, const char *wanted)
{
    for (bool first = true; *list && *list != 'c'; first = false) {
        size_t length = strcspn(list, ";c");
        if (!first && length == strlen(wanted) && strncmp(list, wanted, length) == 0)
            return true;
        list += length + (list[length] == ';');
    }
    return false;
}

/* Terminals that show iTerm2's inline images, as they name themselves. */
static bool shows_inline_images(const char *answer)
{
    static const char *const names[] = {"iTerm2 ", "WezTerm "};
    const char *name = strstr(answer, "\033P>|");
    for (size_t i = 0; name && i < sizeof names / sizeof *names; i++)
        if (strncmp(name + 4, names[i], strlen(names[i])) == 0)
            return true;
    return false;
}

enum rog_preview rog_preview_understand(const char *answer, size_t size)
{
    char text[ANSWER_MAX_BYTES + 1];
    size_t used = 0;
    for (size_t i = 0; i < size && used < ANSWER_MAX_BYTES; i++)
        if (answer[i])
            text[used++] = answer[i];
    text[used] = '\0';
    const char *list = attributes(text);
    if (strstr(text, "\033_Gi=31;OK"))
        return ROG_PREVIEW_KITTY;
    if (shows_inline_images(text))
        return ROG_PREVIEW_ITERM;
    return list && has_attribute(list, "4") ? ROG_PREVIEW_SIXEL : ROG_PREVIEW_NONE;
}

static bool put(int fd, const char *bytes, size_t size)
{
    while (size) {
        ssize_t wrote = write(fd, bytes, size);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote <= 0)
            return false;
        bytes += wrote;
        size -= (size_t)wrote;
    }
    return true;
}

/* Until the attributes have come, the time is over, or there is no more room. */
static size_t hear(int fd, char answer[ANSWER_MAX_BYTES + 1])
{
    size_t used = 0;
    double until_s = rog_clock_s() + ANSWER_S;
    answer[0] = '\0';
    while (used < ANSWER_MAX_BYTES && !attributes(answer)) {
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        double left_s = until_s - rog_clock_s();
        if (left_s <= 0 || poll(&ready, 1, (int)(1000 * left_s) + 1) <= 0)
            break;
        ssize_t got = read(fd, answer + used, ANSWER_MAX_BYTES - used);
        if (got <= 0)
            break;
        used += (size_t)got;
        answer[used] = '\0';
    }
    return used;
}

enum rog_preview rog_preview_ask(int fd)
{
    struct termios before, quiet;
    char answer[ANSWER_MAX_BYTES + 1];
    if (!isatty(fd) || tcgetpgrp(fd) != getpgrp() || tcgetattr(fd, &before) != 0)
        return ROG_PREVIEW_NONE;
    quiet = before;
    quiet.c_lflag &= (tcflag_t) ~(ICANON | ECHO);
    quiet.c_cc[VMIN] = 1;
    quiet.c_cc[VTIME] = 0;
    if (tcsetattr(fd, TCSADRAIN, &quiet) != 0)
        return ROG_PREVIEW_NONE;
    size_t size = put(fd, question, sizeof question - 1) ? hear(fd, answer) : 0;
    tcsetattr(fd, TCSADRAIN, &before);
    /* A terminal that does not know a question may have printed it. */
    put(fd, "\r\033[K", 4);
    return rog_preview_understand(answer, size);
}

/* --- showing --- */

static void write_base64(FILE *file, const unsigned char *bytes, size_t size)
{
    static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < size; i += 3) {
        size_t left = size - i;
        unsigned word = (unsigned)bytes[i] << 16 | (left > 1 ? (unsigned)bytes[i + 1] << 8 : 0u) |
                        (left > 2 ? bytes[i + 2] : 0u);
        fputc(digit[word >> 18 & 63], file);
        fputc(digit[word >> 12 & 63], file);
        fputc(left > 1 ? digit[word >> 6 & 63] : '=', file);
        fputc(left > 2 ? digit[word & 63] : '=', file);
    }
}

static void write_kitty(FILE *file, const char *png, size_t size, int columns)
{
    for (size_t at = 0; at < size; at += PIECE_BYTES) {
        size_t piece = size - at < PIECE_BYTES ? size - at : PIECE_BYTES;
        bool more = at + piece < size;
        if (at == 0)
            fprintf(file, "\033_Ga=T,f=100,q=2,c=%d,m=%d;", columns, more);
        else
            fprintf(file, "\033_Gm=%d;", more);
        write_base64(file, (const unsigned char *)png + at, piece);
        fputs("\033\\", file);
    }
    fputc('\n', file);
}

static void write_iterm(FILE *file, const char *png, size_t size, int columns)
{
    fprintf(file, "\033]1337;File=inline=1;size=%zu;width=%d;preserveAspectRatio=1:", size,
            columns);
    write_base64(file, (const unsigned char *)png, size);
    fputs("\a\n", file);
}

static void write_sixel(FILE *file, const char *sixel, size_t size, int columns)
{
    (void)columns;
    fwrite(sixel, 1, size, file);
    fputc('\n', file);
}

static int columns_of(int fd)
{
    struct winsize window;
    bool known = ioctl(fd, TIOCGWINSZ, &window) == 0 && window.ws_col > 0;
    return known && window.ws_col < COLUMNS_MAX ? window.ws_col : COLUMNS_MAX;
}

/* gnuplot writes the sixels beside the script; they are of no use later. */
static int draw_sixel(const char *folder, const char *stem, struct rog_error *err)
{
    char *script = rog_format("%s.gp", stem);
    const char *const scripts[] = {script};
    int code = script ? rog_gnuplot_run(folder, scripts, 1, "sixel", DRAW_TIMEOUT_S, err)
                      : rog_fail_nomem(err);
    free(script);
    return code;
}

int rog_preview_show(int fd, enum rog_preview how, const char *folder, const char *stem,
                     struct rog_error *err)
{
    static void (*const write_as[])(FILE *, const char *, size_t, int) = {
        [ROG_PREVIEW_KITTY] = write_kitty,
        [ROG_PREVIEW_ITERM] = write_iterm,
        [ROG_PREVIEW_SIXEL] = write_sixel,
    };
    char *data = NULL, *text = NULL;
    size_t size = 0, length = 0;
    if (how == ROG_PREVIEW_NONE)
        return 0;
    bool sixel = how == ROG_PREVIEW_SIXEL;
    char *path = rog_format("%s/%s.%s", folder, stem, sixel ? "sixel" : "png");
    int code = path ? 0 : rog_fail_nomem(err);
    if (!code && sixel)
        code = draw_sixel(folder, stem, err);
    if (!code)
        code = rog_file_read(path, PICTURE_MAX_BYTES, &data, &size, err);
    if (!code && sixel)
        unlink(path);
    FILE *file = code ? NULL : open_memstream(&text, &length);
    if (file) {
        write_as[how](file, data, size, columns_of(fd));
        if (fclose(file) != 0)
            code = rog_fail_nomem(err);
        else if (!put(fd, text, length))
            code = rog_fail(err, ROG_EIO, "cannot write to the terminal: %s", strerror(errno));
    } else if (!code) {
        code = rog_fail_nomem(err);
    }
    free(text);
    free(data);
    free(path);
    return code;
}
