/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FLEET_REMOTE_CLEAN_H
#define ROG_FLEET_REMOTE_CLEAN_H

#include <orchestrator/fleet/remote/state.h>

/* Ends a host's part in an attempt, after everything was told to end: fetches what was last
 * recorded and saved if the run is not over, stops its processes and removes the run's folder. Does
 * nothing if the processes are to continue. Failures are logged. */
void rog_remote_clean(struct rog_remote_host *host);

#endif
