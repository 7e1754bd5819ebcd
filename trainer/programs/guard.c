/* SPDX-License-Identifier: Apache-2.0 */
/* Waits for the simulation's end and kills what is left of its programs. */
#include <trainer/programs/guard.h>

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include <common/family.h>

#define GROUPS 4096
#define KILL_S 5.0

static void note(pid_t groups[GROUPS], pid_t said)
{
    pid_t looked_for = said > 0 ? 0 : -said;
    for (int i = 0; i < GROUPS; i++)
        if (groups[i] == looked_for) {
            groups[i] = said > 0 ? said : 0;
            return;
        }
}

/* Main function of the guard's process. */
static int watch(int end_fd, void *user)
{
    const char *mark = user;
    pid_t groups[GROUPS] = {0}, said;
    ssize_t got;
    while ((got = read(end_fd, &said, sizeof said)) > 0 || (got < 0 && errno == EINTR))
        if (got == sizeof said)
            note(groups, said);
    for (int i = 0; i < GROUPS; i++)
        if (groups[i] > 1)
            kill(-groups[i], SIGKILL);
    rog_family_kill(mark, NULL, KILL_S);
    return 0;
}

int rog_programs_guard_start(struct rog_watchdog *guard, const char *mark, struct rog_error *err)
{
    union {
        const char *ours;
        void *theirs;
    } user = {mark};
    return rog_watchdog_start(guard, "rog-programs", -1, watch, user.theirs, err);
}

int rog_programs_guard_tell(const struct rog_watchdog *guard, pid_t group, struct rog_error *err)
{
    ssize_t wrote;
    do
        wrote = write(guard->fd, &group, sizeof group);
    while (wrote < 0 && errno == EINTR);
    return wrote == sizeof group
               ? ROG_OK
               : rog_fail(err, ROG_EIO, "the guard process has exited: %s", strerror(errno));
}
