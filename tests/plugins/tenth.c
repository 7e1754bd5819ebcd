/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A tenth of the rows in turns, both ways, and waiting for whole pushes: a worker is at most S
 * iterations ahead of any other one. At 0 all have to be there: after a second all but one.
 */

#include <rog/strategy.h>

#define TURNS 10

static void plan(void *state, const struct rog_strategy_config *config,
                 const struct rog_send_view *view, struct rog_send_plan *plan)
{
    (void)state;
    for (uint32_t row = view->iteration % TURNS; row < config->rows; row += TURNS)
        plan->order[plan->count++] = row;
    plan->mandatory = plan->count;
}

static void admit(void *state, const struct rog_strategy_config *config,
                  const struct rog_admit_view *view, struct rog_admission *admission)
{
    (void)state;
    uint32_t threshold = (uint32_t)config->threshold;
    for (uint32_t i = 0; view->iteration > threshold && i < config->workers; i++)
        admission->iteration[i] = view->iteration - threshold;
    if (threshold > 0)
        return;
    if (view->again)
        admission->quorum = config->workers - 1;
    else
        admission->deadline_s = view->now + 1;
}

static double least_share(const struct rog_strategy_config *config)
{
    return (double)(config->rows / TURNS) / config->rows;
}

static int64_t iteration_bound(const struct rog_strategy_config *config)
{
    return config->threshold ? config->threshold : -1;
}

static uint32_t least_quorum(const struct rog_strategy_config *config)
{
    return config->threshold ? 1 : config->workers - 1;
}

ROG_STRATEGY_EXPORT const struct rog_strategy rog_strategy_plugin = {
    .abi_version = ROG_STRATEGY_ABI,
    .struct_size = sizeof(struct rog_strategy),
    .name = "TENTH",
    .version = "1.0",
    .summary = "a tenth of the rows each time, at most S iterations ahead of whole pushes",
    .threshold_max = 100,
    .threshold_default = 2,
    .threshold_help = "S: iterations ahead; 0: a second's patience with one of the others",
    .plan_push = plan,
    .admit = admit,
    .plan_pull = plan,
    .least_share = least_share,
    .iteration_bound = iteration_bound,
    .least_quorum = least_quorum,
};
