/* SPDX-License-Identifier: Apache-2.0 */
/* Forks a process that detects the end of this one. */
#include <trainer/shape/watchdog.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* Closes all of the program's descriptors in the guard: otherwise their readers would wait for
 * it. */
static void let_go(int end_fd, int keep)
{
    int null = open("/dev/null", O_RDWR);
    for (int fd = 0; fd <= 2 && null >= 0; fd++)
        dup2(null, fd);
    /* Without close_range, which kernels before 5.9 lack. */
    DIR *open_files = opendir("/proc/self/fd");
    for (struct dirent *entry; open_files && (entry = readdir(open_files));) {
        int fd = (int)strtol(entry->d_name, NULL, 10); /* 0 for "." and ".." */
        if (fd > 2 && fd != end_fd && fd != keep && fd != dirfd(open_files))
            close(fd);
    }
    if (open_files)
        closedir(open_files);
}

int rog_watchdog_start(struct rog_watchdog *watchdog, const char *name, int keep,
                       int (*live)(int end_fd, void *user), void *user, struct rog_error *err)
{
    int ends[2];
    *watchdog = ROG_WATCHDOG_NONE;
    if (pipe2(ends, O_CLOEXEC) != 0)
        return rog_fail(err, ROG_EIO, "cannot create a pipe: %s", strerror(errno));
    pid_t pid = fork();
    if (pid < 0) {
        int cause = errno;
        close(ends[0]);
        close(ends[1]);
        return rog_fail(err, ROG_EIO, "cannot start the guard process: %s", strerror(cause));
    }
    if (pid == 0) {
        /* Must not be ended by what ends the program: its terminal, its process group, its signals.
         */
        setsid();
        signal(SIGTERM, SIG_IGN);
        signal(SIGINT, SIG_IGN);
        signal(SIGHUP, SIG_IGN);
        prctl(PR_SET_NAME, name);
        let_go(ends[0], keep);
        _exit(live(ends[0], user));
    }
    close(ends[0]);
    *watchdog = (struct rog_watchdog){pid, ends[1]};
    return ROG_OK;
}

int rog_watchdog_end(struct rog_watchdog *watchdog)
{
    int status = 0;
    pid_t ended;
    if (!watchdog->pid)
        return 0;
    close(watchdog->fd);
    do
        ended = waitpid(watchdog->pid, &status, 0);
    while (ended < 0 && errno == EINTR);
    *watchdog = ROG_WATCHDOG_NONE;
    return ended < 0 ? -1 : status;
}
