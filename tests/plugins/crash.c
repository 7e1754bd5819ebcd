/* SPDX-License-Identifier: Apache-2.0 */

/* A plugin that does not come to the end of its beginning: it aborts, exits or refuses, by its
 * threshold. */

#include <stdio.h>
#include <stdlib.h>

#include <rog/strategy.h>

static void plan(void *state, const struct rog_strategy_config *config,
                 const struct rog_send_view *view, struct rog_send_plan *plan)
{
    (void)state, (void)config, (void)view, (void)plan;
}

static void admit(void *state, const struct rog_strategy_config *config,
                  const struct rog_admit_view *view, struct rog_admission *admission)
{
    (void)state, (void)config, (void)view, (void)admission;
}

static int create(const struct rog_strategy_config *config, void **state, char *message,
                  uint32_t bytes)
{
    (void)state;
    puts("not an answer");
    fflush(stdout);
    if (config->threshold == 2)
        exit(0);
    if (config->threshold == 3)
        snprintf(message, bytes, "three is too many");
    else
        abort();
    return 1;
}

ROG_STRATEGY_EXPORT extern const struct rog_strategy rog_strategy_plugin;
const struct rog_strategy rog_strategy_plugin = {
    .abi_version = ROG_STRATEGY_ABI,
    .struct_size = sizeof rog_strategy_plugin,
    .name = "CRASH",
    .version = "1.0",
    .summary = "never begins",
    .threshold_help = "1: aborts, 2: exits, 3: refuses",
    .threshold_min = 1,
    .threshold_max = 3,
    .threshold_default = 1,
    .create = create,
    .plan_push = plan,
    .admit = admit,
    .plan_pull = plan,
};
