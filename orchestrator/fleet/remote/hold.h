/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FLEET_REMOTE_HOLD_H
#define ROG_FLEET_REMOTE_HOLD_H

/*
 * Holds the hosts of a cluster for a sweep. A host belongs to one sweep at a time, whoever its user
 * is (common/claims.h), from before anything of a run is placed there until the sweep has ended.
 * Each host has a thread with its own connection, which takes a place in the host's queue and keeps
 * it.
 *
 * Sweeps that want some of the same hosts cannot wait for each other forever: a sweep gives up a
 * first place while it waits for a host that comes earlier in an order of machines that is the same
 * for all sweeps. The cluster's tester is held with the other hosts. Hosts that cannot be reached
 * are not waited for here: the run that needs them reports it. If the run can do without a worker
 * (min_workers), its host counts as unreachable after worker_timeout, even if an attempt to connect
 * takes longer.
 */

#include <stdbool.h>
#include <stddef.h>

#include <orchestrator/deploy/bundle.h>
#include <orchestrator/fleet/executor.h>

struct rog_hold;

int rog_hold_new(struct rog_hold **hold, const struct rog_session_options *options,
                 struct rog_error *err);
/* Releases the hosts, within 5 s, or 0.6 s if rogctl was asked to stop (`hurried`). Hosts that do
 * not answer release themselves. NULL is allowed. */
void rog_hold_free(struct rog_hold *hold);

/* Call when an attempt starts, which needs all hosts at once. `token`: that of an earlier rogctl,
 * which is gone; NULL: none is known. */
int rog_hold_begin(struct rog_hold *hold, const char *token, struct rog_error *err);
/* Returns the token of this sweep on all hosts. */
const char *rog_hold_token(const struct rog_hold *hold);
/* Returns "alice@desk, sweep threshold-case0". */
const char *rog_hold_text(const struct rog_hold *hold);
struct rog_bundle_cache *rog_hold_bundles(struct rog_hold *hold);

/* Sets *held if all hosts that could be reached belong to the attempt, and *queued if it waits for
 * other sweeps. Errors: ROG_EBUSY if it would have to wait and must not; ROG_EINVAL if two of the
 * hosts are the same machine, a host key must be accepted, ...; ROG_EFAILED if a host cannot be
 * asked. */
int rog_hold_check(struct rog_hold *hold, bool *held, bool *queued, struct rog_error *err);
/* Returns whether the host of that rank belongs to the attempt, or, with `or_away`, was not
 * reached: the caller may then try to connect to it. */
bool rog_hold_has(struct rog_hold *hold, size_t rank, bool or_away);
/* Returns whether it was not reached. */
bool rog_hold_misses(struct rog_hold *hold, size_t rank);
/* Returns whether it has ever been reached. */
bool rog_hold_has_met(struct rog_hold *hold, size_t rank);
/* Returns true if a host is waited for. Writes the host and its holder; *since_s is when that
 * began. */
bool rog_hold_waits(struct rog_hold *hold, char *what, size_t bytes, double *since_s);

#endif
