/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_STORE_ITERATIONS_H
#define ROG_STORE_ITERATIONS_H

/*
 * Reads and writes the table `iterations` of results.db: run_id, and the columns of
 * rog/iteration.h. NULL in the table is an unknown value in struct rog_iteration. Code that needs
 * all columns uses these functions.
 */

#include <orchestrator/store/batch.h>
#include <orchestrator/store/db.h>
#include <orchestrator/store/event_line.h>
#include <orchestrator/store/iteration_columns.h>
#include <rog/iteration.h>

/* Fills a row from the members of an event. Everything else of the row is unknown. */
void rog_iterations_from_event(struct rog_event_line *event, struct rog_iteration *row);

/* Creates a batch for rog_iterations_insert, which adds a row or replaces an earlier one of the
 * same iteration. The row is stored by rog_batch_flush; until then run_id must remain valid. */
int rog_iterations_insert_new(struct rog_batch **batch, struct rog_db *db, struct rog_error *err);
int rog_iterations_insert(struct rog_batch *batch, const char *run_id,
                          const struct rog_iteration *row, struct rog_error *err);

/* Queries a run's rows by rank and iteration, of one rank or (ROG_ABSENT) of all workers.
 * rog_iterations_step returns 1 if there is a row, 0 if there are no more, or a negative error. */
int rog_iterations_query(struct rog_query **query, struct rog_db *db, const char *run_id,
                         int64_t rank, struct rog_error *err);
int rog_iterations_step(struct rog_query *query, struct rog_iteration *row, struct rog_error *err);

#endif
