/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_EXPORT_TENSORBOARD_H
#define ROG_EXPORT_TENSORBOARD_H

#include <orchestrator/export/export.h>

/*
 * A case as a log folder of TensorBoard, FOLDER/CASE. In it each run that has begun is a folder:
 * what its tests measure, its summary, its settings for the tab HParams; and in that a folder for
 * each worker with its curves (series.h). Points have the time at which they happened, as far after
 * the run's start as the run's clock says, and a step. Event files are replaced when the case is
 * exported again.
 */
int rog_export_tensorboard(struct rog_db *db, const char *case_name,
                           const struct rog_export_options *options, struct rog_error *err);

#endif
