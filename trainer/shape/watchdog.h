/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SHAPE_WATCHDOG_H
#define ROG_SHAPE_WATCHDOG_H

/*
 * A process that outlives the one that starts it, and detects its end: a guard that cleans up after
 * a program, however the program ends. The two are connected by a pipe.
 */

#include <sys/types.h>

#include <rog/error.h>

struct rog_watchdog {
    pid_t pid; /* 0: none */
    int fd;    /* write end of the pipe: the guard acts when it is closed everywhere */
};
#define ROG_WATCHDOG_NONE ((struct rog_watchdog){.fd = -1})

/* Forks. Does not return in the guard: it leaves the session, ignores SIGTERM, SIGINT and SIGHUP,
 * has no descriptors but the pipe's read end, `keep` (>= 3) and /dev/null for 0 to 2, and exits
 * with the result of `live`. `name` (at most 15 characters) is its name in ps. ROG_EIO. */
int rog_watchdog_start(struct rog_watchdog *watchdog, const char *name, int keep,
                       int (*live)(int end_fd, void *user), void *user, struct rog_error *err);

/* Lets the guard act and waits for it. Returns its status as from waitpid, -1 if that is not
 * available, 0 if there is no guard. */
int rog_watchdog_end(struct rog_watchdog *watchdog);

#endif
