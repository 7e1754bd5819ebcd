/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_STORE_BATCH_H
#define ROG_STORE_BATCH_H

/*
 * Collects rows of one table and inserts many of them with one statement. SQLite needs a third less
 * time for a row than with one statement for each row.
 */

#include <stddef.h>
#include <stdint.h>

#include <orchestrator/store/db.h>

#define ROG_BATCH_COLUMNS 32 /* maximum */

struct rog_batch;

/* `insert` names the table and its columns, as in "INSERT INTO t(a, b)". db is borrowed and must be
 * open for writing. */
int rog_batch_new(struct rog_batch **batch, struct rog_db *db, const char *insert, size_t columns,
                  struct rog_error *err);
void rog_batch_free(struct rog_batch *batch);

/* Begins a row. The caller then adds one value for each column. Earlier rows may be inserted
 * now. */
int rog_batch_row(struct rog_batch *batch, struct rog_error *err);
void rog_batch_int(struct rog_batch *batch, int64_t value);
void rog_batch_real(struct rog_batch *batch, double value); /* NaN -> NULL */
/* The text is not copied: it must remain valid until rog_batch_flush or rog_batch_clear. NULL ->
 * NULL. */
void rog_batch_text(struct rog_batch *batch, const char *text, size_t length);

/* Inserts all waiting rows. On an error it inserts none of them. */
int rog_batch_flush(struct rog_batch *batch, struct rog_error *err);
/* Drops all waiting rows. */
void rog_batch_clear(struct rog_batch *batch);

#endif
