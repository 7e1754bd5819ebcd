/* SPDX-License-Identifier: Apache-2.0 */

/* A plugin as an older interface would have had it: version 0, fewer fields, other hooks. It must
 * be refused by its version alone. */

#include <stdint.h>

#include <rog/strategy.h>

struct old_strategy {
    uint32_t abi_version;
    const char *name;
};

ROG_STRATEGY_EXPORT extern const struct old_strategy rog_strategy_plugin;
const struct old_strategy rog_strategy_plugin = {.abi_version = 0, .name = "OLD_ABI"};
