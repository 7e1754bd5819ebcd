/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A strategy that lets everything it is shown, to the last bit, and what it remembers decide what
 * it answers, in each hook. pair.py is the same in Python: where both have the same runs, hooks in
 * Python are shown what those in C are, and their answers arrive.
 */

#include <rog/strategy.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ONE, TWO, THREE };

struct parameters {
    int64_t whole;
    double number;
    bool flag;
    uint32_t word;
};

static const struct rog_parameter parameters[] = {
    {.name = "flag",
     .type = ROG_PARAMETER_BOOLEAN,
     .offset = offsetof(struct parameters, flag),
     .fallback = "true",
     .help = "a flag"},
    {.name = "number",
     .type = ROG_PARAMETER_NUMBER,
     .offset = offsetof(struct parameters, number),
     .fallback = "0.1",
     .min = 0,
     .max = 1,
     .unit = "s",
     .help = "a number"},
    {.name = "whole",
     .type = ROG_PARAMETER_INTEGER,
     .offset = offsetof(struct parameters, whole),
     .fallback = "-7",
     .min = -10,
     .max = 10,
     .help = "a whole number"},
    {.name = "word",
     .type = ROG_PARAMETER_CHOICE,
     .offset = offsetof(struct parameters, word),
     .fallback = "two",
     .choices = "one|two|three",
     .help = "a word"},
    {.name = NULL},
};

/* ---- what all that is shown comes to ---- */

static uint64_t whole(uint64_t sum, uint64_t number)
{
    return rog_random(sum, number, 1);
}

static uint64_t real(uint64_t sum, double number)
{
    uint64_t bits = 7;
    if (!isnan(number))
        memcpy(&bits, &number, sizeof bits);
    return whole(sum, bits);
}

static uint64_t wholes(uint64_t sum, const uint32_t *numbers, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        sum = whole(sum, numbers[i]);
    return sum;
}

static uint64_t reals(uint64_t sum, const float *numbers, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        sum = real(sum, (double)numbers[i]);
    return sum;
}

static uint64_t flags(uint64_t sum, const uint8_t *numbers, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        sum = whole(sum, numbers[i]);
    return sum;
}

static uint64_t node_of(uint64_t sum, const struct rog_node_view *node)
{
    sum = real(real(real(sum, node->compute_s), node->push_s), node->pull_s);
    sum = real(real(sum, node->goodput_up), node->goodput_down);
    return whole(real(real(sum, node->loss), node->energy_j), node->local_steps);
}

static uint64_t history_of(uint64_t sum, const struct rog_history *history)
{
    sum = whole(whole(sum, history->own), history->slowest);
    sum = whole(sum, history->everyone_transmitted);
    return real(real(sum, history->recent_max_s), history->mean_s);
}

static uint64_t versions_of(uint64_t sum, const struct rog_strategy_config *config,
                            const struct rog_version_view *versions)
{
    sum = wholes(sum, versions->oldest, config->workers);
    sum = wholes(sum, versions->latest, config->workers);
    sum = flags(sum, versions->active, config->workers);
    if (sum % 4 == 0) /* the table is not looked at each time */
        sum = wholes(sum, versions->version, config->workers * config->rows);
    return sum;
}

static uint64_t config_of(const struct rog_strategy_config *config)
{
    const struct parameters *chosen = config->parameters;
    const struct rog_model_view *model = config->model;
    uint32_t tensors = model->tensors;
    uint64_t sum = whole(whole(config->seed, config->rows), config->workers);
    sum = whole(whole(sum, (uint64_t)config->threshold), config->worker);
    sum = whole(whole(sum, (uint64_t)chosen->whole), chosen->flag);
    sum = real(whole(sum, chosen->word), chosen->number);
    sum = whole(whole(sum, model->levels), model->pull_levels);
    sum = wholes(wholes(sum, model->first_row, tensors + 1), model->row_elements, tensors);
    sum = wholes(sum, model->push_bytes, tensors * model->levels);
    sum = wholes(sum, model->pull_bytes, tensors * model->pull_levels);
    for (uint32_t i = 0; i < tensors; i++)
        for (const char *at = model->names[i]; *at; at++)
            sum = whole(sum, (unsigned char)*at);
    return sum;
}

/* ---- hooks ---- */

struct state {
    uint64_t sum;
};

static int create(const struct rog_strategy_config *config, void **out, char *message,
                  uint32_t message_bytes)
{
    (void)message, (void)message_bytes;
    struct state *state = malloc(sizeof *state);
    if (!state)
        return -1;
    state->sum = config_of(config);
    *out = state;
    return 0;
}

static void plan(struct state *state, const struct rog_strategy_config *config, uint32_t levels,
                 const struct rog_send_view *view, struct rog_send_plan *plan)
{
    uint64_t sum = whole(whole(state->sum, view->worker), view->iteration);
    sum =
        reals(wholes(real(sum, view->now), view->age, config->rows), view->magnitude, config->rows);
    sum = reals(flags(sum, view->demanded, config->rows), view->weight, config->rows);
    sum = node_of(history_of(sum, &view->history), view->node);
    state->sum = sum;
    if (sum % 8 == 0)
        return;
    for (uint32_t row = 0; row < config->rows; row++) {
        uint64_t drawn = whole(sum, row);
        if (drawn % 3 == 0)
            continue;
        plan->order[plan->count++] = row;
        plan->level[row] = (uint8_t)((drawn >> 8) % levels);
    }
    plan->mandatory = plan->count / 3;
    plan->budget_s = 0.1 * (double)(sum % 20);
}

static void plan_push(void *state, const struct rog_strategy_config *config,
                      const struct rog_send_view *view, struct rog_send_plan *answer)
{
    plan(state, config, config->model->levels, view, answer);
}

static void plan_pull(void *state, const struct rog_strategy_config *config,
                      const struct rog_send_view *view, struct rog_send_plan *answer)
{
    plan(state, config, config->model->pull_levels, view, answer);
}

static void admit(void *opaque, const struct rog_strategy_config *config,
                  const struct rog_admit_view *view, struct rog_admission *admission)
{
    struct state *state = opaque;
    uint64_t sum = whole(whole(state->sum, view->worker), view->iteration);
    sum = real(whole(real(sum, view->now), view->again), view->waited_s);
    for (uint32_t i = 0; i < config->workers; i++)
        sum = node_of(sum, &view->nodes[i]);
    state->sum = sum = versions_of(sum, config, &view->versions);
    for (uint32_t i = 0; i < config->workers; i++) {
        uint32_t behind = (uint32_t)(whole(sum, i) % 3);
        admission->iteration[i] = view->iteration > behind ? view->iteration - behind : 0;
    }
    if (sum % 4 == 0)
        admission->needed[(sum >> 8) % config->workers] = view->iteration / 2;
    admission->quorum = view->again ? 1 : (uint32_t)((sum >> 16) % (config->workers + 1));
    if (sum % 2)
        admission->deadline_s = view->now + 0.3 + 0.1 * (double)((sum >> 24) % 30);
}

static void grant(void *opaque, const struct rog_strategy_config *config,
                  const struct rog_grant_view *view, struct rog_grant *answer)
{
    struct state *state = opaque;
    uint64_t sum = whole(real(state->sum, view->now), view->granted_count);
    sum = wholes(sum, view->waiting, view->waiting_count);
    sum = flags(sum, view->granted, config->workers);
    for (uint32_t i = 0; i < config->workers; i++)
        sum = node_of(real(sum, view->goodput[i]), &view->nodes[i]);
    state->sum = sum = versions_of(sum, config, &view->versions);
    if (view->granted_count < 2)
        answer->next = view->waiting[sum % view->waiting_count];
}

static double weigh(void *opaque, const struct rog_strategy_config *config,
                    const struct rog_weigh_view *view)
{
    struct state *state = opaque;
    uint64_t sum = whole(whole(real(state->sum, view->now), view->worker), view->iteration);
    sum = node_of(whole(whole(sum, view->lag), view->steps), view->node);
    state->sum = sum = versions_of(sum, config, &view->versions);
    return (double)(sum % 3) / sqrt(1.0 + view->lag);
}

static void plan_work(void *opaque, const struct rog_strategy_config *config,
                      const struct rog_work_view *view, struct rog_work_plan *answer)
{
    (void)config;
    struct state *state = opaque;
    uint64_t sum = whole(whole(real(state->sum, view->now), view->iteration), view->local_steps);
    state->sum = sum = node_of(history_of(sum, &view->history), view->node);
    answer->local_steps = 1 + (uint32_t)(sum % 3);
}

static uint32_t save(const void *state, const struct rog_strategy_config *config, uint8_t *bytes,
                     uint32_t room)
{
    (void)config;
    if (room >= sizeof(struct state))
        memcpy(bytes, state, sizeof(struct state));
    return sizeof(struct state);
}

static int load(void *state, const struct rog_strategy_config *config, const uint8_t *bytes,
                uint32_t size)
{
    (void)config;
    if (size != sizeof(struct state))
        return -1;
    memcpy(state, bytes, size);
    return 0;
}

static uint32_t most_granted(const struct rog_strategy_config *config)
{
    (void)config;
    return 2;
}

ROG_STRATEGY_EXPORT const struct rog_strategy rog_strategy_plugin = {
    .abi_version = ROG_STRATEGY_ABI,
    .struct_size = sizeof(struct rog_strategy),
    .name = "PAIR",
    .version = "1.0",
    .summary = "everything matters",
    .threshold_min = 0,
    .threshold_max = 9,
    .threshold_default = 3,
    .threshold_help = "a number",
    .create = create,
    .destroy = free,
    .plan_push = plan_push,
    .admit = admit,
    .plan_pull = plan_pull,
    .parameters = parameters,
    .parameter_bytes = sizeof(struct parameters),
    .save = save,
    .load = load,
    .grant = grant,
    .most_granted = most_granted,
    .weigh = weigh,
    .plan_work = plan_work,
    .wants = ROG_WANTS_WEIGHTS | ROG_WANTS_REPORTS,
};
