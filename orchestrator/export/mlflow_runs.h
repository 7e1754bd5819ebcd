/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_EXPORT_MLFLOW_RUNS_H
#define ROG_EXPORT_MLFLOW_RUNS_H

/*
 * A case and its runs on an MLflow server: found or created there, and sent what the server lacks.
 * The server is assumed to have all points of a curve up to the last step it reports, so that an
 * interrupted transfer is continued and nothing is sent twice.
 */

#include <orchestrator/export/mlflow_client.h>
#include <orchestrator/export/series.h>
#include <orchestrator/report/report.h>

#define ROG_MLFLOW_TAG_SUMMARY "rogctl.summary" /* tag of a run whose summary was sent */

struct rog_mlflow_case {
    struct rog_db *db; /* borrowed, like the next two */
    struct rog_mlflow_client *client;
    const char *created_at; /* assumed start of imported runs without one */
    char *experiment_id;
    struct rog_mlflow_run run; /* the run of the case, which contains the others */
};
/* Opens or creates the experiment and the case's own run, named `title`, and fills in the rest of
 * *c. */
int rog_mlflow_case_open(struct rog_mlflow_case *c, const struct rog_case_row *row,
                         const char *title, struct rog_error *err);
void rog_mlflow_case_close(struct rog_mlflow_case *c);

/* Opens or creates a run. *start_ms: when the run started, since 1970. */
int rog_mlflow_open_run(const struct rog_mlflow_case *c, const struct rog_run_row *row,
                        struct rog_mlflow_run *run, int64_t *start_ms, struct rog_error *err);
/* Sends the configuration. */
int rog_mlflow_send_params(const struct rog_mlflow_case *c, const struct rog_mlflow_run *run,
                           const struct rog_run_row *row, struct rog_error *err);
/* Sends the points of its curves that the server lacks; adds their number to *sent. */
int rog_mlflow_send_points(const struct rog_mlflow_case *c, struct rog_mlflow_run *run,
                           const char *run_id, int64_t start_ms, bool in_progress, int64_t *sent,
                           struct rog_error *err);
/* Sends the summary of a finished run, its configuration and versions as files, and its status. */
int rog_mlflow_send_end(const struct rog_mlflow_case *c, const struct rog_mlflow_run *run,
                        const struct rog_report *report, size_t index, int64_t start_ms,
                        struct rog_error *err);

#endif
