/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_REPLAY_REPLAY_H
#define ROG_REPLAY_REPLAY_H

/*
 * A recorded run as the input of a virtual one, to find out what it would have been like with
 * another strategy.
 *
 * For each worker two things are replayed on the virtual cluster: the bandwidth of its link, and
 * how long it computed in each iteration, and then slept if that was recorded (the published system
 * padded its devices to one pace). Strategy and network are simulated, without gradients: the
 * magnitudes of rows that wait to be sent are drawn from the profile of the model
 * (trainer/run/magnitudes.h). The times a device needs to compress and decompress come from the
 * run's configuration; for imported runs, which have none, from the cluster `artifact4`.
 *
 * Each worker does as many iterations as were recorded of it; a run that was ended by its setting
 * `seconds` is replayed for as long. If the replay takes longer, recorded values are repeated.
 */

#include <common/json.h>
#include <orchestrator/conf/cluster.h>
#include <orchestrator/store/db.h>

struct rog_replay_run {
    /* Settings of the run (rog_run_settings) without library and threshold. */
    struct rog_json *settings;
    struct rog_cluster cluster;
    char *library;               /* of the recorded run */
    struct rog_json *parameters; /* parameters of its strategy; NULL: none */
    bool imported;
};

/*
 * Prepares the replay of the run with the complete id `id`; its traces and times are written into
 * `folder`, which must exist and remain. artifact: the cluster of imported runs, borrowed, whose
 * kind is the replay's. profiles: the folder in which MODEL.csv is the profile of a model's
 * magnitudes. ROG_EINVAL for a run that cannot be replayed: not done, or without bandwidth, times
 * or stalls of a worker; the message says which, and which runs can be replayed.
 */
int rog_replay_run_prepare(struct rog_replay_run *replay, struct rog_db *db, const char *id,
                           const struct rog_cluster *artifact, const char *profiles,
                           const char *folder, struct rog_error *err);
/* Completes the settings once they contain the strategy. If they lack parameters and the strategy
 * is that of the recorded run, its parameters are used; for an imported run, those of the published
 * program. */
int rog_replay_run_parameters(struct rog_replay_run *replay, struct rog_error *err);
void rog_replay_run_release(struct rog_replay_run *replay);

#endif
