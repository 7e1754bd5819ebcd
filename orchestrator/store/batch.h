/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_STORE_BATCH_H
#define ROG_STORE_BATCH_H

/*
 * Rows of one table, collected and inserted by one statement for many: SQLite takes a row that way
 * in two thirds of the time of a statement of its own.
 */

#include <stddef.h>
#include <stdint.h>

#include <orchestrator/store/db.h>

#define ROG_BATCH_COLUMNS 32 /* at most */

struct rog_batch;

/* `insert` names table and columns, "INSERT INTO t(a, b)"; db is borrowed, and opened to write. */
int rog_batch_new(struct rog_batch **batch, struct rog_db *db, const char *insert, size_t columns,
                  struct rog_error *err);
void rog_batch_free(struct rog_batch *batch);

/* Begins a row, whose values follow, one for each column. Those before it may be inserted. */
int rog_batch_row(struct rog_batch *batch, struct rog_error *err);
void rog_batch_int(struct rog_batch *batch, int64_t value);
void rog_batch_real(struct rog_batch *batch, double value); /* NaN -> NULL */
/* Not copied: it has to stay until rog_batch_flush or rog_batch_clear. NULL -> NULL. */
void rog_batch_text(struct rog_batch *batch, const char *text, size_t length);

/* Inserts the rows that are not inserted yet. On an error none of these is. */
int rog_batch_flush(struct rog_batch *batch, struct rog_error *err);
/* Forgets them. */
void rog_batch_clear(struct rog_batch *batch);

#endif
