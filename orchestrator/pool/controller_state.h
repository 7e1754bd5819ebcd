/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_POOL_CONTROLLER_STATE_H
#define ROG_POOL_CONTROLLER_STATE_H

/* What the parts of a controller share: it places runs (place.c), takes results in (collect.c), and
 * follows what goes on between (controller.c). */

#include <orchestrator/fleet/signals.h>
#include <orchestrator/pool/beats.h>
#include <orchestrator/pool/controller.h>

/* A job, as the controller knows it besides. */
struct rog_pool_case {
    struct rog_fleet_job *job;
    bool begun;   /* the table of runs says that it runs */
    bool seen;    /* in the list at hand */
    int missed;   /* looks in a row in which it was nowhere */
    int64_t beat; /* the sign of life that the table of progress has */
};

struct rog_pool_controller {
    const struct rog_fleet_options *options;
    const struct rog_pool_options *pool_options;
    struct rog_pool *pool;
    struct rog_signals *signals;
    struct rog_fleet_job *jobs;
    size_t count;
    struct rog_pool_case *of; /* [count], as jobs */
    size_t *by_run;           /* [count] indices of jobs, by the names of their runs */
    struct rog_pool_watch *watch;
    struct rog_json *models; /* {path: {path, sha256}}: starting models, and as the pool has them */
    struct rog_pool_counts counts;
    char says[ROG_POOL_SAYS_BYTES]; /* of the provider, the last time */
    double looked_s;                /* for what is missing */
};

/* The job of that run; NULL: it is none of ours. */
struct rog_pool_case *rog_pool_find(const struct rog_pool_controller *c, const char *run_id);
void rog_pool_set_state(struct rog_pool_controller *c, struct rog_pool_case *of,
                        enum rog_fleet_state state);
/* The run's row says that it runs, from its beginning. */
int rog_pool_begin(struct rog_pool_controller *c, struct rog_pool_case *of, struct rog_error *err);

/* Puts all jobs that wait and are nowhere in the pool into ready/. */
int rog_pool_place_all(struct rog_pool_controller *c, struct rog_error *err);
/* The same for those that were in none of several looks, as a file was lost. */
int rog_pool_place_missing(struct rog_pool_controller *c, struct rog_error *err);

/* Takes all in that is in done/. */
int rog_pool_collect(struct rog_pool_controller *c, struct rog_error *err);

#endif
