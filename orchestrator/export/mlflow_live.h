/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_EXPORT_MLFLOW_LIVE_H
#define ROG_EXPORT_MLFLOW_LIVE_H

/*
 * Runs on an MLflow server while they are executed: each appears there when it begins, with its
 * parameters, its points follow every few seconds, and it ends with a status.
 *
 * A thread does it, which reads what is to be sent from the database: nothing is kept in memory,
 * and a server that is slow or away has no effect on the runs. It is asked again after longer and
 * longer whiles, at most a minute. What it has then is looked up there, so that nothing is missing
 * or twice (mlflow_runs.h). Summary, figures and report are left to rog_export_mlflow.
 */

#include <orchestrator/export/mlflow_client.h>

struct rog_mlflow_live;

struct rog_mlflow_live_options {
    const char *url;            /* of the server */
    const char *database;       /* its file */
    const char *case_name;      /* its recorded name */
    const char *const *run_ids; /* [count], of the case */
    size_t count;
    double every_s; /* between two updates; 0: 2 s */
};

/* All texts are copied. */
int rog_mlflow_live_start(struct rog_mlflow_live **live,
                          const struct rog_mlflow_live_options *options, struct rog_error *err);
/* Calls say with messages for people since the last call: that the server is unreachable, once, and
 * that it is back. No effect on NULL. */
void rog_mlflow_live_step(struct rog_mlflow_live *live, void (*say)(void *user, const char *text),
                          void *user);
/* Sends what has been recorded since the last update, for at most `patience_s`, and ends.
 * Unfinished runs get the status KILLED. True: the server has everything. Frees it; NULL gives
 * true. */
bool rog_mlflow_live_finish(struct rog_mlflow_live *live, double patience_s);

#endif
