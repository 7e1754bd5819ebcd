/* SPDX-License-Identifier: Apache-2.0 */
/* Waits for a supervisor's end and kills the processes that it started. */
#include <trainer/host/guard.h>

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <trainer/host/remains.h>

#define STEP_NS 10000000L
#define STEPS 500

/* Kills the group until no process of it is left. */
static void kill_group(pid_t group)
{
    const struct timespec step = {0, STEP_NS};
    for (int i = 0; i < STEPS && kill(-group, SIGKILL) == 0; i++)
        nanosleep(&step, NULL);
}

struct watched {
    const struct rog_host_role *role;
    const struct rog_host_spec *spec;
};

/* Main function of the guard's process. */
static int watch(int end_fd, void *user)
{
    const struct watched *watched = user;
    pid_t group = 0, said;
    ssize_t got;
    while ((got = read(end_fd, &said, sizeof said)) != 0)
        if (got == sizeof said)
            group = said;
    if (group > 1)
        kill_group(group);
    /* If something does not end there is nobody to report it to; others can see that the lock is
     * still held. */
    if (group > 1)
        rog_host_remains_end(watched->role->folder, watched->spec->container, NULL);
    return 0;
}

int rog_host_guard_start(struct rog_watchdog *guard, int lock, const struct rog_host_role *role,
                         const struct rog_host_spec *spec, struct rog_error *err)
{
    struct watched watched = {role, spec};
    return rog_watchdog_start(guard, "rog-host-guard", lock, watch, &watched, err);
}

int rog_host_guard_set_group(struct rog_watchdog *guard, pid_t group, struct rog_error *err)
{
    if (guard->fd >= 0 && write(guard->fd, &group, sizeof group) != sizeof group)
        return rog_fail(err, ROG_EIO, "the guard process has exited: %s", strerror(errno));
    return ROG_OK;
}
