/* SPDX-License-Identifier: Apache-2.0 */
/* Checks the plan of a strategy and carries it out, row by row. */
#include <librog/sync/sending.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <librog/sync/set.h>

int rog_send_scratch_init(struct rog_send_scratch *scratch, const struct rog_strategy *strategy,
                          uint32_t rows, struct rog_error *err)
{
    bool weights = strategy->wants & ROG_WANTS_WEIGHTS;
    scratch->weight = weights ? malloc(rows * sizeof *scratch->weight) : NULL;
    scratch->age = calloc(rows, sizeof *scratch->age);
    scratch->magnitude = calloc(rows, sizeof *scratch->magnitude);
    scratch->demanded = calloc(rows, sizeof *scratch->demanded);
    if (scratch->age && scratch->magnitude && scratch->demanded && (scratch->weight || !weights))
        return 0;
    rog_send_scratch_release(scratch);
    return rog_fail_nomem(err);
}

void rog_send_scratch_release(struct rog_send_scratch *scratch)
{
    free(scratch->weight);
    free(scratch->demanded);
    free(scratch->magnitude);
    free(scratch->age);
    memset(scratch, 0, sizeof *scratch);
}

int rog_sending_init(struct rog_sending *sending, const struct rog_rows *rows,
                     enum rog_rows_direction direction, uint32_t iteration, struct rog_error *err)
{
    memset(sending, 0, sizeof *sending);
    sending->rows = rows;
    sending->way = rog_rows_way(rows, direction, iteration);
    sending->levels = rog_way_levels(&rows->way[direction]);
    sending->order = malloc(rows->row_count * sizeof *sending->order);
    sending->level = calloc(rows->row_count, sizeof *sending->level);
    return sending->order && sending->level ? 0 : rog_fail_nomem(err);
}

void rog_sending_release(struct rog_sending *sending)
{
    free(sending->level);
    free(sending->order);
    memset(sending, 0, sizeof *sending);
}

/* Archives the level of each row of the plan. */
static void archive_levels(struct rog_sending *sending, struct rog_archive *archive)
{
    for (uint32_t i = 0; i < sending->count && !rog_archive_failed(archive); i++) {
        uint32_t level = sending->level[sending->order[i]];
        rog_archive_number(archive, &level, sending->levels - 1, "the level of a row");
        sending->level[sending->order[i]] = (uint8_t)level;
    }
}

void rog_sending_archive(struct rog_sending *sending, const struct rog_rows *table,
                         enum rog_rows_direction direction, uint32_t iteration,
                         struct rog_archive *archive)
{
    uint32_t rows = table->row_count;
    if (archive->loading && rog_sending_init(sending, table, direction, iteration, NULL))
        rog_archive_nomem(archive);
    if (rog_archive_failed(archive))
        return;
    rog_archive_number(archive, &sending->count, rows, "more rows are sent than there are");
    rog_archive_number(archive, &sending->mandatory, sending->count, "more rows must be sent");
    rog_archive_number(archive, &sending->next, sending->count, "more rows have been sent");
    rog_archive_u32(archive, &sending->rows_sent);
    rog_archive_real(archive, &sending->began_s);
    rog_archive_real(archive, &sending->budget_s);
    rog_archive_u32(archive, &sending->batch_rows);
    for (uint32_t i = 0; i < sending->count && !rog_archive_failed(archive); i++)
        rog_archive_number(archive, &sending->order[i], rows - 1, "a row to send");
    if (sending->levels > 1)
        archive_levels(sending, archive);
}

/* Rows that are not in the plan are sent at the best level, if they must be sent. */
static void level_others(const struct rog_send_plan *plan, const struct rog_set *planned)
{
    for (uint32_t row = rog_set_next_absent(planned, 0); row < planned->size;
         row = rog_set_next_absent(planned, row + 1))
        plan->level[row] = 0;
}

static int check_plan(const struct rog_strategy *strategy, const struct rog_send_plan *plan,
                      uint32_t rows, uint32_t levels, struct rog_error *err)
{
    if (plan->count > rows || plan->mandatory > plan->count)
        return rog_fail(
            err, ROG_EINVAL,
            "strategy %s planned to send %u rows, %u of them mandatory; the model has %u",
            strategy->name, plan->count, plan->mandatory, rows);
    if (!isfinite(plan->budget_s) || plan->budget_s < 0)
        return rog_fail(err, ROG_EINVAL, "strategy %s planned a budget of %g s", strategy->name,
                        plan->budget_s);
    struct rog_set seen;
    int code = rog_set_init(&seen, rows, err);
    for (uint32_t i = 0; i < plan->count && !code; i++) {
        uint32_t row = plan->order[i];
        if (row >= rows || !rog_set_add(&seen, row))
            code = rog_fail(err, ROG_EINVAL, "strategy %s planned row %u %s", strategy->name, row,
                            row >= rows ? "out of range" : "twice");
        else if (plan->level[row] >= levels)
            code =
                rog_fail(err, ROG_EINVAL,
                         "strategy %s planned row %u at level %u; the codec has %u levels, from 0",
                         strategy->name, row, plan->level[row], levels);
    }
    if (!code)
        level_others(plan, &seen);
    rog_set_release(&seen);
    return code;
}

/* Rounds a number of rows up to whole batches. */
static uint32_t whole_batches(uint32_t rows, uint32_t batch_rows)
{
    uint32_t over = rows % batch_rows;
    return over ? rows + (batch_rows - over) : rows;
}

static void plan_all_rows(struct rog_send_plan *plan, uint32_t rows)
{
    for (uint32_t row = 0; row < rows; row++)
        plan->order[row] = row;
    plan->count = plan->mandatory = rows;
}

int rog_sending_plan(struct rog_sending *sending, const struct rog_sender *sender,
                     const struct rog_strategy *strategy, rog_plan_hook hook, void *state,
                     const struct rog_strategy_config *config, const struct rog_send_view *view,
                     struct rog_error *err)
{
    struct rog_send_plan plan = {.order = sending->order, .level = sending->level};
    if (hook)
        hook(state, config, view, &plan);
    else
        plan_all_rows(&plan, config->rows);
    int code = rog_strategy_check(strategy, state, config, err);
    if (!code)
        code = check_plan(strategy, &plan, config->rows, sending->levels, err);
    if (code)
        return code;
    sending->count = plan.count;
    sending->mandatory = plan.mandatory;
    sending->budget_s = plan.budget_s;
    sending->began_s = view->now;
    sending->batch_rows = sender->batch_rows;
    if (sender->batch_rows) {
        uint32_t whole = whole_batches(plan.mandatory, sender->batch_rows);
        sending->mandatory = whole < plan.count ? whole : plan.count;
    }
    if (sender->budget_step_s > 0)
        sending->budget_s = floor(plan.budget_s / sender->budget_step_s) * sender->budget_step_s;
    return 0;
}

static size_t most_bytes(const struct rog_sending *sending, uint32_t row)
{
    return sending->level
               ? rog_way_most(sending->way, sending->rows->row_tensor[row], sending->level[row], 0)
               : rog_rows_bytes(sending->rows, sending->way, row)->most;
}

/* Returns the maximum bytes of these rows of the plan on the wire. */
static double bytes_of(const struct rog_sending *sending, uint32_t from, uint32_t count)
{
    double bytes = 0;
    for (uint32_t i = from; i < from + count; i++)
        bytes += most_bytes(sending, sending->order[i]);
    return bytes;
}

bool rog_sending_has_time(const struct rog_sending *sending, double now)
{
    uint32_t left = sending->count - sending->next;
    uint32_t batch = left < sending->batch_rows ? left : sending->batch_rows;
    if (sending->next % sending->batch_rows) /* the batch has begun */
        return true;
    double took_s = now - sending->began_s, more = 0;
    if (sending->next)
        more = bytes_of(sending, sending->next, batch) / bytes_of(sending, 0, sending->next);
    return took_s * (1 + more) < sending->budget_s;
}

int rog_strategy_start(const struct rog_strategy *strategy,
                       const struct rog_strategy_config *config, void **state,
                       struct rog_error *err)
{
    char message[256] = "no reason given";
    *state = NULL;
    if (strategy->create && strategy->create(config, state, message, sizeof message)) {
        message[sizeof message - 1] = '\0';
        *state = NULL;
        return rog_fail(err, ROG_EFAILED, "strategy %s could not start: %s", strategy->name,
                        message);
    }
    return 0;
}

int rog_strategy_check(const struct rog_strategy *strategy, const void *state,
                       const struct rog_strategy_config *config, struct rog_error *err)
{
    const char *why = strategy->failure ? strategy->failure(state, config) : NULL;
    return why ? rog_fail(err, ROG_EFAILED, "strategy %s: %s", strategy->name, why) : 0;
}

/* ABI version since which a strategy may plan to send no rows */
#define SILENCE 5

bool rog_strategy_may_be_silent(const struct rog_strategy *strategy,
                                const struct rog_strategy_config *config)
{
    if (strategy->abi_version < SILENCE || (!strategy->plan_push && !strategy->plan_pull))
        return false;
    return !strategy->least_share || !(strategy->least_share(config) > 0);
}

bool rog_strategy_saves(const struct rog_strategy *strategy)
{
    return !strategy->create || strategy->save;
}

void rog_strategy_archive(const struct rog_strategy *strategy,
                          const struct rog_strategy_config *config, void *state,
                          struct rog_archive *archive)
{
    if (!strategy->save)
        return;
    uint32_t size = archive->loading ? 0 : strategy->save(state, config, NULL, 0);
    if (rog_strategy_check(strategy, state, config, &archive->err))
        return;
    rog_archive_count(archive, &size, 1, "the state of the strategy");
    uint8_t *bytes = calloc(1, size + 1u);
    if (!bytes) {
        rog_archive_nomem(archive);
        return;
    }
    if (!archive->loading)
        strategy->save(state, config, bytes, size);
    rog_archive_bytes(archive, bytes, size);
    if (archive->loading && !rog_archive_failed(archive) &&
        strategy->load(state, config, bytes, size))
        rog_archive_refuse(archive, "the strategy rejects its saved state");
    if (!rog_archive_failed(archive))
        rog_strategy_check(strategy, state, config, &archive->err);
    free(bytes);
}

void rog_strategy_stop(const struct rog_strategy *strategy, void *state)
{
    if (strategy->destroy && state)
        strategy->destroy(state);
}
