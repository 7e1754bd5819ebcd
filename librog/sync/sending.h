/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SYNC_SENDING_H
#define ROG_SYNC_SENDING_H

/* The checked plan of a strategy for one push or pull, and its progress. */

#include <stdbool.h>
#include <stdint.h>

#include <common/archive.h>
#include <librog/sync/rows.h>
#include <rog/error.h>
#include <rog/strategy.h>

/* How a sender carries out plans. All zero: row by row, until the budget is used up. */
struct rog_sender {
    uint32_t batch_rows;  /* > 0: rows are sent in batches of this size. The mandatory rows are
                             rounded up to whole batches; a further batch begins only if, at the
                             rate so far, it will be complete within the budget, because an
                             incomplete batch is useless */
    double budget_step_s; /* > 0: budgets are rounded down to multiples of this */
};

/* A hook that sees the magnitudes of all rows->row_count rows before each plan. In runs without
 * values it must set them; without a hook they are 0 then. */
struct rog_magnitude_hook {
    void *user;
    /* pull false: the push of a worker after this iteration (from 1 on); true: the pull that
     * follows it. */
    void (*call)(void *user, bool pull, uint32_t worker, uint32_t iteration, const uint32_t *age,
                 float *magnitude);
};

struct rog_sending {
    uint32_t *order; /* heap; NULL when nothing is being sent */
    uint8_t *level;  /* [row], heap: levels of the codec, below `levels` */
    uint32_t levels;
    uint32_t count, mandatory; /* entries of order */
    uint32_t next;             /* index into order */
    uint32_t rows_sent;
    double began_s, budget_s;
    uint32_t batch_rows; /* copied from the sender */
    const struct rog_rows *rows;
    const struct rog_way *way; /* how the rows are encoded */
};

typedef void (*rog_plan_hook)(void *state, const struct rog_strategy_config *config,
                              const struct rog_send_view *view, struct rog_send_plan *plan);

/* Memory for view->age, magnitude, demanded and, if the strategy requests it, weight during
 * planning. */
struct rog_send_scratch {
    uint32_t *age;
    float *magnitude, *weight;
    uint8_t *demanded;
};
int rog_send_scratch_init(struct rog_send_scratch *scratch, const struct rog_strategy *strategy,
                          uint32_t rows, struct rog_error *err);
void rog_send_scratch_release(struct rog_send_scratch *scratch);

/* Allocates order and levels for rows in this direction and iteration; nothing is sent yet. */
int rog_sending_init(struct rog_sending *sending, const struct rog_rows *rows,
                     enum rog_rows_direction direction, uint32_t iteration, struct rog_error *err);
void rog_sending_release(struct rog_sending *sending);
/* A sending in progress, of these rows; loading allocates its memory. */
void rog_sending_archive(struct rog_sending *sending, const struct rog_rows *rows,
                         enum rog_rows_direction direction, uint32_t iteration,
                         struct rog_archive *archive);

/* Asks the strategy for a plan; hook NULL: all rows are sent. Sending begins at view->now.
 * ROG_EINVAL: the plan is invalid; the message names the strategy and the error: a row that appears
 * twice, is out of range or has a level that does not exist, more mandatory rows than rows, an
 * invalid budget. */
int rog_sending_plan(struct rog_sending *sending, const struct rog_sender *sender,
                     const struct rog_strategy *strategy, rog_plan_hook hook, void *state,
                     const struct rog_strategy_config *config, const struct rog_send_view *view,
                     struct rog_error *err);

/* Returns whether the batch that `next` would begin can be complete in time. */
bool rog_sending_has_time(const struct rog_sending *sending, double now);

/* Sets *row to the row to send next at time `now`. Returns false if the mandatory rows have been
 * sent and the budget is used up, or if no row is left. The row stays the next one until
 * sending->next is advanced. */
static inline bool rog_sending_peek(const struct rog_sending *sending, double now, uint32_t *row)
{
    if (sending->next >= sending->count)
        return false;
    if (sending->next >= sending->mandatory &&
        !(sending->batch_rows ? rog_sending_has_time(sending, now)
                              : now - sending->began_s < sending->budget_s))
        return false;
    *row = sending->order[sending->next];
    return true;
}

/* Returns whether a strategy may plan to send no rows, because it promises no share of them. It is
 * then asked for its plan before the time for compressing. Strategies of earlier ABI versions never
 * do. */
bool rog_strategy_may_be_silent(const struct rog_strategy *strategy,
                                const struct rog_strategy_config *config);

/* Create and destroy a strategy's state; errors name the strategy. */
int rog_strategy_start(const struct rog_strategy *strategy,
                       const struct rog_strategy_config *config, void **state,
                       struct rog_error *err);
void rog_strategy_stop(const struct rog_strategy *strategy, void *state);
/* ROG_EFAILED: the strategy cannot continue, with its reason. Call this after each of its hooks. */
int rog_strategy_check(const struct rog_strategy *strategy, const void *state,
                       const struct rog_strategy_config *config, struct rog_error *err);
/* Returns whether the strategy's state can be saved. */
bool rog_strategy_saves(const struct rog_strategy *strategy);
/* The state must have been created with rog_strategy_start. */
void rog_strategy_archive(const struct rog_strategy *strategy,
                          const struct rog_strategy_config *config, void *state,
                          struct rog_archive *archive);

#endif
