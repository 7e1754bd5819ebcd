/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_POOL_CONTROLLER_H
#define ROG_POOL_CONTROLLER_H

/*
 * Executes runs by agents: puts tasks into a pool, follows their progress and stores their results.
 * Each pool has one controller, and only it touches the database. If it is killed, it resumes when
 * it is restarted; agents work without it.
 */

#include <orchestrator/conf/cluster.h>
#include <orchestrator/fleet/job.h>
#include <orchestrator/pool/provider.h>

struct rog_pool_options {
    const struct rog_pool_provider *provider;
    const char *file;     /* the provider's settings; NULL: none */
    const char *path;     /* of the pool */
    const char *rogctl;   /* this program, absolute */
    const char *sweep_id; /* ID among the user's sweeps; NULL: none */
    double lease_s;
    bool follows; /* follow until all is done; false: as in provider->follows */
    /* As in struct rog_pool_site (provider.h). */
    void (*say)(void *user, const char *text);
    void (*print)(void *user, const char *line);
    void *user;
};

/* Works like rog_fleet_execute, with the same options and jobs, whose cluster must be virtual.
 * Additional errors: ROG_ELATER if the provider starts no agents itself and runs are left for
 * agents that others start; ROG_EBUSY if another rogctl has the pool; ROG_EINTR after a signal
 * (agents continue) or `rogctl stop` (agents exit). */
int rog_pool_execute(const struct rog_cluster *cluster, const struct rog_fleet_options *options,
                     const struct rog_pool_options *pool, struct rog_fleet_job *jobs, size_t count,
                     struct rog_error *err);

/* Prepares to execute the runs of the pool at `path`, if it exists, on this machine: stores the
 * results of agents, whose jobs are then over, and removes tasks that have not begun. Returns
 * ROG_EBUSY if agents are working or another rogctl has the pool. */
int rog_pool_recall(const struct rog_fleet_options *options, const char *path,
                    struct rog_fleet_job *jobs, size_t count, struct rog_error *err);

/* Returns the path of a case's pool: results.pool/CASE beside the database. Heap memory. */
char *rog_pool_place_of(const char *db_path, const char *case_name);

#endif
