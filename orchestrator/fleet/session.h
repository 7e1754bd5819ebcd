/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FLEET_SESSION_H
#define ROG_FLEET_SESSION_H

/* The state that attempts of one process share (fleet/executor.h). It is opened when it is first
 * needed. */

#include <orchestrator/conf/cluster.h>
#include <orchestrator/fleet/job.h>
#include <orchestrator/fleet/signals.h>

/* Opens it if the executor has sessions and *session is NULL. */
int rog_session_open(void **session, const struct rog_cluster *cluster,
                     const struct rog_fleet_options *options, struct rog_signals *signals,
                     struct rog_error *err);
/* Closes it and sets *session to NULL. */
void rog_session_close(void **session, const struct rog_cluster *cluster);

/* Returns whether it is no longer needed: no job is active or will start. Another process that
 * executes one of the jobs may be waiting for it, so do not keep it while waiting for that
 * process. */
bool rog_session_is_over(const struct rog_fleet_job *jobs, size_t count);

#endif
