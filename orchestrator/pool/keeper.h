/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_POOL_KEEPER_H
#define ROG_POOL_KEEPER_H

/*
 * Several agents of one machine, each a process, looked after by one.
 *
 * With a lease the pool is one that a controller elsewhere has made on this machine (hosts_state.h)
 * and fills. Then what agents had that were killed is handed back and they are started again, as
 * those are that have ended as nothing was ready when something is; the keeper ends when the file
 * `over` is there or the content of `lease` has not changed for so long, by this machine's clock,
 * and removes the pool. While `stop` is there it starts none. `keeper` has its process number;
 * `trouble` is there while agents fail one after the other.
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
    const char *pool;         /* its folder, absolute */
    size_t slots;
    double lease_s; /* 0: there is none */
};

/* Until all agents have ended. *left: something is left to do, as they say by their exit status.
 * ROG_EFAILED: the last of them that failed. A signal (SIGTERM, SIGINT) is passed on to them. */
int rog_pool_keep(const struct rog_pool_keeper *keeper, bool *left, struct rog_error *err);

#endif
