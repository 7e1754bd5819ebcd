/* SPDX-License-Identifier: Apache-2.0 */
/* Reads and writes rows of the table of iterations. */
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

int rog_iterations_insert_new(struct rog_batch **batch, struct rog_db *db, struct rog_error *err)
{
    size_t columns = 1;
    for (const struct rog_iteration_column *c = rog_iteration_columns; c->name; c++)
        columns++;
    char *names = rog_iterations_columns("@", ", ");
    char *sql = names ? rog_format("INSERT OR REPLACE INTO iterations(run_id, %s)", names) : NULL;
    int code = sql ? rog_batch_new(batch, db, sql, columns, err) : rog_fail_nomem(err);
    free(sql);
    free(names);
    return code;
}

int rog_iterations_insert(struct rog_batch *batch, const char *run_id,
                          const struct rog_iteration *row, struct rog_error *err)
{
    int code = rog_batch_row(batch, err);
    if (code < 0)
        return code;
    rog_batch_text(batch, run_id, strlen(run_id));
    for (const struct rog_iteration_column *c = rog_iteration_columns; c->name; c++) {
        if (!rog_iteration_has(row, c))
            rog_batch_text(batch, NULL, 0);
        else if (c->type == ROG_COLUMN_INTEGER)
            rog_batch_int(batch, rog_iteration_integer(row, c));
        else
            rog_batch_real(batch, rog_iteration_real(row, c));
    }
    return 0;
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
