/* SPDX-License-Identifier: Apache-2.0 */
#include <orchestrator/figures/gnuplot.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <common/file.h>

extern char **environ;

#define OUTPUT_BYTES 600 /* of what gnuplot says, for the message */

struct child {
    const char *script;
    pid_t pid;  /* 0: not running */
    int output; /* what it writes; -1: closed */
    char text[OUTPUT_BYTES];
    size_t text_bytes;
};

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static int spawn_failed(struct rog_error *err, const char *program, const char *package, int cause)
{
    if (cause == ENOENT)
        return rog_fail(err, ROG_EFAILED,
                        "%s is not installed: install the package %s (apt-get install %s)", program,
                        package, package);
    return rog_fail(err, ROG_EFAILED, "cannot start %s: %s", program, strerror(cause));
}

/* Starts argv[0] from PATH in `folder`, with nothing to read and with both outputs to `output`. */
static int spawn(pid_t *pid, char *const *argv, const char *folder, int output)
{
    posix_spawn_file_actions_t actions;
    int cause = posix_spawn_file_actions_init(&actions);
    if (cause)
        return cause;
    cause = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    if (!cause)
        cause = posix_spawn_file_actions_adddup2(&actions, output, 1);
    if (!cause)
        cause = posix_spawn_file_actions_adddup2(&actions, output, 2);
    if (!cause && folder)
        cause = posix_spawn_file_actions_addchdir_np(&actions, folder);
    if (!cause)
        cause = posix_spawnp(pid, argv[0], &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    return cause;
}

static int child_start(struct child *child, const char *folder, const char *script, char *formats,
                       struct rog_error *err)
{
    int ends[2];
    char program[] = "gnuplot", plain[] = "-d", execute[] = "-e";
    char *name = rog_strdup(script);
    char *argv[] = {program, plain, execute, formats, name, NULL};
    *child = (struct child){.script = script, .output = -1};
    if (!name)
        return rog_fail_nomem(err);
    int code = 0;
    if (pipe2(ends, O_CLOEXEC) != 0) {
        code = rog_fail(err, ROG_EIO, "cannot make a pipe: %s", strerror(errno));
        goto out;
    }
    int cause = spawn(&child->pid, argv, folder, ends[1]);
    close(ends[1]);
    if (cause) {
        child->pid = 0;
        close(ends[0]);
        code = spawn_failed(err, "gnuplot, which draws the figures,", "gnuplot-nox", cause);
        goto out;
    }
    child->output = ends[0];
out:
    free(name);
    return code;
}

/* Reads once; keeps the beginning of what comes. */
static void child_read(struct child *child)
{
    char bytes[1024];
    ssize_t got = read(child->output, bytes, sizeof bytes);
    if (got < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    if (got <= 0) {
        close(child->output);
        child->output = -1;
        return;
    }
    size_t room = sizeof child->text - 1 - child->text_bytes;
    size_t keep = (size_t)got < room ? (size_t)got : room;
    memcpy(child->text + child->text_bytes, bytes, keep);
    child->text_bytes += keep;
}

/* Until every child has closed its output, or the time is over (false). */
static bool children_read(struct child *children, size_t count, double deadline_s)
{
    struct pollfd *polls = calloc(count, sizeof *polls);
    bool open = polls != NULL;
    while (open) {
        double left_s = deadline_s - now_s();
        open = false;
        for (size_t i = 0; i < count; i++) {
            polls[i] = (struct pollfd){.fd = children[i].output, .events = POLLIN};
            open = open || children[i].output >= 0;
        }
        if (!open || left_s <= 0)
            break;
        if (poll(polls, (nfds_t)count, (int)(left_s * 1000) + 1) > 0)
            for (size_t i = 0; i < count; i++)
                if (children[i].output >= 0 && polls[i].revents)
                    child_read(&children[i]);
    }
    free(polls);
    return !open;
}

/* One line of the message, without the blank lines and carets gnuplot frames it with. */
static const char *complaint(struct child *child)
{
    char *text = child->text, *out = text;
    text[child->text_bytes] = '\0';
    for (const char *p = text; *p; p++) {
        bool blank = *p == '\n' || *p == '\r' || *p == '\t' || *p == ' ' || *p == '^';
        if (!blank)
            *out++ = *p;
        else if (out > text && out[-1] != ' ')
            *out++ = ' ';
    }
    *out = '\0';
    return text;
}

static int child_end(struct child *child, bool in_time, double timeout_s, struct rog_error *err)
{
    int status = 0;
    if (child->output >= 0)
        close(child->output);
    if (child->pid == 0)
        return 0;
    if (!in_time)
        kill(child->pid, SIGKILL);
    while (waitpid(child->pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return 0;
    if (!in_time)
        return rog_fail(err, ROG_EFAILED, "gnuplot took longer than %g s for %s and was stopped",
                        timeout_s, child->script);
    if (WIFSIGNALED(status))
        return rog_fail(err, ROG_EFAILED, "gnuplot was ended by signal %d while drawing %s",
                        WTERMSIG(status), child->script);
    return rog_fail(err, ROG_EFAILED,
                    "gnuplot could not draw %s (it needs gnuplot 5.4 with cairo, "
                    "package gnuplot-nox): %s",
                    child->script, complaint(child));
}

int rog_gnuplot_run(const char *folder, const char *const *scripts, size_t count,
                    const char *formats, double timeout_s, struct rog_error *err)
{
    int code = 0;
    if (count == 0)
        return 0;
    double deadline_s = now_s() + timeout_s;
    struct child *children = calloc(count, sizeof *children);
    char *setting = rog_format("formats='%s'", formats);
    size_t started = 0;
    if (!children || !setting) {
        code = rog_fail_nomem(err);
        goto out;
    }
    while (started < count && code == 0) {
        code = child_start(&children[started], folder, scripts[started], setting, err);
        if (code == 0)
            started++;
    }
    bool in_time = children_read(children, started, deadline_s);
    for (size_t i = 0; i < started; i++) {
        struct rog_error later;
        int result = child_end(&children[i], in_time, timeout_s, &later);
        if (code == 0 && result < 0)
            code = rog_fail(err, result, "%s", later.message);
    }
out:
    free(setting);
    free(children);
    return code;
}

int rog_open_with_desktop(const char *path, struct rog_error *err)
{
    char program[] = "xdg-open";
    char *name = rog_strdup(path);
    char *argv[] = {program, name, NULL};
    if (!name)
        return rog_fail_nomem(err);
    int sink = open("/dev/null", O_WRONLY | O_CLOEXEC);
    pid_t pid;
    int status = 0, code = 0;
    int cause = sink < 0 ? errno : spawn(&pid, argv, NULL, sink);
    if (cause) {
        code = spawn_failed(err, "xdg-open, which opens figures,", "xdg-utils", cause);
        goto out;
    }
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        code = rog_fail(err, ROG_EFAILED, "xdg-open found no program that shows %s", path);
out:
    if (sink >= 0)
        close(sink);
    free(name);
    return code;
}
