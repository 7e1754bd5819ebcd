/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FLEET_VIRTUAL_H
#define ROG_FLEET_VIRTUAL_H

#include <orchestrator/fleet/fleet.h>
#include <orchestrator/fleet/signals.h>

/* Executes jobs on virtual clusters: each is one `rog-trainer simulate` process, several at once,
 * whose event stream is followed from the last stored byte on. As rog_fleet_execute. */
int rog_virtual_execute(const struct rog_fleet_options *options, struct rog_signals *signals,
                        struct rog_fleet_job *jobs, size_t count, struct rog_error *err);

#endif
