/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_RUN_WORK_H
#define ROG_RUN_WORK_H

/*
 * A worker of a real run with the gradients of this trainer's network, or without gradients
 * (workload "none"). It uses librog like any other program (rog/rog.h).
 */

#include <stdbool.h>
#include <stdint.h>

#include <common/run_config.h>
#include <librog/net/seal.h>
#include <rog/error.h>

struct rog_work_run {
    const char *start_model; /* safetensors file; unused with workload "none" */
    const char *server;      /* HOST:PORT */
    const char *out_dir;     /* created if missing */
    const struct rog_secret *secret;
    uint32_t rank; /* 1..N */
    bool pace;     /* send along its trace */
    bool energy;   /* report energy by the profile's model */
    double server_timeout_s;
};

/* ROG_EINVAL: the configuration, or the server has another one; ROG_EINTR: SIGINT or SIGTERM;
 * ROG_EFAILED: the server cannot be reached, or the run has failed; ROG_EIO, ROG_EFORMAT: a file.
 * New events are appended to those of an earlier worker in the same folder. */
int rog_work_run(const struct rog_run_config *config, const struct rog_work_run *options,
                 struct rog_error *err);

#endif
