/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_PLAN_CONTENDER_H
#define ROG_PLAN_CONTENDER_H

/* Whose gains a case is about. */

#include <orchestrator/plan/plan.h>

/* Whom the plan names; where it names nobody, and no baseline, the one library of its runs that did
 * not come with the program: who compares a strategy of their own with others asks what theirs
 * gains. NULL where there is none or several, or nothing else. Borrowed from the plan. */
const char *rog_plan_contender(const struct rog_plan *plan);

#endif
