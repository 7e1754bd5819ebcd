/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_REPLAY_REPLAY_H
#define ROG_REPLAY_REPLAY_H

/*
 * A recorded run as the input of a virtual one: "what would it have been with another strategy".
 *
 * Of each worker two things are fed to the virtual cluster: the bandwidth of its link, and how long
 * it computed in each iteration (not the sleep by which the published system padded its devices to
 * one pace). Policy and network are simulated, no gradients. What a device takes to compress and
 * unpack comes from the run's configuration, for imported runs, which have none, from the cluster
 * `artifact4`.
 *
 * Each worker makes as many iterations as were recorded of it; a run that its setting `seconds`
 * ended is replayed for as long. What has been recorded begins again where the replay takes longer.
 */

#include <common/json.h>
#include <orchestrator/conf/cluster.h>
#include <orchestrator/store/db.h>

struct rog_replay_run {
    struct rog_json *settings; /* of the run: rog_run_settings, without library and threshold */
    struct rog_cluster cluster;
};

/*
 * Prepares the replay of the run `id` (whole); its traces and times go into `folder`, which must
 * exist and remain. artifact: the cluster of imported runs, borrowed, whose kind is the replay's.
 * ROG_EINVAL for a run that cannot be replayed: not done, or without bandwidth, times or stalls of
 * a worker; the message says which, and which runs have them.
 */
int rog_replay_run_prepare(struct rog_replay_run *replay, struct rog_db *db, const char *id,
                           const struct rog_cluster *artifact, const char *folder,
                           struct rog_error *err);
void rog_replay_run_release(struct rog_replay_run *replay);

#endif
