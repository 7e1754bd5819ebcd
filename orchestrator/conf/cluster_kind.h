/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_CONF_CLUSTER_KIND_H
#define ROG_CONF_CLUSTER_KIND_H

/*
 * A kind of cluster: the settings of its files, the properties of its runs, and what executes them.
 * A kind is one constant of this type in the file of its executor, declared in
 * fleet/cluster_kinds.h, and a line in the table of all kinds (orchestrator/kinds.c); no other code
 * knows its name.
 */

#include <stdbool.h>
#include <stddef.h>

#include <common/settings.h>

struct rog_executor;   /* fleet/executor.h */
struct rog_connection; /* hosts/connection.h */
struct rog_connect_options;

struct rog_cluster_kind {
    const char *name;    /* `kind` in a cluster file */
    const char *summary; /* one line: what a run on it is */
    /* Runs take real time and need the cluster for themselves: one at a time. One that fails or
     * stalls is retried (rog_cluster_run_settings). A run in real time is a different run from one
     * in virtual time. */
    bool real_time;
    /* It has hosts: a server, workers that each name their host (without `count`), optionally a
     * tester, with rog_cluster_hosts_settings and rog_cluster_host_settings. */
    bool has_hosts;
    const struct rog_setting *settings; /* its own settings in the cluster file; NULL: none */
    /* Its runs are the same, byte for byte, as those of this kind, but are executed elsewhere: by
     * agents from the provider with the kind's name (pool/provider.h). NULL: it has its own
     * runs. */
    const struct rog_cluster_kind *runs_as;
    const struct rog_executor *executor;
    /* With has_hosts: connects to one of them. ROG_EINVAL: options, or a host with the wrong
     * identity; ROG_EFAILED: it cannot be reached or refuses the login; ROG_EIO; ROG_ENOMEM. */
    int (*connect)(struct rog_connection **connection, const struct rog_connect_options *options,
                   struct rog_error *err);
};

/* `kinds` is a table that ends with NULL. NULL: no kind has that name. */
const struct rog_cluster_kind *rog_cluster_kind_find(const struct rog_cluster_kind *const *kinds,
                                                     const char *name);

/* Writes the names of the kinds for which `suits` is true, "local or ssh", to `text`; returns it.
 * `name` is passed to `suits`. */
const char *rog_cluster_kind_names(const struct rog_cluster_kind *const *kinds,
                                   bool (*suits)(const struct rog_cluster_kind *kind,
                                                 const char *name),
                                   const char *name, const char *between, char *text, size_t bytes);

#endif
