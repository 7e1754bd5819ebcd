/* SPDX-License-Identifier: Apache-2.0 */
/* The process behind a wrapper that has the role as its child. */
#include <trainer/host/inside.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <common/family.h>
#include <common/file.h>
#include <common/json.h>
#include <common/process.h>
#include <trainer/host/folder.h>
#include <trainer/host/leash.h>
#include <trainer/host/remains.h>
#include <trainer/host/role.h>
#include <trainer/host/spec.h>

struct inside {
    int leash, lock, signals;
    struct rog_host_spec spec;
    struct rog_host_role role;
};
#define INSIDE_NONE \
    ((struct inside){.leash = -1, .lock = -1, .signals = -1, .role = ROG_HOST_ROLE_NONE})

/* ---- starting ---- */

static int enter(struct inside *inside, const char *folder, uint32_t start, struct rog_error *err)
{
    const struct rlimit no_core = {0, 0};
    if (chdir(folder) != 0)
        return rog_fail(err, ROG_EINVAL, "cannot enter the folder %s: %s", folder, strerror(errno));
    umask(077);
    setrlimit(RLIMIT_CORE, &no_core); /* a container has its own limits */
    return rog_leash_take(start, &inside->leash, &inside->lock, err);
}

/* Includes SIGCHLD of orphans, which were not started here. */
static int open_signals(struct inside *inside, struct rog_error *err)
{
    static const int numbers[] = {SIGCHLD, SIGTERM, SIGINT, SIGHUP};
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        sigaddset(&set, numbers[i]);
    sigprocmask(SIG_BLOCK, &set, NULL);
    inside->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return inside->signals >= 0
               ? ROG_OK
               : rog_fail(err, ROG_EIO, "cannot wait for signals: %s", strerror(errno));
}

/* The wrapper's environment is not the supervisor's. */
static int start_role(struct inside *inside, uint32_t start, struct rog_error *err)
{
    int code = rog_host_spec_read(&inside->spec, ROG_HOST_SPEC, err);
    inside->spec.wrap = inside->spec.container = NULL;
    if (!code)
        code = rog_host_role_init(&inside->role, &inside->spec, err);
    if (!code)
        rog_host_role_set_environment(&inside->spec);
    if (!code)
        code = rog_host_role_start(&inside->role, &inside->spec, start, err);
    return code;
}

/* ---- waiting ---- */

/* Reaps ended orphans. The role itself is left to the code that waits for it. */
static void reap_orphans(const struct inside *inside)
{
    siginfo_t info = {0};
    while (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid &&
           info.si_pid != inside->role.process.pid)
        waitpid(info.si_pid, NULL, 0);
}

/* Returns whether the role must end: a signal came, or the leash was released. */
static bool is_unwanted(const struct inside *inside)
{
    struct pollfd ends[] = {{.fd = inside->signals, .events = POLLIN},
                            {.fd = inside->leash, .events = POLLIN}};
    struct signalfd_siginfo signal;
    bool unwanted = false;
    poll(ends, 2, -1);
    while (read(inside->signals, &signal, sizeof signal) == sizeof signal)
        unwanted |= signal.ssi_signo != SIGCHLD;
    return unwanted || ends[1].revents;
}

static void watch(struct inside *inside)
{
    struct rog_process *role = &inside->role.process;
    while (!rog_process_ended(role)) {
        reap_orphans(inside);
        if (is_unwanted(inside))
            rog_process_stop(role);
    }
}

/* ---- ending ---- */

static int write_outcome(const struct rog_json *outcome, struct rog_error *err)
{
    char *text = rog_json_text(outcome);
    int code =
        text ? rog_file_write(ROG_LEASH_OUTCOME, text, strlen(text), err) : rog_fail_nomem(err);
    free(text);
    return code;
}

static int tell(const struct rog_process *role, struct rog_error *err)
{
    struct rog_json *outcome = rog_json_object();
    rog_json_put_integer(outcome, "status", role->status);
    rog_json_put_integer(outcome, "signal", role->signal);
    int code = write_outcome(outcome, err);
    rog_json_free(outcome);
    return code;
}

static void release(struct inside *inside)
{
    rog_host_role_release(&inside->role);
    rog_host_spec_release(&inside->spec);
    const int fds[] = {inside->leash, inside->signals, inside->lock};
    for (size_t i = 0; i < sizeof fds / sizeof *fds; i++)
        if (fds[i] >= 0)
            close(fds[i]);
}

int rog_host_inside(const char *folder, uint32_t start, struct rog_error *err)
{
    static const struct rog_family nobody = {0};
    struct inside inside = INSIDE_NONE;
    rog_family_adopt(true);
    int code = enter(&inside, folder, start, err);
    if (!code)
        code = open_signals(&inside, err);
    if (!code)
        code = start_role(&inside, start, err);
    if (!code)
        watch(&inside);
    /* Includes processes that the role has left behind. */
    if (inside.role.folder)
        rog_host_remains_kill(inside.role.folder, &nobody);
    if (!code)
        code = tell(&inside.role.process, err);
    release(&inside);
    return code;
}

int rog_host_inside_try(const char *folder, struct rog_error *err)
{
    struct inside inside = INSIDE_NONE;
    struct rog_json *outcome = rog_json_object();
    int code = enter(&inside, folder, 0, err);
    rog_json_put_integer(outcome, "uid", geteuid());
    if (!code)
        code = open_signals(&inside, err);
    if (!code)
        code = write_outcome(outcome, err);
    while (!code && !is_unwanted(&inside))
        continue;
    rog_json_free(outcome);
    release(&inside);
    return code;
}
