/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SIM_SIMULATE_H
#define ROG_SIM_SIMULATE_H

/*
 * A whole run on the virtual cluster, from a configuration to a folder of results:
 *
 *   DIR/events.jsonl              the event stream (rog/events.h)
 *   DIR/chkpt/NNNN.safetensors    the server's model at times of the schedule (run/schedule.h), the
 *                                 first, 0000, the model that the run starts from, and one of the
 *                                 run's end
 *   DIR/workerRANK/               of a worker that is a program: its files, what it writes and says
 *   DIR/snapshot/state            while the run goes on: what it goes on from when it is
 * interrupted (sim/snapshot.h)
 *
 * The same configuration, starting model, plugin and machine give the same bytes in all of them;
 * with workload "none" (no gradients, no checkpoints) the events after "start" are the same on any
 * machine. That is why the stream has no progress in it: it would be of the wall clock, and every
 * iteration tells the virtual time anyway.
 *
 * A run that goes on from a snapshot writes its events from there on again, and everything is as if
 * it had never been interrupted. Where the snapshot is damaged, or not of this run, it is removed
 * and the function fails: what is there of the run is left as it is.
 *
 * A run ends well with the event "end". When it does not, the last event is "error" (if it can be
 * written) and the function fails with the same message.
 */

#include <stdbool.h>

#include <common/run_config.h>
#include <rog/error.h>

struct rog_simulate_options {
    const char *start_model;   /* safetensors file of config->model; unused where no worker has the
                                  network (common/workload.h) */
    const char *config_path;   /* a file of the configuration, for programs */
    uint32_t programs_at_once; /* that compute, from 1 on; the results are the same */
    const char *out_dir;       /* made if missing */
    const char *events_path;   /* NULL: events.jsonl in out_dir; "-": standard output */
    const char *magnitudes; /* where the profile of what was sent goes (trainer/run/magnitudes.h);
                               NULL: nowhere */
    bool resume;            /* go on from out_dir's snapshot; needs events_path NULL */
    bool (*interrupted)(void *user); /* may be NULL; asked often */
    /* May be NULL: what is no error and concerns whoever runs it. */
    void (*say)(void *user, const char *message);
    void *user;
};

/* ROG_ENOTFOUND: there is no snapshot to go on from. ROG_EINVAL, ROG_ENOTFOUND: the configuration
 * (library, threshold, trace, data, model); ROG_EINTR: interrupted; ROG_EFAILED: the run could not
 * go on, for example because training diverged; ROG_EIO, ROG_EFORMAT: a file. */
int rog_simulate(const struct rog_run_config *config, const struct rog_simulate_options *options,
                 struct rog_error *err);

#endif
