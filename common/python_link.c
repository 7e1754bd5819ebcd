/* SPDX-License-Identifier: Apache-2.0 */
/* Asks the process of a strategy in Python, and ends it. */
#include <common/python_link.h>

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <common/clock.h>
#include <common/file.h>

#define PYTHON "python3"
#define HOST "lib/rog/python/rog/strategy_host.py"
#define START_LIMIT_S 60 /* time for the imports of the file */
#define END_S 1.0        /* time for the process to exit by itself */
#define TELL_NS 200000000L

/* Larger answers are treated as errors. */
#define ANSWER_MOST ((uint64_t)1 << 28)

/* ---- messages ---- */

enum status { ANSWERED, FAILED, WANTS_VERSIONS };

struct head {
    uint32_t what;  /* question: the hook; answer: its status */
    uint32_t state; /* of a question */
    uint64_t size;  /* bytes that follow */
};

static const char *const hook_name[] = {
    [ROG_PYTHON_CREATE] = "create",       [ROG_PYTHON_DESTROY] = "destroy",
    [ROG_PYTHON_PROMISES] = "promises",   [ROG_PYTHON_PLAN_PUSH] = "plan_push",
    [ROG_PYTHON_ADMIT] = "admit",         [ROG_PYTHON_PLAN_PULL] = "plan_pull",
    [ROG_PYTHON_GRANT] = "grant",         [ROG_PYTHON_WEIGH] = "weigh",
    [ROG_PYTHON_PLAN_WORK] = "plan_work", [ROG_PYTHON_SAVE] = "save",
    [ROG_PYTHON_LOAD] = "load",
};

static bool fail(struct rog_python_link *link, const char *who, const char *format, va_list list)
    __attribute__((format(printf, 3, 0)));
static bool fail(struct rog_python_link *link, const char *who, const char *format, va_list list)
{
    int used = snprintf(link->failure, sizeof link->failure, "%s%s", who, who[0] ? ": " : "");
    vsnprintf(link->failure + used, sizeof link->failure - (size_t)used, format, list);
    return false;
}

bool rog_python_fail(struct rog_python_link *link, enum rog_python_hook hook, const char *format,
                     ...)
{
    va_list list;
    va_start(list, format);
    fail(link, hook_name[hook], format, list);
    va_end(list);
    return false;
}

static bool fail_link(struct rog_python_link *link, const char *who, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static bool fail_link(struct rog_python_link *link, const char *who, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    fail(link, who, format, list);
    va_end(list);
    return false;
}

static bool reserve(struct rog_python_bytes *bytes, size_t size)
{
    if (size <= bytes->room)
        return true;
    size_t room = size > 2 * bytes->room ? size : 2 * bytes->room;
    uint8_t *more = realloc(bytes->at, room);
    if (!more)
        return false;
    bytes->at = more;
    bytes->room = room;
    return true;
}

void rog_python_begin(struct rog_python_link *link)
{
    link->question.size = 0;
    rog_python_put(link, &(struct head){0}, sizeof(struct head));
}

void rog_python_put(struct rog_python_link *link, const void *bytes, size_t size)
{
    if (!link->failure[0] && !reserve(&link->question, link->question.size + size))
        fail_link(link, "", "out of memory for a question of %zu bytes",
                  link->question.size + size);
    if (link->failure[0] || size == 0)
        return;
    memcpy(link->question.at + link->question.size, bytes, size);
    link->question.size += size;
}

/* ---- end of the process ---- */

/* The process has ended by itself. */
static bool fail_ended(struct rog_python_link *link, const char *who)
{
    if (!rog_process_wait(&link->process, END_S)) {
        rog_process_kill(&link->process);
        return fail_link(link, who, "its Python process no longer answers");
    }
    if (link->process.signal)
        return fail_link(link, who, "its Python process was killed by signal %d, %s",
                         link->process.signal, strsignal(link->process.signal));
    if (link->process.status == 0) /* or unknown, as this process is a fork */
        return fail_link(link, who, "its Python process exited");
    return fail_link(link, who, "its Python process exited with status %d", link->process.status);
}

/* Before the process is killed, a signal makes it write its position to standard error. */
static bool fail_late(struct rog_python_link *link, const char *who)
{
    kill(link->process.pid, SIGUSR1);
    nanosleep(&(struct timespec){0, TELL_NS}, NULL);
    rog_process_kill(&link->process);
    return fail_link(link, who, "no answer within %g s; it was killed", link->limit_s);
}

/* Waits for the descriptor until until_s. */
static bool await(int fd, short event, double until_s)
{
    for (;;) {
        double left_s = until_s - rog_clock_s();
        struct pollfd one = {.fd = fd, .events = event};
        int ready = left_s > 0 ? poll(&one, 1, (int)fmin(1000 * left_s + 1, 60000)) : 0;
        if (ready > 0 || (ready < 0 && errno != EINTR))
            return true;
        if (left_s <= 0)
            return false;
    }
}

/* Writes to a pipe without raising SIGPIPE if it has no reader. */
static ssize_t write_quietly(int fd, const void *bytes, size_t size)
{
    sigset_t pipe_only, before, pending;
    sigemptyset(&pipe_only);
    sigaddset(&pipe_only, SIGPIPE);
    sigpending(&pending);
    pthread_sigmask(SIG_BLOCK, &pipe_only, &before);
    ssize_t written = write(fd, bytes, size);
    int cause = errno;
    if (written < 0 && cause == EPIPE && !sigismember(&pending, SIGPIPE))
        sigtimedwait(&pipe_only, NULL, &(struct timespec){0});
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = cause;
    return written;
}

static bool may_wait(ssize_t moved)
{
    return moved < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR);
}

static bool send_all(struct rog_python_link *link, const char *who, const void *bytes, size_t size,
                     double until_s)
{
    const uint8_t *at = bytes;
    while (size > 0) {
        ssize_t moved = write_quietly(link->process.input, at, size);
        if (moved <= 0 && !may_wait(moved))
            return fail_ended(link, who);
        if (moved <= 0 && !await(link->process.input, POLLOUT, until_s))
            return fail_late(link, who);
        at += moved > 0 ? moved : 0;
        size -= moved > 0 ? (size_t)moved : 0;
    }
    return true;
}

static bool receive_all(struct rog_python_link *link, const char *who, void *bytes, size_t size,
                        double until_s)
{
    uint8_t *at = bytes;
    while (size > 0) {
        ssize_t moved = read(link->process.output, at, size);
        if (moved <= 0 && !may_wait(moved))
            return fail_ended(link, who);
        if (moved <= 0 && !await(link->process.output, POLLIN, until_s))
            return fail_late(link, who);
        at += moved > 0 ? moved : 0;
        size -= moved > 0 ? (size_t)moved : 0;
    }
    return true;
}

/* ---- questions ---- */

/* Reads an answer; *status: its kind. */
static bool take_answer(struct rog_python_link *link, const char *who, double until_s,
                        uint32_t *status)
{
    struct head head;
    if (!receive_all(link, who, &head, sizeof head, until_s))
        return false;
    if (head.size > ANSWER_MOST)
        return fail_link(link, who, "an answer of %llu bytes, at most %llu are allowed",
                         (unsigned long long)head.size, (unsigned long long)ANSWER_MOST);
    if (!reserve(&link->answer, (size_t)head.size + 1))
        return fail_link(link, who, "out of memory for an answer of %llu bytes",
                         (unsigned long long)head.size);
    link->answer.size = (size_t)head.size;
    *status = head.what;
    if (!receive_all(link, who, link->answer.at, link->answer.size, until_s))
        return false;
    link->answer.at[link->answer.size] = '\0';
    return true;
}

static bool give_table(struct rog_python_link *link, const char *who, const void *table,
                       size_t table_bytes, double until_s)
{
    const struct head head = {.size = table_bytes};
    if (!table)
        return fail_link(link, who, "there is no table of versions here");
    return send_all(link, who, &head, sizeof head, until_s) &&
           send_all(link, who, table, table_bytes, until_s);
}

bool rog_python_ask(struct rog_python_link *link, enum rog_python_hook hook, uint32_t state,
                    const void *table, size_t table_bytes)
{
    const char *who = hook_name[hook];
    uint32_t status = WANTS_VERSIONS;
    if (link->failure[0])
        return false;
    const struct head head = {hook, state, link->question.size - sizeof head};
    memcpy(link->question.at, &head, sizeof head);
    double until_s = rog_clock_s() + link->limit_s;
    if (!send_all(link, who, link->question.at, link->question.size, until_s))
        return false;
    while (status == WANTS_VERSIONS)
        if (!take_answer(link, who, until_s, &status) ||
            (status == WANTS_VERSIONS && !give_table(link, who, table, table_bytes, until_s)))
            return false;
    if (status == ANSWERED)
        return true;
    return fail_link(link, who, "%s", (const char *)link->answer.at);
}

/* ---- start and end ---- */

static bool read_description(struct rog_python_link *link, const char *path,
                             struct rog_json **description, struct rog_error *err)
{
    uint32_t status = FAILED;
    if (!take_answer(link, "", rog_clock_s() + link->limit_s, &status))
        return false;
    if (status != ANSWERED)
        return fail_link(link, "", "%s", (const char *)link->answer.at);
    return rog_json_parse((const char *)link->answer.at, link->answer.size, path, description,
                          err) == 0;
}

int rog_python_link_start(struct rog_python_link *link, const char *path,
                          struct rog_json **description, struct rog_error *err)
{
    struct rog_error cause = {0};
    *description = NULL;
    *link = (struct rog_python_link){.process = ROG_PROCESS_NONE, .limit_s = START_LIMIT_S};
    char *host = rog_install_path(HOST, err);
    if (!host)
        return ROG_EFAILED;
    /* Sets have the same order in each run. */
    const char *const argv[] = {"env", "PYTHONHASHSEED=0", PYTHON, "-B", host, path, NULL};
    const struct rog_process_options options = {.argv = argv, .pipes = true};
    int code = rog_program_exists(PYTHON)
                   ? rog_process_start(&link->process, &options, &cause)
                   : rog_fail(&cause, ROG_ENOTFOUND, "the program " PYTHON " is not installed");
    free(host);
    if (code)
        return rog_fail(err, ROG_EABI, "cannot use the Python strategy %s: %s", path,
                        cause.message);
    fcntl(link->process.input, F_SETFL, O_NONBLOCK);
    if (read_description(link, path, description, &cause)) {
        link->limit_s = fmax(rog_json_get_number(*description, "limit_s", START_LIMIT_S), 0.001);
        return 0;
    }
    code =
        rog_fail(err, ROG_EABI, "%s: %s", path, link->failure[0] ? link->failure : cause.message);
    rog_python_link_end(link);
    return code;
}

void rog_python_link_end(struct rog_python_link *link)
{
    if (link->process.pid) {
        rog_process_close_input(&link->process);
        rog_process_finish(&link->process, END_S);
    }
    free(link->question.at);
    free(link->answer.at);
    *link = (struct rog_python_link){.process = ROG_PROCESS_NONE};
}
