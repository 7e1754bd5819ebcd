/* SPDX-License-Identifier: Apache-2.0 */

/* A plugin of the interface's next version, which this program cannot know. */

#include <rog/strategy.h>

ROG_STRATEGY_EXPORT extern const struct rog_strategy rog_strategy_plugin;
const struct rog_strategy rog_strategy_plugin = {.abi_version = ROG_STRATEGY_ABI + 1,
                                                 .struct_size = 2 * sizeof(struct rog_strategy),
                                                 .name = "NEXT_ABI"};
