/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FLEET_REMOTE_AWAY_H
#define ROG_FLEET_REMOTE_AWAY_H

/*
 * A host that is away: it cannot be reached, or what ran there is gone. That of a worker is no
 * reason to end a run that goes on without it: its thread waits for it and, where the host has lost
 * the run (it was started anew), brings it back there, in the same folder; its events go on in the
 * streams that are here already. All called by the host's own thread.
 */

#include <orchestrator/fleet/remote/state.h>

/* Whether the run begins, or goes on, without this host. */
bool rog_remote_may_be_away(struct rog_remote_host *host);

/* Waits for the host as long as the run goes on; `why` there is no connection. ROG_EINTR:
 * everything is to end; ROG_EINVAL: it is not the host that it was. */
int rog_remote_connect_again(struct rog_remote_host *host, const char *why, struct rog_error *err);

/* A part of the way on the host that may be done again. */
typedef int (*rog_remote_part)(struct rog_remote_host *host, struct rog_error *err);
/* Does it, again when the connection was lost meanwhile and the host may be away. */
int rog_remote_persist(struct rog_remote_host *host, rog_remote_part part, struct rog_error *err);

/* Everything of the run's streams that is there and not here. */
int rog_remote_pull(struct rog_remote_host *host, struct rog_error *err);

/* ROG_EFAILED with the reason, and host->unsupervised: the supervisor is not there any more. */
int rog_remote_say_it_is_gone(struct rog_remote_host *host, struct rog_error *err);
/* The same where the host has been started anew since the supervisor began. */
int rog_remote_look_for_reboot(struct rog_remote_host *host, struct rog_error *err);

/* All hosts' bandwidth is replayed in one way, which was chosen without knowing of a host that had
 * not come. ROG_EINVAL: that is no way for this one. */
int rog_remote_check_shaping(struct rog_remote_host *host, struct rog_error *err);

/* Brings the run back to a worker's host whose supervisor is gone, `why`, after taking what that
 * has left; goes on trying as long as the run goes on. ROG_EINTR: everything is to end; ROG_EINVAL,
 * ROG_ENOMEM: there is no sense in trying. */
int rog_remote_bring_back(struct rog_remote_host *host, const char *why, struct rog_error *err);

#endif
