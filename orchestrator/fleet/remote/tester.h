/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FLEET_REMOTE_TESTER_H
#define ROG_FLEET_REMOTE_TESTER_H

/*
 * `rog-trainer test` on the tester host of a cluster: checkpoints are sent one by one, and events
 * come back. This is done by a thread with its own connection; the trainer and the files that the
 * run's configuration names are deployed there first. A lost connection is made again.
 */

#include <orchestrator/fleet/executor.h>

extern const struct rog_checkpoint_tester rog_remote_tester;

#endif
