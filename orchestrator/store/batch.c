/* SPDX-License-Identifier: Apache-2.0 */
/* Exposes collected rows as a virtual table of SQLite, so that one INSERT can copy them all. */
#include <orchestrator/store/batch.h>

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include <sqlite3.h>

#include <common/file.h>
#include <orchestrator/store/db_state.h>

/* Maximum number of waiting rows: they are still in the processor's cache when they are
 * inserted. */
#define MOST_ROWS ((size_t)1024)
#define FIRST_ROWS ((size_t)16)

enum type { INTEGER, REAL, TEXT };

struct value {
    enum type type;
    int length; /* length of a text in bytes */
    union {
        int64_t integer;
        double real;
        const char *text;
    };
};

struct rog_batch {
    struct rog_db *db; /* borrowed */
    struct rog_query *query;
    size_t columns, rows, room, used; /* used: number of values */
    struct value *value;
};

/* ---- the virtual table ---- */

struct table {
    sqlite3_vtab base;
    struct rog_db *db; /* borrowed */
};

struct cursor {
    sqlite3_vtab_cursor base;
    const struct rog_batch *batch; /* borrowed; NULL: no rows */
    size_t row;
};

static int connect_table(sqlite3 *handle, void *db, int argc, const char *const *argv,
                         sqlite3_vtab **out, char **message)
{
    char sql[16 + 8 * ROG_BATCH_COLUMNS];
    size_t used = 0;
    (void)argc;
    (void)argv;
    (void)message;
    for (int i = 0; i < ROG_BATCH_COLUMNS; i++)
        used += (size_t)snprintf(sql + used, sizeof sql - used, "%sc%d",
                                 i ? ", " : "CREATE TABLE t(", i);
    snprintf(sql + used, sizeof sql - used, ")");
    struct table *table = calloc(1, sizeof *table);
    if (!table)
        return SQLITE_NOMEM;
    table->db = db;
    *out = &table->base;
    int result = sqlite3_declare_vtab(handle, sql);
    if (result != SQLITE_OK)
        free(table);
    return result;
}

static int disconnect_table(sqlite3_vtab *table)
{
    free(table);
    return SQLITE_OK;
}

static int plan_table(sqlite3_vtab *table, sqlite3_index_info *plan)
{
    (void)table;
    (void)plan; /* the table returns all its rows, in order */
    return SQLITE_OK;
}

static int open_cursor(sqlite3_vtab *table, sqlite3_vtab_cursor **out)
{
    (void)table;
    struct cursor *cursor = calloc(1, sizeof *cursor);
    *out = cursor ? &cursor->base : NULL;
    return cursor ? SQLITE_OK : SQLITE_NOMEM;
}

static int close_cursor(sqlite3_vtab_cursor *cursor)
{
    free(cursor);
    return SQLITE_OK;
}

static int begin_rows(sqlite3_vtab_cursor *base, int plan, const char *plan_text, int argc,
                      sqlite3_value **argv)
{
    struct cursor *cursor = (struct cursor *)base;
    (void)plan;
    (void)plan_text;
    (void)argc;
    (void)argv;
    cursor->batch = ((struct table *)base->pVtab)->db->rows;
    cursor->row = 0;
    return SQLITE_OK;
}

static int next_row(sqlite3_vtab_cursor *base)
{
    ((struct cursor *)base)->row++;
    return SQLITE_OK;
}

static int is_behind(sqlite3_vtab_cursor *base)
{
    const struct cursor *cursor = (const struct cursor *)base;
    return !cursor->batch || cursor->row >= cursor->batch->rows;
}

static int give_value(sqlite3_vtab_cursor *base, sqlite3_context *to, int column)
{
    const struct cursor *cursor = (const struct cursor *)base;
    const struct rog_batch *batch = cursor->batch;
    if ((size_t)column >= batch->columns)
        return SQLITE_OK; /* NULL */
    const struct value *v = &batch->value[cursor->row * batch->columns + (size_t)column];
    if (v->type == INTEGER)
        sqlite3_result_int64(to, v->integer);
    else if (v->type == REAL)
        sqlite3_result_double(to, v->real);
    else
        sqlite3_result_text(to, v->text, v->length, SQLITE_STATIC);
    return SQLITE_OK;
}

static int give_rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *rowid)
{
    *rowid = (sqlite3_int64)((const struct cursor *)base)->row;
    return SQLITE_OK;
}

/* Without xCreate the table exists under its module's name and needs no CREATE VIRTUAL TABLE. */
static const sqlite3_module module = {
    .xConnect = connect_table,
    .xDisconnect = disconnect_table,
    .xBestIndex = plan_table,
    .xOpen = open_cursor,
    .xClose = close_cursor,
    .xFilter = begin_rows,
    .xNext = next_row,
    .xEof = is_behind,
    .xColumn = give_value,
    .xRowid = give_rowid,
};

int rog_batch_register(struct rog_db *db)
{
    return sqlite3_create_module(db->handle, ROG_BATCH_TABLE, &module, db);
}

/* ---- batches ---- */

int rog_batch_new(struct rog_batch **out, struct rog_db *db, const char *insert, size_t columns,
                  struct rog_error *err)
{
    char names[8 * ROG_BATCH_COLUMNS] = "";
    size_t used = 0;
    assert(columns <= ROG_BATCH_COLUMNS);
    for (size_t i = 0; i < columns; i++)
        used += (size_t)snprintf(names + used, sizeof names - used, "%sc%zu", i ? ", " : "", i);
    *out = NULL;
    struct rog_batch *batch = calloc(1, sizeof *batch);
    char *sql = rog_format("%s SELECT %s FROM " ROG_BATCH_TABLE, insert, names);
    int code =
        batch && sql ? rog_query_new(&batch->query, db, err, sql, NULL) : rog_fail_nomem(err);
    free(sql);
    if (code < 0) {
        free(batch);
        return code;
    }
    batch->db = db;
    batch->columns = columns;
    *out = batch;
    return 0;
}

void rog_batch_free(struct rog_batch *batch)
{
    if (!batch)
        return;
    rog_query_free(batch->query);
    free(batch->value);
    free(batch);
}

int rog_batch_row(struct rog_batch *batch, struct rog_error *err)
{
    int code = batch->rows == MOST_ROWS ? rog_batch_flush(batch, err) : 0;
    if (code == 0 && batch->rows == batch->room) {
        size_t room = batch->room ? 2 * batch->room : FIRST_ROWS;
        struct value *value = realloc(batch->value, room * batch->columns * sizeof *value);
        if (!value)
            return rog_fail_nomem(err);
        batch->value = value;
        batch->room = room;
    }
    batch->rows += code == 0;
    return code;
}

static struct value *next_value(struct rog_batch *batch)
{
    assert(batch->used < batch->rows * batch->columns);
    return &batch->value[batch->used++];
}

void rog_batch_int(struct rog_batch *batch, int64_t value)
{
    *next_value(batch) = (struct value){.type = INTEGER, .integer = value};
}

void rog_batch_real(struct rog_batch *batch, double value)
{
    *next_value(batch) = (struct value){.type = REAL, .real = value};
}

void rog_batch_text(struct rog_batch *batch, const char *text, size_t length)
{
    *next_value(batch) = (struct value){.type = TEXT, .length = (int)length, .text = text};
}

int rog_batch_flush(struct rog_batch *batch, struct rog_error *err)
{
    if (batch->rows == 0)
        return 0;
    assert(batch->used == batch->rows * batch->columns);
    batch->db->rows = batch;
    int code = rog_query_step(batch->query, err);
    rog_query_reset(batch->query);
    batch->db->rows = NULL;
    rog_batch_clear(batch);
    return code;
}

void rog_batch_clear(struct rog_batch *batch)
{
    batch->rows = batch->used = 0;
}
