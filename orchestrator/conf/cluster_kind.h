/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_CONF_CLUSTER_KIND_H
#define ROG_CONF_CLUSTER_KIND_H

/*
 * What a kind of cluster is: which settings its files have, what its runs are like, and what
 * executes them. A kind is one constant of this type in the file of its executor, declared in
 * fleet/cluster_kinds.h, and its line in the table of all (orchestrator/kinds.c); nobody else asks
 * for its name.
 */

#include <stdbool.h>
#include <stddef.h>

#include <common/settings.h>

struct rog_executor;   /* fleet/executor.h */
struct rog_connection; /* hosts/connection.h */
struct rog_connect_options;

struct rog_cluster_kind {
    const char *name;    /* `kind` in a cluster file */
    const char *summary; /* one line: what a run is there */
    /* Runs take as long as they say and need the cluster for themselves: one at a time. One that
     * fails or stands still is begun again (rog_cluster_run_settings). A run in real time is not
     * the same as one in virtual time. */
    bool real_time;
    /* It has hosts: a server, workers that each name theirs (without `count`), perhaps a tester,
     * with rog_cluster_hosts_settings and rog_cluster_host_settings. */
    bool has_hosts;
    const struct rog_setting *settings; /* of its own in the cluster file; NULL: none */
    /* Its runs are those of this kind, in every byte, and executed elsewhere: by agents that the
     * provider of the kind's name sees to (pool/provider.h). NULL: they are its own. */
    const struct rog_cluster_kind *runs_as;
    const struct rog_executor *executor;
    /* With has_hosts: connects to one of them. ROG_EINVAL: options, or a host that is not who it
     * was; ROG_EFAILED: it cannot be reached or refuses the login; ROG_EIO; ROG_ENOMEM. */
    int (*connect)(struct rog_connection **connection, const struct rog_connect_options *options,
                   struct rog_error *err);
};

/* `kinds` is a table that ends in NULL. NULL: none of that name. */
const struct rog_cluster_kind *rog_cluster_kind_find(const struct rog_cluster_kind *const *kinds,
                                                     const char *name);

/* Writes the names of those that `suits` is true of, "local or ssh", to `text`; returns it. `name`
 * is handed to `suits`. */
const char *rog_cluster_kind_names(const struct rog_cluster_kind *const *kinds,
                                   bool (*suits)(const struct rog_cluster_kind *kind,
                                                 const char *name),
                                   const char *name, const char *between, char *text, size_t bytes);

#endif
