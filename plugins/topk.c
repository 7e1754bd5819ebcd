/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The largest rows (top-k; the rest is kept for later: Aji, Heafield, EMNLP 2017; Lin et al., ICLR
 * 2018; single values there, rows here): each push and each pull has `share` of all rows, those
 * with the largest mean magnitude, and no others. A worker may be at most S iterations ahead of the
 * slowest; rows that were never large enough are not requested, so their age is not bounded.
 */

#include <rog/strategy.h>

#include <math.h>

#include <plugins/largest_rows.h>

struct parameters {
    double share;
};

static const struct rog_parameter parameters[] = {
    {.name = "share",
     .type = ROG_PARAMETER_NUMBER,
     .offset = offsetof(struct parameters, share),
     .fallback = "0.1",
     .min = 0.000001,
     .max = 1,
     .help = "share of all rows in each push and each pull, rounded up to whole rows"},
    {.name = NULL},
};

static double share_of(const struct rog_strategy_config *config)
{
    return ((const struct parameters *)config->parameters)->share;
}

static void plan(void *state, const struct rog_strategy_config *config,
                 const struct rog_send_view *view, struct rog_send_plan *plan)
{
    (void)state;
    plan->count = plan->mandatory =
        (uint32_t)fmin(config->rows, ceil(share_of(config) * config->rows));
    largest_rows(view->magnitude, config->rows, plan->count, plan->order);
}

static void admit(void *state, const struct rog_strategy_config *config,
                  const struct rog_admit_view *view, struct rog_admission *admission)
{
    (void)state;
    rog_wait_beyond(config, view, (uint32_t)config->threshold, admission->iteration);
}

static int64_t staleness_bound(const struct rog_strategy_config *config)
{
    return share_of(config) < 1 ? -1 : config->threshold;
}

static int64_t iteration_bound(const struct rog_strategy_config *config)
{
    return config->threshold == ROG_THRESHOLD_INFINITE ? -1 : config->threshold;
}

ROG_STRATEGY_EXPORT const struct rog_strategy rog_strategy_plugin = {
    .abi_version = ROG_STRATEGY_ABI,
    .struct_size = sizeof(struct rog_strategy),
    .name = "TOPK",
    .version = "1.0",
    .summary = "sends a fixed share of the rows, the largest ones",
    .threshold_min = 0,
    .threshold_max = ROG_THRESHOLD_INFINITE,
    .threshold_default = 0,
    .threshold_help = "S: how many iterations a worker may be ahead of the slowest; inf: unlimited",
    .plan_push = plan,
    .admit = admit,
    .plan_pull = plan,
    .staleness_bound = staleness_bound,
    .least_share = share_of,
    .parameters = parameters,
    .parameter_bytes = sizeof(struct parameters),
    .iteration_bound = iteration_bound,
};
