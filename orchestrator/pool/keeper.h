/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_POOL_KEEPER_H
#define ROG_POOL_KEEPER_H

/*
 * Supervises several agents of one machine, each a process.
 *
 * With a lease, a controller on another machine has created the pool on this machine
 * (hosts_state.h) and fills it. The keeper then hands back the tasks of killed agents and restarts
 * these; it also restarts agents that ended because nothing was ready, as soon as a task is. It
 * removes the pool and ends when the file `over` exists or the content of `lease` has not changed
 * for the length of the lease, by this machine's clock. While `stop` exists it starts no agents.
 * `keeper` contains its process id; `trouble` exists while agents fail again and again.
 */

#include <stdbool.h>
#include <stddef.h>

#include <rog/error.h>

#define ROG_POOL_KEEPER_FILE "keeper"
#define ROG_POOL_LEASE_FILE "lease"
#define ROG_POOL_OVER_FILE "over"
#define ROG_POOL_TROUBLE_FILE "trouble"

struct rog_pool_keeper {
    const char *const *agent; /* the command of one agent; ends with NULL */
    const char *pool;         /* folder of the pool, absolute */
    size_t slots;
    double lease_s; /* length of the lease; 0: no lease */
};

/* Runs until all agents have ended. Sets *left if agents report by their exit status that work is
 * left. Returns ROG_EFAILED for the last agent that failed. Forwards SIGTERM and SIGINT to the
 * agents. */
int rog_pool_keep(const struct rog_pool_keeper *keeper, bool *left, struct rog_error *err);

#endif
