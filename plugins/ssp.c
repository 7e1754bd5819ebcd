/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Stale synchronous parallel (Ho et al., NIPS 2013): a worker may be at most S iterations ahead of
 * the slowest one; every exchange has all rows. With an infinite threshold no worker ever waits
 * (ASP).
 */

#include <rog/strategy.h>

static void admit(void *state, const struct rog_strategy_config *config,
                  const struct rog_admit_view *view, struct rog_admission *admission)
{
    (void)state;
    rog_wait_beyond(config, view, (uint32_t)config->threshold, admission->needed);
}

static int64_t staleness_bound(const struct rog_strategy_config *config)
{
    return config->threshold == ROG_THRESHOLD_INFINITE ? -1 : config->threshold;
}

static double least_share(const struct rog_strategy_config *config)
{
    (void)config;
    return 1;
}

ROG_STRATEGY_EXPORT const struct rog_strategy rog_strategy_plugin = {
    .abi_version = ROG_STRATEGY_ABI,
    .struct_size = sizeof(struct rog_strategy),
    .name = "SSP",
    .version = "1.0",
    .summary = "stale synchronous parallel: at most S iterations ahead of the slowest worker",
    .threshold_min = 0,
    .threshold_max = ROG_THRESHOLD_INFINITE,
    .threshold_default = 4,
    .threshold_help = "S: how many iterations a worker may be ahead of the slowest; inf: unlimited "
                      "(asynchronous, ASP)",
    .admit = admit,
    .staleness_bound = staleness_bound,
    .least_share = least_share,
};
