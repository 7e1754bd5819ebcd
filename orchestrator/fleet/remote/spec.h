/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FLEET_REMOTE_SPEC_H
#define ROG_FLEET_REMOTE_SPEC_H

/*
 * What the supervisor of a host (`rog-trainer host`) is to do, and how the bandwidth of a run is
 * replayed on its hosts. No connection is needed for this.
 */

#include <stdbool.h>
#include <stddef.h>

#include <common/json.h>
#include <orchestrator/conf/cluster.h>
#include <rog/error.h>

/* Most that achieved bandwidth may differ from the requested, as a share. */
#define ROG_REMOTE_TOLERANCE 0.05

/* What can be shaped on a host. */
struct rog_remote_right {
    bool egress, ingress; /* what its interface sends and receives */
    bool downlink;        /* what it sends, by address */
    char why_not[256];    /* what is in the way, "" where nothing is */
    bool needless;        /* of a worker: its link has no limit */
};
/* From the answer of `rog-trainer shape --probe --json`; NULL: the host has no iface setting.
 * ROG_EINVAL: what that setting says is no interface. */
int rog_remote_right_read(struct rog_remote_right *right, const char *answer,
                          struct rog_error *err);

/* How the bandwidth of a run is replayed: one way for all its hosts. */
struct rog_remote_shaping {
    enum {
        ROG_REMOTE_PACE,     /* in user space, by the trainer */
        ROG_REMOTE_BOTH,     /* each worker's interface, both directions */
        ROG_REMOTE_DOWNLINK, /* what workers send there, what they receive at the server */
    } how;
    char why[512]; /* why it is not ROG_REMOTE_BOTH */
};
/* right[0] is the server's, then the workers'. `at_server`: what workers receive is to be shaped
 * there, whether or not they could. Who has no limit has no say, and is not shaped. */
void rog_remote_shaping_choose(struct rog_remote_shaping *shaping,
                               const struct rog_remote_right *right, size_t count, bool at_server);

/* Reads off the server's host.json how that was decided. */
void rog_remote_shaping_read(struct rog_remote_shaping *shaping, const struct rog_json *spec);

/* What a host is held with (common/claims.h). */
struct rog_remote_claim {
    const char *token, *holder;
};

/* What a host's name in the cluster file stands for, "" where that is not known. */
typedef char rog_remote_address[256];

/* host.json of the node with that rank; `config` is the run's, as it is there; `known` has the
 * addresses of the server and of all workers; `awaited`: the server begins the run with so many;
 * `claim` NULL: nobody holds the host. Heap memory. */
int rog_remote_spec(const struct rog_json *config, const struct rog_cluster *cluster,
                    const rog_remote_address *known, const struct rog_remote_shaping *shaping,
                    size_t rank, size_t awaited, const struct rog_remote_claim *claim, char **text,
                    struct rog_error *err);

/* The settings of the node with that rank in the cluster file. */
const struct rog_json *rog_remote_settings(const struct rog_cluster *cluster, size_t rank);
/* What it is called: "worker 2 (10.42.0.3)", "the server (10.42.0.1)". */
void rog_remote_title(char *text, size_t bytes, size_t rank, const char *host);

#endif
