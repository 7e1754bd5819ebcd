/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_STORE_ITERATIONS_H
#define ROG_STORE_ITERATIONS_H

/*
 * The table `iterations` of results.db: run_id, and the columns of rog/iteration.h. Whoever needs
 * all of them takes them from here; NULL and what a row of rog/iteration.h does not know are the
 * same.
 */

#include <common/json.h>
#include <orchestrator/store/db.h>
#include <rog/iteration.h>

/* The members of an event, which are all that is known of the iteration. */
void rog_iterations_from_event(const struct rog_json *event, struct rog_iteration *row);

/* For rog_iterations_insert, which puts a row into the table, in the place of an earlier one of the
 * same iteration. */
int rog_iterations_insert_new(struct rog_query **query, struct rog_db *db, struct rog_error *err);
int rog_iterations_insert(struct rog_query *query, const char *run_id,
                          const struct rog_iteration *row, struct rog_error *err);

/* A run's rows by rank and iteration, of one rank or (ROG_ABSENT) of all workers, for
 * rog_iterations_step: 1: there is a row; 0: no more; negative: error. */
int rog_iterations_query(struct rog_query **query, struct rog_db *db, const char *run_id,
                         int64_t rank, struct rog_error *err);
int rog_iterations_step(struct rog_query *query, struct rog_iteration *row, struct rog_error *err);

/* For SQL: each column as in `pattern`, where '@' stands for its name, `separator` between them;
 * without run_id. Heap memory, NULL when there is none. */
char *rog_iterations_columns(const char *pattern, const char *separator);

/* How the schema's versions make the table of `columns`, which are rog_iteration_columns but in
 * tests. Scripts of SQL in heap memory, NULL when there is none. */
/* The version that brought the latest column. */
int rog_iterations_version(const struct rog_iteration_column *columns);
/* CREATE TABLE with the columns of the first version. */
char *rog_iterations_create(const struct rog_iteration_column *columns);
/* Adds those that came with `version`; "" where there are none. */
char *rog_iterations_extend(const struct rog_iteration_column *columns, int version);
/* Makes a table as `version` left it look like the latest, for this connection only; "" where it
 * is. */
char *rog_iterations_view(const struct rog_iteration_column *columns, int version);

#endif
