/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FLEET_REMOTE_SPEC_H
#define ROG_FLEET_REMOTE_SPEC_H

/*
 * The task of a host's supervisor (`rog-trainer host`), and how the bandwidth of a run is replayed
 * on its hosts. This needs no connection.
 */

#include <stdbool.h>
#include <stddef.h>

#include <common/json.h>
#include <orchestrator/conf/cluster.h>
#include <rog/error.h>

/* Tolerance: the maximum relative difference of achieved from requested bandwidth. */
#define ROG_REMOTE_TOLERANCE 0.05

/* What can be shaped on a host. */
struct rog_remote_right {
    bool egress, ingress; /* what its interface sends and receives */
    bool downlink;        /* what it sends, by address */
    char why_not[256];    /* "" if everything can be shaped */
    bool needless;        /* of a worker: its link has no limit, so nothing needs to be shaped */
};
/* Reads the answer of `rog-trainer shape --probe --json`; NULL: the host has no iface setting.
 * Returns ROG_EINVAL if that setting does not name an interface. */
int rog_remote_right_read(struct rog_remote_right *right, const char *answer,
                          struct rog_error *err);

/* How the bandwidth of a run is replayed, the same for all its hosts. */
struct rog_remote_shaping {
    enum {
        ROG_REMOTE_PACE,     /* in user space, by the trainer */
        ROG_REMOTE_BOTH,     /* on each worker's interface, both directions */
        ROG_REMOTE_DOWNLINK, /* uplinks at the workers, downlinks at the server */
    } how;
    char why[512]; /* why it is not ROG_REMOTE_BOTH */
};
/* Chooses how to replay. right[0] is the server's, then the workers'. `at_server`: shape downlinks
 * at the server in any case. Workers without a limit are ignored, and not shaped. */
void rog_remote_shaping_choose(struct rog_remote_shaping *shaping,
                               const struct rog_remote_right *right, size_t count, bool at_server);

/* Reads that decision from the server's host.json. */
void rog_remote_shaping_read(struct rog_remote_shaping *shaping, const struct rog_json *spec);

/* The claim on a host (common/claims.h). */
struct rog_remote_claim {
    const char *token, *holder;
};

/* The address that a host's name in the cluster file resolves to; "" if unknown. */
typedef char rog_remote_address[256];

/* Writes host.json of the node with that rank. `config` is the run's, with paths on the host;
 * `known` has the addresses of the server and of all workers; `awaited` is the number of workers
 * with which the server starts the run; `claim` NULL: no sweep holds the host. Heap memory. */
int rog_remote_spec(const struct rog_json *config, const struct rog_cluster *cluster,
                    const rog_remote_address *known, const struct rog_remote_shaping *shaping,
                    size_t rank, size_t awaited, const struct rog_remote_claim *claim, char **text,
                    struct rog_error *err);

/* Returns the settings of the node with that rank in the cluster file. */
const struct rog_json *rog_remote_settings(const struct rog_cluster *cluster, size_t rank);
/* Writes its title: "worker 2 (10.42.0.3)" or "the server (10.42.0.1)". */
void rog_remote_title(char *text, size_t bytes, size_t rank, const char *host);

#endif
