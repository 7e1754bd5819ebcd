/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SYNC_SENDING_H
#define ROG_SYNC_SENDING_H

/* A strategy's plan for one push or pull, checked, and how far it has been carried out. */

#include <stdbool.h>
#include <stdint.h>

#include <common/archive.h>
#include <librog/sync/rows.h>
#include <rog/error.h>
#include <rog/strategy.h>

/* How a sender carries plans out. Zero: rows one by one, until the budget is over. */
struct rog_sender {
    uint32_t batch_rows; /* > 0: rows go out in batches of so many. What must go out is filled up to
                            whole ones, and beyond that one is begun only when at the pace so far it
                            will be through within the budget: one that is not counts for nothing */
    double budget_step_s; /* > 0: budgets are rounded down to multiples of this */
};

/* Who is shown the magnitudes of rows before each plan, in rows->row_count places, and has to fill
 * them in where no values travel (without a hook they are 0 then). */
struct rog_magnitude_hook {
    void *user;
    /* Of a worker's push after its iteration (from 1 on), or of the pull that answers that. */
    void (*call)(void *user, bool pull, uint32_t worker, uint32_t iteration, const uint32_t *age,
                 float *magnitude);
};

struct rog_sending {
    uint32_t *order; /* heap; NULL when nothing is being sent */
    uint8_t *level;  /* [row], heap: of the codec's levels, below `levels` */
    uint32_t levels;
    uint32_t count, mandatory; /* of order */
    uint32_t next;             /* index into order */
    uint32_t rows_sent;
    double began_s, budget_s;
    uint32_t batch_rows; /* the sender's */
    const struct rog_rows *rows;
    const struct rog_way *way; /* that the rows go */
};

typedef void (*rog_plan_hook)(void *state, const struct rog_strategy_config *config,
                              const struct rog_send_view *view, struct rog_send_plan *plan);

/* Memory for view->age, magnitude, demanded and, where the strategy wants it, weight while a plan
 * is made. */
struct rog_send_scratch {
    uint32_t *age;
    float *magnitude, *weight;
    uint8_t *demanded;
};
int rog_send_scratch_init(struct rog_send_scratch *scratch, const struct rog_strategy *strategy,
                          uint32_t rows, struct rog_error *err);
void rog_send_scratch_release(struct rog_send_scratch *scratch);

/* Memory for the order and levels, of rows that go in this direction in this iteration; nothing is
 * sent yet. */
int rog_sending_init(struct rog_sending *sending, const struct rog_rows *rows,
                     enum rog_rows_direction direction, uint32_t iteration, struct rog_error *err);
void rog_sending_release(struct rog_sending *sending);
/* One that is going on, of these rows; loading makes its memory. */
void rog_sending_archive(struct rog_sending *sending, const struct rog_rows *rows,
                         enum rog_rows_direction direction, uint32_t iteration,
                         struct rog_archive *archive);

/* Asks the strategy; hook NULL: all rows are sent. Sending begins at view->now. ROG_EINVAL names
 * the strategy and what is wrong with its plan: a row twice, out of range or at a level that there
 * is not, more mandatory rows than rows, a bad budget. */
int rog_sending_plan(struct rog_sending *sending, const struct rog_sender *sender,
                     const struct rog_strategy *strategy, rog_plan_hook hook, void *state,
                     const struct rog_strategy_config *config, const struct rog_send_view *view,
                     struct rog_error *err);

/* Of a batch that `next` would begin: whether it would be through in time. */
bool rog_sending_has_time(const struct rog_sending *sending, double now);

/* The row to send next at time `now`; false when the mandatory rows are out and the budget is over,
 * or nothing is left. It stays next until sending->next is advanced. */
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

/* Whether a strategy may plan to send nothing, as it promises no share of the rows: it is asked for
 * its plan before what sending takes is taken. Those of earlier versions never are. */
bool rog_strategy_may_be_silent(const struct rog_strategy *strategy,
                                const struct rog_strategy_config *config);

/* Starting and ending a strategy's state, with errors that name it. */
int rog_strategy_start(const struct rog_strategy *strategy,
                       const struct rog_strategy_config *config, void **state,
                       struct rog_error *err);
void rog_strategy_stop(const struct rog_strategy *strategy, void *state);
/* ROG_EFAILED: the strategy cannot go on, and says why. To be asked after each of its hooks. */
int rog_strategy_check(const struct rog_strategy *strategy, const void *state,
                       const struct rog_strategy_config *config, struct rog_error *err);
/* Whether what a strategy remembers can be saved. */
bool rog_strategy_saves(const struct rog_strategy *strategy);
/* The state, which has been started. */
void rog_strategy_archive(const struct rog_strategy *strategy,
                          const struct rog_strategy_config *config, void *state,
                          struct rog_archive *archive);

#endif
