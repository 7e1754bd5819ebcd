/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_COMMON_WORKLOAD_H
#define ROG_COMMON_WORKLOAD_H

/*
 * Who computes the gradients of a run, read from its configuration (a JSON object of run settings):
 *
 *   workload          `ranks`    the workers
 *   "train"           -          have the network of `model`
 *   "none"            -          compute nothing
 *   "program"         not given  all run `command`, which brings the model
 *   "program"         a list     those of these ranks run `command`, the others have the network of
 *                                `model`, and so has the server, whose values all start from
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <common/json.h>
#include <rog/error.h>

/* The network of `model` is what is trained: its starting model and its data are needed. */
bool rog_workload_has_network(const struct rog_json *config);
/* Workload "program". */
bool rog_workload_is_program(const struct rog_json *config);
/* Somebody computes gradients. */
bool rog_workload_trains(const struct rog_json *config);
/* The worker of that rank, from 1 on, runs the program. */
bool rog_workload_runs_program(const struct rog_json *config, uint32_t rank);
/* ROG_EINVAL: a member of `ranks` is no worker's rank, or is there twice, or they do not follow
 * each other where processes host several workers. */
int rog_workload_check_ranks(const struct rog_json *config, size_t workers, struct rog_error *err);

/* What `step_s` of a worker may be besides a number. */
#define ROG_STEP_MEASURED "measured"

/* The time of the worker's local steps is what its program takes here (common/settings.h, worker).
 */
bool rog_workload_measures(const struct rog_json *worker);
/* ROG_EINVAL: a worker's steps are to be measured where there is nothing to measure, or it has
 * settings that only count when they are. */
int rog_workload_check_steps(const struct rog_json *config, const struct rog_json *workers,
                             struct rog_error *err);

#endif
