/* SPDX-License-Identifier: Apache-2.0 */
/* Strategies with decisions that the included ones do not make. */
#include "policies.h"

#include <math.h>
#include <stdlib.h>

#define COMMON(strategy)                                                                \
    .abi_version = ROG_STRATEGY_ABI, .struct_size = sizeof(strategy), .version = "1.0", \
    .summary = "for tests", .threshold_help = "none", .threshold_max = 100

static void nobody_waits(void *state, const struct rog_strategy_config *config,
                         const struct rog_admit_view *view, struct rog_admission *admission)
{
    (void)state, (void)config, (void)view, (void)admission;
}

/* ---- steps ---- */

static void admit_ssp(void *state, const struct rog_strategy_config *config,
                      const struct rog_admit_view *view, struct rog_admission *admission)
{
    (void)state;
    uint32_t threshold = (uint32_t)config->threshold;
    for (uint32_t i = 0; view->iteration > threshold && i < config->workers; i++)
        admission->needed[i] = view->iteration - threshold;
}

static void work_fifty(void *state, const struct rog_strategy_config *config,
                       const struct rog_work_view *view, struct rog_work_plan *plan)
{
    (void)state, (void)config, (void)view;
    plan->local_steps = 50;
}

const struct rog_strategy policy_steps = {COMMON(policy_steps), .name = "STEPS", .admit = admit_ssp,
                                          .plan_work = work_fifty};

/* ---- seldom ---- */

static void plan_seldom(void *state, const struct rog_strategy_config *config,
                        const struct rog_send_view *view, struct rog_send_plan *plan)
{
    (void)state;
    for (uint32_t row = 0; view->iteration % 5 == 0 && row < config->rows; row++)
        plan->order[plan->count++] = row;
    plan->mandatory = plan->count;
}

const struct rog_strategy policy_seldom = {COMMON(policy_seldom), .name = "SELDOM",
                                           .plan_push = plan_seldom, .admit = nobody_waits,
                                           .plan_pull = plan_seldom};

/* ---- top ---- */

struct ranked {
    float magnitude;
    uint32_t row;
};

static int by_magnitude(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;
    if (x->magnitude > y->magnitude || x->magnitude < y->magnitude)
        return x->magnitude > y->magnitude ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

static void plan_top(void *state, const struct rog_strategy_config *config,
                     const struct rog_send_view *view, struct rog_send_plan *plan)
{
    (void)state;
    struct ranked *ranked = malloc(config->rows * sizeof *ranked);
    for (uint32_t row = 0; row < config->rows; row++)
        ranked[row] = (struct ranked){view->magnitude[row], row};
    qsort(ranked, config->rows, sizeof *ranked, by_magnitude);
    plan->count = plan->mandatory = config->rows / 10;
    for (uint32_t i = 0; i < plan->count; i++)
        plan->order[i] = ranked[i].row;
    free(ranked);
}

static void admit_iterations(void *state, const struct rog_strategy_config *config,
                             const struct rog_admit_view *view, struct rog_admission *admission)
{
    (void)state;
    uint32_t threshold = (uint32_t)config->threshold;
    for (uint32_t i = 0; view->iteration > threshold && i < config->workers; i++)
        admission->iteration[i] = view->iteration - threshold;
}

static int64_t threshold_bound(const struct rog_strategy_config *config)
{
    return config->threshold;
}

const struct rog_strategy policy_top = {COMMON(policy_top),    .name = "TOP",
                                        .plan_push = plan_top, .admit = admit_iterations,
                                        .plan_pull = plan_top, .iteration_bound = threshold_bound};

/* ---- patient, backup, stubborn ---- */

static void first_works_long(void *state, const struct rog_strategy_config *config,
                             const struct rog_work_view *view, struct rog_work_plan *plan)
{
    (void)state;
    plan->local_steps = view->local_steps * (config->worker == 0 ? 20 : 1);
}

static void admit_patiently(void *state, const struct rog_strategy_config *config,
                            const struct rog_admit_view *view, struct rog_admission *admission)
{
    (void)state;
    for (uint32_t i = 0; !view->again && i < config->workers; i++)
        admission->iteration[i] = view->iteration;
    if (!view->again)
        admission->deadline_s = view->now + 2;
}

const struct rog_strategy policy_patient = {COMMON(policy_patient), .name = "PATIENT",
                                            .admit = admit_patiently,
                                            .plan_work = first_works_long};

static void admit_most(void *state, const struct rog_strategy_config *config,
                       const struct rog_admit_view *view, struct rog_admission *admission)
{
    (void)state;
    for (uint32_t i = 0; i < config->workers; i++)
        admission->iteration[i] = view->iteration;
    admission->quorum = config->workers - 1;
}

static uint32_t all_but_one(const struct rog_strategy_config *config)
{
    return config->workers - 1;
}

const struct rog_strategy policy_backup = {COMMON(policy_backup), .name = "BACKUP",
                                           .admit = admit_most, .plan_work = first_works_long,
                                           .least_quorum = all_but_one};

static void admit_never(void *state, const struct rog_strategy_config *config,
                        const struct rog_admit_view *view, struct rog_admission *admission)
{
    (void)state, (void)config;
    admission->iteration[view->worker] = view->iteration + 1;
    admission->deadline_s = view->now + 0.5;
}

const struct rog_strategy policy_stubborn = {COMMON(policy_stubborn), .name = "STUBBORN",
                                             .admit = admit_never};

/* ---- hasty ---- */

static void plan_hastily(void *state, const struct rog_strategy_config *config,
                         const struct rog_send_view *view, struct rog_send_plan *plan)
{
    (void)state;
    for (uint32_t row = 0; view->worker > 0 && row < config->rows; row++)
        plan->order[plan->count++] = row;
    plan->mandatory = plan->count;
}

static void admit_hastily(void *state, const struct rog_strategy_config *config,
                          const struct rog_admit_view *view, struct rog_admission *admission)
{
    (void)state;
    for (uint32_t i = 0; i < config->workers; i++)
        admission->iteration[i] = view->iteration;
    admission->deadline_s = nextafter(view->now, INFINITY);
}

const struct rog_strategy policy_hasty = {COMMON(policy_hasty), .name = "HASTY",
                                          .plan_push = plan_hastily, .admit = admit_hastily,
                                          .plan_pull = plan_hastily};

/* ---- watchful ---- */

/* 1, 2 or 3 steps of 1.11 s each. */
static void work_by_turns(void *state, const struct rog_strategy_config *config,
                          const struct rog_work_view *view, struct rog_work_plan *plan)
{
    (void)state, (void)config;
    const struct rog_node_view *node = view->node;
    bool knows = fabs(node->compute_s - 1.11 * node->local_steps) < 1e-9 && node->local_steps > 0;
    plan->local_steps = knows || view->iteration == 1 ? 1 + view->iteration % 3 : 0;
}

const struct rog_strategy policy_watchful = {COMMON(policy_watchful), .name = "WATCHFUL",
                                             .admit = nobody_waits, .plan_work = work_by_turns};

/* ---- everything ---- */

/* Returns a number that changes if anything in the view changes. */
static uint64_t digest(const struct rog_node_view *node)
{
    const double numbers[] = {node->compute_s,    node->push_s, node->pull_s,  node->goodput_up,
                              node->goodput_down, node->loss,   node->energy_j};
    uint64_t sum = node->local_steps;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        sum = sum * 31 + (isnan(numbers[i]) ? 7 : (uint64_t)fabs(1e6 * numbers[i]));
    return sum;
}

static uint32_t draw(const struct rog_strategy_config *config, uint64_t what, uint64_t of,
                     uint32_t below)
{
    return (uint32_t)(rog_random(config->seed, of, what) % below);
}

static void plan_anything(void *state, const struct rog_strategy_config *config,
                          const struct rog_send_view *view, struct rog_send_plan *plan)
{
    (void)state;
    uint64_t of = (uint64_t)view->iteration * 64 + view->worker + (digest(view->node) << 20);
    if (draw(config, 1, of, 3) == 0)
        return;
    for (uint32_t row = 0; row < config->rows; row++)
        if (view->magnitude[row] > 1e-3f * view->weight[row] || row % 7 == view->iteration % 7)
            plan->order[plan->count++] = row;
    plan->mandatory = plan->count / 3;
    plan->budget_s = 0.1 * draw(config, 2, of, 20);
}

static void admit_anything(void *state, const struct rog_strategy_config *config,
                           const struct rog_admit_view *view, struct rog_admission *admission)
{
    (void)state;
    uint64_t of =
        (uint64_t)view->iteration * 64 + view->worker + (digest(&view->nodes[view->worker]) << 20);
    for (uint32_t i = 0; i < config->workers; i++) {
        uint32_t behind = draw(config, 10 + i, of, 3);
        admission->iteration[i] = view->iteration > behind ? view->iteration - behind : 0;
    }
    if (draw(config, 3, of, 4) == 0)
        admission->needed[draw(config, 4, of, config->workers)] = view->iteration / 2;
    admission->quorum = view->again ? 1 : draw(config, 5, of, config->workers + 1);
    if (draw(config, 6, of, 2))
        admission->deadline_s = view->now + 0.3 + 0.1 * draw(config, 7, of, 30);
}

static double weigh_anything(void *state, const struct rog_strategy_config *config,
                             const struct rog_weigh_view *view)
{
    (void)state;
    return draw(config, 8, view->iteration + (uint64_t)view->lag * 1000, 3) / sqrt(1.0 + view->lag);
}

static void work_anything(void *state, const struct rog_strategy_config *config,
                          const struct rog_work_view *view, struct rog_work_plan *plan)
{
    (void)state;
    uint64_t of = view->iteration + (digest(view->node) << 20);
    plan->local_steps = 1 + draw(config, 9 + config->worker, of, 3);
}

const struct rog_strategy policy_everything = {
    COMMON(policy_everything),          .name = "EVERYTHING",
    .plan_push = plan_anything,         .admit = admit_anything,
    .plan_pull = plan_anything,         .weigh = weigh_anything,
    .plan_work = work_anything,         .wants = ROG_WANTS_WEIGHTS | ROG_WANTS_REPORTS,
    .iteration_bound = threshold_bound, .least_quorum = all_but_one};
