/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FLEET_STEP_TIMES_H
#define ROG_FLEET_STEP_TIMES_H

/* Programs of workers with step_s = "measured", timed before the runs begin, while nothing else
 * computes: the trainer keeps the times, and runs find them there. */

#include <orchestrator/fleet/job.h>
#include <orchestrator/fleet/signals.h>
#include <rog/error.h>

/* A program that cannot be timed is its job's error. */
int rog_step_times_measure(const struct rog_fleet_options *options, struct rog_signals *signals,
                           struct rog_fleet_job *jobs, size_t count, struct rog_error *err);

#endif
