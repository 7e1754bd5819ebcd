/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FLEET_FLEET_H
#define ROG_FLEET_FLEET_H

/*
 * Executing recorded runs on a cluster. Whatever the cluster's kind, a run's events end in the same
 * tables; a run is done only when its end event is stored, its processes ended well and every
 * checkpoint of it is tested.
 */

#include <stddef.h>

#include <orchestrator/conf/cluster.h>
#include <orchestrator/fleet/job.h>

/*
 * Executes all jobs. 0: all are done; ROG_EFAILED: some failed (their `error` says why), the others
 * are done; ROG_EINTR: a signal asked to stop, unfinished runs are as if they had not begun;
 * ROG_EBUSY: others have a host, and are not to be waited for (options->no_wait), the rest the
 * same; other codes: the database or the system failed, what was running is redone next time.
 * SIGINT, SIGTERM and SIGHUP are taken over for the duration.
 */
int rog_fleet_execute(const struct rog_cluster *cluster, const struct rog_fleet_options *options,
                      struct rog_fleet_job *jobs, size_t count, struct rog_error *err);

/* Tests the untested checkpoints of a run that is not being executed. *tested is their number. */
int rog_fleet_test(const struct rog_fleet_options *options, const char *run_id, size_t *tested,
                   struct rog_error *err);

/* Where rog-trainer is: $ROG_TRAINER or beside this program. Heap memory. */
char *rog_fleet_trainer_path(struct rog_error *err);

#endif
