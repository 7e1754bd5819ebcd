/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_HOST_SPEC_H
#define ROG_HOST_SPEC_H

/*
 * host.json: what the controller wants to be done on a host. One JSON object:
 *   role         "serve" or "work"
 *   rank         0 for the server, 1..N for the workers
 *   arguments    further arguments of `rog-trainer serve` or `work`, except those that the
 *                supervisor sets itself (--config, --key-file, --out, --rank, --resume,
 *                --no-energy)
 *   wrap         words that the command line begins with, for example of a container; may be empty
 *   container    null, or the container it runs in (common/container.h), instead of `wrap`
 *   environment  {"NAME": "value"}
 *   claim        the token of the sweep that reserves this host (common/claims.h), 16 hexadecimal
 *                digits; without it the host is not reserved
 *   holder       who that is, for people
 *   restarts     how often a killed process is restarted
 *   lease_s      everything ends if the lease was not touched for this long
 *   sysfs        folder of the sensors, "/sys"
 *   power        whether to measure energy
 *   iface        the interface of the training's traffic, whose rates are reported
 *   shape        null, or {"iface", "direction" ("both", "egress"), "trace", "seed", "offset_s",
 *                "phase", "block_s", "own_blocks", "tolerance"} on a worker, and on a server
 *                instead of "direction", "trace" and where it starts "peers": [{"rank", "address",
 *                "trace", "offset_s", "phase"}]
 * Only role and rank are required. A member with another name is an error.
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
    double offset_s, phase; /* time of the trace at which the run starts (trace.h,
                               rog_trace_start_s) */
};

struct rog_host_shape {
    const char *iface; /* NULL: nothing is shaped */
    bool egress_only;
    const char *trace; /* NULL if there are peers */
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
    const char *claim, *holder;                                        /* NULL: not given */
    uint32_t restarts;
    double lease_s;
    const char *sysfs;
    bool power;
    const char *iface; /* NULL: not given */
    struct rog_host_shape shape;
};

/* ROG_EINVAL names the file, the member and what is wrong with it; ROG_EIO, ROG_EFORMAT. Release it
 * in any case. */
int rog_host_spec_read(struct rog_host_spec *spec, const char *path, struct rog_error *err);
void rog_host_spec_release(struct rog_host_spec *spec);

#endif
