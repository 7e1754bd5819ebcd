/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FLEET_RECORD_H
#define ROG_FLEET_RECORD_H

/* The beginning and the interruption of attempts in the database. */

#include <stdbool.h>

#include <orchestrator/fleet/job.h>

/* A new attempt: what earlier ones have left in the tables is removed. */
int rog_fleet_record_begin(struct rog_db *db, const struct rog_fleet_job *job,
                           struct rog_error *err);

/* It begins only now: until then it waited for others. */
int rog_fleet_record_start(struct rog_db *db, const char *run_id, struct rog_error *err);

/* An interrupted run is as if it had not begun, except that a whole event stream is kept (`keep`).
 */
int rog_fleet_record_interruption(struct rog_db *db, const char *run_id, bool keep,
                                  struct rog_error *err);

/* The configuration as processes here get it, in heap memory: a program is told where the starting
 * model is, and so is a trainer whose cache need not have it, as the run's files lie elsewhere. */
char *rog_fleet_config_text(const struct rog_fleet_job *job);

#endif
