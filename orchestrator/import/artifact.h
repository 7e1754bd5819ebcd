/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_IMPORT_ARTIFACT_H
#define ROG_IMPORT_ARTIFACT_H

/* Reads the folder of a run of the published artifact. */

#include <orchestrator/import/artifact_run.h>

/* ROG_ENOTFOUND if `folder` is not a run's; ROG_EFORMAT if its config is invalid. */
int rog_artifact_read(struct rog_artifact *run, const char *folder, struct rog_error *err);
void rog_artifact_release(struct rog_artifact *run);

#endif
