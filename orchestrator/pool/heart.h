/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_POOL_HEART_H
#define ROG_POOL_HEART_H

/* The signs of life of an agent, given by a thread: whatever takes long besides (copying a run's
 * folder, hashing data) does not make it dead to others. With each it looks whether the agent still
 * has its task, and whether agents are to end. */

#include <stdbool.h>

#include <orchestrator/pool/beats.h>

struct rog_heart; /* opaque */

/* Begins, with a first sign. `facts` are the agent's, for all signs; taken over. */
int rog_heart_start(struct rog_heart **heart, const struct rog_pool *pool, const char *agent,
                    struct rog_json *facts, struct rog_error *err);
/* Ends, and removes the last sign. NULL is harmless. */
void rog_heart_stop(struct rog_heart *heart);

/* What the agent does from now on; NULL: nothing. Copied. */
int rog_heart_hold(struct rog_heart *heart, const struct rog_pool_task *task,
                   struct rog_error *err);
/* How far it is: members for the next sign; taken over. */
void rog_heart_say(struct rog_heart *heart, struct rog_json *says);

/* The task is another's now. */
bool rog_heart_has_lost(const struct rog_heart *heart);
/* Agents are to end. */
bool rog_heart_is_stopping(const struct rog_heart *heart);

#endif
