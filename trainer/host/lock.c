/* SPDX-License-Identifier: Apache-2.0 */
/* Locks a folder, or finds out which process holds the lock. */
#include <trainer/host/lock.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include <common/process.h>

int rog_host_lock(const char *path, int *fd, pid_t *pid, struct rog_error *err)
{
    char text[ROG_PROCESS_ASIDE_BYTES] = "";
    *pid = 0;
    *fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (*fd < 0)
        return rog_fail(err, ROG_EIO, "cannot open %s: %s", path, strerror(errno));
    if (flock(*fd, LOCK_EX | LOCK_NB) != 0) {
        ssize_t got = pread(*fd, text, sizeof text - 1, 0);
        text[got > 0 ? got : 0] = '\0';
        *pid = (pid_t)strtol(text, NULL, 10);
        close(*fd);
        *fd = -1;
        return rog_fail(err, ROG_EBUSY, "another supervisor%s is running there",
                        rog_process_aside(*pid, text));
    }
    snprintf(text, sizeof text, "%ld\n", (long)getpid());
    ssize_t size = (ssize_t)strlen(text);
    if (ftruncate(*fd, 0) == 0 && pwrite(*fd, text, (size_t)size, 0) == size)
        return ROG_OK;
    int cause = errno;
    close(*fd);
    *fd = -1;
    return rog_fail(err, ROG_EIO, "cannot write %s: %s", path, strerror(cause));
}
