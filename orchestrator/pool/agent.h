/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_POOL_AGENT_H
#define ROG_POOL_AGENT_H

/*
 * An agent: does one task of a pool after the other, with the code that executes runs anywhere
 * (fleet/runner.h) and a database of its own, which is gone when it ends.
 */

#include <stdbool.h>
#include <stddef.h>

#include <orchestrator/pool/pool.h>

struct rog_pool_agent_options {
    const char *trainer; /* path of rog-trainer */
    const char *run;     /* this run alone; NULL: whichever there are */
    double time_s;       /* for so long it may go on; 0: for as long as it takes */
    int processors;      /* that a run may count on, >= 1 */
    bool no_wait;        /* for what others do, and might not finish */
    /* A sentence for people. */
    void (*say)(void *user, const char *text);
    void *user;
};

struct rog_pool_agent_result {
    size_t done, failed; /* by this one */
    bool left;           /* there is work for others */
};

/* Until nothing is left, its time is over, it is told to end (a signal, rog_pool_stop_agents), or
 * what keeps it from working is its own trouble (an error). */
int rog_pool_agent_run(struct rog_pool *pool, const struct rog_pool_agent_options *options,
                       struct rog_pool_agent_result *result, struct rog_error *err);

#endif
