/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FLEET_RECORD_H
#define ROG_FLEET_RECORD_H

/* Records starts, interruptions and ends of attempts in the database. */

#include <stdbool.h>

#include <orchestrator/fleet/job.h>

/* A new attempt: rows of earlier ones are removed. */
int rog_fleet_record_begin(struct rog_db *db, const struct rog_fleet_job *job,
                           struct rog_error *err);

/* It actually starts only now: until then it waited for hosts. */
int rog_fleet_record_start(struct rog_db *db, const char *run_id, struct rog_error *err);

/* An interrupted run is left as if it had not started, except that a complete event stream is kept
 * (`keep`). */
int rog_fleet_record_interruption(struct rog_db *db, const char *run_id, bool keep,
                                  struct rog_error *err);

/* The run ends now, done, or failed because of `why` (NULL: done). A trainer that was killed at its
 * end leaves a snapshot: it is removed from the folder before the run is recorded as done. */
int rog_fleet_record_end(struct rog_db *db, const char *run_id, const char *folder, const char *why,
                         struct rog_error *err);

/* The configuration as processes here get it, in heap memory: programs get the path of the starting
 * model, and so does a trainer whose cache may lack it because the run's files are elsewhere. */
char *rog_fleet_config_text(const struct rog_fleet_job *job);

#endif
