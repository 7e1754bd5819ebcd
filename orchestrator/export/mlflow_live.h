/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_EXPORT_MLFLOW_LIVE_H
#define ROG_EXPORT_MLFLOW_LIVE_H

/*
 * Runs on an MLflow server while they are executed: each appears there when it starts, with its
 * parameters; its points follow every few seconds; at its end it gets a status.
 *
 * A thread does this. It reads what is to be sent from the database: nothing is kept in memory, and
 * a slow or unreachable server does not affect the runs. If the server fails, requests are repeated
 * at increasing intervals, at most a minute. The state on the server is then looked up, so that
 * nothing is missing or sent twice (mlflow_runs.h). Summary, figures and report are left to
 * rog_export_mlflow.
 */

#include <orchestrator/export/mlflow_client.h>

struct rog_mlflow_live;

struct rog_mlflow_live_options {
    const char *url;            /* of the server */
    const char *database;       /* its path */
    const char *case_name;      /* its name in the database */
    const char *const *run_ids; /* [count]: runs of the case */
    size_t count;
    double every_s; /* seconds between updates; 0: 2 s */
};

/* All texts are copied. */
int rog_mlflow_live_start(struct rog_mlflow_live **live,
                          const struct rog_mlflow_live_options *options, struct rog_error *err);
/* Calls `say` with messages for the user since the last call: that the server is unreachable, once,
 * and that it answers again. No effect on NULL. */
void rog_mlflow_live_step(struct rog_mlflow_live *live, void (*say)(void *user, const char *text),
                          void *user);
/* Sends what has been recorded since the last update, for at most `patience_s`, and ends.
 * Unfinished runs get the status KILLED. Returns true if the server has everything. Frees `live`;
 * NULL gives true. */
bool rog_mlflow_live_finish(struct rog_mlflow_live *live, double patience_s);

#endif
