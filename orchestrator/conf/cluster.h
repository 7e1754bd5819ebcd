/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_CONF_CLUSTER_H
#define ROG_CONF_CLUSTER_H

/*
 * Cluster files and device profiles.
 *
 *     kind = "virtual";                                or "local", "ssh"
 *     server = { host = "10.42.0.1"; user = "user"; iface = "wls1"; };
 *     workers = ( { profile = "jetson-nx"; batch = 24; count = 4; }, ... );
 *     tester = { host = "..."; };
 *
 * Clusters of real processes also have rog_cluster_run_settings; those of real hosts (kind ssh)
 * have rog_cluster_ssh_settings, and their hosts rog_cluster_host_settings. What is of no use for a
 * kind is refused there. `count` repeats a worker of a virtual or local cluster. Profiles are
 * groups, PROFILE = { step_s = ...; }, whose settings hold for the workers that name them, where
 * the worker does not say otherwise.
 */

#include <stdbool.h>
#include <stddef.h>

#include <common/json.h>
#include <common/settings.h>
#include <rog/error.h>

#define ROG_CLUSTER_MAX_WORKERS 100000
#define ROG_CLUSTER_LAB_DIR "/run/rogctl-lab" /* where `rogctl lab` keeps its cluster.conf */

enum rog_cluster_kind { ROG_CLUSTER_VIRTUAL, ROG_CLUSTER_LOCAL, ROG_CLUSTER_SSH };

struct rog_cluster {
    char *path;
    char *name; /* as it was asked for, without folder and .conf */
    enum rog_cluster_kind kind;
    char *ssh_config; /* NULL: ~/.ssh/config and the system's */
    /* [{rank, settings of rog_cluster_host_settings and rog_worker_settings, profile filled in}] */
    struct rog_json *workers;
    struct rog_json *server; /* {host, rog_cluster_host_settings}; NULL when not given */
    struct rog_json *tester; /* the same */
    /* rog_cluster_run_settings; of use where processes are real */
    double stall_limit_s, worker_timeout_s;
    int retries, restarts;
    /* rog_cluster_ssh_settings */
    unsigned port;
    bool downlink_at_server; /* also where the workers could shape it */
    double lease_s;
};

/* `path` is a file, the bare name of one of the files that come with the program ("virtual4"), or
 * "lab" for the lab of this machine. `profiles_path` is the file of device profiles. */
int rog_cluster_read(struct rog_cluster **cluster, const char *path, const char *profiles_path,
                     struct rog_error *err);
void rog_cluster_free(struct rog_cluster *cluster);

/* How runs of real processes are kept going. */
extern const struct rog_setting rog_cluster_run_settings[];
/* How runs on real hosts are. */
extern const struct rog_setting rog_cluster_ssh_settings[];
/* What a server, worker or tester on a real host has. */
extern const struct rog_setting rog_cluster_host_settings[];

const char *rog_cluster_kind_name(enum rog_cluster_kind kind);

#endif
