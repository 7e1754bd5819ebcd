/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_POOL_AGENT_STATE_H
#define ROG_POOL_AGENT_STATE_H

/* Shares an agent's data between agent.c, which finds tasks, and execute.c, which executes one. */

#include <orchestrator/fleet/signals.h>
#include <orchestrator/inputs/content.h>
#include <orchestrator/pool/agent.h>
#include <orchestrator/pool/heart.h>

/* What an agent uses for all of its tasks. All pointers are borrowed. */
struct rog_pool_hand {
    struct rog_pool *pool;
    const struct rog_pool_agent_options *options;
    struct rog_signals *signals;
    struct rog_heart *heart;
    struct rog_contents *contents;
    const char *folder; /* the agent's own folder on this machine */
    const char *agent, *host;
    double end_s; /* when it must stop, a time of rog_clock_s; INFINITY: no limit */
};

enum rog_pool_outcome {
    ROG_POOL_PUBLISHED,   /* the result is published, success or failure */
    ROG_POOL_FAILED,      /* the result is published as a failure */
    ROG_POOL_HANDED_BACK, /* another agent will continue the run */
    ROG_POOL_LOST,        /* another agent has taken the run */
};

/* Executes a task that the agent has taken, until it has published it or handed it back. An error
 * is a problem of this machine (missing files, a full disk). The task is then handed back if
 * possible. */
int rog_pool_execute_task(const struct rog_pool_hand *hand, const struct rog_pool_task *task,
                          enum rog_pool_outcome *outcome, struct rog_error *err);

#endif
