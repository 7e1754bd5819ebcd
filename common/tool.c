/* SPDX-License-Identifier: Apache-2.0 */
#include <common/tool.h>

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <common/clock.h>
#include <common/file.h>

#define STEP_NS 2000000L

/* The program's path; heap memory, NULL where there is none (errno ENOENT) or no memory. */
static char *find(const char *name)
{
    if (strchr(name, '/'))
        return strdup(name);
    const char *path = getenv("PATH");
    char *all = rog_format("%s%s/usr/sbin:/sbin", path ? path : "", path && path[0] ? ":" : "");
    char *found = NULL, *rest = all;
    for (char *dir = all ? strsep(&rest, ":") : NULL; dir && !found; dir = strsep(&rest, ":")) {
        found = dir[0] ? rog_path_join(dir, name) : NULL;
        if (found && access(found, X_OK) != 0) {
            free(found);
            found = NULL;
        }
    }
    if (all && !found)
        errno = ENOENT;
    free(all);
    return found;
}

bool rog_tool_exists(const char *name)
{
    char *path = find(name);
    free(path);
    return path != NULL;
}

/* Between fork and exec: only calls that are safe there. */
static void become(const char *path, const char *const *argv, int input, int output, int errors)
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    if (dup2(input, STDIN_FILENO) < 0 || dup2(output, STDOUT_FILENO) < 0 ||
        dup2(errors, STDERR_FILENO) < 0)
        return;
    union {
        const char *const *ours;
        char *const *theirs;
    } args = {argv};
    execv(path, args.theirs);
}

/* Pipes: [0] input, [1] output, [2] errors, [3] how exec went. */
enum { IN, OUT, ERR, EXEC, PIPES };

static void close_pipes(int pipes[PIPES][2])
{
    for (int i = 0; i < PIPES; i++)
        for (int end = 0; end < 2; end++)
            if (pipes[i][end] >= 0)
                close(pipes[i][end]);
}

int rog_tool_start(struct rog_tool *tool, const char *const *argv, struct rog_error *err)
{
    int code = ROG_OK, cause = 0, pipes[PIPES][2] = {{-1, -1}, {-1, -1}, {-1, -1}, {-1, -1}};
    *tool = ROG_TOOL_NONE;
    char *path = find(argv[0]);
    if (!path)
        return errno == ENOENT
                   ? rog_fail(err, ROG_ENOTFOUND, "the program %s is not installed", argv[0])
                   : rog_fail_nomem(err);
    for (int i = 0; i < PIPES && !code; i++)
        if (pipe2(pipes[i], O_CLOEXEC) != 0)
            code = rog_fail(err, ROG_EIO, "cannot make a pipe: %s", strerror(errno));
    pid_t pid = code ? -1 : fork();
    if (pid == 0) {
        become(path, argv, pipes[IN][0], pipes[OUT][1], pipes[ERR][1]);
        cause = errno;
        ssize_t written = write(pipes[EXEC][1], &cause, sizeof cause);
        _exit(written == sizeof cause ? 127 : 126);
    }
    if (!code && pid < 0)
        code = rog_fail(err, ROG_EIO, "cannot start %s: %s", argv[0], strerror(errno));
    if (code)
        goto out;
    close(pipes[EXEC][1]);
    pipes[EXEC][1] = -1;
    ssize_t got;
    do
        got = read(pipes[EXEC][0], &cause, sizeof cause);
    while (got < 0 && errno == EINTR);
    if (got == sizeof cause) {
        waitpid(pid, NULL, 0);
        code = rog_fail(err, cause == ENOENT ? ROG_ENOTFOUND : ROG_EIO, "cannot execute %s: %s",
                        argv[0], strerror(cause));
        goto out;
    }
    *tool = (struct rog_tool){pid, pipes[IN][1], pipes[OUT][0], pipes[ERR][0]};
    fcntl(tool->output, F_SETFL, O_NONBLOCK);
    fcntl(tool->errors, F_SETFL, O_NONBLOCK);
    pipes[IN][1] = pipes[OUT][0] = pipes[ERR][0] = -1;
out:
    close_pipes(pipes);
    free(path);
    return code;
}

/* Waits until the process ends or the moment comes; true with its status when it has ended. */
static bool await_end(pid_t pid, double until_s, int *status)
{
    const struct timespec step = {0, STEP_NS};
    for (;;) {
        pid_t ended = waitpid(pid, status, WNOHANG);
        if (ended == pid || (ended < 0 && errno == ECHILD))
            return true;
        if (rog_clock_s() >= until_s)
            return false;
        nanosleep(&step, NULL);
    }
}

static int end(struct rog_tool *tool, double until_s, bool *in_time)
{
    int status = 0;
    if (tool->input >= 0)
        close(tool->input);
    *in_time = true;
    if (tool->pid > 0 && !await_end(tool->pid, until_s, &status)) {
        *in_time = false;
        kill(tool->pid, SIGKILL);
        waitpid(tool->pid, &status, 0);
    }
    if (tool->output >= 0)
        close(tool->output);
    if (tool->errors >= 0)
        close(tool->errors);
    *tool = ROG_TOOL_NONE;
    return status;
}

void rog_tool_stop(struct rog_tool *tool, double timeout_s)
{
    bool in_time;
    end(tool, rog_clock_s() + timeout_s, &in_time);
}

struct text {
    char *bytes;
    size_t used, room;
};

/* Reads what is there. Sets *open to false at its end. */
static int drain(int fd, struct text *text, bool *open, struct rog_error *err)
{
    for (;;) {
        if (text->used + 1 >= text->room) {
            size_t room = text->room ? 2 * text->room : 4096;
            char *more = realloc(text->bytes, room);
            if (!more)
                return rog_fail_nomem(err);
            text->bytes = more;
            text->room = room;
        }
        ssize_t got = read(fd, text->bytes + text->used, text->room - text->used - 1);
        if (got > 0)
            text->used += (size_t)got;
        text->bytes[text->used] = '\0';
        if (text->used > ROG_TOOL_OUTPUT_MAX_BYTES)
            return rog_fail(err, ROG_EFORMAT, "it wrote more than %zu bytes",
                            ROG_TOOL_OUTPUT_MAX_BYTES);
        if (got == 0)
            *open = false;
        if (got == 0 || (got < 0 && errno != EINTR))
            return ROG_OK;
    }
}

/* Takes both outputs in until both end or the moment comes. */
static int collect(const struct rog_tool *tool, double until_s, struct text *output,
                   struct text *errors, struct rog_error *err)
{
    bool open[2] = {true, true};
    while (open[0] || open[1]) {
        double left_s = until_s - rog_clock_s();
        if (left_s <= 0)
            return ROG_OK;
        struct pollfd ends[2] = {{.fd = open[0] ? tool->output : -1, .events = POLLIN},
                                 {.fd = open[1] ? tool->errors : -1, .events = POLLIN}};
        if (poll(ends, 2, (int)fmin(1000 * left_s + 1, 60000)) < 0 && errno != EINTR)
            return rog_fail(err, ROG_EIO, "cannot wait for it: %s", strerror(errno));
        int code = ends[0].revents ? drain(tool->output, output, &open[0], err) : ROG_OK;
        if (!code && ends[1].revents)
            code = drain(tool->errors, errors, &open[1], err);
        if (code)
            return code;
    }
    return ROG_OK;
}

/* "tc qdisc add dev x" for messages. */
static char *command_line(const char *const *argv)
{
    char *line = rog_strdup(argv[0]);
    for (size_t i = 1; line && argv[i]; i++) {
        char *longer = rog_format("%s %s", line, argv[i]);
        free(line);
        line = longer;
    }
    return line;
}

int rog_tool_run(const char *const *argv, double timeout_s, char **output, struct rog_error *err)
{
    if (output)
        *output = NULL;
    struct rog_tool tool;
    int code = rog_tool_start(&tool, argv, err);
    if (code)
        return code;
    struct text out = {0}, said = {0};
    double until_s = rog_clock_s() + timeout_s;
    close(tool.input);
    tool.input = -1;
    code = collect(&tool, until_s, &out, &said, err);
    bool in_time;
    int status = end(&tool, code ? 0 : until_s, &in_time);
    char *line = command_line(argv);
    while (said.used && strchr(" \n", said.bytes[said.used - 1]))
        said.bytes[--said.used] = '\0';
    for (size_t i = 0; i < said.used; i++)
        if (said.bytes[i] == '\n')
            said.bytes[i] = ' ';
    if (code)
        rog_fail_prefix(err, "%s", line ? line : argv[0]);
    else if (!in_time)
        code = rog_fail(err, ROG_EFAILED, "%s: not done after %g s, killed", line ? line : argv[0],
                        timeout_s);
    else if (status != 0)
        code = rog_fail(err, ROG_EFAILED, "%s: %s (%s %d)", line ? line : argv[0],
                        said.used ? said.bytes : "it failed without a word",
                        WIFSIGNALED(status) ? "signal" : "exit status",
                        WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    if (!code && output) {
        *output = out.bytes ? out.bytes : calloc(1, 1);
        out.bytes = NULL;
        if (!*output)
            code = rog_fail_nomem(err);
    }
    free(line);
    free(out.bytes);
    free(said.bytes);
    return code;
}
