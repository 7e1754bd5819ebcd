/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_LINK_WORK_H
#define ROG_LINK_WORK_H

/*
 * A worker of a real run: real gradients, the core of trainer/sync over TCP, times of a clock that
 * only goes forward. Gradients are computed in a thread of their own; the loop answers the server
 * meanwhile. It writes DIR/events.jsonl, the worker's half of the event stream (rog/events.h):
 * iterations, bandwidth (where it paces), energy by the profile's model, warnings.
 *
 * An iteration has the parts of one on the virtual cluster (sim/cluster.h): a device that computes,
 * compresses or decompresses faster than its profile says waits for the rest of the time, as the
 * published system padded its devices to one pace; with times of 0 nothing is waited for.
 *   compute_s  the local steps
 *   push_s     compressing, and until the server has the push
 *   stall_s    what the server made it wait, by the server's clock
 *   pull_s     from the server's leave to go on until the pull is applied
 *
 * When the link breaks it connects again, waiting a little longer each time, and goes on where it
 * was; when the server does not know it any more it is given the whole model.
 */

#include <stdbool.h>
#include <stdint.h>

#include <rog/error.h>
#include <trainer/config.h>
#include <trainer/net/seal.h>

struct rog_work_options {
    const char *start_model; /* safetensors file; unused with workload "none" */
    const char *server;      /* HOST:PORT */
    const char *out_dir;     /* made if missing */
    const struct rog_secret *secret;
    uint32_t rank; /* 1..N */
    bool pace;     /* send along its trace */
    bool energy;   /* report energy by the profile's model */
    double server_timeout_s;
};

/* ROG_EINVAL: the configuration, or the server has another one; ROG_EINTR: SIGINT or SIGTERM;
 * ROG_EFAILED: the server cannot be reached, or the run has failed; ROG_EIO, ROG_EFORMAT: a file.
 * Events of an earlier worker in the same folder are kept, new ones come after them. */
int rog_work(const struct rog_run_config *config, const struct rog_work_options *options,
             struct rog_error *err);

#endif
