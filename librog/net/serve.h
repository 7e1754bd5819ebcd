/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_LINK_SERVE_H
#define ROG_LINK_SERVE_H

/*
 * The parameter server of a real run: the core of trainer/sync over TCP. It writes
 *
 *   DIR/events.jsonl              the server's half of the event stream (rog/events.h)
 *   DIR/chkpt/NNNN.safetensors    its model, at times of the schedule (sim/schedule.h)
 *   DIR/server.json               what a server that goes on from there has to know
 *
 * It waits for all workers, then the run begins. A worker that is not heard of for worker_timeout_s
 * leaves, and comes back with a copy of the model; one that was away for less goes on where it was.
 * A server started again with `resume` goes on from its last checkpoint; workers come back to it by
 * themselves. The run ends when every worker is through, or at config->seconds.
 */

#include <stdbool.h>

#include <common/run_config.h>
#include <librog/net/seal.h>
#include <rog/error.h>

struct rog_serve_options {
    const char *start_model; /* safetensors file; unused with workload "none" */
    const char *listen;      /* HOST:PORT; port 0: any */
    const char *port_file;   /* the port is written there when it listens; NULL: nowhere */
    const char *out_dir;     /* made if missing */
    const struct rog_secret *secret;
    bool resume;
    bool pace; /* send to each worker along its trace */
    double worker_timeout_s, join_timeout_s;
};

/* ROG_EINVAL: the configuration, or a worker that was started with another one; ROG_EINTR: SIGINT
 * or SIGTERM; ROG_EFAILED: workers do not come, or do not come back; ROG_EIO, ROG_EFORMAT: a file.
 * The last event is "end" or "error". */
int rog_serve(const struct rog_run_config *config, const struct rog_serve_options *options,
              struct rog_error *err);

#endif
