/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_ORCHESTRATOR_REHEARSE_H
#define ROG_ORCHESTRATOR_REHEARSE_H

/* Checks whether the runs of a plan could start, without starting any and without a connection: for
 * --dry-run and `rogctl run`. */

#include <common/json.h>
#include <orchestrator/conf/cluster.h>
#include <orchestrator/plan/plan.h>

/*
 * Has the trainer (its path) check what the runs that are to be done read: plugins, traces, step
 * times, initial models, data sets; and checks the local files that a cluster of hosts needs.
 * *faults becomes {"index of the run in the plan": why it could not start}.
 */
int rog_rehearse(const struct rog_plan *plan, const struct rog_cluster *cluster,
                 const char *trainer, struct rog_json **faults, struct rog_error *err);

/* Returns why the run at this index could not start; NULL: it could. */
const char *rog_rehearse_fault(const struct rog_json *faults, size_t index);

#endif
