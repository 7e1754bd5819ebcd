/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_ORCHESTRATOR_RUN_VIEW_H
#define ROG_ORCHESTRATOR_RUN_VIEW_H

/* Summaries of runs (rog_run_summary) for people. */

#include <common/json.h>
#include <orchestrator/store/db.h>

/* A table with a line a run. runs: an array of summaries. */
int rog_runs_table(const struct rog_json *runs, struct rog_error *err);

/* The summaries of the runs that a query gives (first column: ids); frees the query.
 * `*runs` is owned by the caller. */
int rog_runs_summaries(struct rog_db *db, struct rog_query *query, struct rog_json **runs,
                       struct rog_error *err);

#endif
