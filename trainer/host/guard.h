/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_HOST_GUARD_H
#define ROG_HOST_GUARD_H

/*
 * A process that outlives a killed supervisor and ends what the supervisor has started: the role's
 * whole process group, and what remains of the role elsewhere (remains.h). It holds the folder's
 * lock until all of that is gone. It acts when the pipe is closed (rog_watchdog_end), at the latest
 * when the supervisor exits.
 */

#include <sys/types.h>

#include <rog/error.h>
#include <trainer/host/role.h>
#include <trainer/shape/watchdog.h>

/* Forks the guard. `lock` is the descriptor that holds the lock. The role's folder and the spec's
 * container must be set. */
int rog_host_guard_start(struct rog_watchdog *guard, int lock, const struct rog_host_role *role,
                         const struct rog_host_spec *spec, struct rog_error *err);
/* Sets the process group that the guard kills, 0: none. */
int rog_host_guard_set_group(struct rog_watchdog *guard, pid_t group, struct rog_error *err);

#endif
