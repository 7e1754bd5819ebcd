/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_CONF_CLUSTER_H
#define ROG_CONF_CLUSTER_H

/*
 * Cluster files and device profiles.
 *
 *     kind = "virtual";                                or another (cluster_kind.h)
 *     server = { host = "10.42.0.1"; user = "user"; iface = "wls1"; };
 *     workers = ( { profile = "jetson-nx"; batch = 24; count = 4; }, ... );
 *     worker_defaults = { local_steps = 1; };
 *     tester = { host = "..."; };
 *
 * Clusters in real time also have rog_cluster_run_settings; those that have hosts have
 * rog_cluster_hosts_settings, and their hosts rog_cluster_host_settings; a kind may have settings
 * of its own. Settings that do not apply to the file's kind are errors.
 *
 * A group of `workers` is one worker, or several: `count` of them, or one for each name in host =
 * "robot{1..30}" (ranges.h), in that order; its address then has a range as well. Settings that a
 * group lacks come from worker_defaults. Profiles are groups, PROFILE = { step_s = ...; }, whose
 * settings apply to the workers that name them, unless given by the worker or the defaults.
 */

#include <stdbool.h>
#include <stddef.h>

#include <common/json.h>
#include <common/settings.h>
#include <orchestrator/conf/cluster_kind.h>
#include <rog/error.h>

#define ROG_CLUSTER_MAX_WORKERS 100000

struct rog_cluster {
    char *path;
    char *name;                          /* as requested, without folder and .conf */
    const struct rog_cluster_kind *kind; /* kind of its runs */
    /* If agents execute them: the name of the file's kind, which has a `runs_as`; NULL: this
     * process does. */
    const char *on;
    struct rog_json *own; /* {settings of kind->settings} */
    /* [{rank, settings of rog_cluster_host_settings and rog_worker_settings, profile filled in}] */
    struct rog_json *workers;
    /* [{rank, step_s, ...}]: times that workers have from the default profile, because neither
     * times nor a profile were given */
    struct rog_json *assumed;
    struct rog_json *server; /* {host, rog_cluster_host_settings}; NULL if not given */
    struct rog_json *tester; /* the same */
    /* rog_cluster_run_settings; only for real processes */
    double stall_limit_s, worker_timeout_s, state_period_s;
    int retries, restarts;
    size_t min_workers; /* needed to start and to continue; 0: all to start, one to continue */
    /* rog_cluster_hosts_settings */
    unsigned port;
    /* Shape the downlink at the server even if the workers could shape it. */
    bool downlink_at_server;
    double lease_s;
};

/* `given` is a file, relative to `folder` (NULL: the current one), the bare name of an installed
 * file ("virtual4"), or "lab" for the lab of this machine. `profiles_path` is the file of device
 * profiles, `kinds` the table of kinds, which ends with NULL. */
int rog_cluster_read(struct rog_cluster **cluster, const char *given, const char *folder,
                     const char *profiles_path, const struct rog_cluster_kind *const *kinds,
                     struct rog_error *err);
void rog_cluster_free(struct rog_cluster *cluster);
/* Whether a file, found as above, describes a cluster, that is, has workers. False if it cannot be
 * read. */
bool rog_cluster_is_described(const char *given);

/* The address at which other nodes reach a host with these settings: its `address`, otherwise
 * `known`, the address that its `host` resolves to (hosts/connection.h), otherwise (`known` is
 * NULL) its `host`. */
const char *rog_cluster_address(const struct rog_json *host, const char *known);
/* The address of the server for workers, "HOST:PORT"; `known` as above. Heap memory. */
char *rog_cluster_server(const struct rog_cluster *cluster, const char *known);

/* Whether cluster files of any kind, or their hosts and workers, have a setting with that name. */
bool rog_cluster_has_setting(const char *name);

/* How runs of real processes are supervised. */
extern const struct rog_setting rog_cluster_run_settings[];
/* Other settings at top level of a cluster file. */
extern const struct rog_setting rog_cluster_settings[];
/* Settings of runs on hosts. */
extern const struct rog_setting rog_cluster_hosts_settings[];
/* Settings of a server, worker or tester on a host. */
extern const struct rog_setting rog_cluster_host_settings[];

#endif
