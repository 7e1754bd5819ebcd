/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_ORCHESTRATOR_TERMINAL_RUN_VIEW_H
#define ROG_ORCHESTRATOR_TERMINAL_RUN_VIEW_H

/* Summaries of runs (rog_run_summary) as text. */

#include <stdbool.h>

#include <common/json.h>
#include <orchestrator/store/db.h>

/* Prints a table with a row per run. runs: an array of summaries. */
int rog_runs_table(const struct rog_json *runs, struct rog_error *err);

/* Loads the summaries of the runs that a query returns (first column: ids); frees the query.
 * `*runs` is owned by the caller. */
int rog_runs_summaries(struct rog_db *db, struct rog_query *query, struct rog_json **runs,
                       struct rog_error *err);

/* For a run that is "running" according to the table of runs: returns "interrupted", or "left"
 * while its hosts continue it by themselves; NULL: a process executes it. */
const char *rog_run_abandoned(struct rog_db *db, const char *id);
/* Corrects the status of a run whose rogctl has ended: the table of runs says "running" until the
 * run is resumed; the summary says "interrupted", or "left" as long as hosts continue the run by
 * themselves. */
void rog_run_correct_status(struct rog_db *db, struct rog_json *summary);

/* The status of a summary, in words. */
const char *rog_run_status_words(const struct rog_json *summary);

/* A table of gains with their intervals (rog_gains_json). */
int rog_gains_table(const struct rog_json *gains, struct rog_error *err);

/* Returns what `rogctl show RUN --json` prints: the summary of the run that `text` names, its
 * configuration, versions and folder, the number of events of each kind, and each warning and
 * error. Owned by the caller. Errors as rog_run_find. */
int rog_run_details(struct rog_db *db, const char *text, struct rog_json **summary,
                    struct rog_error *err);

/* Prints a table of the last known states of a run's hosts (rog_robots_json); nothing if there are
 * none. `live`: the run is in progress, and the time since each report is shown. */
int rog_robots_table(const struct rog_json *robots, bool live, struct rog_error *err);

#endif
