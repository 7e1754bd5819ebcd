/* SPDX-License-Identifier: Apache-2.0 */
#include <trainer/shape/guard.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LEASE_CHECK_MS 500
#define PATIENCE_MS 5000 /* for a replay that was asked to end */

static bool lease_is_over(const char *lease, double timeout_s)
{
    struct stat info;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (stat(lease, &info) != 0)
        return true;
    return (double)(now.tv_sec - info.st_mtim.tv_sec) +
               1e-9 * (double)(now.tv_nsec - info.st_mtim.tv_nsec) >
           timeout_s;
}

/* Returns when nobody holds the other end any more, within `ms` (-1: however long it takes). */
static bool is_cut(int lifeline, int ms)
{
    struct pollfd end = {.fd = lifeline, .events = POLLIN};
    int ready = poll(&end, 1, ms);
    return ready > 0 && (end.revents & (POLLHUP | POLLERR));
}

/* The guard's life. */
static int watch(int lifeline, pid_t replay, struct rog_shape_state *state, const char *lease,
                 double lease_timeout_s)
{
    while (!is_cut(lifeline, lease ? LEASE_CHECK_MS : -1)) {
        if (!lease || !lease_is_over(lease, lease_timeout_s))
            continue;
        if (getppid() == replay)
            kill(replay, SIGTERM);
        if (!is_cut(lifeline, PATIENCE_MS) && getppid() == replay)
            kill(replay, SIGKILL);
        lease = NULL;
    }
    return rog_shape_state_undo(state, NULL, NULL) == ROG_OK ? 0 : 1;
}

/* Nothing of the replay's may stay open in the guard, or whoever reads it would wait for it. */
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

int rog_shape_guard_start(struct rog_shape_guard *guard, struct rog_shape_state *state,
                          const char *lease, double lease_timeout_s, struct rog_error *err)
{
    int ends[2];
    *guard = ROG_SHAPE_GUARD_NONE;
    if (pipe2(ends, O_CLOEXEC) != 0)
        return rog_fail(err, ROG_EIO, "cannot make a pipe: %s", strerror(errno));
    pid_t replay = getpid();
    pid_t pid = fork();
    if (pid < 0) {
        int cause = errno;
        close(ends[0]);
        close(ends[1]);
        return rog_fail(err, ROG_EIO, "cannot start the guard process: %s", strerror(cause));
    }
    if (pid == 0) {
        /* Out of reach of what ends the replay: its terminal, its group, its signals. */
        setsid();
        signal(SIGTERM, SIG_IGN);
        signal(SIGINT, SIG_IGN);
        signal(SIGHUP, SIG_IGN);
        prctl(PR_SET_NAME, "rog-shape-guard");
        let_go(ends[0], state->fd);
        _exit(watch(ends[0], replay, state, lease, lease_timeout_s));
    }
    close(ends[0]);
    guard->pid = pid;
    guard->lifeline = ends[1];
    return ROG_OK;
}

int rog_shape_guard_end(struct rog_shape_guard *guard, struct rog_error *err)
{
    if (!guard->pid)
        return ROG_OK;
    close(guard->lifeline);
    int status = 0;
    pid_t ended;
    do
        ended = waitpid(guard->pid, &status, 0);
    while (ended < 0 && errno == EINTR);
    *guard = ROG_SHAPE_GUARD_NONE;
    if (ended < 0 || status != 0)
        return rog_fail(err, ROG_EFAILED, "the guard process could not put the interface back");
    return ROG_OK;
}
