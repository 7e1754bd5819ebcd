/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_HOST_INSIDE_H
#define ROG_HOST_INSIDE_H

/*
 * What a wrapper starts instead of the role: a process behind it that starts the role, tells in the
 * run's folder how it ended, and ends it, with all that descends from it, when the supervisor lets
 * go of the leash (leash.h) or is dead, whatever has become of the wrapper.
 */

#include <stdint.h>

#include <rog/error.h>

/* `start` counts from 0; a server that is started again goes on from its last checkpoint. Changes
 * the current folder, the environment and the signal mask of the process. However the role has
 * ended, it is told, and this is ROG_OK. ROG_EFAILED: the supervisor is gone, or the role cannot be
 * executed; ROG_EBUSY, ROG_EINVAL, ROG_EIO. */
int rog_host_inside(const char *folder, uint32_t start, struct rog_error *err);

/* Starts nothing, but tells in the folder whose processes run here, {"uid"}, and waits to be let
 * go. */
int rog_host_inside_try(const char *folder, struct rog_error *err);

#endif
