/* SPDX-License-Identifier: Apache-2.0 */
/* The table of iterations, made from the table of their columns. */
#include <orchestrator/store/iterations.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <common/file.h>

void rog_iterations_from_event(const struct rog_json *event, struct rog_iteration *row)
{
    for (const struct rog_iteration_column *c = rog_iteration_columns; c->name; c++) {
        if (c->type == ROG_COLUMN_INTEGER)
            rog_iteration_set_integer(
                row, c, rog_json_get_integer(event, c->name, c->required ? 0 : ROG_ABSENT));
        else
            rog_iteration_set_real(
                row, c, rog_json_get_number(event, c->name, c->required ? 0 : (double)NAN));
    }
}

int rog_iterations_insert_new(struct rog_query **query, struct rog_db *db, struct rog_error *err)
{
    char *names = rog_iterations_columns("@", ", "), *values = rog_iterations_columns("?", ", ");
    char *sql = names && values
                    ? rog_format("INSERT OR REPLACE INTO iterations(run_id, %s) VALUES (?, %s)",
                                 names, values)
                    : NULL;
    int code = sql ? rog_query_new(query, db, err, sql, NULL) : rog_fail_nomem(err);
    free(sql);
    free(values);
    free(names);
    return code;
}

int rog_iterations_insert(struct rog_query *query, const char *run_id,
                          const struct rog_iteration *row, struct rog_error *err)
{
    int at = 1;
    rog_query_reset(query);
    int code = rog_query_bind_text(query, at++, run_id, err);
    for (const struct rog_iteration_column *c = rog_iteration_columns; c->name && !code;
         c++, at++) {
        if (!rog_iteration_has(row, c))
            code = rog_query_bind_text(query, at, NULL, err);
        else if (c->type == ROG_COLUMN_INTEGER)
            code = rog_query_bind_int(query, at, rog_iteration_integer(row, c), err);
        else
            code = rog_query_bind_real(query, at, rog_iteration_real(row, c), err);
    }
    if (!code)
        code = rog_query_step(query, err);
    return code < 0 ? code : 0;
}

int rog_iterations_query(struct rog_query **query, struct rog_db *db, const char *run_id,
                         int64_t rank, struct rog_error *err)
{
    char *names = rog_iterations_columns("@", ", ");
    char *sql = names ? rog_format("SELECT %s FROM iterations WHERE run_id = ? AND rank >= ? AND"
                                   " rank <= ? ORDER BY rank, iteration",
                                   names)
                      : NULL;
    bool all = rank == ROG_ABSENT;
    int code = sql ? rog_query_new(query, db, err, sql, "sii", run_id, all ? (int64_t)1 : rank,
                                   all ? INT64_MAX : rank)
                   : rog_fail_nomem(err);
    free(sql);
    free(names);
    return code;
}

int rog_iterations_step(struct rog_query *query, struct rog_iteration *row, struct rog_error *err)
{
    int code = rog_query_step(query, err), at = 0;
    if (code != 1)
        return code;
    rog_iteration_init(row);
    for (const struct rog_iteration_column *c = rog_iteration_columns; c->name; c++, at++) {
        if (rog_query_is_null(query, at))
            continue;
        if (c->type == ROG_COLUMN_INTEGER)
            rog_iteration_set_integer(row, c, rog_query_int(query, at));
        else
            rog_iteration_set_real(row, c, rog_query_real(query, at));
    }
    return 1;
}

/* ---- text of SQL ---- */

struct text {
    char *start;
    size_t size;
    FILE *file;
};

static bool open_text(struct text *text)
{
    *text = (struct text){NULL, 0, NULL};
    text->file = open_memstream(&text->start, &text->size);
    return text->file;
}

static char *close_text(struct text *text)
{
    if (fclose(text->file) == 0)
        return text->start;
    free(text->start);
    return NULL;
}

char *rog_iterations_columns(const char *pattern, const char *separator)
{
    struct text text;
    if (!open_text(&text))
        return NULL;
    for (const struct rog_iteration_column *c = rog_iteration_columns; c->name; c++) {
        fputs(c == rog_iteration_columns ? "" : separator, text.file);
        for (const char *at = pattern; *at; at++) {
            if (*at == '@')
                fputs(c->name, text.file);
            else
                fputc(*at, text.file);
        }
    }
    return close_text(&text);
}

/* "stall_s REAL" */
static void define(FILE *file, const struct rog_iteration_column *column)
{
    fprintf(file, "%s %s%s", column->name, column->type == ROG_COLUMN_INTEGER ? "INTEGER" : "REAL",
            column->required ? " NOT NULL" : "");
}

char *rog_iterations_create(const struct rog_iteration_column *columns)
{
    struct text text;
    if (!open_text(&text))
        return NULL;
    fputs("CREATE TABLE iterations(run_id TEXT NOT NULL\n"
          "    REFERENCES runs(id) ON DELETE CASCADE ON UPDATE CASCADE,\n",
          text.file);
    for (const struct rog_iteration_column *c = columns; c->name; c++) {
        if (c->since > 1)
            continue;
        fputs("    ", text.file);
        define(text.file, c);
        fputs(",\n", text.file);
    }
    fputs("    PRIMARY KEY(run_id, rank, iteration)) WITHOUT ROWID;\n", text.file);
    return close_text(&text);
}

char *rog_iterations_extend(const struct rog_iteration_column *columns, int version)
{
    struct text text;
    if (!open_text(&text))
        return NULL;
    for (const struct rog_iteration_column *c = columns; c->name; c++) {
        if (c->since < 2 || c->since != version)
            continue;
        fputs("ALTER TABLE iterations ADD COLUMN ", text.file);
        define(text.file, c);
        fputs(";\n", text.file);
    }
    return close_text(&text);
}

char *rog_iterations_view(const struct rog_iteration_column *columns, int version)
{
    struct text text;
    if (!open_text(&text))
        return NULL;
    if (version < rog_iterations_version(columns)) {
        fputs("CREATE TEMP VIEW iterations AS SELECT *", text.file);
        for (const struct rog_iteration_column *c = columns; c->name; c++)
            if (c->since > version)
                fprintf(text.file, ", NULL AS %s", c->name);
        fputs(" FROM main.iterations;\n", text.file);
    }
    return close_text(&text);
}

int rog_iterations_version(const struct rog_iteration_column *columns)
{
    int latest = 1;
    for (const struct rog_iteration_column *c = columns; c->name; c++)
        latest = c->since > latest ? c->since : latest;
    return latest;
}
