/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_STORE_DB_STATE_H
#define ROG_STORE_DB_STATE_H

/* Shares the state of a connection between db.c and batch.c; SQLite's types stay here. */

#include <stdbool.h>
#include <sys/stat.h>

#include <sqlite3.h>

#include <orchestrator/store/db.h>

struct rog_batch;

struct rog_db {
    sqlite3 *handle;
    char *path;
    bool in_transaction;
    struct stat file;             /* when it was opened */
    int64_t version;              /* schema version when it was opened */
    const struct rog_batch *rows; /* rows that ROG_BATCH_TABLE returns, or NULL */
};

/* The table that a statement of a batch reads. */
#define ROG_BATCH_TABLE "rog_batch_rows"

/* Registers the table with a connection. Returns SQLite's code. */
int rog_batch_register(struct rog_db *db);

#endif
