/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_POOL_LEFT_H
#define ROG_POOL_LEFT_H

/*
 * What agents leave of a run that they have not finished, and how another agent resumes it.
 *
 * Each agent has its own folder for a run, runs/RUN/AGENT, because an agent that was considered
 * dead may wake up and continue to write. The agent that takes the task next examines all folders
 * of the run and resumes from a copy of the one with the most progress. An agent that hands a task
 * back no longer needs its folder and renames it to runs/RUN/+AGENT, which is then taken without a
 * copy. Only the controller removes folders, after it has stored the result. Losing a folder costs
 * only time.
 *
 * ROG_POOL_STINT in each folder is an object: hash (of the run), takes (how often it was taken
 * without progress), from_t, started_at (of the first agent), why (the reason for handing it back).
 */

#include <stdbool.h>

#include <orchestrator/pool/pool.h>

#define ROG_POOL_STINT "stint.json"
#define ROG_POOL_RESULT "result.json"
#define ROG_POOL_TAKES_MOST 5

struct rog_pool_start {
    char *folder;  /* runs/RUN/AGENT */
    bool resumes;  /* there is progress to resume from */
    double from_t; /* time of the run; 0: from its beginning */
    int takes;     /* including this one */
    char started_at[32];
    char why[512]; /* reason given by the last agent that handed it back; "" */
};

/* Prepares the agent's folder for a task that it has taken. Returns ROG_EIO if that is not
 * possible. */
int rog_pool_start_make(struct rog_pool_start *start, const struct rog_pool *pool,
                        const struct rog_pool_task *task, const char *hash, struct rog_error *err);
void rog_pool_start_release(struct rog_pool_start *start);

/* Call when the agent hands the task back; it must not use the folder after that. `counts`: it had
 * enough time, so a lack of progress is counted. `why` may be NULL. */
int rog_pool_start_leave(const struct rog_pool_start *start, const struct rog_pool *pool,
                         const struct rog_pool_task *task, const char *hash, bool counts,
                         const char *why, struct rog_error *err);

/* Moves the folder of a run that was interrupted on this machine from beside its database into the
 * pool, for the agent that takes its task. */
int rog_pool_bring(const struct rog_pool *pool, const char *run_id, const char *hash,
                   const char *folder, const char *started_at, struct rog_error *err);

#endif
