/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FLEET_SESSION_H
#define ROG_FLEET_SESSION_H

/* What attempts of one process share (fleet/executor.h), opened once one needs it. */

#include <orchestrator/conf/cluster.h>
#include <orchestrator/fleet/job.h>
#include <orchestrator/fleet/signals.h>

/* Where the executor has such a thing and *session is NULL. */
int rog_session_open(void **session, const struct rog_cluster *cluster,
                     const struct rog_fleet_options *options, struct rog_signals *signals,
                     struct rog_error *err);
/* *session becomes NULL. */
void rog_session_close(void **session, const struct rog_cluster *cluster);

/* Whether nothing of what it is for is needed any more: no job goes on or will begin. Whoever
 * executes one elsewhere may be waiting for it, and must not be waited for with it. */
bool rog_session_is_over(const struct rog_fleet_job *jobs, size_t count);

#endif
