/* SPDX-License-Identifier: Apache-2.0 */

/* Complete but for the required hook admit. */

#include <rog/strategy.h>

static void plan(void *state, const struct rog_strategy_config *config,
                 const struct rog_send_view *view, struct rog_send_plan *plan)
{
    (void)state, (void)config, (void)view, (void)plan;
}

ROG_STRATEGY_EXPORT extern const struct rog_strategy rog_strategy_plugin;
const struct rog_strategy rog_strategy_plugin = {
    .abi_version = ROG_STRATEGY_ABI,
    .struct_size = sizeof(struct rog_strategy),
    .name = "MISSING_HOOK",
    .version = "1.0",
    .summary = "refused when it is loaded",
    .threshold_help = "none",
    .plan_push = plan,
    .plan_pull = plan,
};
