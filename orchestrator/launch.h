/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_ORCHESTRATOR_LAUNCH_H
#define ROG_ORCHESTRATOR_LAUNCH_H

/* From a plan to recorded runs: shared by `sweep` and `run`. */

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
    int jobs;            /* runs at the same time; 0: the number of processors */
    bool fresh;
    bool no_wait; /* fails instead of waiting for hosts that are in use */
    struct rog_output output;
    struct rog_sweep *sweep;         /* entry of this process in the registry; NULL: none */
    const char *on_done, *on_failed; /* hooks.h; NULL: none */
    /* Agents execute the runs of the plan, which is that of a case; path and sweep_id are set by
     * rog_launch. NULL: the runs are executed by this process. */
    const struct rog_pool_options *pool;
    const char *mlflow; /* server that receives runs while they are executed; NULL: none */
    bool mlflow_lacks;  /* out: the server was unreachable at the end */
};

/* Records the plan, reports what it continues, and executes what is not done. Results as
 * rog_fleet_execute; the reasons of failed runs have then been printed, so that a single failed run
 * is ROG_EREPORTED. */
int rog_launch(struct rog_launch *launch, struct rog_plan *plan, struct rog_error *err);

/* Adds this process to the registry of the user's sweeps, for other commands; `name` is what its ID
 * begins with, `database` --db. On failure prints a remark and returns NULL, which other functions
 * accept: the sweep itself can run without an entry. */
struct rog_sweep *rog_launch_enter(const struct rog_output *output, const char *name,
                                   const char *database);
/* Fails with ROG_EBUSY and a message if another sweep of this user is about to execute runs of this
 * plan (after rog_plan_match or rog_plan_record). In real time two sweeps cannot share runs,
 * because both need all of the hosts. `own_id` is this sweep's; NULL: it has none. */
int rog_launch_look_for_others(const struct rog_plan *plan, const struct rog_db *db,
                               const char *own_id, struct rog_error *err);
/* Marks the sweep in the registry as ended with this code and, for an error, this message. */
void rog_launch_leave(struct rog_sweep *sweep, int code, const struct rog_error *err);

/* Prints remarks on the plan (plan/remarks.h). */
int rog_launch_remark(const struct rog_output *output, const struct rog_plan *plan,
                      struct rog_error *err);

/* What is known about a plan's runs before they start. */
struct rog_forecast {
    struct rog_json *faults;        /* rehearse.h */
    struct rog_durations durations; /* plan/duration.h */
    int jobs;                       /* runs at the same time; 0: the number of processors */
};

/* Prints the plan as it would be executed (--dry-run). */
int rog_launch_show_plan(const struct rog_output *output, const struct rog_plan *plan,
                         const struct rog_forecast *forecast, struct rog_error *err);

#endif
