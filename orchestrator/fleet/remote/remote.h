/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FLEET_REMOTE_H
#define ROG_FLEET_REMOTE_H

#include <orchestrator/fleet/executor.h>

/* Runs on real hosts: trainer and files are deployed, a supervisor (`rog-trainer host`) on each
 * host runs its part, replays the bandwidth and measures energy, and continues when the connection
 * is lost; what it writes is copied here. */
extern const struct rog_executor rog_remote_executor;

#endif
