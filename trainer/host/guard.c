/* SPDX-License-Identifier: Apache-2.0 */
#include <trainer/host/guard.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define STEP_NS 10000000L
#define STEPS 500

/* Kills the group until nobody of it is left. */
static void kill_group(pid_t group)
{
    const struct timespec step = {0, STEP_NS};
    for (int i = 0; i < STEPS && kill(-group, SIGKILL) == 0; i++)
        nanosleep(&step, NULL);
}

static void watch(int lifeline)
{
    pid_t group = 0, said;
    ssize_t got;
    while ((got = read(lifeline, &said, sizeof said)) != 0)
        if (got == sizeof said)
            group = said;
    if (group > 1)
        kill_group(group);
}

/* Nothing of the supervisor's may stay open, but for the lock and the lifeline. */
static void let_go(int lifeline, int lock)
{
    int null = open("/dev/null", O_RDWR);
    for (int fd = 0; fd <= 2 && null >= 0; fd++)
        dup2(null, fd);
    int low = lifeline < lock ? lifeline : lock, high = lifeline < lock ? lock : lifeline;
    close_range(3, (unsigned)low - 1, 0);
    if (high > low + 1)
        close_range((unsigned)low + 1, (unsigned)high - 1, 0);
    close_range((unsigned)high + 1, ~0U, 0);
}

int rog_host_guard_start(struct rog_host_guard *guard, int lock, struct rog_error *err)
{
    int ends[2];
    *guard = ROG_HOST_GUARD_NONE;
    if (pipe2(ends, O_CLOEXEC) != 0)
        return rog_fail(err, ROG_EIO, "cannot make a pipe: %s", strerror(errno));
    pid_t pid = fork();
    if (pid < 0) {
        int cause = errno;
        close(ends[0]);
        close(ends[1]);
        return rog_fail(err, ROG_EIO, "cannot start the guard process: %s", strerror(cause));
    }
    if (pid == 0) {
        setsid();
        signal(SIGTERM, SIG_IGN);
        signal(SIGINT, SIG_IGN);
        signal(SIGHUP, SIG_IGN);
        prctl(PR_SET_NAME, "rog-host-guard");
        let_go(ends[0], lock);
        watch(ends[0]);
        _exit(0);
    }
    close(ends[0]);
    *guard = (struct rog_host_guard){pid, ends[1]};
    return ROG_OK;
}

int rog_host_guard_tell(struct rog_host_guard *guard, pid_t group, struct rog_error *err)
{
    if (guard->lifeline >= 0 && write(guard->lifeline, &group, sizeof group) != sizeof group)
        return rog_fail(err, ROG_EIO, "the guard process is gone: %s", strerror(errno));
    return ROG_OK;
}

void rog_host_guard_end(struct rog_host_guard *guard)
{
    if (!guard->pid)
        return;
    close(guard->lifeline);
    while (waitpid(guard->pid, NULL, 0) < 0 && errno == EINTR)
        continue;
    *guard = ROG_HOST_GUARD_NONE;
}
