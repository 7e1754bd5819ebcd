/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_PROGRAMS_GUARD_H
#define ROG_PROGRAMS_GUARD_H

/*
 * A process that outlives a killed simulation and kills the processes that its programs have
 * started: the kernel ends the programs themselves (common/process.h), but not their children.
 */

#include <sys/types.h>

#include <rog/error.h>
#include <trainer/shape/watchdog.h>

/* Forks the guard. mark: as for rog_family_kill; it must not be changed. */
int rog_programs_guard_start(struct rog_watchdog *guard, const char *mark, struct rog_error *err);
/* Reports that a program's process group was started, or, if negative, has ended. ROG_EIO: the
 * guard has exited. */
int rog_programs_guard_tell(const struct rog_watchdog *guard, pid_t group, struct rog_error *err);

#endif
