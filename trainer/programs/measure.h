/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_PROGRAMS_MEASURE_H
#define ROG_PROGRAMS_MEASURE_H

/*
 * How long a local step of a worker's program takes, for workers with step_s = "measured": the
 * program is run alone on this machine. What came of it is kept in the cache under the hash of all
 * that it depends on, so that repeats of a run, and its runs under other strategies, have the same
 * times. Of several processes that need it at the same time one measures and the others wait.
 */

#include <stdbool.h>
#include <stdint.h>

#include <common/run_config.h>
#include <rog/error.h>

struct rog_measure_options {
    const char *config_path; /* a file with the configuration, for programs */
    bool (*interrupted)(void *user);
    /* A sentence for each time; may be NULL. */
    void (*say)(void *user, const char *text);
    void *user;
};

/*
 * Sets step_s of those workers, this machine's time divided by their speed. One is measured for all
 * that compute the same: the first three iterations are left out, then ten, or as many as fit into
 * a second where those are more, and at most 20 s; the median counts. ROG_EFAILED: a program has
 * failed, named as in a run; ROG_EINTR: `interrupted` said so.
 */
int rog_measure_steps(struct rog_run_config *config, const struct rog_measure_options *options,
                      struct rog_error *err);

#endif
