/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FLEET_RUNNER_H
#define ROG_FLEET_RUNNER_H

/* Executes runs on all kinds of cluster: slots, locks, the database, following event streams,
 * testing checkpoints, retries. */

#include <orchestrator/conf/cluster.h>
#include <orchestrator/fleet/job.h>
#include <orchestrator/fleet/signals.h>

/* Works like rog_fleet_execute. */
int rog_runner_execute(const struct rog_cluster *cluster, const struct rog_fleet_options *options,
                       struct rog_signals *signals, struct rog_fleet_job *jobs, size_t count,
                       struct rog_error *err);

#endif
