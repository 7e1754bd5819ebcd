/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_POOL_AGENT_H
#define ROG_POOL_AGENT_H

/*
 * An agent executes tasks of a pool, one after the other, with the code that executes all runs
 * (fleet/runner.h). It has a database of its own, which is deleted when it ends.
 */

#include <stdbool.h>
#include <stddef.h>

#include <orchestrator/pool/pool.h>

struct rog_pool_agent_options {
    const char *trainer; /* path of rog-trainer */
    const char *run;     /* the only run to take; NULL: any */
    double time_s;       /* seconds that it may run; 0: no limit */
    int processors;      /* that a run may use, >= 1 */
    bool no_wait;        /* exits even if tasks of other agents might be left unfinished */
    /* Prints a sentence for the user. */
    void (*say)(void *user, const char *text);
    void *user;
};

struct rog_pool_agent_result {
    size_t done, failed; /* by this agent */
    bool left;           /* work is left for other agents */
};

/* Runs until nothing is left, its time is over, it is told to exit (by a signal or
 * rog_pool_stop_agents), or an error of this machine keeps it from working. */
int rog_pool_agent_run(struct rog_pool *pool, const struct rog_pool_agent_options *options,
                       struct rog_pool_agent_result *result, struct rog_error *err);

#endif
