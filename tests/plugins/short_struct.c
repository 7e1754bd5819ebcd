/* SPDX-License-Identifier: Apache-2.0 */

/* The right version, but a structure that ends before the required hooks. */

#include <stdint.h>

#include <rog/strategy.h>

struct short_strategy {
    uint32_t abi_version;
    uint32_t struct_size;
    const char *name;
};

ROG_STRATEGY_EXPORT extern const struct short_strategy rog_strategy_plugin;
const struct short_strategy rog_strategy_plugin = {
    .abi_version = ROG_STRATEGY_ABI, .struct_size = sizeof(struct short_strategy), .name = "SHORT"};
