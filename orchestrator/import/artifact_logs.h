/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_IMPORT_ARTIFACT_LOGS_H
#define ROG_IMPORT_ARTIFACT_LOGS_H

/* The log files of a run, one function for each kind. A missing file is a note. */

#include <orchestrator/import/artifact_file.h>

int rog_artifact_worker_log(struct rog_artifact *run, const struct rog_artifact_file *file,
                            int64_t rank, struct rog_error *err);
/* After the workers': assigns their stalls to their iterations. */
int rog_artifact_server_log(struct rog_artifact *run, const struct rog_artifact_file *file,
                            int64_t rank, struct rog_error *err);
/* After those of workers and server, which say when their clocks started. Rank 0 is the server. */
int rog_artifact_energy_log(struct rog_artifact *run, const struct rog_artifact_file *file,
                            int64_t rank, struct rog_error *err);
int rog_artifact_bandwidth_log(struct rog_artifact *run, const struct rog_artifact_file *file,
                               int64_t rank, struct rog_error *err);
int rog_artifact_accuracy(struct rog_artifact *run, const struct rog_artifact_file *file,
                          int64_t rank, struct rog_error *err);

#endif
