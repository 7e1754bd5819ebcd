/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FLEET_SESSION_H
#define ROG_FLEET_SESSION_H

/* What attempts of one process share (fleet/executor.h), opened when it is first needed. */

#include <orchestrator/conf/cluster.h>
#include <orchestrator/fleet/job.h>
#include <orchestrator/fleet/signals.h>

/* If the executor has sessions and *session is NULL. */
int rog_session_open(void **session, const struct rog_cluster *cluster,
                     const struct rog_fleet_options *options, struct rog_signals *signals,
                     struct rog_error *err);
/* *session becomes NULL. */
void rog_session_close(void **session, const struct rog_cluster *cluster);

/* Whether it is no longer needed: no job is active or will start. A process that executes one
 * elsewhere may be waiting for it, and must not be waited for while holding it. */
bool rog_session_is_over(const struct rog_fleet_job *jobs, size_t count);

#endif
