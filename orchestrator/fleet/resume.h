/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FLEET_RESUME_H
#define ROG_FLEET_RESUME_H

/*
 * Resumes runs from a snapshot of the trainer (common/snapshot.h), after whatever ended the
 * processes that executed them. The run's event stream is truncated to the moment of the snapshot
 * and stored again from its first byte: later events are written again, and need not be the same.
 * The attempt remains the same.
 */

#include <stdbool.h>

#include <common/json.h>
#include <orchestrator/store/db.h>
#include <rog/error.h>

/* Returns whether the run's folder contains a snapshot and the part of the stream that it needs.
 * *t_s becomes its time. The trainer checks it further, and removes a snapshot that it rejects. */
bool rog_resume_is_possible(const char *folder, double *t_s);
/* Prepares folder and tables. Of `config`, the run's current one, only the settings for supervising
 * its processes apply. */
int rog_resume_prepare(struct rog_db *db, const char *run_id, const char *folder,
                       const struct rog_json *config, struct rog_error *err);
/* Removes the snapshot of a run that has ended or restarts. */
int rog_resume_forget(const char *folder, struct rog_error *err);

#endif
