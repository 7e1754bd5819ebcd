/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FLEET_REMOTE_CLEAN_H
#define ROG_FLEET_REMOTE_CLEAN_H

#include <orchestrator/fleet/remote/state.h>

/* The end of a host's part in an attempt, after everything has been told to end: fetches what was
 * recorded and saved last of a run that is not over, ends what runs there and removes the run's
 * folder; nothing where that is left to go on. What does not work is said. */
void rog_remote_clean(struct rog_remote_host *host);

#endif
