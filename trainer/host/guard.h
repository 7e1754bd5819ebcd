/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_HOST_GUARD_H
#define ROG_HOST_GUARD_H

/*
 * A process that outlives a supervisor that is killed, and kills what it has started: the role's
 * whole process group, also what stands behind a wrapper. It holds the folder's lock until all of
 * that is gone.
 */

#include <sys/types.h>

#include <rog/error.h>

struct rog_host_guard {
    pid_t pid;    /* 0: none */
    int lifeline; /* write end of a pipe; the guard acts when it is closed */
};
#define ROG_HOST_GUARD_NONE ((struct rog_host_guard){.lifeline = -1})

/* Forks it. `lock` is the descriptor that holds the lock. */
int rog_host_guard_start(struct rog_host_guard *guard, int lock, struct rog_error *err);
/* The process group to be killed, 0: none. */
int rog_host_guard_tell(struct rog_host_guard *guard, pid_t group, struct rog_error *err);
void rog_host_guard_end(struct rog_host_guard *guard);

#endif
