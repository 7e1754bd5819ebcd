/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FLEET_REMOTE_HOLD_H
#define ROG_FLEET_REMOTE_HOLD_H

/*
 * The hosts of a cluster, held for a sweep: a host is one sweep's at a time, whoever's it is
 * (common/claims.h), from before anything of a run is placed there until the sweep has ended.
 *
 * Each host has a thread with a connection of its own, which takes a place among those who want the
 * host and keeps it. Sweeps that want some of the same hosts, each in an order of its own, do not
 * wait for each other for ever: a place at the head is given up to others as long as a host that
 * comes before it, in an order of machines that is the same for everybody, is waited for.
 *
 * A tester of the cluster is held with the others. A host that cannot be reached is not waited for
 * here: whoever needs it for a run says so. A
 * worker's that the run can do without (min_workers) is one after worker_timeout, however long an
 * attempt to connect takes.
 */

#include <stdbool.h>
#include <stddef.h>

#include <orchestrator/deploy/bundle.h>
#include <orchestrator/fleet/executor.h>

struct rog_hold;

int rog_hold_new(struct rog_hold **hold, const struct rog_session_options *options,
                 struct rog_error *err);
/* Gives the hosts back, which takes no longer than 2 s: what does not answer frees itself. NULL is
 * harmless. */
void rog_hold_free(struct rog_hold *hold);

/* An attempt begins, for which all hosts are needed at once. `token`: that which a rogctl that is
 * gone had of them; NULL: none is known. */
int rog_hold_begin(struct rog_hold *hold, const char *token, struct rog_error *err);
/* Of everything that this sweep has on a host. */
const char *rog_hold_token(const struct rog_hold *hold);
/* "alice@desk, sweep threshold-case0" */
const char *rog_hold_text(const struct rog_hold *hold);
struct rog_bundle_cache *rog_hold_bundles(struct rog_hold *hold);

/* Whether all hosts are the attempt's (`held`), but for those that were not reached, or it waits
 * for others who have one (`queued`). ROG_EBUSY: it would have to, which is not wanted; ROG_EINVAL:
 * two of the hosts are one, somebody has to accept a host's key, ...; ROG_EFAILED: a host cannot be
 * asked. */
int rog_hold_check(struct rog_hold *hold, bool *held, bool *queued, struct rog_error *err);
/* Whether the host of that rank is the attempt's. One that was not reached (`or_away`) may be gone
 * to all the same. */
bool rog_hold_has(struct rog_hold *hold, size_t rank, bool or_away);
/* Whether it was not reached. */
bool rog_hold_misses(struct rog_hold *hold, size_t rank);
/* Whether it has ever been reached. */
bool rog_hold_has_met(struct rog_hold *hold, size_t rank);
/* Which host is waited for, who has it, and since when it is waited for; false: none. */
bool rog_hold_waits(struct rog_hold *hold, char *what, size_t bytes, double *since_s);

#endif
