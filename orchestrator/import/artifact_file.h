/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_IMPORT_ARTIFACT_FILE_H
#define ROG_IMPORT_ARTIFACT_FILE_H

/* Shared by the readers of a run's files. */

#include <orchestrator/import/artifact_run.h>
#include <orchestrator/import/logfile.h>

/* `file` is the path within `folder`, the run's. */
struct rog_artifact_file {
    const char *folder, *file;
};

/* Opens a file; if it is missing, or not text, a note is added and the result is 0 with *there
 * false. */
int rog_artifact_open(struct rog_artifact *run, const struct rog_artifact_file *file,
                      struct rog_log *log, bool *there, struct rog_error *err);

/* -1: the last line was cut off within its time; 0: it was not. */
int rog_artifact_half_time(const struct rog_log *log);

#define ROG_NOT_UNDERSTOOD "not understood"
#define ROG_CUT_OFF "cut off"

#endif
