/* SPDX-License-Identifier: Apache-2.0 */
/* Restores an interface when the process that shapes it has ended. */
#include <trainer/shape/guard.h>

#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <unistd.h>

#include <common/clock.h>
#include <trainer/shape/lease.h>

#define LEASE_CHECK_MS 500
#define PATIENCE_MS 5000 /* time for a replay to end on request */

/* Returns true if the other end is closed everywhere within `ms` (-1: waits without limit). */
static bool is_cut(int end_fd, int ms)
{
    struct pollfd end = {.fd = end_fd, .events = POLLIN};
    int ready = poll(&end, 1, ms);
    return ready > 0 && (end.revents & (POLLHUP | POLLERR));
}

struct watched {
    pid_t replay;
    struct rog_shape_state *state;
    struct rog_lease lease; /* its path is NULL if there is none, or after it has expired */
    double lease_timeout_s;
};

/* Main function of the guard's process. */
static int watch(int end_fd, void *user)
{
    struct watched *w = user;
    while (!is_cut(end_fd, w->lease.path ? LEASE_CHECK_MS : -1)) {
        if (!w->lease.path || !rog_lease_is_over(&w->lease, w->lease_timeout_s, rog_clock_s()))
            continue;
        if (getppid() == w->replay)
            kill(w->replay, SIGTERM);
        if (!is_cut(end_fd, PATIENCE_MS) && getppid() == w->replay)
            kill(w->replay, SIGKILL);
        w->lease.path = NULL;
    }
    return rog_shape_state_undo(w->state, NULL, NULL) == ROG_OK ? 0 : 1;
}

int rog_shape_guard_start(struct rog_watchdog *guard, struct rog_shape_state *state,
                          const char *lease, double lease_timeout_s, struct rog_error *err)
{
    struct watched watched = {getpid(), state, {.path = lease}, lease_timeout_s};
    return rog_watchdog_start(guard, "rog-shape-guard", state->fd, watch, &watched, err);
}

int rog_shape_guard_end(struct rog_watchdog *guard, struct rog_error *err)
{
    if (rog_watchdog_end(guard) != 0)
        return rog_fail(err, ROG_EFAILED, "the guard process could not restore the interface");
    return ROG_OK;
}
