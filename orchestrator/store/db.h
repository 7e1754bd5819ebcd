/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_STORE_DB_H
#define ROG_STORE_DB_H

/*
 * The database file, used by one thread: SQLite behind it, whose types stay in db.c. Everything
 * else in the program talks SQL through the few calls below; values are always bound, never pasted
 * into the text.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rog/error.h>

struct rog_db;
struct rog_query;

enum rog_db_mode {
    ROG_DB_READ,  /* the file must exist (ROG_ENOTFOUND) and is not changed; an older one is read
                     as if it had been migrated */
    ROG_DB_WRITE, /* created with the schema when missing, migrated when older */
};

/* Refuses a file that is no database of ours or has a newer schema (ROG_EFORMAT), without changing
 * it. */
int rog_db_open(struct rog_db **db, const char *path, enum rog_db_mode mode, struct rog_error *err);
void rog_db_close(struct rog_db *db);
const char *rog_db_path(const struct rog_db *db);

/* Of one opened to read, by whoever keeps it open: whether another opening would read the same
 * file, of the same schema. */
bool rog_db_is_current(struct rog_db *db);
/* A number that is another one once another connection has committed. */
int rog_db_changes(struct rog_db *db, int64_t *number, struct rog_error *err);
/* What follows reads one state of the database, until rog_db_rollback, which also forgets
 * temporary tables that were made on the way. */
int rog_db_begin_read(struct rog_db *db, struct rog_error *err);

/* One transaction; nested calls are an error. BEGIN IMMEDIATE; waits for other writers. */
int rog_db_begin(struct rog_db *db, struct rog_error *err);
int rog_db_commit(struct rog_db *db, struct rog_error *err);
void rog_db_rollback(struct rog_db *db); /* harmless outside a transaction */

/* A prepared statement. `types` describes `...`, a letter a parameter: s text (NULL -> NULL),
 * i int64_t, d double (NaN -> NULL), D size_t and const double *, that many parameters.
 * Texts are copied. With types NULL nothing is bound yet:
 * rog_query_rebind does. */
int rog_query_new(struct rog_query **query, struct rog_db *db, struct rog_error *err,
                  const char *sql, const char *types, ...);
void rog_query_free(struct rog_query *query);
/* 1: a row is there; 0: no more; negative: error. */
int rog_query_step(struct rog_query *query, struct rog_error *err);
/* Ready to run again with other values. */
int rog_query_rebind(struct rog_query *query, struct rog_error *err, const char *types, ...);
/* The same one by one, for whoever does not know their number beforehand: parameters count from 1,
 * and those that are not bound again keep their values. */
void rog_query_reset(struct rog_query *query);
int rog_query_bind_int(struct rog_query *query, int parameter, int64_t value,
                       struct rog_error *err);
int rog_query_bind_real(struct rog_query *query, int parameter, double value,
                        struct rog_error *err); /* NaN -> NULL */
int rog_query_bind_text(struct rog_query *query, int parameter, const char *value,
                        struct rog_error *err); /* NULL -> NULL */
/* Not copied: it has to stay until the statement is reset, or its last row was read. */
int rog_query_bind_borrowed(struct rog_query *query, int parameter, const char *text, size_t length,
                            struct rog_error *err); /* NULL -> NULL */

bool rog_query_is_null(const struct rog_query *query, int column);
int64_t rog_query_int(const struct rog_query *query, int column);
double rog_query_real(const struct rog_query *query, int column);      /* NULL -> NaN */
const char *rog_query_text(const struct rog_query *query, int column); /* NULL -> NULL; until the
                                                                           next step */

/* prepare + bind + step to the end + free, for statements without rows. */
int rog_db_run(struct rog_db *db, struct rog_error *err, const char *sql, const char *types, ...);

#endif
