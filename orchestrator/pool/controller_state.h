/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_POOL_CONTROLLER_STATE_H
#define ROG_POOL_CONTROLLER_STATE_H

/* Shares a controller's data: place.c places runs, collect.c stores results, controller.c follows
 * runs in between. */

#include <orchestrator/fleet/signals.h>
#include <orchestrator/pool/beats.h>
#include <orchestrator/pool/controller.h>

/* A job, with what the controller knows of it. */
struct rog_pool_case {
    struct rog_fleet_job *job;
    bool begun;   /* its row in `runs` has the status "running" */
    bool seen;    /* found in the current listing */
    int missed;   /* consecutive listings without it */
    int64_t beat; /* last heartbeat that was written to `progress` */
};

struct rog_pool_controller {
    const struct rog_fleet_options *options;
    const struct rog_pool_options *pool_options;
    struct rog_pool *pool;
    struct rog_signals *signals;
    struct rog_fleet_job *jobs;
    size_t count;
    struct rog_pool_case *of; /* [count], in the order of jobs */
    size_t *by_run;           /* [count] indices of jobs, sorted by run */
    struct rog_pool_watch *watch;
    struct rog_json *models; /* {path: {path, sha256}}: starting models, copies in the pool */
    struct rog_pool_counts counts;
    char says[ROG_POOL_SAYS_BYTES]; /* the provider's last message */
    double looked_s;                /* time of the last search for missing runs */
};

/* Finds the job of a run; NULL: not one of this controller's jobs. */
struct rog_pool_case *rog_pool_find(const struct rog_pool_controller *c, const char *run_id);
void rog_pool_set_state(struct rog_pool_controller *c, struct rog_pool_case *of,
                        enum rog_fleet_state state);
/* Records in the run's row that it runs, from its beginning. */
int rog_pool_begin(struct rog_pool_controller *c, struct rog_pool_case *of, struct rog_error *err);

/* Puts all waiting jobs that are not in the pool into ready/. */
int rog_pool_place_all(struct rog_pool_controller *c, struct rog_error *err);
/* Does the same for jobs that several listings did not contain because a file was lost. */
int rog_pool_place_missing(struct rog_pool_controller *c, struct rog_error *err);

/* Stores all results in done/. */
int rog_pool_collect(struct rog_pool_controller *c, struct rog_error *err);

#endif
