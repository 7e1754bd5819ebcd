/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FLEET_REMOTE_AWAY_H
#define ROG_FLEET_REMOTE_AWAY_H

/*
 * Handles hosts that are away: they cannot be reached, or what ran on them is gone. A run that can
 * continue without a worker does not end because its host is away: the host's thread waits for it
 * and, if the host has lost the run (it was rebooted), restores the run there in the same folder;
 * its events continue in the existing streams. All functions are called by the host's own thread.
 */

#include <orchestrator/fleet/remote/state.h>

/* Returns whether the run starts or continues without this host. */
bool rog_remote_may_be_away(struct rog_remote_host *host);

/* Waits for the host while the run continues; `why` is the reason for the lost connection. Errors:
 * ROG_EINTR if everything must end; ROG_EINVAL if it is not the same host as before. */
int rog_remote_connect_again(struct rog_remote_host *host, const char *why, struct rog_error *err);

/* A repeatable step on the host. */
typedef int (*rog_remote_part)(struct rog_remote_host *host, struct rog_error *err);
/* Executes it, and repeats it if the connection is lost meanwhile and the host may be away. */
int rog_remote_persist(struct rog_remote_host *host, rog_remote_part part, struct rog_error *err);

/* Fetches everything of the run's streams that is not here yet. */
int rog_remote_pull(struct rog_remote_host *host, struct rog_error *err);

/* Returns ROG_EFAILED with the reason why the supervisor is gone, and sets host->unsupervised. */
int rog_remote_say_it_is_gone(struct rog_remote_host *host, struct rog_error *err);
/* Does the same if the host was rebooted after the supervisor started. */
int rog_remote_look_for_reboot(struct rog_remote_host *host, struct rog_error *err);

/* Returns ROG_EINVAL if this host does not support the way in which the bandwidth of all hosts is
 * replayed, which was chosen without it. */
int rog_remote_check_shaping(struct rog_remote_host *host, struct rog_error *err);

/* Restores the run on a worker's host whose supervisor is gone, for the reason `why`, after
 * fetching what the supervisor left. Retries while the run continues. Errors: ROG_EINTR if
 * everything must end; ROG_EINVAL or ROG_ENOMEM if retrying is pointless. */
int rog_remote_bring_back(struct rog_remote_host *host, const char *why, struct rog_error *err);

#endif
