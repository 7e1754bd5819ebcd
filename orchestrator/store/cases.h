/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_STORE_CASES_H
#define ROG_STORE_CASES_H

/* Lists and changes cases and the runs that belong to them. Changing a case never deletes a run. */

#include <common/json.h>
#include <orchestrator/store/db.h>

/* Appends one object for each case to the array, oldest case first: name, figure, runs, done,
 * target_accuracy, created_at, contender, baseline, metric (common/metric.h). */
int rog_cases_list(struct rog_db *db, struct rog_json *cases, struct rog_error *err);

/* Creates a query that returns run ids: those of the case, in its order, or with NULL those of all
 * runs. */
int rog_case_run_ids(struct rog_db *db, const char *case_name, struct rog_query **query,
                     struct rog_error *err);

/* Queries for completions: names that begin with `beginning`, each with a short description. Cases
 * and runs come latest first, the runs of a case in its order. The caller frees the query. */
int rog_case_names(struct rog_db *db, const char *beginning, struct rog_query **query,
                   struct rog_error *err);
int rog_run_names(struct rog_db *db, const char *beginning, struct rog_query **query,
                  struct rog_error *err);
int rog_case_run_names(struct rog_db *db, const char *case_name, struct rog_query **query,
                       struct rog_error *err);

/* Returns ROG_EINVAL if run `id` and a run of the case are tested for different things
 * (common/metric.h), because such runs are not compared. Ignores run `leaving` (may be NULL). */
int rog_case_check_metric(struct rog_db *db, const char *case_name, const char *id,
                          const char *leaving, struct rog_error *err);

/* Creates a case without runs, or leaves an existing one as it is. figure, contender: may be
 * NULL. */
int rog_case_make(struct rog_db *db, const char *case_name, const char *figure,
                  const char *contender, struct rog_error *err);
/* Appends runs to the case, in the order of the list of their ids. A run that the case already has
 * keeps its position. Returns ROG_EINVAL, and appends nothing, if rog_case_check_metric would.
 * Takes time proportional to the size of the case, so append many runs in one call. */
int rog_case_append_runs(struct rog_db *db, const char *case_name, const struct rog_json *ids,
                         struct rog_error *err);
int rog_case_append_run(struct rog_db *db, const char *case_name, const char *id,
                        struct rog_error *err);
/* Appends one run. Creates the case if it does not exist. */
int rog_case_add_run(struct rog_db *db, const char *case_name, const char *id,
                     struct rog_error *err);
/* Returns ROG_ENOTFOUND if the case does not contain the run. */
int rog_case_remove_run(struct rog_db *db, const char *case_name, const char *id,
                        struct rog_error *err);
/* Removes the case, but not its runs. */
int rog_case_remove(struct rog_db *db, const char *case_name, struct rog_error *err);
/* Puts `new` in the position of `old`. Returns ROG_ENOTFOUND if the case does not contain `old`. */
int rog_case_replace_run(struct rog_db *db, const char *case_name, const char *old, const char *new,
                         struct rog_error *err);
/* Returns 1 if the case contains the run, 0 if not, or a negative error. */
int rog_case_has_run(struct rog_db *db, const char *case_name, const char *id,
                     struct rog_error *err);
int rog_case_rename(struct rog_db *db, const char *old, const char *new, struct rog_error *err);

/* All runs of the cases whose names begin with `beginning`: case, cluster, config_hash, the setting
 * metric. For a case without runs, cluster and hash are NULL. The caller frees the query. */
int rog_cases_runs(struct rog_db *db, const char *beginning, struct rog_query **query,
                   struct rog_error *err);

/* At most `most` runs, latest first, that succeeded at their first attempt on the cluster of this
 * name: configuration and duration in seconds. The caller frees the query. */
int rog_runs_took(struct rog_db *db, const char *cluster, int most, struct rog_query **query,
                  struct rog_error *err);

/* Appends the ids of runs that have untested checkpoints; only of run `only`, unless NULL. */
int rog_runs_untested(struct rog_db *db, const char *only, struct rog_json *ids,
                      struct rog_error *err);

#endif
