/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_PLAN_MATCH_H
#define ROG_PLAN_MATCH_H

/* Compares a plan with a database: which of its runs is which recorded run. */

#include <orchestrator/plan/plan.h>

/* Decides the case, and for each run what is to be done, under which name and why; and which runs
 * leave the case. `db` NULL: empty. Changes nothing in the database. `fresh`: start a new case. */
int rog_plan_match(struct rog_plan *plan, struct rog_db *db, bool fresh, struct rog_error *err);

#endif
