/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FLEET_REMOTE_TESTER_H
#define ROG_FLEET_REMOTE_TESTER_H

/*
 * Runs `rog-trainer test` on the tester host of a cluster: sends checkpoints one by one, and
 * receives events. A thread with its own connection does this; it first deploys the trainer and the
 * files that the run's configuration names. It reconnects if the connection is lost.
 */

#include <orchestrator/fleet/executor.h>

extern const struct rog_checkpoint_tester rog_remote_tester;

#endif
