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
 * of its own. What is of no use for a kind is refused there.
 *
 * A group of `workers` is one worker, or as many as its `count` says or as its host stands for,
 * host = "robot{1..30}" (ranges.h), in that order; its address then has a range as well. What a
 * group does not say, worker_defaults says. Profiles are groups, PROFILE = { step_s = ...; }, whose
 * settings hold for the workers that name them, where neither says otherwise.
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
    char *name;                          /* as it was asked for, without folder and .conf */
    const struct rog_cluster_kind *kind; /* what its runs are */
    /* What executes them, where that is agents: the name of the file's kind, which has a `runs_as`;
     * NULL: this process does. */
    const char *on;
    struct rog_json *own; /* {settings of kind->settings} */
    /* [{rank, settings of rog_cluster_host_settings and rog_worker_settings, profile filled in}] */
    struct rog_json *workers;
    /* [{rank, step_s, ...}]: times of workers that are those of the default profile, as nobody has
     * given them or named a profile */
    struct rog_json *assumed;
    struct rog_json *server; /* {host, rog_cluster_host_settings}; NULL when not given */
    struct rog_json *tester; /* the same */
    /* rog_cluster_run_settings; of use where processes are real */
    double stall_limit_s, worker_timeout_s, state_period_s;
    int retries, restarts;
    size_t min_workers; /* to begin with and to go on with; 0: all, and one */
    /* rog_cluster_hosts_settings */
    unsigned port;
    bool downlink_at_server; /* also where the workers could shape it */
    double lease_s;
};

/* `given` is a file, relative to `folder` (NULL: the current one), the bare name of one of the
 * files that come with the program ("virtual4"), or "lab" for the lab of this machine.
 * `profiles_path` is the file of device profiles, `kinds` the table of kinds, which ends in NULL.
 */
int rog_cluster_read(struct rog_cluster **cluster, const char *given, const char *folder,
                     const char *profiles_path, const struct rog_cluster_kind *const *kinds,
                     struct rog_error *err);
void rog_cluster_free(struct rog_cluster *cluster);
/* Whether a file, found as above, describes one: it has workers. One that cannot be read does not.
 */
bool rog_cluster_is_described(const char *given);

/* Where the others of a training reach a host of those settings: its `address`, else `known`, which
 * its `host` stands for (hosts/connection.h), else (NULL) `host`. */
const char *rog_cluster_address(const struct rog_json *host, const char *known);
/* Where workers reach the server, "HOST:PORT"; `known` as there. Heap memory. */
char *rog_cluster_server(const struct rog_cluster *cluster, const char *known);

/* Whether cluster files of some kind, or their hosts and workers, have a setting of that name. */
bool rog_cluster_has_setting(const char *name);

/* How runs of real processes are kept going. */
extern const struct rog_setting rog_cluster_run_settings[];
/* What else may stand at top level of a cluster file. */
extern const struct rog_setting rog_cluster_settings[];
/* How runs on hosts are. */
extern const struct rog_setting rog_cluster_hosts_settings[];
/* What a server, worker or tester on a host has. */
extern const struct rog_setting rog_cluster_host_settings[];

#endif
