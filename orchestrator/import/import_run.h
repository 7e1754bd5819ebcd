/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_IMPORT_IMPORT_RUN_H
#define ROG_IMPORT_IMPORT_RUN_H

#include <orchestrator/import/artifact_run.h>
#include <orchestrator/store/db.h>

/* Adds the run and all its rows, within the caller's transaction. */
int rog_import_run(struct rog_db *db, const struct rog_artifact *run, struct rog_error *err);

#endif
