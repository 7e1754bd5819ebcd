/* SPDX-License-Identifier: Apache-2.0 */
/* Finds the user's own strategy among the runs of a plan. */
#include <orchestrator/plan/contender.h>

#include <string.h>

#include <common/plugin.h>

const char *rog_plan_contender(const struct rog_plan *plan)
{
    const char *own = NULL;
    bool others = false;
    if (plan->contender || plan->baseline)
        return plan->contender;
    for (size_t i = 0; i < plan->count; i++) {
        const struct rog_resolved_run *run = &plan->run[i].resolved;
        if (rog_plugin_is_installed(run->plugin))
            others = true;
        else if (own && strcmp(own, run->library) != 0)
            return NULL;
        else
            own = run->library;
    }
    return others ? own : NULL;
}
