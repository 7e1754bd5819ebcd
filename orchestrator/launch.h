/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_ORCHESTRATOR_LAUNCH_H
#define ROG_ORCHESTRATOR_LAUNCH_H

/* From a plan to recorded runs: what `sweep` and `run` have in common. */

#include <orchestrator/conf/cluster.h>
#include <orchestrator/fleet/fleet.h>
#include <orchestrator/plan/duration.h>
#include <orchestrator/plan/plan.h>
#include <orchestrator/pool/controller.h>
#include <orchestrator/store/db.h>
#include <orchestrator/sweeps/registry.h>
#include <orchestrator/terminal/output.h>

struct rog_launch {
    const struct rog_cluster *cluster;
    struct rog_db *db;
    const char *trainer; /* path of rog-trainer */
    int jobs;            /* runs at once; 0: as many as there are processors */
    bool fresh;
    bool no_wait; /* hosts that others have are not waited for */
    struct rog_output output;
    struct rog_sweep *sweep;         /* of this process; NULL: it is not noted */
    const char *on_done, *on_failed; /* hooks.h; NULL: none */
    /* Agents do the runs of the plan, which is that of a case: without path and sweep_id. NULL:
     * they are executed here. */
    const struct rog_pool_options *pool;
    const char *mlflow; /* server that runs are sent to while they are executed; NULL: none */
    bool mlflow_lacks;  /* out: it was away in the end */
};

/* Records the plan, says what it continues, and executes what is not done. Results as
 * rog_fleet_execute; the reasons of failed runs have been printed then, so that one run alone that
 * has failed is ROG_EREPORTED. */
int rog_launch(struct rog_launch *launch, struct rog_plan *plan, struct rog_error *err);

/* Enters this process among the user's sweeps, for others to look at; `name` is what its ID begins
 * with, `database` --db. One that cannot be entered is no worse for it: NULL, which the other
 * takes, and a remark. */
struct rog_sweep *rog_launch_enter(const struct rog_output *output, const char *name,
                                   const char *database);
/* ROG_EBUSY, and which: another sweep of this user is about to do runs of this plan, which
 * rog_plan_match or rog_plan_record has named. In real time no two can share them, as both need all
 * of the hosts. `own_id` is this sweep's; NULL: it has none. */
int rog_launch_look_for_others(const struct rog_plan *plan, const struct rog_db *db,
                               const char *own_id, struct rog_error *err);
/* It ends with this code and, if that is an error, for this reason. */
void rog_launch_leave(struct rog_sweep *sweep, int code, const struct rog_error *err);

/* Says what people should know of the plan (plan/remarks.h). */
int rog_launch_remark(const struct rog_output *output, const struct rog_plan *plan,
                      struct rog_error *err);

/* What can be said of a plan's runs before they run. */
struct rog_forecast {
    struct rog_json *faults;        /* rehearse.h */
    struct rog_durations durations; /* plan/duration.h */
    int jobs;                       /* runs at once; 0: as many as there are processors */
};

/* The plan as it would be executed, on standard output (--dry-run). */
int rog_launch_show_plan(const struct rog_output *output, const struct rog_plan *plan,
                         const struct rog_forecast *forecast, struct rog_error *err);

#endif
