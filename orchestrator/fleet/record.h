/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FLEET_RECORD_H
#define ROG_FLEET_RECORD_H

/* Records starts, interruptions and ends of attempts in the database. */

#include <stdbool.h>

#include <orchestrator/fleet/job.h>

/* Starts a new attempt: removes the rows of earlier ones. */
int rog_fleet_record_begin(struct rog_db *db, const struct rog_fleet_job *job,
                           struct rog_error *err);

/* Sets the start to now: until now the attempt waited for hosts. */
int rog_fleet_record_start(struct rog_db *db, const char *run_id, struct rog_error *err);

/* Leaves an interrupted run as if it had not started. With `keep` its complete event stream is
 * kept. */
int rog_fleet_record_interruption(struct rog_db *db, const char *run_id, bool keep,
                                  struct rog_error *err);

/* Records the end of the run: failed because of `why`, or done if that is NULL. First removes a
 * snapshot that a killed trainer may have left in the folder. */
int rog_fleet_record_end(struct rog_db *db, const char *run_id, const char *folder, const char *why,
                         struct rog_error *err);

/* Returns the configuration for processes on this machine, in heap memory. It contains the path of
 * the starting model for programs, and for a trainer whose cache may lack the model because the
 * run's files are elsewhere. */
char *rog_fleet_config_text(const struct rog_fleet_job *job);

#endif
