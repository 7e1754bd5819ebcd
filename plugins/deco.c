/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Compression and staleness only as far as the network requires them (DeCo-SGD: Lu et al.,
 * arXiv:2507.17346). From the paper's abstract: compression ratio and staleness are adapted to the
 * current bandwidth and computing time, so that computing hides the communication; staleness makes
 * the harm of compression grow exponentially, so there should be no more of it than necessary. The
 * implementation here:
 *
 *   staleness    none if pushing and pulling the whole model at the codec's best level takes at
 *                most `slack` of the computing time; otherwise one exchange, which overlaps with
 *                the next iteration. There is never more, because a link carries one exchange at a
 *                time.
 *   ratio        push and pull each get half of the computing time, and what the last goodput
 *                carries in it: the whole model at the best level that fits, or the largest rows at
 *                the coarsest level, at least `least_share` of all.
 *
 * A goodput includes the latency of the network. Until it is known, all rows are sent at the
 * coarsest level. Workers are at most S iterations ahead of the slowest.
 */

#include <rog/strategy.h>

#include <math.h>

#include <plugins/largest_rows.h>

struct parameters {
    double slack, least_share;
};

static const struct rog_parameter parameters[] = {
    {.name = "slack",
     .type = ROG_PARAMETER_NUMBER,
     .offset = offsetof(struct parameters, slack),
     .fallback = "0.1",
     .max = 1000,
     .help = "do not overlap exchanges that take at most this share of the computing time"},
    {.name = "least_share",
     .type = ROG_PARAMETER_NUMBER,
     .offset = offsetof(struct parameters, least_share),
     .fallback = "0.01",
     .min = 0.000001,
     .max = 1,
     .help = "minimum share of all rows in each push and each pull"},
    {.name = NULL},
};

/* Bytes of all rows at a level; `bytes` as in rog_model_view. */
static double model_bytes(const struct rog_model_view *model, const uint32_t *bytes,
                          uint32_t levels, uint32_t level)
{
    double sum = 0;
    for (uint32_t i = 0; i < model->tensors; i++)
        sum += (double)(model->first_row[i + 1] - model->first_row[i]) * bytes[i * levels + level];
    return sum;
}

static double least_share(const struct rog_strategy_config *config)
{
    return ((const struct parameters *)config->parameters)->least_share;
}

static void plan(const struct rog_strategy_config *config, const struct rog_send_view *view,
                 const uint32_t *bytes, uint32_t levels, double goodput, struct rog_send_plan *plan)
{
    uint32_t rows = config->rows, coarsest = (levels < 256 ? levels : 256) - 1, level = coarsest;
    double budget = view->node->compute_s / 2 * goodput, share = 1;
    if (budget > 0) {
        for (level = 0; level < coarsest; level++)
            if (model_bytes(config->model, bytes, levels, level) <= budget)
                break;
        share = budget / model_bytes(config->model, bytes, levels, level);
    }
    share = fmin(fmax(share, least_share(config)), 1);
    plan->count = plan->mandatory = (uint32_t)fmin(rows, ceil(share * rows));
    largest_rows(view->magnitude, rows, plan->count, plan->order);
    for (uint32_t i = 0; i < plan->count; i++)
        plan->level[plan->order[i]] = (uint8_t)level;
}

static void plan_push(void *state, const struct rog_strategy_config *config,
                      const struct rog_send_view *view, struct rog_send_plan *out)
{
    (void)state;
    const struct rog_model_view *model = config->model;
    plan(config, view, model->push_bytes, model->levels, view->node->goodput_up, out);
}

static void plan_pull(void *state, const struct rog_strategy_config *config,
                      const struct rog_send_view *view, struct rog_send_plan *out)
{
    (void)state;
    const struct rog_model_view *model = config->model;
    plan(config, view, model->pull_bytes, model->pull_levels, view->node->goodput_down, out);
}

static void plan_work(void *state, const struct rog_strategy_config *config,
                      const struct rog_work_view *view, struct rog_work_plan *plan)
{
    (void)state;
    const struct parameters *chosen = config->parameters;
    const struct rog_model_view *model = config->model;
    const struct rog_node_view *node = view->node;
    double exchange_s =
        model_bytes(model, model->push_bytes, model->levels, 0) / node->goodput_up +
        model_bytes(model, model->pull_bytes, model->pull_levels, 0) / node->goodput_down;
    if (exchange_s <= chosen->slack * node->compute_s)
        plan->overlap = false;
}

static void admit(void *state, const struct rog_strategy_config *config,
                  const struct rog_admit_view *view, struct rog_admission *admission)
{
    (void)state;
    rog_wait_beyond(config, view, (uint32_t)config->threshold, admission->iteration);
}

static int64_t iteration_bound(const struct rog_strategy_config *config)
{
    return config->threshold;
}

ROG_STRATEGY_EXPORT const struct rog_strategy rog_strategy_plugin = {
    .abi_version = ROG_STRATEGY_ABI,
    .struct_size = sizeof(struct rog_strategy),
    .name = "DECO",
    .version = "1.0",
    .summary = "compression and overlap adapted to the bandwidth (arXiv:2507.17346)",
    .threshold_max = 1000000,
    .threshold_help = "S: how many iterations a worker may be ahead of the slowest",
    .plan_push = plan_push,
    .admit = admit,
    .plan_pull = plan_pull,
    .least_share = least_share,
    .parameters = parameters,
    .parameter_bytes = sizeof(struct parameters),
    .plan_work = plan_work,
    .wants = ROG_WANTS_REPORTS,
    .iteration_bound = iteration_bound,
};
