/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_RUN_SERVE_H
#define ROG_RUN_SERVE_H

/*
 * The server of a configuration: librog's (net/serve.h) with this trainer's networks, strategies as
 * plugins, and checkpoints as safetensors at the times of schedule.h. It writes
 *
 *   DIR/events.jsonl              the server's half of the event stream (rog/events.h)
 *   DIR/chkpt/NNNN.safetensors    its model
 *   DIR/server.json, layout.json, state/   what a server needs to resume
 */

#include <stdbool.h>

#include <common/run_config.h>
#include <librog/net/seal.h>
#include <rog/error.h>

struct rog_serve_run {
    const char *start_model; /* safetensors file; unused with workload "none" */
    const char *listen;      /* HOST:PORT; port 0: any */
    const char *port_file;   /* file to which the port is written once the server listens; NULL:
                                none */
    const char *out_dir;     /* created if missing */
    const struct rog_secret *secret;
    bool resume;
    bool pace; /* send to each worker along its trace */
    double worker_timeout_s, join_timeout_s;
    double state_period_s;
    uint32_t min_workers; /* 0: all at the start, one afterwards */
    uint32_t awaited;     /* the run begins at once when this many have connected; 0: all */
};

/* ROG_EINVAL: the configuration, or a worker that was started with another one; ROG_EINTR: SIGINT
 * or SIGTERM; ROG_EFAILED: workers do not connect, or do not reconnect; ROG_EIO, ROG_EFORMAT: a
 * file. The last event is "end" or "error". */
int rog_serve_run(const struct rog_run_config *config, const struct rog_serve_run *options,
                  struct rog_error *err);

#endif
