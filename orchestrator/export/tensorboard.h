/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_EXPORT_TENSORBOARD_H
#define ROG_EXPORT_TENSORBOARD_H

#include <orchestrator/export/export.h>

/*
 * A case as a log folder of TensorBoard, FOLDER/CASE. Each run that has started is a folder in it:
 * test results, summary, settings for the tab HParams; and in this a folder for each worker with
 * its curves (series.h). Points have a step, and the time at which they happened: the run's start
 * plus the run's own time. Event files are replaced when the case is exported again.
 */
int rog_export_tensorboard(struct rog_db *db, const char *case_name,
                           const struct rog_export_options *options, struct rog_error *err);

#endif
