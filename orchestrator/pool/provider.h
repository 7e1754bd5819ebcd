/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_POOL_PROVIDER_H
#define ROG_POOL_PROVIDER_H

/*
 * A provider supplies agents for a pool (`sweep --on NAME[:FILE]`). The controller (controller.h)
 * is the same for all providers: it places the tasks before it calls `open`, and sees a single
 * pool, whatever a provider does internally.
 */

#include <stdbool.h>
#include <stddef.h>

#include <common/json.h>
#include <orchestrator/pool/pool.h>
#include <rog/error.h>

/* What agents are needed for. It outlives the provider's state. */
struct rog_pool_site {
    const char *file;      /* after the colon of --on; NULL: not given */
    const char *path;      /* of the pool, absolute */
    struct rog_pool *pool; /* NULL for `describe`, as it may not exist yet */
    const char *rogctl;    /* this program, absolute */
    const char *sweep;     /* its ID among the user's sweeps (sweeps/registry.h); NULL: none */
    const char *name;      /* name of the sweep for users: the case */
    size_t tasks;          /* number of runs to execute */
    double expected_s;     /* sum of the expected run times, as far as known */
    /* Absolute paths of the files that the runs read; NULL: none. */
    const struct rog_json *files;
    /* Prints a sentence for the user on standard error. */
    void (*say)(void *user, const char *text);
    /* Prints a line of requested output on standard output. */
    void (*print)(void *user, const char *line);
    void *user;
};

struct rog_pool_counts {
    size_t ready, taken, done; /* done: including those stored */
    size_t agents;             /* that are alive */
};

#define ROG_POOL_SAYS_BYTES 160

struct rog_pool_provider {
    const char *name; /* "list", "slurm", "hosts" */
    const char *file; /* name of FILE for --help: "FILE"; NULL: it takes none */
    bool needs_file;  /* FILE is mandatory */
    bool follows;     /* the controller runs until all is done. If false, it stores the existing
                         results, opens, steps and closes the provider once, and ends. */
    bool detaches;    /* sweeps continue without a terminal by default */
    double lease_s;   /* default of --lease; 0: ROG_POOL_LEASE_S */

    /* Checks the file before anything is changed; NULL: nothing to check. */
    int (*check)(const char *file, struct rog_error *err);
    /* Checks whether this machine has the required programs, before a sweep begins or detaches from
     * its terminal; not for --dry-run. NULL: nothing required. */
    int (*check_machine)(struct rog_error *err);
    /* Continues with what an earlier controller of the pool has started, if anything. Otherwise the
     * first step starts agents. */
    int (*open)(void **state, const struct rog_pool_site *site, struct rog_error *err);
    /* Called every second or two: keeps as many agents as are useful. Must not block for long.
     * says: a message for the user, such as "12 agents wait in the queue", or "". An error ends the
     * sweep, but not its agents. */
    int (*step)(void *state, const struct rog_pool_counts *counts, char *says, size_t bytes,
                struct rog_error *err);
    /* Makes all agents exit and hand back their tasks. */
    int (*stop)(void *state, struct rog_error *err);
    /* For --dry-run: prints with site->print what would be started. */
    int (*describe)(const struct rog_pool_site *site, struct rog_error *err);
    /* Frees the state; agents continue. NULL is allowed. */
    void (*close)(void *state);
};

extern const struct rog_pool_provider rog_pool_list_provider, rog_pool_slurm_provider,
    rog_pool_hosts_provider;

#endif
