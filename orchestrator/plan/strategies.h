/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_PLAN_STRATEGIES_H
#define ROG_PLAN_STRATEGIES_H

/* The strategies of a plan's runs, each loaded once: starting one in Python takes a while. */

#include <common/plugin.h>

struct rog_strategies; /* opaque */

/* NULL without memory. */
struct rog_strategies *rog_strategies_new(void);
/* NULL is harmless. */
void rog_strategies_free(struct rog_strategies *strategies);

/* *plugin: valid until the next call. Errors: those of rog_plugin_load. */
int rog_strategies_find(struct rog_strategies *strategies, const char *library,
                        struct rog_plugin **plugin, struct rog_error *err);

#endif
