/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_POOL_AGENT_STATE_H
#define ROG_POOL_AGENT_STATE_H

/* What finds tasks (agent.c) and what has one of them executed (execute.c) share. */

#include <orchestrator/fleet/signals.h>
#include <orchestrator/inputs/content.h>
#include <orchestrator/pool/agent.h>
#include <orchestrator/pool/heart.h>

/* What an agent has for all of its tasks; borrowed. */
struct rog_pool_hand {
    struct rog_pool *pool;
    const struct rog_pool_agent_options *options;
    struct rog_signals *signals;
    struct rog_heart *heart;
    struct rog_contents *contents;
    const char *folder; /* of its own, on this machine */
    const char *agent, *host;
    double
        end_s; /* by which nothing may go on, of rog_clock_s; INFINITY: for as long as it takes */
};

enum rog_pool_outcome {
    ROG_POOL_PUBLISHED,   /* it is done, or has failed */
    ROG_POOL_FAILED,      /* the second */
    ROG_POOL_HANDED_BACK, /* another will go on with it */
    ROG_POOL_LOST,        /* another does already */
};

/* One task, from when the agent has taken it until it has given it away again. An error is the
 * agent's own trouble (this machine lacks files, its disk is full): the task is
 * handed back then, as far as that is possible. */
int rog_pool_execute_task(const struct rog_pool_hand *hand, const struct rog_pool_task *task,
                          enum rog_pool_outcome *outcome, struct rog_error *err);

#endif
