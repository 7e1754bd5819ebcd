/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_PLAN_WHY_H
#define ROG_PLAN_WHY_H

/* Why the runs of a plan are to be done, in words. */

#include <orchestrator/plan/plan.h>
#include <orchestrator/store/identity.h>

/* Sets `why` of every run that is not done. found[i] is the place in `list` of what stands for run
 * i or stood in its place, list->count where nothing does; taken[k]: list->run[k] is such a one. */
int rog_plan_explain(struct rog_plan *plan, struct rog_db *db, const struct rog_recorded_list *list,
                     const size_t *found, const bool *taken, struct rog_error *err);

#endif
