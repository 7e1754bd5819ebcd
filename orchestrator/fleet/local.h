/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FLEET_LOCAL_H
#define ROG_FLEET_LOCAL_H

#include <orchestrator/fleet/executor.h>

/* Clusters of this machine alone: a run is a `rog-trainer serve` and a `rog-trainer work` for each
 * worker, joined by loopback and paced along the traces in user space. A process that is killed is
 * started again, the server from its last checkpoint. */
extern const struct rog_executor rog_local_executor;

#endif
