/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_POOL_CONTROLLER_H
#define ROG_POOL_CONTROLLER_H

/*
 * Runs done by agents, seen from the database: puts tasks into a pool, follows how far they are,
 * and takes results in. The only one that touches the database, and one a pool. Killed at any
 * moment, it goes on when it is started again: agents need it for nothing.
 */

#include <orchestrator/conf/cluster.h>
#include <orchestrator/fleet/job.h>
#include <orchestrator/pool/provider.h>

struct rog_pool_options {
    const struct rog_pool_provider *provider;
    const char *file;     /* of the provider; NULL: none */
    const char *path;     /* of the pool */
    const char *rogctl;   /* this program, absolute */
    const char *sweep_id; /* among the user's sweeps; NULL: none */
    double lease_s;
    bool follows; /* until all is done; else as provider->follows */
    /* As a site's (provider.h). */
    void (*say)(void *user, const char *text);
    void (*print)(void *user, const char *line);
    void *user;
};

/* As rog_fleet_execute, with the same options and jobs, all of a cluster in virtual time; and
 * ROG_ELATER: the provider starts no agents itself, and some runs are left for those that others
 * start. ROG_EBUSY: another rogctl has the pool. ROG_EINTR: agents go on, unless `rogctl stop` has
 * asked for the end. */
int rog_pool_execute(const struct rog_cluster *cluster, const struct rog_fleet_options *options,
                     const struct rog_pool_options *pool, struct rog_fleet_job *jobs, size_t count,
                     struct rog_error *err);

/* The runs of the pool at `path`, if there is one, are to be done here: takes in what agents have
 * done (those jobs are over then), and what they have not begun out of the pool. ROG_EBUSY: agents
 * are at work, or another rogctl has the pool. */
int rog_pool_recall(const struct rog_fleet_options *options, const char *path,
                    struct rog_fleet_job *jobs, size_t count, struct rog_error *err);

/* Where the pool of a case is: results.pool/CASE beside the database. Heap memory. */
char *rog_pool_place_of(const char *db_path, const char *case_name);

#endif
