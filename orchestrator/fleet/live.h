/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FLEET_LIVE_H
#define ROG_FLEET_LIVE_H

/* A job as the database has it for everybody who looks (store/progress.h), and back. */

#include <orchestrator/fleet/job.h>
#include <orchestrator/store/progress.h>

/* alone_s: how long the run would go on if nobody followed it. *stop: somebody asks for its end. */
int rog_live_publish(struct rog_db *db, const struct rog_fleet_job *job, double alone_s, bool *stop,
                     struct rog_error *err);

/* Fills in job->waiting of a run in real time: `says` is what its executor has said of hosts (""
 * for nothing), since since_s; else what its server has, whose stream's state is given. */
void rog_live_say(struct rog_fleet_job *job, const char *says, double since_s,
                  const struct rog_ingest_state *server);

/* Fills in what goes on of a job. */
void rog_live_take(const struct rog_run_progress *progress, struct rog_fleet_job *job);

/* A server that was started again has said how much was lost; so do we, once. *said_s: of the run,
 * when it went on the last time that people know of. */
void rog_live_resume(const struct rog_fleet_observer *observer, const struct rog_fleet_job *job,
                     const struct rog_ingest_state *server, double *said_s);

/* One that is done shows what went wrong on the way. */
void rog_live_set_state(struct rog_db *db, struct rog_fleet_job *job, enum rog_fleet_state state);

#endif
