/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SIM_SIMULATE_H
#define ROG_SIM_SIMULATE_H

/*
 * A whole run on the virtual cluster, from a configuration to a folder of results:
 *
 *   DIR/events.jsonl              the event stream (rog/events.h)
 *   DIR/chkpt/NNNN.safetensors    the server's model at times of the schedule (run/schedule.h):
 *                                 first the initial model, 0000, and last the model at the run's
 *                                 end
 *   DIR/workerRANK/               files and output of a worker that is a program
 *   DIR/snapshot/state            while the run is in progress: the state from which it resumes
 *                                 after an interruption (sim/snapshot.h)
 *
 * The same configuration, initial model, plugin and machine give the same bytes in all of them;
 * with workload "none" (no gradients, no checkpoints) the events after "start" are the same on any
 * machine. For this reason the stream has no progress events: they would depend on the wall clock,
 * and every iteration has the virtual time anyway.
 *
 * A run that resumes from a snapshot writes its events from there on again, and ends as if it had
 * never been interrupted. If the snapshot is damaged, or not of this run, it is removed and the
 * function fails; the other files of the run are left as they are.
 *
 * A successful run ends with the event "end". Otherwise the last event is "error" (if it can be
 * written), and the function fails with the same message.
 */

#include <stdbool.h>

#include <common/run_config.h>
#include <rog/error.h>

struct rog_simulate_options {
    const char *start_model;   /* safetensors file of config->model; unused if no worker has the
                                  network (common/workload.h) */
    const char *config_path;   /* a file with the configuration, for programs */
    uint32_t programs_at_once; /* programs that compute at the same time, at least 1; does not
                                  change the results */
    const char *out_dir;       /* created if missing */
    const char *events_path;   /* NULL: events.jsonl in out_dir; "-": standard output */
    const char *magnitudes;    /* file for the measured row magnitudes (trainer/run/magnitudes.h);
                                  NULL: none */
    bool resume;               /* resume from out_dir's snapshot; needs events_path NULL */
    bool (*interrupted)(void *user); /* may be NULL; called often */
    /* May be NULL. Receives remarks to the user that are not errors. */
    void (*say)(void *user, const char *message);
    void *user;
};

/* ROG_ENOTFOUND: there is no snapshot to resume from. ROG_EINVAL, ROG_ENOTFOUND: the configuration
 * (library, threshold, trace, data, model); ROG_EINTR: interrupted; ROG_EFAILED: the run could not
 * continue, for example because training diverged; ROG_EIO, ROG_EFORMAT: a file. */
int rog_simulate(const struct rog_run_config *config, const struct rog_simulate_options *options,
                 struct rog_error *err);

#endif
