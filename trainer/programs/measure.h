/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_PROGRAMS_MEASURE_H
#define ROG_PROGRAMS_MEASURE_H

/*
 * Measures how long a local step of a worker's program takes, for workers with step_s = "measured":
 * the program is run alone on this machine. The result is kept in the cache under the hash of
 * everything that it depends on, so that repeats of a run, and its runs under other strategies,
 * have the same times. If several processes need it at the same time, one measures and the others
 * wait.
 */

#include <stdbool.h>
#include <stdint.h>

#include <common/run_config.h>
#include <rog/error.h>

struct rog_measure_options {
    const char *config_path; /* a file with the configuration, for programs */
    bool (*interrupted)(void *user);
    /* Receives a sentence about each time; may be NULL. */
    void (*say)(void *user, const char *text);
    void *user;
};

/*
 * Sets step_s of those workers: this machine's time divided by their speed. Workers that compute
 * the same are measured once: the first three iterations are dropped, then ten are measured, or as
 * many as fit into a second if that is more, for at most 20 s; the result is the median.
 * ROG_EFAILED: a program has failed, named as in a run; ROG_EINTR: `interrupted` returned true.
 */
int rog_measure_steps(struct rog_run_config *config, const struct rog_measure_options *options,
                      struct rog_error *err);

#endif
