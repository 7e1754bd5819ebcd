/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SHAPE_WATCHDOG_H
#define ROG_SHAPE_WATCHDOG_H

/*
 * A process that outlives the one that starts it, and notices its end: a guard that cleans up after
 * a program however that ends. The two ends of a pipe join them.
 */

#include <sys/types.h>

#include <rog/error.h>

struct rog_watchdog {
    pid_t pid; /* 0: none */
    int fd;    /* write end of the pipe: the guard acts when it is closed everywhere */
};
#define ROG_WATCHDOG_NONE ((struct rog_watchdog){.fd = -1})

/* Forks. In the guard it does not return: it leaves the session, is deaf to SIGTERM, SIGINT and
 * SIGHUP, has no descriptor but the pipe's read end, `keep` (>= 3) and /dev/null for 0 to 2, and
 * exits with what `live` returns. `name` (at most 15 characters) is what ps calls it. ROG_EIO. */
int rog_watchdog_start(struct rog_watchdog *watchdog, const char *name, int keep,
                       int (*live)(int end_fd, void *user), void *user, struct rog_error *err);

/* Lets the guard act and waits for it. Returns its status as waitpid gives it, -1 where it cannot
 * be had, 0 where there is none. */
int rog_watchdog_end(struct rog_watchdog *watchdog);

#endif
