/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FLEET_REMOTE_PLACE_H
#define ROG_FLEET_REMOTE_PLACE_H

/*
 * What is done on a host before a run goes on there. Called by the host's own thread; errors begin
 * with the host's title.
 */

#include <orchestrator/fleet/remote_state.h>

/* host->ssh. ROG_EINVAL: not before somebody accepts the host's key. */
int rog_remote_connect(struct rog_remote_host *host, struct rog_error *err);
/* Harmless without a connection. */
void rog_remote_disconnect(struct rog_remote_host *host);

/* Runs the host's `recover` command, if it has one. Where the host went down for it, host->ssh is
 * NULL afterwards. */
int rog_remote_recover(struct rog_remote_host *host, struct rog_error *err);

/* Deploys trainer and files, finds out what can be shaped: host->tree, program, folder, right. */
int rog_remote_prepare(struct rog_remote_host *host, struct rog_error *err);

/* Makes the run's folder; what earlier attempts at this run have left is ended and removed. */
int rog_remote_place(struct rog_remote_host *host, struct rog_error *err);

/* Instead: an earlier rogctl has made it. ROG_EFAILED: it is not there (any more). */
int rog_remote_find(struct rog_remote_host *host, struct rog_error *err);

/* Starts the supervisor, which outlives the connection. */
int rog_remote_launch(struct rog_remote_host *host, struct rog_error *err);

#endif
