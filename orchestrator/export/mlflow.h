/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_EXPORT_MLFLOW_H
#define ROG_EXPORT_MLFLOW_H

/*
 * A case out of results.db to an MLflow tracking server, over its REST API.
 *
 * The case becomes an experiment of its name. In it each finished run is a run: parameters
 * (library, threshold... and the resolved configuration), metrics with their times (accuracy, or
 * what its tests measure, by iteration; of each worker its time composition, loss, staleness and
 * shares of rows by iteration, and its energy by second; the summary), and as files its
 * configuration and versions. One run more, named as the case, holds the figures and the report.
 *
 * Runs carry a tag by which they are found again: exporting twice leaves what is there, sends what
 * is missing (a broken export is continued where it ended) and replaces the figures.
 */

#include <common/json.h>
#include <orchestrator/export/mlflow_client.h>
#include <orchestrator/store/db.h>

struct rog_mlflow_options {
    struct rog_mlflow_access access;
    void (*log)(void *user, const char *text); /* called with what was sent and what was left out */
    void *user;
};

/* *result: {"experiment", "experiment_id", "runs": [{"id", "mlflow_run_id", "found",
 * "metrics_sent"}], "files"}; owned by the caller. ROG_ENOTFOUND for an unknown case or one without
 * finished runs, else the errors of mlflow_client.h and figures.h. */
int rog_export_mlflow(struct rog_db *db, const char *case_name,
                      const struct rog_mlflow_options *options, struct rog_json **result,
                      struct rog_error *err);

#endif
