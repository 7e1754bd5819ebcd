/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_IMPORT_ARTIFACT_LOGS_H
#define ROG_IMPORT_ARTIFACT_LOGS_H

/* The log files of a run, one function a kind. A missing file is a note. */

#include <orchestrator/import/artifact_run.h>

int rog_artifact_worker_log(struct rog_artifact *run, const char *path,
                            struct rog_artifact_worker *worker, struct rog_error *err);
/* After the workers': their stalls are given to their iterations in order. */
int rog_artifact_server_log(struct rog_artifact *run, const char *path, struct rog_error *err);
int rog_artifact_energy_log(struct rog_artifact *run, const char *path, int64_t rank,
                            struct rog_error *err);
int rog_artifact_bandwidth_log(struct rog_artifact *run, const char *path, int64_t rank,
                               struct rog_error *err);
int rog_artifact_accuracy(struct rog_artifact *run, const char *path, struct rog_error *err);

#endif
