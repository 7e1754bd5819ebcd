/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_EXPORT_MLFLOW_H
#define ROG_EXPORT_MLFLOW_H

/*
 * A case out of results.db to an MLflow tracking server, over its REST API.
 *
 * The case becomes an experiment of the same name. Each finished run becomes a run in it:
 * parameters (library, threshold... and the resolved configuration), metrics with their times
 * (accuracy, or the metric of its tests, by iteration; for each worker its time composition, loss,
 * staleness and shares of rows by iteration, and its energy by second; the summary), and as files
 * its configuration and versions. Another run, named like the case, has the figures and the report.
 *
 * Runs have a tag by which they are found again: a second export keeps what exists, sends what is
 * missing (an interrupted export is continued) and replaces the figures.
 */

#include <common/json.h>
#include <orchestrator/export/mlflow_client.h>
#include <orchestrator/store/db.h>

struct rog_mlflow_options {
    struct rog_mlflow_access access;
    /* Receives messages on what was sent and what was left out. */
    void (*log)(void *user, const char *text);
    void *user;
};

/* *result: {"experiment", "experiment_id", "runs": [{"id", "mlflow_run_id", "found",
 * "metrics_sent"}], "files"}; owned by the caller. ROG_ENOTFOUND for an unknown case or one without
 * finished runs, otherwise the errors of mlflow_client.h and figures.h. */
int rog_export_mlflow(struct rog_db *db, const char *case_name,
                      const struct rog_mlflow_options *options, struct rog_json **result,
                      struct rog_error *err);

#endif
