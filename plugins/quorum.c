/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Does not wait for the slowest workers: after iteration t a worker waits until k workers, all but
 * `backups` of them, have completed iteration t - S; later pushes are dropped, or count when they
 * arrive. With S = 0 and late = "dropped" this is synchronous training with backup workers (Chen,
 * Pan, Monga, Bengio, Jozefowicz, arXiv:1604.00981, Algorithms 3 and 4: of N + b workers the first
 * N gradients of a step count). In the paper, a push is late when its step is over. Here it is late
 * when, since its worker began to pull, as many pushes of others as make a step have begun to
 * arrive. With late = "counted" it is close to partial reduce (Miao et al., SIGMOD 2021), which
 * averages whichever workers are ready.
 *
 * `weights`: the server optimizer "mean" divides by the number of all workers. For the mean over
 * those in time, each of them counts n/k of n workers; optimizers that average rounds of pushes
 * themselves need 1.
 */

#include <rog/strategy.h>

struct parameters {
    int64_t backups;
    double deadline;
    uint32_t late;
    uint32_t weights;
};

enum { LATE_DROPPED, LATE_COUNTED };
enum { WEIGHTS_MEAN, WEIGHTS_EQUAL };

static const struct rog_parameter parameters[] = {
    {.name = "backups",
     .type = ROG_PARAMETER_INTEGER,
     .offset = offsetof(struct parameters, backups),
     .fallback = "1",
     .min = 0,
     .max = 1000000,
     .unit = "workers",
     .help = "b: number of backup workers, which are not waited for; at least one worker is waited "
             "for"},
    {.name = "deadline",
     .type = ROG_PARAMETER_NUMBER,
     .offset = offsetof(struct parameters, deadline),
     .fallback = "0",
     .min = 0,
     .max = 1000000,
     .unit = "s",
     .help = "maximum wait of a worker; 0: no limit"},
    {.name = "late",
     .type = ROG_PARAMETER_CHOICE,
     .offset = offsetof(struct parameters, late),
     .fallback = "dropped",
     .choices = "dropped|counted",
     .help = "what happens to a late push, which arrives after the step that did not wait for it"},
    {.name = "weights",
     .type = ROG_PARAMETER_CHOICE,
     .offset = offsetof(struct parameters, weights),
     .fallback = "mean",
     .choices = "mean|equal",
     .help = "weight of each of k pushes where late ones are dropped: n/k, or equal weights of 1 "
             "for an optimizer with rounds of k"},
    {.name = NULL},
};

/* k: the pushes of a step. */
static uint32_t step_of(const struct rog_strategy_config *config)
{
    const struct parameters *chosen = config->parameters;
    return chosen->backups < config->workers ? config->workers - (uint32_t)chosen->backups : 1;
}

static void admit(void *state, const struct rog_strategy_config *config,
                  const struct rog_admit_view *view, struct rog_admission *admission)
{
    (void)state;
    const struct parameters *chosen = config->parameters;
    uint32_t threshold = (uint32_t)config->threshold;
    if (view->again || view->iteration <= threshold)
        return;
    rog_wait_beyond(config, view, threshold, admission->iteration);
    admission->quorum = step_of(config);
    if (chosen->deadline > 0)
        admission->deadline_s = view->now + chosen->deadline;
}

static double weigh(void *state, const struct rog_strategy_config *config,
                    const struct rog_weigh_view *view)
{
    (void)state;
    const struct parameters *chosen = config->parameters;
    if (chosen->late == LATE_COUNTED)
        return 1;
    if (view->lag >= step_of(config))
        return 0;
    return chosen->weights == WEIGHTS_EQUAL ? 1 : (double)config->workers / step_of(config);
}

static double least_share(const struct rog_strategy_config *config)
{
    (void)config;
    return 1;
}

static uint32_t least_quorum(const struct rog_strategy_config *config)
{
    const struct parameters *chosen = config->parameters;
    return config->threshold > 0 || chosen->deadline > 0 ? 1 : step_of(config);
}

ROG_STRATEGY_EXPORT const struct rog_strategy rog_strategy_plugin = {
    .abi_version = ROG_STRATEGY_ABI,
    .struct_size = sizeof(struct rog_strategy),
    .name = "QUORUM",
    .version = "1.0",
    .summary = "does not wait for the slowest few workers (backup workers, arXiv:1604.00981)",
    .threshold_min = 0,
    .threshold_max = 1000000,
    .threshold_default = 0,
    .threshold_help = "S: how many iterations a worker may be ahead of those that are waited for",
    .admit = admit,
    .least_share = least_share,
    .parameters = parameters,
    .parameter_bytes = sizeof(struct parameters),
    .weigh = weigh,
    .least_quorum = least_quorum,
};
