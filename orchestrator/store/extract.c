/* SPDX-License-Identifier: Apache-2.0 */
/* Copies a case into a database of its own. */
#include <orchestrator/store/extract.h>

#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <orchestrator/store/schema.h>
#include <orchestrator/store/summary.h>

/* Which rows of a table belong to case ?1. In tables that are not listed, it is the rows whose
 * run_id belongs to the case. */
#define OF_CASE "(SELECT run_id FROM source.case_runs WHERE case_name = ?1)"
static const struct {
    const char *table, *rows; /* NULL: the table is not copied */
} special[] = {
    {"runs", "id IN " OF_CASE},          {"cases", "name = ?1"}, {"case_runs", "case_name = ?1"},
    {"case_settings", "case_name = ?1"}, {"progress", NULL},
};
#define SPECIAL (sizeof special / sizeof *special)

/* Fetches the text that a query returns. *text is heap memory, NULL if the query returns none. */
static int fetch_text(struct rog_db *db, const char *sql, const char *parameter, char **text,
                      struct rog_error *err)
{
    struct rog_query *query = NULL;
    *text = NULL;
    int code = rog_query_new(&query, db, err, sql, parameter ? "s" : "", parameter);
    if (code == 0 && (code = rog_query_step(query, err)) == 1) {
        bool is_null = rog_query_is_null(query, 0);
        *text = rog_strdup(rog_query_text(query, 0));
        code = is_null || *text ? 0 : rog_fail_nomem(err);
    }
    rog_query_free(query);
    return code;
}

/* Copies rows in the order of rowid or the primary key: the order in which they were written. */
static int copy_table(struct rog_db *to, const char *table, const char *rows, const char *case_name,
                      struct rog_error *err)
{
    char *columns = NULL, *order = NULL, *sql = NULL;
    int code = fetch_text(to, "SELECT group_concat(name) FROM pragma_table_info(?1)", table,
                          &columns, err);
    if (code == 0)
        code = fetch_text(to,
                          "SELECT CASE WHEN sql LIKE '%WITHOUT ROWID%' THEN"
                          " (SELECT group_concat(name) FROM (SELECT name FROM"
                          " pragma_table_info(?1) WHERE pk > 0 ORDER BY pk)) ELSE 'rowid' END"
                          " FROM main.sqlite_master WHERE name = ?1",
                          table, &order, err);
    if (code == 0)
        sql = rog_format("INSERT INTO main.%s(%s) SELECT %s FROM source.%s WHERE %s ORDER BY %s",
                         table, columns, columns, table, rows, order);
    if (code == 0)
        code = sql ? rog_db_run(to, err, sql, "s", case_name) : rog_fail_nomem(err);
    free(sql);
    free(order);
    free(columns);
    return code;
}

static int copy_tables(struct rog_db *to, const char *case_name, struct rog_error *err)
{
    struct rog_query *query = NULL;
    int code = rog_db_begin(to, err);
    for (size_t i = 0; i < SPECIAL && code == 0; i++)
        if (special[i].rows)
            code = copy_table(to, special[i].table, special[i].rows, case_name, err);
    if (code == 0)
        code = rog_query_new(&query, to, err,
                             "SELECT name FROM main.sqlite_master WHERE type = 'table'"
                             " AND name NOT LIKE 'sqlite_%' ORDER BY name",
                             "");
    while (code == 0 && (code = rog_query_step(query, err)) == 1) {
        const char *table = rog_query_text(query, 0);
        bool is_special = false;
        for (size_t i = 0; i < SPECIAL; i++)
            is_special = is_special || strcmp(special[i].table, table) == 0;
        code = is_special ? 0 : copy_table(to, table, "run_id IN " OF_CASE, case_name, err);
    }
    rog_query_free(query);
    if (code == 0)
        code = rog_db_commit(to, err);
    rog_db_rollback(to);
    return code;
}

/* Sets *path to the database itself, or to a copy of it with the newest schema. */
static int newest(struct rog_db *db, const char *scratch, char **path, struct rog_error *err)
{
    char *version = NULL;
    struct rog_db *copy = NULL;
    int code = fetch_text(db, "PRAGMA user_version", NULL, &version, err);
    bool is_newest = version && atoi(version) == rog_schema_version();
    free(version);
    *path = NULL;
    if (code < 0)
        return code;
    *path = is_newest ? rog_strdup(rog_db_path(db)) : rog_path_join(scratch, "older.db");
    if (!*path)
        return rog_fail_nomem(err);
    if (is_newest)
        return 0;
    code = rog_db_run(db, err, "VACUUM main INTO ?", "s", *path);
    if (code == 0)
        code = rog_db_open(&copy, *path, ROG_DB_WRITE, err);
    rog_db_close(copy);
    return code;
}

int rog_case_extract(struct rog_db *db, const char *case_name, const char *path,
                     const char *scratch, struct rog_error *err)
{
    struct rog_case_row row = {0};
    struct rog_db *to = NULL;
    char *from = NULL;
    int code = rog_case_row_load(db, case_name, &row, err);
    if (code == 0)
        code = newest(db, scratch, &from, err);
    if (code == 0)
        code = rog_db_open(&to, path, ROG_DB_WRITE, err);
    if (code == 0)
        code = rog_db_run(to, err, "ATTACH ? AS source", "s", from);
    if (code == 0)
        code = copy_tables(to, case_name, err);
    if (code == 0)
        code = rog_db_run(to, err, "DETACH source", "");
    if (code == 0)
        code = rog_db_run(to, err, "PRAGMA journal_mode = DELETE", "");
    rog_db_close(to);
    free(from);
    rog_case_row_release(&row);
    return code;
}

int rog_db_examine(struct rog_db *db, struct rog_error *err)
{
    char *odd = NULL, *whole = NULL;
    int code = fetch_text(db,
                          "SELECT name FROM main.sqlite_master WHERE type NOT IN ('table', 'index')"
                          " OR sql LIKE 'CREATE VIRTUAL%' LIMIT 1",
                          NULL, &odd, err);
    if (code == 0 && odd)
        code = rog_fail(err, ROG_EFORMAT, "%s: has something besides tables: %s", rog_db_path(db),
                        odd);
    if (code == 0)
        code = fetch_text(db, "PRAGMA main.quick_check(1)", NULL, &whole, err);
    if (code == 0 && (!whole || strcmp(whole, "ok") != 0))
        code = rog_fail(err, ROG_EFORMAT, "%s: the database is damaged (%s)", rog_db_path(db),
                        whole ? whole : "no details");
    free(odd);
    free(whole);
    return code;
}
