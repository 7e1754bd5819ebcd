/* SPDX-License-Identifier: Apache-2.0 */

/*
 * ROG (MICRO 2022): row stale synchronous parallel (RSP) with adaptive transmission (ATP).
 *
 * RSP: a worker at iteration t goes on while every row of every worker has reached version t - S.
 * ATP: each push and pull sends the fraction P(S) of the rows that are oldest, then the fraction
 * G(S) with the largest magnitude, whatever it takes; further rows, by magnitude, while the budget
 * lasts.
 */

#include <rog/strategy.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DIGIT_BITS 11
#define DIGITS (1u << DIGIT_BITS)

struct state {
    uint32_t oldest_rows;  /* mandatory by rank: P of all rows */
    uint32_t largest_rows; /* mandatory by magnitude: G of all rows */
    uint32_t spare[];      /* [rows]: the other half of each sorting pass */
};

/* P(S): the root in (0, 1) of (1 - P)^(S - 1) = P, and 1 up to S = 1. The left side falls and the
 * right side rises, so halving finds it. */
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

/* G(S): the published values, straight lines between them. */
static double largest_fraction(int32_t threshold)
{
    static const struct {
        int32_t threshold;
        double fraction;
    } published[] = {{4, 0},     {5, 0.03},   {6, 0.05},   {7, 0.06},  {8, 0.05},
                     {9, 0.07},  {10, 0.075}, {11, 0.085}, {12, 0.09}, {13, 0.095},
                     {14, 0.10}, {20, 0.11},  {36, 0.115}};
    const int last = sizeof published / sizeof *published - 1;
    if (threshold <= published[0].threshold)
        return 0;
    for (int i = 1; i <= last; i++) {
        if (threshold > published[i].threshold)
            continue;
        double width = published[i].threshold - published[i - 1].threshold;
        double along = (threshold - published[i - 1].threshold) / width;
        return published[i - 1].fraction +
               along * (published[i].fraction - published[i - 1].fraction);
    }
    return published[last].fraction;
}

static int create(const struct rog_strategy_config *config, void **out, char *message,
                  uint32_t message_bytes)
{
    struct state *state = malloc(sizeof *state + config->rows * sizeof *state->spare);
    if (!state) {
        snprintf(message, message_bytes, "no memory for the order of %u rows", config->rows);
        return -1;
    }
    double rows = config->rows;
    state->oldest_rows = (uint32_t)fmin(rows, ceil(minimum_fraction(config->threshold) * rows));
    state->largest_rows =
        (uint32_t)fmin(rows - state->oldest_rows, ceil(largest_fraction(config->threshold) * rows));
    *out = state;
    return 0;
}

/* The index-th of 32-bit keys of any type. Floats that are not negative are in the order of their
 * bits. */
static uint32_t key_of(const void *keys, uint32_t index)
{
    uint32_t key;
    memcpy(&key, (const char *)keys + (uint64_t)index * sizeof key, sizeof key);
    return key;
}

/* One stable pass of a radix sort, largest digit first, from `from` to `to`; false, and nothing is
 * moved, when all digits are the same. */
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

static double budget_s(const struct rog_history *history)
{
    if (history->own < history->slowest + 2)
        return 0;
    if (!history->everyone_transmitted)
        return 5;
    return fmax(history->recent_max_s, history->mean_s);
}

static void plan(void *opaque, const struct rog_strategy_config *config,
                 const struct rog_send_view *view, struct rog_send_plan *plan)
{
    struct state *state = opaque;
    uint32_t *order = plan->order, *spare = state->spare;
    uint32_t rows = config->rows, oldest = state->oldest_rows;

    /* The rank is the age plus a magnitude scaled to [0, 1): age first, then magnitude, then the
     * number of the row. */
    for (uint32_t row = 0; row < rows; row++)
        order[row] = row;
    sort_rows(view->magnitude, order, spare, rows);
    sort_rows(view->age, order, spare, rows);

    /* The rest, from row 0 on again, by magnitude alone. */
    memset(spare, 0, rows * sizeof *spare);
    for (uint32_t i = 0; i < oldest; i++)
        spare[order[i]] = 1;
    for (uint32_t row = 0, next = oldest; row < rows; row++)
        if (!spare[row])
            order[next++] = row;
    sort_rows(view->magnitude, order + oldest, spare, rows - oldest);

    plan->count = rows;
    plan->mandatory = oldest + state->largest_rows;
    plan->budget_s = budget_s(&view->history);
}

static void admit(void *opaque, const struct rog_strategy_config *config,
                  const struct rog_admit_view *view, struct rog_admission *admission)
{
    (void)opaque;
    uint32_t threshold = (uint32_t)config->threshold;
    if (view->iteration <= threshold)
        return;
    for (uint32_t worker = 0; worker < config->workers; worker++)
        admission->needed[worker] = view->iteration - threshold;
}

/* All of the state follows from the configuration. */
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
    .version = "1.0",
    .summary = "row stale synchronous parallel with adaptive transmission (MICRO 2022)",
    .threshold_min = 1,
    .threshold_max = 1000000,
    .threshold_default = 4,
    .threshold_help = "S: iterations a row may be older than the worker that waits for it",
    .create = create,
    .destroy = free,
    .plan_push = plan,
    .admit = admit,
    .plan_pull = plan,
    .staleness_bound = staleness_bound,
    .least_share = least_share,
    .save = save,
    .load = load,
};
