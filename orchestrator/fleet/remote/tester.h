/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FLEET_REMOTE_TESTER_H
#define ROG_FLEET_REMOTE_TESTER_H

/*
 * `rog-trainer test` on the tester host of a cluster: checkpoints go there one by one, the events
 * that it answers with come back. A thread with a connection of its own does so; the trainer and
 * what the run's configuration names are deployed there first. A connection that is lost is made
 * again.
 */

#include <orchestrator/fleet/executor.h>

extern const struct rog_checkpoint_tester rog_remote_tester;

#endif
