/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_PROGRAMS_GUARD_H
#define ROG_PROGRAMS_GUARD_H

/*
 * A process that outlives a simulation that is killed, and kills what its programs have started:
 * the kernel ends the programs themselves (common/process.h), and not what they have forked.
 */

#include <sys/types.h>

#include <rog/error.h>
#include <trainer/shape/watchdog.h>

/* Forks it. mark: as for rog_family_kill, and must not be changed. */
int rog_programs_guard_start(struct rog_watchdog *guard, const char *mark, struct rog_error *err);
/* A program's process group begins, or, negative, is gone. ROG_EIO: the guard is gone. */
int rog_programs_guard_tell(const struct rog_watchdog *guard, pid_t group, struct rog_error *err);

#endif
