/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FLEET_LIVE_H
#define ROG_FLEET_LIVE_H

/* Publishes the progress of jobs in the database for other processes (store/progress.h), and reads
 * it back. */

#include <orchestrator/fleet/job.h>
#include <orchestrator/store/progress.h>

/* Writes the progress. alone_s: how long the run would continue without rogctl. Sets *stop if a
 * stop was requested. */
int rog_live_publish(struct rog_db *db, const struct rog_fleet_job *job, double alone_s, bool *stop,
                     struct rog_error *err);

/* Sets job->waiting of a run in real time: `says` is the executor's message about hosts ("" for
 * none), since since_s; otherwise the server's, from its stream's state. */
void rog_live_say(struct rog_fleet_job *job, const char *says, double since_s,
                  const struct rog_ingest_state *server);

/* Fills in the progress of a job. */
void rog_live_take(const struct rog_run_progress *progress, struct rog_fleet_job *job);

/* Reports once how much was lost when a server was restarted. *said_s is the run time at which the
 * last reported resume happened. */
void rog_live_resume(const struct rog_fleet_observer *observer, const struct rog_fleet_job *job,
                     const struct rog_ingest_state *server, double *said_s);

/* Sets the state. For a finished run, also loads what went wrong, for display. */
void rog_live_set_state(struct rog_db *db, struct rog_fleet_job *job, enum rog_fleet_state state);

#endif
