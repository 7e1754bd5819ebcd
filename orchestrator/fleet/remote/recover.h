/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FLEET_REMOTE_RECOVER_H
#define ROG_FLEET_REMOTE_RECOVER_H

/* Recovers a host before a failed run is retried. */

#include <orchestrator/fleet/remote/state.h>

/*
 * Runs the host's `recover` command, if it has one, and waits until the host is well: it has
 * answered for some time without interruption. A command that reboots the host may break the
 * connection or return before the host goes down; in both cases the host is connected again
 * afterwards. Called by the host's own thread, connected. ROG_EFAILED, the message beginning with
 * the host's title: the command exited with a status other than 0 or timed out, or the host did not
 * come back within `stall_limit`. ROG_EINVAL: it came back with another host key. ROG_EINTR:
 * everything must end.
 */
int rog_remote_recover(struct rog_remote_host *host, struct rog_error *err);

#endif
