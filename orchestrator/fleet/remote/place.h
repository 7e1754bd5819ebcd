/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FLEET_REMOTE_PLACE_H
#define ROG_FLEET_REMOTE_PLACE_H

/*
 * Prepares a host for a run. All functions are called by the host's own thread; errors begin with
 * the host's title.
 */

#include <orchestrator/fleet/remote/state.h>

/* Connects host->connection. Returns ROG_EINVAL if the user must first accept the host's key. */
int rog_remote_connect(struct rog_remote_host *host, struct rog_error *err);
/* Retries for `patience_s`, at least once, or until everything must end (ROG_EINTR), unless that is
 * to be ignored (`also_stopped`). */
int rog_remote_connect_within(struct rog_remote_host *host, double patience_s, bool also_stopped,
                              struct rog_error *err);
/* Does nothing without a connection. */
void rog_remote_disconnect(struct rog_remote_host *host);

/* Deploys trainer and files, and finds out what can be shaped. Sets host->tree, program, folder and
 * right. */
int rog_remote_prepare(struct rog_remote_host *host, struct rog_error *err);

/* Creates the run's folder. Stops and removes what earlier attempts at this run left. Streams on
 * the host continue where the local copies end. For a run that resumes (attempt->resume) the server
 * gets the files that it resumes from. */
int rog_remote_place(struct rog_remote_host *host, struct rog_error *err);

/* Call this instead if an earlier rogctl created the folder. Returns ROG_EFAILED if it does not
 * exist (any more). */
int rog_remote_find(struct rog_remote_host *host, struct rog_error *err);

/* Starts the supervisor, which outlives the connection. */
int rog_remote_launch(struct rog_remote_host *host, struct rog_error *err);

#endif
