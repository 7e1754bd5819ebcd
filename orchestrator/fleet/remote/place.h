/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FLEET_REMOTE_PLACE_H
#define ROG_FLEET_REMOTE_PLACE_H

/*
 * Prepares a host for a run. Called by the host's own thread; errors begin with the host's title.
 */

#include <orchestrator/fleet/remote/state.h>

/* host->ssh. ROG_EINVAL: until the user accepts the host's key. */
int rog_remote_connect(struct rog_remote_host *host, struct rog_error *err);
/* The same with retries for `patience_s`, at least once, or until everything must end (ROG_EINTR),
 * unless that is to be ignored (`also_stopped`). */
int rog_remote_connect_within(struct rog_remote_host *host, double patience_s, bool also_stopped,
                              struct rog_error *err);
/* No effect without a connection. */
void rog_remote_disconnect(struct rog_remote_host *host);

/* Deploys trainer and files, and finds out what can be shaped: host->tree, program, folder,
 * right. */
int rog_remote_prepare(struct rog_remote_host *host, struct rog_error *err);

/* Creates the run's folder; what earlier attempts at this run left is stopped and removed. Streams
 * there continue where those here end; for a run that resumes (attempt->resume) the server gets the
 * files that it resumes from. */
int rog_remote_place(struct rog_remote_host *host, struct rog_error *err);

/* Instead: an earlier rogctl created it. ROG_EFAILED: it does not exist (any more). */
int rog_remote_find(struct rog_remote_host *host, struct rog_error *err);

/* Starts the supervisor, which outlives the connection. */
int rog_remote_launch(struct rog_remote_host *host, struct rog_error *err);

#endif
