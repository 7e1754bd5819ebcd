/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_HOST_SPEC_H
#define ROG_HOST_SPEC_H

/*
 * host.json: what the controller wants to be done on a host. One JSON object:
 *   role         "serve" or "work"
 *   rank         0 for the server, 1..N for the workers
 *   arguments    further arguments of `rog-trainer serve` or `work`; of those that the supervisor
 *                gives itself (--config, --key-file, --out, --rank, --resume, --no-energy) none
 *   wrap         words that the command line begins with, for example of a container; may be empty
 *   container    null, or what it runs in (common/container.h), instead of `wrap`
 *   environment  {"NAME": "value"}
 *   claim        the token of the sweep that this host is to be kept for (common/claims.h), 16
 *                hexadecimal digits; without it the host is nobody's
 *   holder       who that is, for people
 *   restarts     how often a process that was killed is started again
 *   lease_s      everything ends when the lease was not touched for so long
 *   sysfs        where the sensors are, "/sys"
 *   power        whether to measure energy
 *   iface        the interface of the training's traffic, whose rates are reported
 *   shape        null, or {"iface", "direction" ("both", "egress"), "trace", "seed", "offset_s",
 *                "phase", "block_s", "own_blocks", "tolerance"} on a worker, and on a server
 *                instead of "direction", "trace" and where it starts
 *                "peers": [{"rank", "address", "trace", "offset_s", "phase"}]
 * Only role and rank have to be there. A member of another name is an error.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <common/json.h>
#include <rog/error.h>

#define ROG_HOST_LEASE_S 600.0

struct rog_host_peer {
    uint32_t rank;
    const char *address, *trace;
    double offset_s, phase; /* where in the trace the run starts (trace.h, rog_trace_start_s) */
};

struct rog_host_shape {
    const char *iface; /* NULL: nothing is shaped */
    bool egress_only;
    const char *trace; /* NULL where there are peers */
    uint64_t seed;
    double offset_s, phase, tolerance;
    double block_s; /* how all traces are drawn (librog/trace/source.h) */
    bool own_blocks;
    struct rog_host_peer *peers; /* [peer_count] */
    size_t peer_count;
};

/* Strings belong to `json`. */
struct rog_host_spec {
    struct rog_json *json;
    bool serves;
    uint32_t rank;
    const struct rog_json *arguments, *wrap, *environment, *container; /* may be NULL */
    const char *claim, *holder;                                        /* NULL: none */
    uint32_t restarts;
    double lease_s;
    const char *sysfs;
    bool power;
    const char *iface; /* NULL: not said */
    struct rog_host_shape shape;
};

/* ROG_EINVAL names the file, the member and what is wrong with it; ROG_EIO, ROG_EFORMAT. Release it
 * in any case. */
int rog_host_spec_read(struct rog_host_spec *spec, const char *path, struct rog_error *err);
void rog_host_spec_release(struct rog_host_spec *spec);

#endif
