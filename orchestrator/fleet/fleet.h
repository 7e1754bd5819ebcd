/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FLEET_FLEET_H
#define ROG_FLEET_FLEET_H

/*
 * Executes recorded runs on a cluster. For every kind of cluster, a run's events end in the same
 * tables; a run is done only when its end event is stored, its processes exited successfully and
 * all its checkpoints are tested.
 */

#include <stddef.h>

#include <orchestrator/conf/cluster.h>
#include <orchestrator/fleet/job.h>

/*
 * Executes all jobs. Returns 0 if all are done; ROG_EFAILED if some failed (their `error` says why)
 * and the others are done; ROG_EINTR if stopped by a signal, with unfinished runs left as if they
 * had not started; ROG_EBUSY, otherwise like ROG_EINTR, if a host is in use and options->no_wait is
 * set. After other errors, of the database or the system, unfinished runs are repeated next time.
 * Handles SIGINT, SIGTERM and SIGHUP while it runs.
 */
int rog_fleet_execute(const struct rog_cluster *cluster, const struct rog_fleet_options *options,
                      struct rog_fleet_job *jobs, size_t count, struct rog_error *err);

/* Tests the untested checkpoints of a run that is not being executed. *tested becomes their
 * number. */
int rog_fleet_test(const struct rog_fleet_options *options, const char *run_id, size_t *tested,
                   struct rog_error *err);

/* Returns the path of rog-trainer: $ROG_TRAINER, or the one beside this program. Heap memory. */
char *rog_fleet_trainer_path(struct rog_error *err);

#endif
