/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_ORCHESTRATOR_REHEARSE_H
#define ROG_ORCHESTRATOR_REHEARSE_H

/* Whether the runs of a plan could begin, looked at without beginning any and without a connection:
 * for --dry-run and `rogctl run`. */

#include <common/json.h>
#include <orchestrator/conf/cluster.h>
#include <orchestrator/plan/plan.h>

/*
 * Has the trainer (its path) look at what the runs that are to be done read: plugins, traces, step
 * times, starting models, data sets; and looks for the files that a cluster of hosts needs here.
 * *faults becomes {"place of the run in the plan": why it could not begin}.
 */
int rog_rehearse(const struct rog_plan *plan, const struct rog_cluster *cluster,
                 const char *trainer, struct rog_json **faults, struct rog_error *err);

/* Why the run at this place could not begin; NULL: it could. */
const char *rog_rehearse_fault(const struct rog_json *faults, size_t index);

#endif
