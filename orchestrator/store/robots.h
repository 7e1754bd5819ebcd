/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_STORE_ROBOTS_H
#define ROG_STORE_ROBOTS_H

/*
 * The last known state of each host of a run on real hosts: the table `robots`, with one row for
 * each rank (0: the server), from the events "health" of their streams.
 */

#include <stdbool.h>
#include <stdint.h>

#include <common/json.h>
#include <orchestrator/store/db.h>

/* Replaces the known state of the host with that of the event; what the event lacks becomes
 * unknown. Sets *news if throttling has begun or ended, if the battery's charge has passed a
 * twentieth, or if nothing was known before. Within the caller's transaction. */
int rog_robots_heard(struct rog_db *db, const char *run_id, int64_t rank,
                     const struct rog_json *event, bool *news, struct rog_error *err);

/* Records that iterations of a worker, already stored, have arrived: its host is alive. */
int rog_robots_went_on(struct rog_db *db, const char *run_id, int64_t rank, struct rog_error *err);

/* Returns the run's hosts by rank: [{rank, host (as in the cluster file; null for the server),
 * heard_at, silent_s (seconds since then), iteration (of a worker), mbps_up, mbps_down, battery,
 * celsius, throttled, away (its worker has left the run)}], with null for unknown values; an empty
 * array if no host has reported. Owned by the caller. */
int rog_robots_json(struct rog_db *db, const char *run_id, struct rog_json **robots,
                    struct rog_error *err);

#endif
