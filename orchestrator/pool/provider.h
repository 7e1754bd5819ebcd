/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_POOL_PROVIDER_H
#define ROG_POOL_PROVIDER_H

/*
 * Who sees to it that there are agents for a pool (`sweep --on NAME[:FILE]`). The controller, the
 * same for all (controller.h), has placed the tasks before `open`, and sees one pool, whatever a
 * provider does below.
 */

#include <stdbool.h>
#include <stddef.h>

#include <common/json.h>
#include <orchestrator/pool/pool.h>
#include <rog/error.h>

/* What agents are wanted for; outlives the provider's state. */
struct rog_pool_site {
    const char *file;      /* behind the colon of --on; NULL: none was given */
    const char *path;      /* of the pool, absolute */
    struct rog_pool *pool; /* NULL for `describe`: there may be none yet */
    const char *rogctl;    /* this program, absolute */
    const char *sweep;     /* its ID among the user's sweeps (sweeps/registry.h); NULL: none */
    const char *name;      /* what the runs are together: the case */
    size_t tasks;          /* to be done */
    double expected_s;     /* sum of what they may take, of those where it is known */
    /* A sentence for people, on standard error. */
    void (*say)(void *user, const char *text);
    /* A line of what was asked for, on standard output. */
    void (*print)(void *user, const char *line);
    void *user;
};

struct rog_pool_counts {
    size_t ready, taken, done; /* done: collected, too */
    size_t agents;             /* alive */
};

#define ROG_POOL_SAYS_BYTES 160

struct rog_pool_provider {
    const char *name; /* "list", "slurm", "hosts" */
    const char *file; /* what FILE is, for --help: "FILE"; NULL: it takes none */
    bool needs_file;  /* else it is optional */
    bool follows;     /* the controller goes on until all is done. Without: it collects what
                         there is, opens, steps and closes the provider once, and ends. */
    bool detaches;    /* sweeps go on without a terminal unless told otherwise */
    double lease_s;   /* of its agents, where --lease does not say; 0: ROG_POOL_LEASE_S */

    /* Whether the file is right, before anything is changed; NULL: there is nothing to check. */
    int (*check)(const char *file, struct rog_error *err);
    /* Whether this machine has the programs that it needs, before a sweep begins or goes on without
     * its terminal; not for --dry-run. NULL: it needs none. */
    int (*check_machine)(struct rog_error *err);
    /* Takes up what an earlier controller of the pool has begun, else begins with its first step.
     */
    int (*open)(void **state, const struct rog_pool_site *site, struct rog_error *err);
    /* Every second or two: keeps as many agents as are useful; does not wait long. says: what
     * people should know now, "12 agents wait in the queue"; "" for nothing. An error ends the
     * sweep, agents go on. */
    int (*step)(void *state, const struct rog_pool_counts *counts, char *says, size_t bytes,
                struct rog_error *err);
    /* No agents any more: those that there are end, and hand back what they do. */
    int (*stop)(void *state, struct rog_error *err);
    /* --dry-run: what would be started, by site->print. */
    int (*describe)(const struct rog_pool_site *site, struct rog_error *err);
    /* Agents go on. NULL is harmless. */
    void (*close)(void *state);
};

extern const struct rog_pool_provider rog_pool_list_provider, rog_pool_slurm_provider,
    rog_pool_hosts_provider;

#endif
