/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Federated averaging (McMahan et al., AISTATS 2017, Algorithm 1): in each round, m = max(share n,
 * 1) of the n workers take part. They start with the same model, and the next round starts when all
 * of them have sent their results. With `contribution = "delta"` and local steps this is FedAvg;
 * with share 1 it is local SGD in step (BSP without its demands).
 *
 * The workers of a round are drawn at random from those that are present; the others wait, so the
 * iterations of a worker are the rounds in which it took part. All workers take part in the first
 * round, because all start to compute with the common model.
 *
 * `weights`: the server optimizer "mean" divides by the number n of all workers. For the mean over
 * those that take part, each counts n/m; optimizers that average rounds of m pushes need 1.
 */

#include <rog/strategy.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct parameters {
    double share;
    uint32_t weights;
};

enum { WEIGHTS_MEAN, WEIGHTS_EQUAL };

static const struct rog_parameter parameters[] = {
    {.name = "share",
     .type = ROG_PARAMETER_NUMBER,
     .offset = offsetof(struct parameters, share),
     .fallback = "1",
     .min = 0.000001,
     .max = 1,
     .help = "C: share of the workers in each round; 0.1 as published"},
    {.name = "weights",
     .type = ROG_PARAMETER_CHOICE,
     .offset = offsetof(struct parameters, weights),
     .fallback = "mean",
     .choices = "mean|equal",
     .help = "weight of each of m pushes: n/m, or equal weights of 1 for an optimizer with rounds "
             "of m"},
    {.name = NULL},
};

struct state {
    uint32_t round, size, missing; /* workers that take part in it and have not started yet */
};

static int create(const struct rog_strategy_config *config, void **out, char *message,
                  uint32_t message_bytes)
{
    struct state *state = *out = calloc(1, sizeof *state);
    if (!state) {
        snprintf(message, message_bytes, "out of memory");
        return -1;
    }
    state->size = config->workers;
    return 0;
}

static uint32_t most_granted(const struct rog_strategy_config *config)
{
    const struct parameters *chosen = config->parameters;
    return (uint32_t)fmax(1, round(chosen->share * config->workers));
}

/* A round starts when all present workers wait. The lowest numbers take part. */
static void grant(void *opaque, const struct rog_strategy_config *config,
                  const struct rog_grant_view *view, struct rog_grant *grant)
{
    struct state *state = opaque;
    uint32_t there = view->granted_count;
    for (uint32_t i = 0; i < config->workers; i++)
        there += view->versions.active[i] != 0;
    if (state->missing == 0 && view->waiting_count >= there) {
        state->round++;
        state->size = (uint32_t)fmin(most_granted(config), view->waiting_count);
        state->missing = state->size;
    }
    if (state->missing == 0)
        return;
    for (uint32_t i = 0; i < view->waiting_count; i++)
        if (grant->next == ROG_NOBODY || rog_random(config->seed, state->round, view->waiting[i]) <
                                             rog_random(config->seed, state->round, grant->next))
            grant->next = view->waiting[i];
    state->missing--;
}

static void admit(void *state, const struct rog_strategy_config *config,
                  const struct rog_admit_view *view, struct rog_admission *admission)
{
    (void)state, (void)config, (void)view, (void)admission;
}

static double weigh(void *opaque, const struct rog_strategy_config *config,
                    const struct rog_weigh_view *view)
{
    (void)view;
    const struct state *state = opaque;
    const struct parameters *chosen = config->parameters;
    return chosen->weights == WEIGHTS_EQUAL ? 1 : (double)config->workers / state->size;
}

static uint32_t save(const void *state, const struct rog_strategy_config *config, uint8_t *bytes,
                     uint32_t room)
{
    (void)config;
    if (room >= sizeof(struct state))
        memcpy(bytes, state, sizeof(struct state));
    return sizeof(struct state);
}

static int load(void *opaque, const struct rog_strategy_config *config, const uint8_t *bytes,
                uint32_t size)
{
    struct state *state = opaque;
    if (size == sizeof *state)
        memcpy(state, bytes, size);
    return size != sizeof *state || state->size == 0 || state->size > config->workers;
}

static double least_share(const struct rog_strategy_config *config)
{
    (void)config;
    return 1;
}

ROG_STRATEGY_EXPORT const struct rog_strategy rog_strategy_plugin = {
    .abi_version = ROG_STRATEGY_ABI,
    .struct_size = sizeof(struct rog_strategy),
    .name = "FEDAVG",
    .version = "1.0",
    .summary = "rounds with a random share of the workers (AISTATS 2017)",
    .threshold_help = "FEDAVG has no staleness: the threshold is 0",
    .create = create,
    .destroy = free,
    .admit = admit,
    .least_share = least_share,
    .parameters = parameters,
    .parameter_bytes = sizeof(struct parameters),
    .save = save,
    .load = load,
    .grant = grant,
    .most_granted = most_granted,
    .weigh = weigh,
};
