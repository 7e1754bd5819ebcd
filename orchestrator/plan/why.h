/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_PLAN_WHY_H
#define ROG_PLAN_WHY_H

/* Explains why the runs of a plan are to be done. */

#include <orchestrator/plan/plan.h>
#include <orchestrator/store/identity.h>

/* Sets `why` of every run that is not done. found[i] is the index in `list` of the recorded run for
 * run i, or of the one that it replaces; list->count if there is none. taken[k]: list->run[k] is
 * assigned to a run. */
int rog_plan_explain(struct rog_plan *plan, struct rog_db *db, const struct rog_recorded_list *list,
                     const size_t *found, const bool *taken, struct rog_error *err);

#endif
