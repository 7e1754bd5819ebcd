/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_POOL_HEART_H
#define ROG_POOL_HEART_H

/* Sends an agent's heartbeats from a thread, so that a long operation (copying a run's folder,
 * hashing data) does not make the agent appear dead. With each heartbeat it checks whether the
 * agent still has its task, and whether agents have to exit. */

#include <stdbool.h>

#include <orchestrator/pool/beats.h>

struct rog_heart; /* opaque */

/* Starts the thread, with a first heartbeat. `facts` are the agent's, for all heartbeats; takes
 * ownership. */
int rog_heart_start(struct rog_heart **heart, const struct rog_pool *pool, const char *agent,
                    struct rog_json *facts, struct rog_error *err);
/* Stops the thread and removes the heartbeat. NULL is allowed. */
void rog_heart_stop(struct rog_heart *heart);

/* Sets the task that the agent executes now; NULL: none. Copied. */
int rog_heart_hold(struct rog_heart *heart, const struct rog_pool_task *task,
                   struct rog_error *err);
/* Sets the progress for the next heartbeat; takes ownership. */
void rog_heart_say(struct rog_heart *heart, struct rog_json *says);

/* Returns whether another agent has taken the task. */
bool rog_heart_has_lost(const struct rog_heart *heart);
/* Returns whether agents have to exit. */
bool rog_heart_is_stopping(const struct rog_heart *heart);

#endif
