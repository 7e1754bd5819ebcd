/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_REPLAY_REPLAY_H
#define ROG_REPLAY_REPLAY_H

/*
 * A recorded run as the input of a virtual one: "what would it have been with another strategy".
 *
 * Of each worker two things are fed to the virtual cluster: the bandwidth of its link, and how long
 * it computed in each iteration, and then slept where that was recorded (the published system
 * padded its devices to one pace). Policy and network are simulated, no gradients: how large rows
 * are that wait to be sent is drawn from the profile of the model (trainer/run/magnitudes.h). What
 * a device takes to compress and unpack comes from the run's configuration, for imported runs,
 * which have none, from the cluster `artifact4`.
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
    char *library;               /* of the recorded run */
    struct rog_json *parameters; /* its strategy's; NULL: none */
    bool imported;
};

/*
 * Prepares the replay of the run `id` (whole); its traces and times go into `folder`, which must
 * exist and remain. artifact: the cluster of imported runs, borrowed, whose kind is the replay's.
 * profiles: the folder where MODEL.csv is the profile of a model's magnitudes.
 * ROG_EINVAL for a run that cannot be replayed: not done, or without bandwidth, times or stalls of
 * a worker; the message says which, and which runs have them.
 */
int rog_replay_run_prepare(struct rog_replay_run *replay, struct rog_db *db, const char *id,
                           const struct rog_cluster *artifact, const char *profiles,
                           const char *folder, struct rog_error *err);
/* The settings now say under which strategy. Where they do not say with which of its parameters:
 * with the recorded run's, where it is that run's strategy, and with those that the published
 * program had in an imported run. */
int rog_replay_run_parameters(struct rog_replay_run *replay, struct rog_error *err);
void rog_replay_run_release(struct rog_replay_run *replay);

#endif
