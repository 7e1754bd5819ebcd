/* SPDX-License-Identifier: Apache-2.0 */

/* The columns of an iteration's record. */

#include <rog/iteration.h>

#include <assert.h>
#include <math.h>
#include <string.h>

/* The offset of a member; does not compile unless its type is `of`. */
#define OFFSET(member, of)                    \
    (offsetof(struct rog_iteration, member) + \
     0 * sizeof(&((struct rog_iteration *)0)->member == (of *)0))
#define INTEGER(member) \
    .name = #member, .type = ROG_COLUMN_INTEGER, .offset = OFFSET(member, int64_t)
#define SECONDS(member) \
    .name = #member, .type = ROG_COLUMN_SECONDS, .unit = "s", .offset = OFFSET(member, double)
#define REAL(member) .name = #member, .type = ROG_COLUMN_REAL, .offset = OFFSET(member, double)

const struct rog_iteration_column rog_iteration_columns[] = {
    {INTEGER(rank), .required = true, .in_every_event = true,
     .meaning = "rank of the worker, from 1"},
    {INTEGER(iteration), .required = true, .meaning = "number of the worker's iteration, from 1"},
    {SECONDS(t), .required = true, .in_every_event = true,
     .meaning = "end of the iteration, with its pull applied, since the run's start"},
    {SECONDS(compute_s), .series = true,
     .meaning = "computing gradients, without the part that overlaps an exchange"},
    {SECONDS(push_s), .meaning = "push, including compression"},
    {SECONDS(pull_s), .meaning = "pull, including decompression, without the stall"},
    {SECONDS(stall_s), .series = true,
     .meaning = "stall: waiting until the server admits the pull"},
    {INTEGER(rows_pushed), .meaning = "rows in the push"},
    {INTEGER(rows_pulled), .meaning = "rows in the pull"},
    {INTEGER(rows_total), .meaning = "rows of the model"},
    {INTEGER(bytes_pushed), .unit = "bytes", .meaning = "bytes sent, including headers"},
    {INTEGER(bytes_pulled), .unit = "bytes", .meaning = "bytes received, including headers"},
    {REAL(loss), .series = true,
     .meaning = "training loss of the batch; NULL if nothing is trained"},
    {INTEGER(staleness), .unit = "iterations", .series = true,
     .meaning = "how many iterations the fastest worker was ahead; 1 more if `overlap` skipped the "
                "previous exchange"},
    {SECONDS(padding_s), .series = true, .since = 6,
     .meaning = "sleep to match the pace of slower devices, if not part of `compute_s`"},
    {INTEGER(local_steps), .unit = "steps", .series = true, .since = 7,
     .meaning = "local steps in the iteration"},
    {REAL(age_pushed), .unit = "iterations", .series = true, .since = 7,
     .meaning =
         "iterations over which a pushed row had accumulated, mean over rows; NULL without rows"},
    {REAL(age_pulled), .unit = "iterations", .series = true, .since = 7,
     .meaning =
         "iterations since a pulled row was last received, mean over rows; NULL without rows"},
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
