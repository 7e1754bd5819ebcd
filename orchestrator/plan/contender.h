/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_PLAN_CONTENDER_H
#define ROG_PLAN_CONTENDER_H

/* The contender of a case. */

#include <orchestrator/plan/plan.h>

/* Returns the contender that the plan names. If it names neither contender nor baseline, returns
 * the only library of its runs that is not installed with the program: a user who compares an own
 * strategy with others wants to know its gain. NULL if there is none, or several, or no other
 * library. Borrowed from the plan. */
const char *rog_plan_contender(const struct rog_plan *plan);

#endif
