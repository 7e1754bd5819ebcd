/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_POOL_BEATS_H
#define ROG_POOL_BEATS_H

/*
 * Signs of life: agents/AGENT is an object with a counter, which its agent replaces a dozen times a
 * lease. An observer who has seen no change of the counter for a lease, by the clock of its own
 * machine, takes the agent for dead. One that is seen for the first time is alive for a lease.
 */

#include <stdbool.h>

#include <common/json.h>
#include <orchestrator/pool/pool.h>

/* How often there is a sign of life, s. */
double rog_pool_beat_period_s(const struct rog_pool *pool);

/* One sign of life; `says` is what else there is to know of the agent (borrowed), NULL: nothing:
 *     host, pid, since (UTC), slurm_job: where there is one
 *     run: what it does, label, t, from_t, done, iteration, accuracy, stall_share, wall_s, state:
 *         as far as it is (store/progress.h)
 * `counter` must be another each time. */
int rog_pool_beat(const struct rog_pool *pool, const char *agent, long long counter,
                  const struct rog_json *says, struct rog_error *err);
/* It has ended well: no sign of life any more. */
void rog_pool_end_beats(const struct rog_pool *pool, const char *agent);

struct rog_pool_watch; /* what an observer has seen */

int rog_pool_watch_new(struct rog_pool_watch **watch, const struct rog_pool *pool,
                       struct rog_error *err);
void rog_pool_watch_free(struct rog_pool_watch *watch);
/* Looks at an agent, at a time of rog_clock_s: 1 alive, 0 dead; or an error. *says (unless NULL) is
 * its last sign of life, owned by the watch until the next look at it; NULL: there is none. */
int rog_pool_watch_look(struct rog_pool_watch *watch, const char *agent, double now_s,
                        const struct rog_json **says, struct rog_error *err);
/* Looks at all agents that there are; how many are alive. */
int rog_pool_watch_count(struct rog_pool_watch *watch, double now_s, size_t *alive,
                         struct rog_error *err);

#endif
