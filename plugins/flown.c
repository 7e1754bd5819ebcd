/* SPDX-License-Identifier: Apache-2.0 */

/*
 * FLOWN, the scheduling baseline that the artifact of ROG (MICRO 2022) contains as an option
 * (github.com/hku-systems/ROG, SSP_utils.py, flown_control of the server; the code there cannot
 * start). The server answers at most `at_once` workers at a time: first those that are S iterations
 * or more behind the fastest, then those with the highest measured rate. Every exchange has all
 * rows. No worker waits for the iteration of another, so there is no staleness bound.
 *
 * In the artifact, the acknowledgement of a push and the pull are granted one after the other, and
 * a grant ends when the answer is handed to the sending thread. Here a pull acknowledges its push,
 * so one grant covers both, and it lasts until the pull has been sent. In the artifact, the rate is
 * what a worker reads from its own traffic shaper; here it is what the server measured of its last
 * push.
 */

#include <rog/strategy.h>

struct parameters {
    int64_t at_once;
};

static const struct rog_parameter parameters[] = {
    {.name = "at_once",
     .type = ROG_PARAMETER_INTEGER,
     .offset = offsetof(struct parameters, at_once),
     .fallback = "2",
     .min = 1,
     .max = 1000000,
     .unit = "workers",
     .help = "maximum number of workers answered at once; 2 as published"},
    {.name = NULL},
};

static void admit(void *state, const struct rog_strategy_config *config,
                  const struct rog_admit_view *view, struct rog_admission *admission)
{
    (void)state, (void)config, (void)view, (void)admission;
}

static uint32_t most_granted(const struct rog_strategy_config *config)
{
    return (uint32_t)((const struct parameters *)config->parameters)->at_once;
}

/* Iterations of the fastest active worker. */
static uint32_t fastest(const struct rog_strategy_config *config,
                        const struct rog_version_view *versions)
{
    uint32_t most = 0;
    for (uint32_t i = 0; i < config->workers; i++)
        if (versions->active[i] && versions->latest[i] > most)
            most = versions->latest[i];
    return most;
}

static void grant(void *state, const struct rog_strategy_config *config,
                  const struct rog_grant_view *view, struct rog_grant *grant)
{
    (void)state;
    if (view->granted_count >= most_granted(config))
        return;
    const uint64_t most = fastest(config, &view->versions);
    uint32_t next = view->waiting[0];
    for (uint32_t i = 0; i < view->waiting_count; i++) {
        uint32_t worker = view->waiting[i];
        if (view->versions.latest[worker] + (uint64_t)config->threshold <= most) {
            next = worker;
            break;
        }
        if (view->goodput[worker] > view->goodput[next])
            next = worker;
    }
    grant->next = next;
}

static int64_t staleness_bound(const struct rog_strategy_config *config)
{
    (void)config;
    return -1;
}

static double least_share(const struct rog_strategy_config *config)
{
    (void)config;
    return 1;
}

ROG_STRATEGY_EXPORT const struct rog_strategy rog_strategy_plugin = {
    .abi_version = ROG_STRATEGY_ABI,
    .struct_size = sizeof(struct rog_strategy),
    .name = "FLOWN",
    .version = "1.0",
    .summary = "answers a few workers at once, those far behind and fast ones first",
    .threshold_min = 0,
    .threshold_max = ROG_THRESHOLD_INFINITE,
    .threshold_default = 4,
    .threshold_help = "S: a worker this many iterations behind the fastest goes first; 0: first "
                      "come, first served; inf: the fastest link first",
    .admit = admit,
    .staleness_bound = staleness_bound,
    .least_share = least_share,
    .parameters = parameters,
    .parameter_bytes = sizeof(struct parameters),
    .grant = grant,
    .most_granted = most_granted,
};
