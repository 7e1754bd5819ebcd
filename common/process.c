/* SPDX-License-Identifier: Apache-2.0 */
/* Starts programs without a shell, and handles their end. */
#include <common/process.h>

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <common/clock.h>
#include <common/file.h>

#define STOP_S 2.0 /* time for a process to terminate by itself, s */
#define STEP_NS 2000000L
#define ASK_S 0.1 /* interval at which `stopped` is called, s */
#define LINE_MAX_BYTES (1 << 20)

/* --- finding programs --- */

const char *rog_process_aside(pid_t pid, char text[ROG_PROCESS_ASIDE_BYTES])
{
    text[0] = '\0';
    if (pid > 0)
        snprintf(text, ROG_PROCESS_ASIDE_BYTES, " (process %ld)", (long)pid);
    return text;
}

char *rog_program_path(const char *name)
{
    if (strchr(name, '/'))
        return rog_strdup(name);
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

bool rog_program_exists(const char *name)
{
    char *path = rog_program_path(name);
    free(path);
    return path != NULL;
}

/* --- starting programs --- */

/* The descriptors that a child may need, and a pipe that reports the result of exec. */
struct plumbing {
    int input[2], output[2], errors[2], failure[2];
    int log;
};

static void close_all(struct plumbing *p)
{
    int *all[] = {&p->input[0],  &p->input[1],   &p->output[0],  &p->output[1], &p->errors[0],
                  &p->errors[1], &p->failure[0], &p->failure[1], &p->log};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (*all[i] >= 0)
            close(*all[i]);
        *all[i] = -1;
    }
}

static int lay(struct plumbing *p, const struct rog_process_options *options, struct rog_error *err)
{
    *p = (struct plumbing){{-1, -1}, {-1, -1}, {-1, -1}, {-1, -1}, -1};
    if (pipe2(p->failure, O_CLOEXEC) != 0 ||
        (options->pipes && (pipe2(p->input, O_CLOEXEC) != 0 || pipe2(p->output, O_CLOEXEC) != 0)) ||
        (options->error_pipe && pipe2(p->errors, O_CLOEXEC) != 0))
        return rog_fail(err, ROG_EIO, "cannot create a pipe: %s", strerror(errno));
    if (options->log) {
        p->log = open(options->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
        if (p->log < 0)
            return rog_fail(err, ROG_EIO, "cannot write %s: %s", options->log, strerror(errno));
    }
    return 0;
}

/* Connects standard input, output and error of the child. Returns false with errno. */
static bool connect_streams(const struct plumbing *p, const struct rog_process_options *options)
{
    int error = options->error_pipe ? p->errors[1] : options->log ? p->log : STDERR_FILENO;
    int output = options->pipes          ? p->output[1]
                 : options->socket       ? options->socket
                 : options->has_terminal ? STDOUT_FILENO
                                         : error;
    int input = options->pipes          ? p->input[0]
                : options->socket       ? options->socket
                : options->has_terminal ? STDIN_FILENO
                                        : open("/dev/null", O_RDONLY | O_CLOEXEC);
    return input >= 0 && dup2(input, STDIN_FILENO) >= 0 && dup2(output, STDOUT_FILENO) >= 0 &&
           dup2(error, STDERR_FILENO) >= 0;
}

/* Returns false with errno. */
static bool enter(const char *folder)
{
    return !folder || chdir(folder) == 0;
}

/* Marks this process as the first to kill if memory runs out. Without this file the kernel chooses
 * by size only. */
static void offer_to_kernel(void)
{
    int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (fd >= 0 && write(fd, "1000", 4) >= 0)
        close(fd);
}

/* Runs in the child until exec. Only calls that are safe between fork and exec. */
static void become(const char *path, const struct plumbing *p,
                   const struct rog_process_options *options, pid_t parent)
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    if (options->session)
        setsid();
    else if (!options->has_terminal)
        setpgid(0, 0);
    if (!options->outlives) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent) /* the parent died before the previous line */
            _exit(127);
    }
    if (!connect_streams(p, options) || !enter(options->folder))
        return;
    if (options->expendable)
        offer_to_kernel();
    union {
        const char *const *ours;
        char *const *theirs;
    } argv = {options->argv}, environment = {options->environment};
    if (environment.ours)
        execve(path, argv.theirs, environment.theirs);
    else
        execv(path, argv.theirs);
}

/* Returns the errno of a failed exec, or 0 if the program runs. */
static int await_exec(struct plumbing *p)
{
    int cause = 0;
    ssize_t got;
    close(p->failure[1]);
    p->failure[1] = -1;
    do
        got = read(p->failure[0], &cause, sizeof cause);
    while (got < 0 && errno == EINTR);
    return got == sizeof cause ? cause : 0;
}

/* Takes our end of a pipe out of the plumbing. */
static int keep(int *end, int flags)
{
    int fd = *end;
    *end = -1;
    if (fd >= 0 && flags)
        fcntl(fd, F_SETFL, flags);
    return fd;
}

static int start(struct rog_process *process, const char *path, struct plumbing *p,
                 const struct rog_process_options *options, struct rog_error *err)
{
    const char *name = options->argv[0];
    int code = lay(p, options, err);
    if (code < 0)
        return code;
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid == 0) {
        become(path, p, options, parent);
        int cause = errno;
        ssize_t written = write(p->failure[1], &cause, sizeof cause);
        _exit(written == sizeof cause ? 127 : 126);
    }
    if (pid < 0)
        return rog_fail(err, ROG_EFAILED, "cannot start %s: %s", name, strerror(errno));
    int cause = await_exec(p);
    if (cause) {
        waitpid(pid, NULL, 0);
        return rog_fail(err, cause == ENOENT ? ROG_ENOTFOUND : ROG_EFAILED, "cannot execute %s: %s",
                        name, strerror(cause));
    }
    process->pid = pid;
    process->is_group = !options->has_terminal;
    process->input = keep(&p->input[1], 0);
    process->output = keep(&p->output[0], O_NONBLOCK);
    process->errors = keep(&p->errors[0], O_NONBLOCK);
    return 0;
}

int rog_process_start(struct rog_process *process, const struct rog_process_options *options,
                      struct rog_error *err)
{
    struct plumbing p;
    *process = ROG_PROCESS_NONE;
    char *path = rog_program_path(options->argv[0]);
    if (!path)
        return errno == ENOENT ? rog_fail(err, ROG_ENOTFOUND, "the program %s is not installed",
                                          options->argv[0])
                               : rog_fail_nomem(err);
    int code = start(process, path, &p, options, err);
    close_all(&p);
    free(path);
    return code;
}

/* --- ending programs --- */

void rog_process_close_input(struct rog_process *process)
{
    if (process->input >= 0)
        close(process->input);
    process->input = -1;
}

static void reaped(struct rog_process *process, int status)
{
    process->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    process->status = process->signal ? 128 + process->signal : WEXITSTATUS(status);
    process->pid = 0;
    rog_process_close_input(process);
}

/* Reaps the process if it has ended. If SIGCHLD is ignored, the kernel has already reaped it. */
static void reap(struct rog_process *process, int flags)
{
    int status = 0;
    pid_t ended;
    do
        ended = waitpid(process->pid, &status, flags);
    while (ended < 0 && errno == EINTR);
    if (ended == process->pid || (ended < 0 && errno == ECHILD))
        reaped(process, status);
}

bool rog_process_ended(struct rog_process *process)
{
    if (process->pid != 0)
        reap(process, WNOHANG);
    return process->pid == 0;
}

/* Returns whether the process has ended. Does not reap it, so that its number still identifies its
 * group. */
static bool is_zombie(pid_t pid)
{
    siginfo_t info = {0};
    return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == pid;
}

bool rog_process_is_over(const struct rog_process *process)
{
    return process->pid == 0 || is_zombie(process->pid);
}

/* Waits until the process ends or until_s, without reaping it. */
static bool await_end(const struct rog_process *process, double until_s)
{
    const struct timespec step = {0, STEP_NS};
    while (!rog_process_is_over(process)) {
        if (rog_clock_s() >= until_s)
            return false;
        nanosleep(&step, NULL);
    }
    return true;
}

bool rog_process_wait(struct rog_process *process, double timeout_s)
{
    return await_end(process, rog_clock_s() + timeout_s) && rog_process_ended(process);
}

static void send_signal(const struct rog_process *process, int number)
{
    kill(process->is_group ? -process->pid : process->pid, number);
}

void rog_process_ask(struct rog_process *process)
{
    if (process->pid == 0 || process->asked_s > 0)
        return;
    process->asked_s = rog_clock_s();
    send_signal(process, SIGTERM);
}

void rog_process_stop(struct rog_process *process)
{
    rog_process_ask(process);
    if (process->pid != 0)
        await_end(process, process->asked_s + STOP_S);
    rog_process_kill(process);
}

void rog_process_finish(struct rog_process *process, double timeout_s)
{
    await_end(process, rog_clock_s() + timeout_s);
    rog_process_kill(process);
}

void rog_process_kill(struct rog_process *process)
{
    if (process->pid != 0) {
        send_signal(process, SIGKILL); /* also to all processes that it started */
        reap(process, 0);
    }
    rog_process_close_input(process);
    int *ends[] = {&process->output, &process->errors};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        if (*ends[i] >= 0)
            close(*ends[i]);
        *ends[i] = -1;
    }
}

/* --- running programs to their end --- */

struct text {
    char *bytes;
    size_t used, room;
};

/* Reads all available output. Sets *open to false at its end. */
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
        if (text->used > ROG_PROCESS_OUTPUT_MAX_BYTES)
            return rog_fail(err, ROG_EFORMAT, "it wrote more than %zu bytes",
                            ROG_PROCESS_OUTPUT_MAX_BYTES);
        if (got == 0)
            *open = false;
        if (got == 0 || (got < 0 && errno != EINTR))
            return ROG_OK;
    }
}

static int check_stopped(const struct rog_process_limit *limit, struct rog_error *err)
{
    return limit->stopped && limit->stopped(limit->user) ? rog_fail(err, ROG_EINTR, "interrupted")
                                                         : ROG_OK;
}

/* Returns how long to wait at a time. */
static double step_s(const struct rog_process_limit *limit, double until_s)
{
    double left_s = until_s - rog_clock_s();
    return limit->stopped ? fmin(left_s, ASK_S) : left_s;
}

/* Reads both outputs until both end or until_s. */
static int collect(const struct rog_process *process, const struct rog_process_limit *limit,
                   double until_s, struct text *output, struct text *errors, struct rog_error *err)
{
    bool open[2] = {true, true};
    while (open[0] || open[1]) {
        double wait_s = step_s(limit, until_s);
        if (wait_s <= 0)
            return ROG_OK;
        int code = check_stopped(limit, err);
        if (code)
            return code;
        struct pollfd ends[2] = {{.fd = open[0] ? process->output : -1, .events = POLLIN},
                                 {.fd = open[1] ? process->errors : -1, .events = POLLIN}};
        if (poll(ends, 2, (int)fmin(1000 * wait_s + 1, 60000)) < 0 && errno != EINTR)
            return rog_fail(err, ROG_EIO, "cannot wait for it: %s", strerror(errno));
        code = ends[0].revents ? drain(process->output, output, &open[0], err) : ROG_OK;
        if (!code && ends[1].revents)
            code = drain(process->errors, errors, &open[1], err);
        if (code)
            return code;
    }
    return ROG_OK;
}

/* Returns "tc qdisc add dev x" for messages. */
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

/* Returns its error output as one line. */
static const char *error_line(struct text *said)
{
    while (said->used && strchr(" \n", said->bytes[said->used - 1]))
        said->bytes[--said->used] = '\0';
    for (size_t i = 0; i < said->used; i++)
        if (said->bytes[i] == '\n')
            said->bytes[i] = ' ';
    return said->used ? said->bytes : "it failed without output";
}

/* Waits for the end of a process whose output has been read, and reports its error. */
static int conclude(struct rog_process *process, const char *line,
                    const struct rog_process_limit *limit, double until_s, struct text *said,
                    struct rog_error *err)
{
    while (!rog_process_wait(process, step_s(limit, until_s))) {
        int code = check_stopped(limit, err);
        if (code)
            return code;
        if (rog_clock_s() < until_s)
            continue;
        rog_process_kill(process);
        return rog_fail(err, ROG_EFAILED, "%s: timed out after %g s, killed", line,
                        limit->timeout_s);
    }
    int status = process->status;
    if (status == 0)
        return ROG_OK;
    return rog_fail(err, ROG_EFAILED, "%s: %s (%s %d)", line, error_line(said),
                    process->signal ? "signal" : "exit status",
                    process->signal ? process->signal : status);
}

int rog_process_run_within(const char *const *argv, const struct rog_process_limit *limit,
                           char **output, struct rog_error *err)
{
    const struct rog_process_options options = {.argv = argv, .pipes = true, .error_pipe = true};
    struct rog_process process;
    struct text out = {0}, said = {0};
    if (output)
        *output = NULL;
    int code = rog_process_start(&process, &options, err);
    if (code)
        return code;
    double until_s = rog_clock_s() + limit->timeout_s;
    rog_process_close_input(&process);
    code = collect(&process, limit, until_s, &out, &said, err);
    char *line = command_line(argv);
    const char *shown = line ? line : argv[0];
    if (code)
        rog_fail_prefix(err, "%s", shown);
    else
        code = conclude(&process, shown, limit, until_s, &said, err);
    rog_process_kill(&process);
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

int rog_process_run(const char *const *argv, double timeout_s, char **output, struct rog_error *err)
{
    const struct rog_process_limit limit = {.timeout_s = timeout_s};
    return rog_process_run_within(argv, &limit, output, err);
}

/* --- output by lines --- */

int rog_lines_fill(struct rog_lines *lines, const struct rog_process *process,
                   struct rog_error *err)
{
    if (lines->next > 0) {
        memmove(lines->text, lines->text + lines->next, lines->used - lines->next);
        lines->used -= lines->next;
        lines->next = 0;
    }
    while (process->output >= 0) {
        if (lines->used == lines->room) {
            if (lines->room >= LINE_MAX_BYTES)
                return rog_fail(err, ROG_EFORMAT, "a line of over %d bytes", LINE_MAX_BYTES);
            size_t room = lines->room ? 2 * lines->room : 4096;
            char *more = realloc(lines->text, room);
            if (!more)
                return rog_fail_nomem(err);
            lines->text = more;
            lines->room = room;
        }
        ssize_t got = read(process->output, lines->text + lines->used, lines->room - lines->used);
        if (got <= 0)
            break;
        lines->used += (size_t)got;
    }
    return 0;
}

const char *rog_lines_next(struct rog_lines *lines)
{
    char *begin = lines->text + lines->next;
    char *end = lines->text ? memchr(begin, '\n', lines->used - lines->next) : NULL;
    if (!end)
        return NULL;
    *end = '\0';
    lines->next = (size_t)(end - lines->text) + 1;
    return begin;
}

void rog_lines_release(struct rog_lines *lines)
{
    free(lines->text);
    *lines = (struct rog_lines){0};
}
