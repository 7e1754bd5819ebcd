/* SPDX-License-Identifier: Apache-2.0 */
#include <common/process.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* How long a process may take to end by itself, in steps of 10 ms. */
#define STOP_STEPS 200
#define STEP_NS 10000000L
#define LINE_MAX_BYTES (1 << 20)

/* The descriptors a child may need, and the one that tells how exec went. */
struct plumbing {
    int input[2], output[2], failure[2];
    int log;
};

static void close_all(struct plumbing *p)
{
    int *all[] = {&p->input[0],   &p->input[1],   &p->output[0], &p->output[1],
                  &p->failure[0], &p->failure[1], &p->log};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (*all[i] >= 0)
            close(*all[i]);
        *all[i] = -1;
    }
}

static int lay(struct plumbing *p, const struct rog_process_options *options, struct rog_error *err)
{
    *p = (struct plumbing){{-1, -1}, {-1, -1}, {-1, -1}, -1};
    if (pipe2(p->failure, O_CLOEXEC) != 0 ||
        (options->pipes && (pipe2(p->input, O_CLOEXEC) != 0 || pipe2(p->output, O_CLOEXEC) != 0))) {
        int cause = errno;
        close_all(p);
        return rog_fail(err, ROG_EIO, "cannot make a pipe: %s", strerror(cause));
    }
    if (options->log) {
        p->log = open(options->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
        if (p->log < 0) {
            int cause = errno;
            close_all(p);
            return rog_fail(err, ROG_EIO, "cannot write %s: %s", options->log, strerror(cause));
        }
    }
    return 0;
}

/* In the child, until exec. Only calls that are safe between fork and exec. */
static void become(const struct plumbing *p, const struct rog_process_options *options,
                   pid_t parent)
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) /* it died before the line above */
        _exit(127);
    int input = options->pipes ? p->input[0] : open("/dev/null", O_RDONLY | O_CLOEXEC);
    int error = options->log ? p->log : STDERR_FILENO;
    int output = options->pipes ? p->output[1] : error;
    if (input < 0 || dup2(input, STDIN_FILENO) < 0 || dup2(output, STDOUT_FILENO) < 0 ||
        (error != STDERR_FILENO && dup2(error, STDERR_FILENO) < 0))
        return;
    union {
        const char *const *ours;
        char *const *theirs;
    } argv = {options->argv};
    execvp(options->argv[0], argv.theirs);
}

int rog_process_start(struct rog_process *process, const struct rog_process_options *options,
                      struct rog_error *err)
{
    *process = ROG_PROCESS_NONE;
    struct plumbing p;
    int code = lay(&p, options, err);
    if (code < 0)
        return code;
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid == 0) {
        become(&p, options, parent);
        int cause = errno;
        ssize_t written = write(p.failure[1], &cause, sizeof cause);
        _exit(written == sizeof cause ? 127 : 126);
    }
    if (pid < 0) {
        code = rog_fail(err, ROG_EFAILED, "cannot start a process: %s", strerror(errno));
        goto out;
    }
    close(p.failure[1]);
    p.failure[1] = -1;
    int cause = 0;
    ssize_t got;
    do
        got = read(p.failure[0], &cause, sizeof cause);
    while (got < 0 && errno == EINTR);
    if (got == sizeof cause) {
        waitpid(pid, NULL, 0);
        code =
            rog_fail(err, ROG_EFAILED, "cannot execute %s: %s", options->argv[0], strerror(cause));
        goto out;
    }
    process->pid = pid;
    if (options->pipes) {
        process->input = p.input[1];
        process->output = p.output[0];
        fcntl(process->output, F_SETFL, O_NONBLOCK);
        p.input[1] = p.output[0] = -1;
    }
out:
    close_all(&p);
    return code;
}

void rog_process_close_input(struct rog_process *process)
{
    if (process->input >= 0)
        close(process->input);
    process->input = -1;
}

static void reaped(struct rog_process *process, int status)
{
    process->status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    process->pid = 0;
    rog_process_close_input(process);
}

bool rog_process_ended(struct rog_process *process)
{
    int status;
    if (process->pid != 0 && waitpid(process->pid, &status, WNOHANG) == process->pid)
        reaped(process, status);
    return process->pid == 0;
}

/* Has the process ended? Leaves it unreaped, so that its number still names its group. */
static bool is_zombie(pid_t pid)
{
    siginfo_t info = {0};
    return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == pid;
}

void rog_process_stop(struct rog_process *process)
{
    if (process->pid != 0) {
        kill(-process->pid, SIGTERM);
        const struct timespec step = {0, STEP_NS};
        for (int i = 0; i < STOP_STEPS && !is_zombie(process->pid); i++)
            nanosleep(&step, NULL);
    }
    rog_process_kill(process);
}

void rog_process_kill(struct rog_process *process)
{
    if (process->pid != 0) {
        kill(-process->pid, SIGKILL); /* and whatever it started */
        int status;
        if (waitpid(process->pid, &status, 0) == process->pid)
            reaped(process, status);
    }
    rog_process_close_input(process);
    if (process->output >= 0)
        close(process->output);
    process->output = -1;
}

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
