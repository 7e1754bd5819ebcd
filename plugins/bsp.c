/* SPDX-License-Identifier: Apache-2.0 */

/* Bulk synchronous parallel: all workers wait for each other, and every exchange has all rows. */

#include <rog/strategy.h>

static void admit(void *state, const struct rog_strategy_config *config,
                  const struct rog_admit_view *view, struct rog_admission *admission)
{
    (void)state;
    rog_wait_beyond(config, view, 0, admission->needed);
}

static int64_t staleness_bound(const struct rog_strategy_config *config)
{
    (void)config;
    return 0;
}

static double least_share(const struct rog_strategy_config *config)
{
    (void)config;
    return 1;
}

ROG_STRATEGY_EXPORT const struct rog_strategy rog_strategy_plugin = {
    .abi_version = ROG_STRATEGY_ABI,
    .struct_size = sizeof(struct rog_strategy),
    .name = "BSP",
    .version = "1.0",
    .summary = "bulk synchronous parallel: all workers wait for each other in every iteration",
    .threshold_min = 0,
    .threshold_max = 0,
    .threshold_default = 0,
    .threshold_help = "BSP has no staleness: the threshold is 0",
    .admit = admit,
    .staleness_bound = staleness_bound,
    .least_share = least_share,
};
