/* SPDX-License-Identifier: Apache-2.0 */

/* Complete but for the plans, which versions before 4 had to have. */

#include <rog/strategy.h>

static void admit(void *state, const struct rog_strategy_config *config,
                  const struct rog_admit_view *view, struct rog_admission *admission)
{
    (void)state, (void)config, (void)view, (void)admission;
}

ROG_STRATEGY_EXPORT extern const struct rog_strategy rog_strategy_plugin;
const struct rog_strategy rog_strategy_plugin = {
    .abi_version = 3,
    .struct_size = sizeof(struct rog_strategy),
    .name = "MISSING_PLAN",
    .version = "1.0",
    .summary = "refused when it is loaded",
    .threshold_help = "none",
    .admit = admit,
};
