/* SPDX-License-Identifier: Apache-2.0 */
/* Both ends of the leash of a role that runs behind a wrapper. */
#include <trainer/host/leash.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <common/clock.h>
#include <common/file.h>

#define STEP_NS 20000000L
#define NAME_BYTES 24

static const char *name_of(uint32_t start, char name[NAME_BYTES])
{
    snprintf(name, NAME_BYTES, "leash-%u", start);
    return name;
}

int rog_leash_hold(struct rog_leash *leash, uint32_t start, struct rog_error *err)
{
    char name[NAME_BYTES];
    *leash = ROG_LEASH_NONE;
    unlink(ROG_LEASH_OUTCOME);
    /* The file must belong to the supervisor's user, whoever opens the other end. */
    int lock = open(ROG_LEASH_LOCK, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (lock < 0)
        return rog_fail(err, ROG_EIO, "cannot write %s: %s", ROG_LEASH_LOCK, strerror(errno));
    close(lock);
    if (mkfifo(name_of(start, name), 0600) != 0)
        return rog_fail(err, ROG_EIO, "cannot create the pipe %s: %s", name, strerror(errno));
    /* Opened also for reading, since there is no other reader yet. */
    leash->fd = open(name, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    leash->start = start;
    if (leash->fd < 0)
        return rog_fail(err, ROG_EIO, "cannot open the pipe %s: %s", name, strerror(errno));
    return ROG_OK;
}

void rog_leash_let_go(struct rog_leash *leash)
{
    char name[NAME_BYTES];
    if (leash->fd < 0)
        return;
    unlink(name_of(leash->start, name)); /* a process that starts late must not find it */
    close(leash->fd);
    leash->fd = -1;
}

bool rog_leash_is_taken(const char *folder)
{
    char *path = rog_path_join(folder, ROG_LEASH_LOCK);
    int fd = path ? open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW) : -1;
    bool taken = fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0;
    if (fd >= 0)
        close(fd);
    free(path);
    return taken;
}

bool rog_leash_await(const char *folder, double timeout_s)
{
    const struct timespec step = {0, STEP_NS};
    double until_s = rog_clock_s() + timeout_s;
    bool taken;
    while ((taken = rog_leash_is_taken(folder)) && rog_clock_s() < until_s)
        nanosleep(&step, NULL);
    return !taken;
}

/* Opens the pipe for reading. At its end there is no supervisor. */
static int take_pipe(uint32_t start, int *fd, struct rog_error *err)
{
    char name[NAME_BYTES], byte;
    *fd = open(name_of(start, name), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
    if (*fd < 0 && errno != ENOENT)
        return rog_fail(err, ROG_EIO, "cannot open the pipe %s: %s", name, strerror(errno));
    if (*fd < 0 || read(*fd, &byte, 1) == 0)
        return rog_fail(err, ROG_EFAILED, "the supervisor that started this has exited");
    return ROG_OK;
}

int rog_leash_take(uint32_t start, int *fd, int *lock, struct rog_error *err)
{
    *fd = *lock = -1;
    /* Not closed by exec, so that the role's processes hold it, too. */
    int held = open(ROG_LEASH_LOCK, O_RDWR | O_NOFOLLOW);
    if (held < 0)
        return rog_fail(err, ROG_EIO, "cannot open %s: %s", ROG_LEASH_LOCK, strerror(errno));
    if (flock(held, LOCK_EX | LOCK_NB) != 0) {
        int cause = errno;
        close(held);
        return cause == EWOULDBLOCK
                   ? rog_fail(err, ROG_EBUSY, "a previous instance is still running")
                   : rog_fail(err, ROG_EIO, "cannot lock %s: %s", ROG_LEASH_LOCK, strerror(cause));
    }
    *lock = held;
    return take_pipe(start, fd, err);
}
