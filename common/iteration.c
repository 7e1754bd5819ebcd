/* SPDX-License-Identifier: Apache-2.0 */

/* The columns of an iteration's record. */

#include <rog/iteration.h>

#include <assert.h>
#include <math.h>
#include <string.h>

/* The offset of a member, which must be of the type `of`. */
#define OFFSET(member, of)                    \
    (offsetof(struct rog_iteration, member) + \
     0 * sizeof(&((struct rog_iteration *)0)->member == (of *)0))
#define INTEGER(member) \
    .name = #member, .type = ROG_COLUMN_INTEGER, .offset = OFFSET(member, int64_t)
#define SECONDS(member) \
    .name = #member, .type = ROG_COLUMN_SECONDS, .unit = "s", .offset = OFFSET(member, double)
#define REAL(member) .name = #member, .type = ROG_COLUMN_REAL, .offset = OFFSET(member, double)

const struct rog_iteration_column rog_iteration_columns[] = {
    {INTEGER(rank), .required = true, .in_every_event = true, .meaning = "the worker, from 1"},
    {INTEGER(iteration), .required = true, .meaning = "which one of the worker's, from 1"},
    {SECONDS(t), .required = true, .in_every_event = true,
     .meaning = "when it ended, its pull applied, since the run's start"},
    {SECONDS(compute_s), .series = true,
     .meaning = "computing its gradients, as far as the worker waited for it"},
    {SECONDS(push_s), .meaning = "its push, with compressing"},
    {SECONDS(pull_s), .meaning = "its pull, with decompressing and without the stall"},
    {SECONDS(stall_s), .series = true, .meaning = "waiting for the server to admit its pull"},
    {INTEGER(rows_pushed), .meaning = "rows of its push"},
    {INTEGER(rows_pulled), .meaning = "rows of its pull"},
    {INTEGER(rows_total), .meaning = "rows of the model"},
    {INTEGER(bytes_pushed), .unit = "bytes", .meaning = "sent, with all headers"},
    {INTEGER(bytes_pulled), .unit = "bytes", .meaning = "received, with all headers"},
    {REAL(loss), .series = true, .meaning = "of its batch; none where nothing is trained"},
    {INTEGER(staleness), .unit = "iterations", .series = true,
     .meaning = "how far the fastest worker was ahead; 1 more where `overlap` left out the "
                "exchange before"},
    {SECONDS(padding_s), .series = true, .since = 6,
     .meaning = "slept to keep the pace of slower devices, where that is not part of `compute_s`"},
    {INTEGER(local_steps), .unit = "steps", .series = true, .since = 7,
     .meaning = "local steps of the iteration"},
    {REAL(age_pushed), .unit = "iterations", .series = true, .since = 7,
     .meaning = "for how many iterations a row of its push had been collected, mean of the rows; "
                "none without rows"},
    {REAL(age_pulled), .unit = "iterations", .series = true, .since = 7,
     .meaning = "how many iterations ago a row of its pull had last been received, mean of the "
                "rows; none without rows"},
    {.name = NULL},
};

void rog_iteration_init(struct rog_iteration *row)
{
    for (const struct rog_iteration_column *c = rog_iteration_columns; c->name; c++) {
        if (c->type == ROG_COLUMN_INTEGER)
            rog_iteration_set_integer(row, c, ROG_ABSENT);
        else
            rog_iteration_set_real(row, c, (double)NAN);
    }
}

bool rog_iteration_has(const struct rog_iteration *row, const struct rog_iteration_column *column)
{
    return column->type == ROG_COLUMN_INTEGER ? rog_iteration_integer(row, column) != ROG_ABSENT
                                              : !isnan(rog_iteration_real(row, column));
}

int64_t rog_iteration_integer(const struct rog_iteration *row,
                              const struct rog_iteration_column *column)
{
    int64_t value;
    assert(column->type == ROG_COLUMN_INTEGER);
    memcpy(&value, (const char *)row + column->offset, sizeof value);
    return value;
}

void rog_iteration_set_integer(struct rog_iteration *row, const struct rog_iteration_column *column,
                               int64_t value)
{
    assert(column->type == ROG_COLUMN_INTEGER);
    memcpy((char *)row + column->offset, &value, sizeof value);
}

double rog_iteration_real(const struct rog_iteration *row,
                          const struct rog_iteration_column *column)
{
    double value;
    assert(column->type != ROG_COLUMN_INTEGER);
    memcpy(&value, (const char *)row + column->offset, sizeof value);
    return value;
}

void rog_iteration_set_real(struct rog_iteration *row, const struct rog_iteration_column *column,
                            double value)
{
    assert(column->type != ROG_COLUMN_INTEGER);
    memcpy((char *)row + column->offset, &value, sizeof value);
}
