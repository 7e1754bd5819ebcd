/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_STORE_CASES_H
#define ROG_STORE_CASES_H

/* Cases and the runs that they hold: listing them, and changing them. Runs stay recorded. */

#include <common/json.h>
#include <orchestrator/store/db.h>

/* Appends an object a case to the array, oldest first: name, figure, runs, done, target_accuracy,
 * created_at, contender, baseline, metric (common/metric.h). */
int rog_cases_list(struct rog_db *db, struct rog_json *cases, struct rog_error *err);

/* A query whose rows are ids: of the case's runs in their order, or with NULL of all runs. */
int rog_case_run_ids(struct rog_db *db, const char *case_name, struct rog_query **query,
                     struct rog_error *err);

/* Names and a few words about each, for choosing one: of cases and runs that begin so, the latest
 * first, and of a case's runs, in their order. The caller frees the query. */
int rog_case_names(struct rog_db *db, const char *beginning, struct rog_query **query,
                   struct rog_error *err);
int rog_run_names(struct rog_db *db, const char *beginning, struct rog_query **query,
                  struct rog_error *err);
int rog_case_run_names(struct rog_db *db, const char *case_name, struct rog_query **query,
                       struct rog_error *err);

/* Runs that are tested for different things (common/metric.h) are not compared: ROG_EINVAL where a
 * run of the case, but for `leaving` (may be NULL), is tested for another thing than run `id`. */
int rog_case_check_metric(struct rog_db *db, const char *case_name, const char *id,
                          const char *leaving, struct rog_error *err);

/* Makes a case without runs; one that is there stays as it is. figure, contender: may be NULL. */
int rog_case_make(struct rog_db *db, const char *case_name, const char *figure,
                  const char *contender, struct rog_error *err);
/* Puts runs behind those that the case has, in the order of the list of their ids; one that the
 * case has stays where it is. ROG_EINVAL, and none is put there, as of rog_case_check_metric. The
 * time grows with the case: of many runs, name all at once. */
int rog_case_append_runs(struct rog_db *db, const char *case_name, const struct rog_json *ids,
                         struct rog_error *err);
int rog_case_append_run(struct rog_db *db, const char *case_name, const char *id,
                        struct rog_error *err);
/* The same of one; a case that is not there is made. */
int rog_case_add_run(struct rog_db *db, const char *case_name, const char *id,
                     struct rog_error *err);
/* ROG_ENOTFOUND where the case does not hold the run. */
int rog_case_remove_run(struct rog_db *db, const char *case_name, const char *id,
                        struct rog_error *err);
/* The case itself; its runs stay. */
int rog_case_remove(struct rog_db *db, const char *case_name, struct rog_error *err);
/* `new` takes the place of `old`. ROG_ENOTFOUND where the case does not hold `old`. */
int rog_case_replace_run(struct rog_db *db, const char *case_name, const char *old, const char *new,
                         struct rog_error *err);
/* 1: it does; 0: it does not; negative: error. */
int rog_case_has_run(struct rog_db *db, const char *case_name, const char *id,
                     struct rog_error *err);
int rog_case_rename(struct rog_db *db, const char *old, const char *new, struct rog_error *err);

/* All runs of the cases whose names begin so: case, cluster, config_hash, the setting metric;
 * cluster and hash are NULL for a case without runs. The caller frees the query. */
int rog_cases_runs(struct rog_db *db, const char *beginning, struct rog_query **query,
                   struct rog_error *err);

/* Of the latest runs that were done at their first attempt on the cluster of this name, at most so
 * many: configuration, and the seconds that it took. The caller frees the query. */
int rog_runs_took(struct rog_db *db, const char *cluster, int most, struct rog_query **query,
                  struct rog_error *err);

/* Appends the ids of runs with checkpoints that are not tested; of `only` alone, unless NULL. */
int rog_runs_untested(struct rog_db *db, const char *only, struct rog_json *ids,
                      struct rog_error *err);

#endif
