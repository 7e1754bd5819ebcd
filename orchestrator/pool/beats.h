/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_POOL_BEATS_H
#define ROG_POOL_BEATS_H

/*
 * Heartbeats: agents/AGENT is an object with a counter, which its agent replaces a dozen times per
 * lease. An observer considers an agent dead if the counter has not changed for a lease, by the
 * clock of the observer's machine. An agent seen for the first time counts as alive for a lease.
 */

#include <stdbool.h>

#include <common/json.h>
#include <orchestrator/pool/pool.h>

/* Returns the interval between heartbeats, s. */
double rog_pool_beat_period_s(const struct rog_pool *pool);

/* Writes a heartbeat. `says` (borrowed; may be NULL) has further members:
 *     host, pid, since (UTC), slurm_job (optional);
 *     while the agent executes a run: run, label, t, from_t, done, iteration, accuracy,
 *         stall_share, wall_s, state (store/progress.h)
 * `counter` must differ from that of the last heartbeat. */
int rog_pool_beat(const struct rog_pool *pool, const char *agent, long long counter,
                  const struct rog_json *says, struct rog_error *err);
/* Removes the heartbeat of an agent that has ended. */
void rog_pool_end_beats(const struct rog_pool *pool, const char *agent);

struct rog_pool_watch; /* what an observer has seen */

int rog_pool_watch_new(struct rog_pool_watch **watch, const struct rog_pool *pool,
                       struct rog_error *err);
void rog_pool_watch_free(struct rog_pool_watch *watch);
/* Checks an agent at a time of rog_clock_s. Returns 1 if it is alive, 0 if dead, or an error. *says
 * (unless NULL) becomes its last heartbeat, owned by the watch until the next check of this agent;
 * NULL: there is none. */
int rog_pool_watch_look(struct rog_pool_watch *watch, const char *agent, double now_s,
                        const struct rog_json **says, struct rog_error *err);
/* Checks all agents of the pool and counts those that are alive. */
int rog_pool_watch_count(struct rog_pool_watch *watch, double now_s, size_t *alive,
                         struct rog_error *err);

#endif
