/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_COMMON_WORKLOAD_H
#define ROG_COMMON_WORKLOAD_H

/*
 * Who computes the gradients of a run, read from its configuration (a JSON object of run settings):
 *
 *   workload          `ranks`    the workers
 *   "train"           -          have the network of `model`
 *   "none"            -          compute nothing
 *   "program"         not given  all run `command`, which provides the model
 *   "program"         a list     workers of these ranks run `command`, the others have the network
 *                                of `model`; so has the server, and all start from its values
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <common/json.h>
#include <rog/error.h>

/* Returns whether the network of `model` is trained: its starting model and its data are needed. */
bool rog_workload_has_network(const struct rog_json *config);
/* Returns whether the workload is "program". */
bool rog_workload_is_program(const struct rog_json *config);
/* Returns whether any worker computes gradients. */
bool rog_workload_trains(const struct rog_json *config);
/* Returns whether the worker of that rank, from 1 on, runs the program. */
bool rog_workload_runs_program(const struct rog_json *config, uint32_t rank);
/* ROG_EINVAL: a member of `ranks` is not the rank of a worker, or appears twice, or they are not
 * consecutive although processes host several workers. */
int rog_workload_check_ranks(const struct rog_json *config, size_t workers, struct rog_error *err);

/* The value of a worker's `step_s` other than a number. */
#define ROG_STEP_MEASURED "measured"

/* Returns whether the time of the worker's local steps is measured from its program on this machine
 * (common/settings.h, worker). */
bool rog_workload_measures(const struct rog_json *worker);
/* ROG_EINVAL: a worker's steps are to be measured but there is nothing to measure, or it has
 * settings that apply only to measured steps. */
int rog_workload_check_steps(const struct rog_json *config, const struct rog_json *workers,
                             struct rog_error *err);

#endif
