/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FLEET_STEP_TIMES_H
#define ROG_FLEET_STEP_TIMES_H

/* Measures the step times of workers' programs with step_s = "measured" before runs start, while
 * nothing else computes. The trainer stores the times, and runs use them. */

#include <orchestrator/fleet/job.h>
#include <orchestrator/fleet/signals.h>
#include <rog/error.h>

/* A program that cannot be measured is an error of its job. */
int rog_step_times_measure(const struct rog_fleet_options *options, struct rog_signals *signals,
                           struct rog_fleet_job *jobs, size_t count, struct rog_error *err);

#endif
