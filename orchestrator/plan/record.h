/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_PLAN_RECORD_H
#define ROG_PLAN_RECORD_H

/* Records a plan in a database. */

#include <orchestrator/plan/plan.h>

/* Does rog_plan_match, and records the case and new runs as planned, in one transaction: if two
 * processes have the same plan, the second finds what the first has recorded. */
int rog_plan_record(struct rog_plan *plan, struct rog_db *db, bool fresh, struct rog_error *err);

#endif
