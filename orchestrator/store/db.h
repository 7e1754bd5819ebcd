/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_STORE_DB_H
#define ROG_STORE_DB_H

/*
 * The database file, used by one thread. SQLite's types stay in db.c. The rest of the program uses
 * SQL only through these functions. Values are always bound, never pasted into the text.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rog/error.h>

struct rog_db;
struct rog_query;

enum rog_db_mode {
    ROG_DB_READ,  /* the file must exist (ROG_ENOTFOUND) and is not changed; an older schema is read
                     as if it had been upgraded */
    ROG_DB_WRITE, /* created with the schema if missing, upgraded if older */
};

/* Returns ROG_EFORMAT, without changing the file, if it is not one of our databases or has a newer
 * schema. */
int rog_db_open(struct rog_db **db, const char *path, enum rog_db_mode mode, struct rog_error *err);
void rog_db_close(struct rog_db *db);
const char *rog_db_path(const struct rog_db *db);

/* For a database that was opened to read and is kept open: returns whether opening it again would
 * give the same file with the same schema. */
bool rog_db_is_current(struct rog_db *db);
/* Returns a number that changes whenever another connection has committed. */
int rog_db_changes(struct rog_db *db, int64_t *number, struct rog_error *err);
/* Begins to read one state of the database. It ends with rog_db_rollback, which also drops
 * temporary tables that were created meanwhile. */
int rog_db_begin_read(struct rog_db *db, struct rog_error *err);

/* Begins a transaction (BEGIN IMMEDIATE). Waits for other writers. Transactions cannot be
 * nested. */
int rog_db_begin(struct rog_db *db, struct rog_error *err);
int rog_db_commit(struct rog_db *db, struct rog_error *err);
void rog_db_rollback(struct rog_db *db); /* harmless outside a transaction */

/* Prepares a statement. `types` describes `...`, one letter for each parameter: s text (NULL ->
 * NULL), i int64_t, d double (NaN -> NULL), D size_t and const double * (that many parameters).
 * Texts are copied. If types is NULL, nothing is bound until rog_query_rebind. */
int rog_query_new(struct rog_query **query, struct rog_db *db, struct rog_error *err,
                  const char *sql, const char *types, ...);
void rog_query_free(struct rog_query *query);
/* Returns 1 if there is a row, 0 if there are no more, or a negative error. */
int rog_query_step(struct rog_query *query, struct rog_error *err);
/* Resets the statement and binds new values. */
int rog_query_rebind(struct rog_query *query, struct rog_error *err, const char *types, ...);
/* Binds parameters one by one, for callers that learn their number at run time. Parameters count
 * from 1. A parameter that is not bound again keeps its value. */
void rog_query_reset(struct rog_query *query);
int rog_query_bind_int(struct rog_query *query, int parameter, int64_t value,
                       struct rog_error *err);
int rog_query_bind_real(struct rog_query *query, int parameter, double value,
                        struct rog_error *err); /* NaN -> NULL */
int rog_query_bind_text(struct rog_query *query, int parameter, const char *value,
                        struct rog_error *err); /* NULL -> NULL */
/* The text is not copied: it must remain valid until the statement is reset or its last row was
 * read. */
int rog_query_bind_borrowed(struct rog_query *query, int parameter, const char *text, size_t length,
                            struct rog_error *err); /* NULL -> NULL */

bool rog_query_is_null(const struct rog_query *query, int column);
int64_t rog_query_int(const struct rog_query *query, int column);
double rog_query_real(const struct rog_query *query, int column);      /* NULL -> NaN */
const char *rog_query_text(const struct rog_query *query, int column); /* NULL -> NULL; until the
                                                                           next step */

/* Prepares, binds, steps to the end and frees. For statements that return no rows. */
int rog_db_run(struct rog_db *db, struct rog_error *err, const char *sql, const char *types, ...);

#endif
