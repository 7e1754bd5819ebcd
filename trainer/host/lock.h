/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_HOST_LOCK_H
#define ROG_HOST_LOCK_H

/* The lock of a folder: a locked file that contains the supervisor's process number. */

#include <sys/types.h>

#include <rog/error.h>

/* Takes the lock. *fd holds it until it, and every copy of it in other processes, is closed.
 * ROG_EBUSY: *pid is the supervisor's process, 0 if unknown. */
int rog_host_lock(const char *path, int *fd, pid_t *pid, struct rog_error *err);

#endif
