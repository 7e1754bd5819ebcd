/* SPDX-License-Identifier: Apache-2.0 */

/*
 * ROG (MICRO 2022): row stale synchronous parallel (RSP) with adaptive transmission (ATP).
 *
 * RSP: a worker at iteration t continues once every row of every worker has reached version t - S.
 * ATP: each push and pull always sends the fraction P(S) of the rows that are oldest and the
 * fraction G(S) of the most important ones; further rows follow, by importance, while the budget
 * lasts.
 *
 * Details that the paper leaves open are those of its artifact (github.com/hku-systems/ROG),
 * ROG_utils.py: P and G in MTA_static and Gradient_Value_static, the ranking in both
 * decide_row_importance_metric, the budget in decide_mta_transmission_time. In the artifact, the
 * importance of a row is the scale of its tensor, the mean magnitude of the tensor's waiting update
 * (importance = "tensor"); the mean of each row distinguishes more.
 *
 * Two more details of the artifact's code are parameters. From a worker's second pull on, the rows
 * of a pull have no age there, because the versions that were seen are references to those they are
 * compared with (each_parameter_server): pulls = "importance" ranks the rows of all pulls without
 * their ages. And until all workers have transmitted, every worker has a budget of 5 s there:
 * start_budget = 5 does the same; without it only workers that are ahead have a budget.
 *
 * In the artifact, the number of mandatory rows is one less for each of P and G, and is rounded up
 * to the end of a run of neighbouring rows (get_most_important_row). This is not done here.
 */

#include <rog/strategy.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DIGIT_BITS 11
#define DIGITS (1u << DIGIT_BITS)

enum { IMPORTANCE_ROW, IMPORTANCE_TENSOR };
enum { PULLS_BY_AGE, PULLS_BY_IMPORTANCE };

struct parameters {
    double least_budget;
    double start_budget;
    uint32_t importance;
    uint32_t pulls;
};

static const struct rog_parameter parameters[] = {
    {.name = "importance",
     .type = ROG_PARAMETER_CHOICE,
     .offset = offsetof(struct parameters, importance),
     .fallback = "row",
     .choices = "row|tensor",
     .help =
         "rank rows by their own mean magnitude, or by that of their whole tensor, as published"},
    {.name = "least_budget",
     .type = ROG_PARAMETER_NUMBER,
     .offset = offsetof(struct parameters, least_budget),
     .fallback = "0",
     .min = 0,
     .max = 600,
     .unit = "s",
     .help = "minimum time in each push and pull for rows that are not mandatory; 0 as published"},
    {.name = "pulls",
     .type = ROG_PARAMETER_CHOICE,
     .offset = offsetof(struct parameters, pulls),
     .fallback = "age",
     .choices = "age|importance",
     .help = "mandatory rows of a pull: the oldest ones, as in the publication, or the most "
             "important ones, as in the published program, which treats all rows that a worker has "
             "received once as equally old"},
    {.name = "start_budget",
     .type = ROG_PARAMETER_NUMBER,
     .offset = offsetof(struct parameters, start_budget),
     .fallback = "0",
     .min = 0,
     .max = 600,
     .unit = "s",
     .help = "time budget of each push and pull until every worker has sent once; 5 in the "
             "published program, so that its budgets do not start near 0"},
    {.name = NULL},
};

struct state {
    uint32_t oldest_rows;  /* mandatory by rank: P of all rows */
    uint32_t largest_rows; /* mandatory by importance: G of all rows */
    float *importance;     /* [rows], of tensors; behind `spare` */
    uint32_t spare[];      /* [rows]: the other half of each sorting pass */
};

/* P(S): the root in (0, 1) of (1 - P)^(S - 1) = P, and 1 up to S = 1. The left side falls and the
 * right side rises, so bisection finds it. The published table agrees to its last digit, except for
 * P(4): 0.32 there, 0.3177 here. */
static double minimum_fraction(int32_t threshold)
{
    if (threshold <= 1)
        return 1;
    double low = 0, high = 1;
    for (int i = 0; i < 100; i++) {
        double p = (low + high) / 2;
        if (pow(1 - p, threshold - 1) > p)
            low = p;
        else
            high = p;
    }
    return high;
}

/* G(S): the published table up to its end at S = 40, and its last value beyond. */
static double largest_fraction(int32_t threshold)
{
    static const double published[] = {
        0,     0,     0,     0,     0,     0.03,  0.05,  0.06,  0.05,  0.07,  0.075,
        0.085, 0.09,  0.095, 0.10,  0.102, 0.104, 0.106, 0.107, 0.108, 0.11,  0.11,
        0.111, 0.111, 0.112, 0.112, 0.112, 0.113, 0.113, 0.113, 0.113, 0.114, 0.114,
        0.114, 0.114, 0.114, 0.115, 0.115, 0.115, 0.115, 0.115,
    };
    const int32_t last = sizeof published / sizeof *published - 1;
    return published[threshold < last ? threshold : last];
}

static int create(const struct rog_strategy_config *config, void **out, char *message,
                  uint32_t message_bytes)
{
    size_t array = config->rows * sizeof(uint32_t);
    struct state *state = malloc(sizeof *state + 2 * array);
    if (!state) {
        snprintf(message, message_bytes, "out of memory for the order of %u rows", config->rows);
        return -1;
    }
    double rows = config->rows;
    state->importance = (float *)(state->spare + config->rows);
    state->oldest_rows = (uint32_t)fmin(rows, ceil(minimum_fraction(config->threshold) * rows));
    state->largest_rows =
        (uint32_t)fmin(rows - state->oldest_rows, ceil(largest_fraction(config->threshold) * rows));
    *out = state;
    return 0;
}

/* The key at an index, 32 bits of any type. Floats that are not negative have the order of their
 * bits. */
static uint32_t key_of(const void *keys, uint32_t index)
{
    uint32_t key;
    memcpy(&key, (const char *)keys + (uint64_t)index * sizeof key, sizeof key);
    return key;
}

/* One stable pass of a radix sort, largest digit first, from `from` to `to`; returns false and
 * moves nothing if all digits are equal. */
static bool sort_pass(const void *keys, unsigned shift, const uint32_t *from, uint32_t *to,
                      uint32_t count)
{
    uint32_t start[DIGITS] = {0};
    for (uint32_t i = 0; i < count; i++)
        start[key_of(keys, from[i]) >> shift & (DIGITS - 1)]++;
    uint32_t sum = 0;
    for (uint32_t digit = DIGITS; digit-- > 0;) {
        uint32_t size = start[digit];
        if (size == count)
            return false;
        start[digit] = sum;
        sum += size;
    }
    for (uint32_t i = 0; i < count; i++)
        to[start[key_of(keys, from[i]) >> shift & (DIGITS - 1)]++] = from[i];
    return true;
}

/* Sorts `rows` by key, largest first; rows with the same key keep their order. */
static void sort_rows(const void *keys, uint32_t *rows, uint32_t *spare, uint32_t count)
{
    uint32_t *from = rows, *to = spare;
    for (unsigned shift = 0; shift < 32; shift += DIGIT_BITS) {
        if (!sort_pass(keys, shift, from, to, count))
            continue;
        uint32_t *swap = from;
        from = to;
        to = swap;
    }
    if (from != rows)
        memcpy(rows, from, count * sizeof *rows);
}

/* The budget of a worker that is ahead; the rest of the published rule is start_budget. */
static double budget_ahead_s(const struct rog_history *history)
{
    if (history->own < history->slowest + 2)
        return 0;
    if (!history->everyone_transmitted)
        return 5;
    return fmax(history->recent_max_s, history->mean_s);
}

/* The importance by which rows are ranked besides their age: their own mean magnitude, or that of
 * their tensor. */
static const float *importance_of(struct state *state, const struct rog_strategy_config *config,
                                  const struct rog_send_view *view)
{
    const struct parameters *chosen = config->parameters;
    if (chosen->importance == IMPORTANCE_ROW)
        return view->magnitude;
    const uint32_t *first = config->model->first_row;
    for (uint32_t tensor = 0; tensor < config->model->tensors; tensor++) {
        double sum = 0;
        for (uint32_t row = first[tensor]; row < first[tensor + 1]; row++)
            sum += view->magnitude[row];
        for (uint32_t row = first[tensor]; row < first[tensor + 1]; row++)
            state->importance[row] = (float)(sum / (first[tensor + 1] - first[tensor]));
    }
    return state->importance;
}

static void make_plan(void *opaque, const struct rog_strategy_config *config,
                      const struct rog_send_view *view, bool by_age, struct rog_send_plan *plan)
{
    struct state *state = opaque;
    const struct parameters *chosen = config->parameters;
    const float *importance = importance_of(state, config, view);
    uint32_t *order = plan->order, *spare = state->spare;
    uint32_t rows = config->rows, oldest = state->oldest_rows;

    /* The rank is the age plus the importance scaled to [0, 1): first age, then importance, then
     * row number. */
    for (uint32_t row = 0; row < rows; row++)
        order[row] = row;
    sort_rows(importance, order, spare, rows);
    if (by_age)
        sort_rows(view->age, order, spare, rows);

    /* The remaining rows, starting at row 0, by importance only. */
    memset(spare, 0, rows * sizeof *spare);
    for (uint32_t i = 0; i < oldest; i++)
        spare[order[i]] = 1;
    for (uint32_t row = 0, next = oldest; row < rows; row++)
        if (!spare[row])
            order[next++] = row;
    sort_rows(importance, order + oldest, spare, rows - oldest);

    plan->count = rows;
    plan->mandatory = oldest + state->largest_rows;
    plan->budget_s = fmax(chosen->least_budget, budget_ahead_s(&view->history));
    if (!view->history.everyone_transmitted)
        plan->budget_s = fmax(plan->budget_s, chosen->start_budget);
}

static void plan_push(void *opaque, const struct rog_strategy_config *config,
                      const struct rog_send_view *view, struct rog_send_plan *plan)
{
    make_plan(opaque, config, view, true, plan);
}

static void plan_pull(void *opaque, const struct rog_strategy_config *config,
                      const struct rog_send_view *view, struct rog_send_plan *plan)
{
    const struct parameters *chosen = config->parameters;
    make_plan(opaque, config, view, chosen->pulls == PULLS_BY_AGE, plan);
}

static void admit(void *opaque, const struct rog_strategy_config *config,
                  const struct rog_admit_view *view, struct rog_admission *admission)
{
    (void)opaque;
    rog_wait_beyond(config, view, (uint32_t)config->threshold, admission->needed);
}

/* The whole state follows from the configuration. */
static uint32_t save(const void *state, const struct rog_strategy_config *config, uint8_t *bytes,
                     uint32_t room)
{
    (void)state, (void)config, (void)bytes, (void)room;
    return 0;
}

static int load(void *state, const struct rog_strategy_config *config, const uint8_t *bytes,
                uint32_t size)
{
    (void)state, (void)config, (void)bytes;
    return size != 0;
}

static int64_t staleness_bound(const struct rog_strategy_config *config)
{
    return config->threshold;
}

static double least_share(const struct rog_strategy_config *config)
{
    return minimum_fraction(config->threshold);
}

ROG_STRATEGY_EXPORT const struct rog_strategy rog_strategy_plugin = {
    .abi_version = ROG_STRATEGY_ABI,
    .struct_size = sizeof(struct rog_strategy),
    .name = "ROG",
    .version = "1.1",
    .summary = "row stale synchronous parallel with adaptive transmission (MICRO 2022)",
    .threshold_min = 1,
    .threshold_max = 1000000,
    .threshold_default = 4,
    .threshold_help = "S: how many iterations a row may be older than the worker that waits for it",
    .create = create,
    .destroy = free,
    .plan_push = plan_push,
    .admit = admit,
    .plan_pull = plan_pull,
    .staleness_bound = staleness_bound,
    .least_share = least_share,
    .parameters = parameters,
    .parameter_bytes = sizeof(struct parameters),
    .save = save,
    .load = load,
};
