/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_STORE_ITERATIONS_H
#define ROG_STORE_ITERATIONS_H

/*
 * The table `iterations` of results.db: run_id, and the columns of rog/iteration.h. Whoever needs
 * all of them takes them from here; NULL and what a row of rog/iteration.h does not know are the
 * same.
 */

#include <orchestrator/store/batch.h>
#include <orchestrator/store/db.h>
#include <orchestrator/store/event_line.h>
#include <orchestrator/store/iteration_columns.h>
#include <rog/iteration.h>

/* The members of an event, which are all that is known of the iteration. */
void rog_iterations_from_event(struct rog_event_line *event, struct rog_iteration *row);

/* For rog_iterations_insert, which puts a row into the table, in the place of an earlier one of the
 * same iteration. It is there after rog_batch_flush; until then run_id has to stay. */
int rog_iterations_insert_new(struct rog_batch **batch, struct rog_db *db, struct rog_error *err);
int rog_iterations_insert(struct rog_batch *batch, const char *run_id,
                          const struct rog_iteration *row, struct rog_error *err);

/* A run's rows by rank and iteration, of one rank or (ROG_ABSENT) of all workers, for
 * rog_iterations_step: 1: there is a row; 0: no more; negative: error. */
int rog_iterations_query(struct rog_query **query, struct rog_db *db, const char *run_id,
                         int64_t rank, struct rog_error *err);
int rog_iterations_step(struct rog_query *query, struct rog_iteration *row, struct rog_error *err);

#endif
