/* SPDX-License-Identifier: Apache-2.0 */
/* Writes the events of an iteration, from its record and the core. */
#include <librog/events/iteration.h>

#include <rog/events.h>

/* Adds the counts of the core. */
static void add_counts(struct rog_iteration *row, const struct rog_worker *core)
{
    struct rog_worker_status status;
    rog_worker_status(core, &status);
    row->rows_pushed = status.rows_pushed;
    row->rows_pulled = status.rows_pulled;
    row->local_steps = status.local_steps;
    if (status.rows_pushed)
        row->age_pushed = (double)status.ages_pushed / status.rows_pushed;
    if (status.rows_pulled)
        row->age_pulled = (double)status.ages_pulled / status.rows_pulled;
}

static void add_member(struct rog_events *events, const struct rog_iteration *row,
                       const struct rog_iteration_column *column)
{
    switch (column->type) {
    case ROG_COLUMN_INTEGER:
        rog_event_integer(events, column->name, rog_iteration_integer(row, column));
        break;
    case ROG_COLUMN_SECONDS:
        rog_event_seconds(events, column->name, rog_iteration_real(row, column));
        break;
    case ROG_COLUMN_REAL:
        rog_event_number(events, column->name, rog_iteration_real(row, column));
        break;
    }
}

int rog_iteration_report(struct rog_events *events, struct rog_layers *layers,
                         const struct rog_worker *core, struct rog_iteration *row,
                         struct rog_error *err)
{
    if (core)
        add_counts(row, core);
    rog_event_begin(events, ROG_EVENT_ITERATION, row->t, row->rank);
    for (const struct rog_iteration_column *c = rog_iteration_columns; c->name; c++)
        if (!c->in_every_event && rog_iteration_has(row, c))
            add_member(events, row, c);
    int code = rog_event_end(events, err);
    if (!code && layers && core)
        code = rog_layers_report(layers, events, row->t, row->rank, (uint32_t)row->iteration, core,
                                 err);
    return code;
}

void rog_iteration_count(struct rog_statistics *statistics, const struct rog_iteration *row)
{
    bool rows = row->rows_total > 0; /* else the numbers of rows are unknown */
    statistics->compute_s = row->compute_s;
    statistics->push_s = row->push_s;
    statistics->pull_s = row->pull_s;
    statistics->stall_s = row->stall_s;
    statistics->rows_pushed = rows ? (uint32_t)row->rows_pushed : 0;
    statistics->rows_pulled = rows ? (uint32_t)row->rows_pulled : 0;
    statistics->bytes_pushed = (uint64_t)row->bytes_pushed;
    statistics->bytes_pulled = (uint64_t)row->bytes_pulled;
    statistics->all_bytes_pushed += statistics->bytes_pushed;
    statistics->all_bytes_pulled += statistics->bytes_pulled;
}
