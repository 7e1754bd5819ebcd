/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_HOST_LOCK_H
#define ROG_HOST_LOCK_H

/* Who is at work in a folder: a file that is locked, with the supervisor's process number in it. */

#include <sys/types.h>

#include <rog/error.h>

/* *fd holds the lock until it, and every copy of it in other processes, is closed. ROG_EBUSY: *pid
 * is the supervisor's process, 0 where that is not known. */
int rog_host_lock(const char *path, int *fd, pid_t *pid, struct rog_error *err);

#endif
