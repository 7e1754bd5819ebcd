/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FLEET_START_MODELS_H
#define ROG_FLEET_START_MODELS_H

#include <orchestrator/fleet/job.h>
#include <orchestrator/fleet/signals.h>

/* Runs `rog-trainer pretrain` for every distinct starting model of the waiting jobs, one by one, so
 * that runs do not wait for each other's training later. A model that cannot be trained fails its
 * jobs (ROG_EFAILED is stored in them, 0 is returned); ROG_EINTR if a signal arrived. */
int rog_start_models_make(const struct rog_fleet_options *options, struct rog_signals *signals,
                          struct rog_fleet_job *jobs, size_t count, struct rog_error *err);

#endif
