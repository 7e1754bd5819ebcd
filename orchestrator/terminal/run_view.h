/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_ORCHESTRATOR_TERMINAL_RUN_VIEW_H
#define ROG_ORCHESTRATOR_TERMINAL_RUN_VIEW_H

/* Summaries of runs (rog_run_summary) for people. */

#include <stdbool.h>

#include <common/json.h>
#include <orchestrator/store/db.h>

/* A table with a line a run. runs: an array of summaries. */
int rog_runs_table(const struct rog_json *runs, struct rog_error *err);

/* The summaries of the runs that a query gives (first column: ids); frees the query.
 * `*runs` is owned by the caller. */
int rog_runs_summaries(struct rog_db *db, struct rog_query *query, struct rog_json **runs,
                       struct rog_error *err);

/* Of a run that the table of runs says to be running: "interrupted", or "left" while its hosts go
 * on with it by themselves; NULL: somebody executes it. */
const char *rog_run_abandoned(struct rog_db *db, const char *id);
/* The table of runs says "running" of a run whose rogctl is gone until it is taken up; here it is
 * "interrupted", or "left" for as long as hosts go on with it by themselves. */
void rog_run_correct_status(struct rog_db *db, struct rog_json *summary);

/* The status of a summary, for people. */
const char *rog_run_status_words(const struct rog_json *summary);

/* A table of gains with their intervals (rog_gains_json). */
int rog_gains_table(const struct rog_json *gains, struct rog_error *err);

/* What `rogctl show RUN --json` prints: the summary of the run meant by `text`, its configuration,
 * versions and folder, how many events of each kind it has, and warnings and errors one by one.
 * Owned by the caller. Errors as rog_run_find. */
int rog_run_details(struct rog_db *db, const char *text, struct rog_json **summary,
                    struct rog_error *err);

/* A table of the hosts of a run as they were last heard of (rog_robots_json); nothing where there
 * are none. `live`: the run goes on, and how long ago matters. */
int rog_robots_table(const struct rog_json *robots, bool live, struct rog_error *err);

#endif
