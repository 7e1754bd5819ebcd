/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_EXPORT_MLFLOW_RUNS_H
#define ROG_EXPORT_MLFLOW_RUNS_H

/*
 * A case and its runs on an MLflow server: found or made there, and sent what the server lacks.
 * What the server has of a curve, by its own account, is all up to the last step: so a transfer
 * that was interrupted is continued and nothing is sent twice.
 */

#include <orchestrator/export/mlflow_client.h>
#include <orchestrator/export/series.h>
#include <orchestrator/report/report.h>

#define ROG_MLFLOW_TAG_SUMMARY "rogctl.summary" /* tag of a run that has its summary */

struct rog_mlflow_case {
    struct rog_db *db; /* borrowed, as the next two */
    struct rog_mlflow_client *client;
    const char *created_at; /* start of an imported run, which may be unknown */
    char *experiment_id;
    struct rog_mlflow_run run; /* the run of the case, which contains the others */
};
/* Fills in the rest of *c. `title` is the name of the case's own run. */
int rog_mlflow_case_open(struct rog_mlflow_case *c, const struct rog_case_row *row,
                         const char *title, struct rog_error *err);
void rog_mlflow_case_close(struct rog_mlflow_case *c);

/* *start_ms: when the run started, since 1970. */
int rog_mlflow_open_run(const struct rog_mlflow_case *c, const struct rog_run_row *row,
                        struct rog_mlflow_run *run, int64_t *start_ms, struct rog_error *err);
/* The configuration. */
int rog_mlflow_send_params(const struct rog_mlflow_case *c, const struct rog_mlflow_run *run,
                           const struct rog_run_row *row, struct rog_error *err);
/* Sends the points of its curves that the server lacks; adds their number to *sent. */
int rog_mlflow_send_points(const struct rog_mlflow_case *c, struct rog_mlflow_run *run,
                           const char *run_id, int64_t start_ms, bool goes_on, int64_t *sent,
                           struct rog_error *err);
/* Sends the summary of a finished run, its configuration and versions as files, and its end. */
int rog_mlflow_send_end(const struct rog_mlflow_case *c, const struct rog_mlflow_run *run,
                        const struct rog_report *report, size_t index, int64_t start_ms,
                        struct rog_error *err);

#endif
