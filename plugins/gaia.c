/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Gaia's approximate synchronous parallel (Hsieh et al., NSDI 2017), with rows instead of single
 * values and workers instead of data centers:
 *
 *   significance filter  a row is sent once its waiting update is significant: mean |update| > v0 /
 *                        sqrt(t) mean |w|, where t is the iteration. The server filters what it
 *                        sends on in the same way, as the servers in the paper do.
 *   selective barrier    no worker continues with a row that has become significant but has not
 *                        arrived: such rows are always sent, and no others are.
 *   mirror clock         a worker is at most S iterations ahead of the slowest.
 *
 * Updates that are not significant yet are kept and accumulate. A push without significant rows is
 * empty.
 */

#include <rog/strategy.h>

#include <math.h>

struct parameters {
    double significance;
};

static const struct rog_parameter parameters[] = {
    {.name = "significance",
     .type = ROG_PARAMETER_NUMBER,
     .offset = offsetof(struct parameters, significance),
     .fallback = "0.01",
     .min = 0,
     .max = 1000,
     .help = "v0: relative change of a row's weights from which it is sent in iteration 1; "
             "v0/sqrt(t) in iteration t"},
    {.name = NULL},
};

static void plan(void *state, const struct rog_strategy_config *config,
                 const struct rog_send_view *view, struct rog_send_plan *plan)
{
    (void)state;
    const struct parameters *chosen = config->parameters;
    double least = chosen->significance / sqrt(view->iteration);
    for (uint32_t row = 0; row < config->rows; row++)
        if (view->magnitude[row] > least * view->weight[row])
            plan->order[plan->count++] = row;
    plan->mandatory = plan->count;
}

static void admit(void *state, const struct rog_strategy_config *config,
                  const struct rog_admit_view *view, struct rog_admission *admission)
{
    (void)state;
    rog_wait_beyond(config, view, (uint32_t)config->threshold, admission->iteration);
}

static int64_t staleness_bound(const struct rog_strategy_config *config)
{
    (void)config;
    return -1;
}

static double least_share(const struct rog_strategy_config *config)
{
    (void)config;
    return 0;
}

static int64_t iteration_bound(const struct rog_strategy_config *config)
{
    return config->threshold == ROG_THRESHOLD_INFINITE ? -1 : config->threshold;
}

ROG_STRATEGY_EXPORT const struct rog_strategy rog_strategy_plugin = {
    .abi_version = ROG_STRATEGY_ABI,
    .struct_size = sizeof(struct rog_strategy),
    .name = "GAIA",
    .version = "1.0",
    .summary = "sends a row once it has changed significantly (NSDI 2017)",
    .threshold_min = 0,
    .threshold_max = ROG_THRESHOLD_INFINITE,
    .threshold_default = 4,
    .threshold_help = "S: how many iterations a worker may be ahead of the slowest; inf: unlimited",
    .plan_push = plan,
    .admit = admit,
    .plan_pull = plan,
    .staleness_bound = staleness_bound,
    .least_share = least_share,
    .parameters = parameters,
    .parameter_bytes = sizeof(struct parameters),
    .wants = ROG_WANTS_WEIGHTS,
    .iteration_bound = iteration_bound,
};
