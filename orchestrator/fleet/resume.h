/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FLEET_RESUME_H
#define ROG_FLEET_RESUME_H

/*
 * Runs that go on from a snapshot of the trainer (common/snapshot.h), after whatever has ended the
 * processes that executed them. The run's event stream is cut back to what the snapshot presupposes
 * and stored again from its first byte: what comes after it is written once more, and whether that
 * is the same does not matter then. It is the same attempt that goes on.
 */

#include <stdbool.h>

#include <common/json.h>
#include <orchestrator/store/db.h>
#include <rog/error.h>

/* Whether there is a snapshot in the run's folder, and as much of the stream as it needs; *t_s:
 * when it was taken. The trainer looks closer: a snapshot that it refuses is gone then. */
bool rog_resume_is_possible(const char *folder, double *t_s);
/* Prepares folder and tables. Of `config`, the run's as it is now, the settings count that say how
 * its processes are kept. */
int rog_resume_prepare(struct rog_db *db, const char *run_id, const char *folder,
                       const struct rog_json *config, struct rog_error *err);
/* The run has come to an end, or begins anew: its snapshot is of no use. */
int rog_resume_forget(const char *folder, struct rog_error *err);

#endif
