/* SPDX-License-Identifier: Apache-2.0 */
/* The table of iterations, made from the table of their columns. */
#include <orchestrator/store/iterations.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>

void rog_iterations_from_event(struct rog_event_line *event, struct rog_iteration *row)
{
    for (const struct rog_iteration_column *c = rog_iteration_columns; c->name; c++) {
        if (c->type == ROG_COLUMN_INTEGER)
            rog_iteration_set_integer(
                row, c, rog_event_line_integer(event, c->name, c->required ? 0 : ROG_ABSENT));
        else
            rog_iteration_set_real(
                row, c, rog_event_line_number(event, c->name, c->required ? 0 : (double)NAN));
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
    int code = rog_query_bind_borrowed(query, at++, run_id, strlen(run_id), err);
    for (const struct rog_iteration_column *c = rog_iteration_columns; c->name && !code;
         c++, at++) {
        if (!rog_iteration_has(row, c))
            code = rog_query_bind_borrowed(query, at, NULL, 0, err);
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
