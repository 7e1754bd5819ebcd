/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FLEET_REMOTE_H
#define ROG_FLEET_REMOTE_H

#include <orchestrator/fleet/executor.h>

/* Executes runs on real hosts: deploys trainer and files; on each host, a supervisor (`rog-trainer
 * host`) runs its part, replays the bandwidth and measures energy, and continues when the
 * connection is lost; what it writes is copied to this machine. */
extern const struct rog_executor rog_remote_executor;

#endif
