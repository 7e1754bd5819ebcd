/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FLEET_REMOTE_PLACE_H
#define ROG_FLEET_REMOTE_PLACE_H

/*
 * What is done on a host before a run goes on there. Called by the host's own thread; errors begin
 * with the host's title.
 */

#include <orchestrator/fleet/remote/state.h>

/* host->ssh. ROG_EINVAL: not before somebody accepts the host's key. */
int rog_remote_connect(struct rog_remote_host *host, struct rog_error *err);
/* The same, tried for `patience_s`, at least once, or until everything is to end (ROG_EINTR),
 * unless that does not matter (`also_stopped`). */
int rog_remote_connect_within(struct rog_remote_host *host, double patience_s, bool also_stopped,
                              struct rog_error *err);
/* Harmless without a connection. */
void rog_remote_disconnect(struct rog_remote_host *host);

/* Deploys trainer and files, finds out what can be shaped: host->tree, program, folder, right. */
int rog_remote_prepare(struct rog_remote_host *host, struct rog_error *err);

/* Makes the run's folder; what earlier attempts at this run have left is ended and removed. Streams
 * go on there where they end here; of a run that goes on (attempt->resume) the server gets what it
 * goes on from. */
int rog_remote_place(struct rog_remote_host *host, struct rog_error *err);

/* Instead: an earlier rogctl has made it. ROG_EFAILED: it is not there (any more). */
int rog_remote_find(struct rog_remote_host *host, struct rog_error *err);

/* Starts the supervisor, which outlives the connection. */
int rog_remote_launch(struct rog_remote_host *host, struct rog_error *err);

#endif
