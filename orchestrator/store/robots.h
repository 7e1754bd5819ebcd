/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_STORE_ROBOTS_H
#define ROG_STORE_ROBOTS_H

/*
 * How each host of a run on real hosts was when it was last heard of: the table `robots`, a row a
 * rank (0: the server), from the events "health" of their streams.
 */

#include <stdbool.h>
#include <stdint.h>

#include <common/json.h>
#include <orchestrator/store/db.h>

/* Puts what the event says in the place of what was known of the host; what it does not say is not
 * known any more. *news: throttling has begun or ended, or the battery's charge has passed a
 * twentieth, or nothing was known before. Within the caller's transaction. */
int rog_robots_heard(struct rog_db *db, const char *run_id, int64_t rank,
                     const struct rog_json *event, bool *news, struct rog_error *err);

/* Iterations of a worker have come, which are stored already: its host is alive. */
int rog_robots_went_on(struct rog_db *db, const char *run_id, int64_t rank, struct rog_error *err);

/* The run's hosts by rank: [{rank, host (as in the cluster file; null for the server), heard_at,
 * silent_s (since then), iteration (of a worker), mbps_up, mbps_down, battery, celsius,
 * throttled, away (its worker has left the run)}], null for what is not known; an empty array where
 * no host was heard of. Owned by the caller. */
int rog_robots_json(struct rog_db *db, const char *run_id, struct rog_json **robots,
                    struct rog_error *err);

#endif
