/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_PLAN_MATCH_H
#define ROG_PLAN_MATCH_H

/* A plan held against what a database has: which run of it is which recorded one. */

#include <orchestrator/plan/plan.h>

/* Decides the case and, of each run, what is to be done, under which name and why; and which runs
 * leave the case. `db` NULL is an empty one. Changes nothing. With `fresh` a new case is begun. */
int rog_plan_match(struct rog_plan *plan, struct rog_db *db, bool fresh, struct rog_error *err);

#endif
