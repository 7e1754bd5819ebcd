/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_HOST_INSIDE_H
#define ROG_HOST_INSIDE_H

/*
 * The program that a wrapper starts instead of the role: it starts the role, writes to the run's
 * folder how it ended, and ends it, with all its descendants, when the supervisor releases the
 * leash (leash.h) or is dead, even if the wrapper is gone.
 */

#include <stdint.h>

#include <rog/error.h>

/* `start` counts from 0; a server that is restarted resumes from its last checkpoint. Changes the
 * current folder, the environment and the signal mask of the process. Returns ROG_OK when the
 * outcome of the role has been written, whatever it is. ROG_EFAILED: the supervisor is gone, or the
 * role cannot be executed; ROG_EBUSY, ROG_EINVAL, ROG_EIO. */
int rog_host_inside(const char *folder, uint32_t start, struct rog_error *err);

/* Does not start the role, but writes to the folder which user its processes have, {"uid"}, and
 * waits until the leash is released. */
int rog_host_inside_try(const char *folder, struct rog_error *err);

#endif
