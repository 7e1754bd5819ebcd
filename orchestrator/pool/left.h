/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_POOL_LEFT_H
#define ROG_POOL_LEFT_H

/*
 * What agents leave of a run that they have not finished, and how another goes on from there.
 *
 * Each agent has a folder of its own for it, runs/RUN/AGENT: one that was taken for dead may wake
 * up and write on. Whoever takes the task next looks through all that there are of the run, and
 * goes on from a copy of the one that has come furthest. One that hands a task back is done with
 * its folder and says so by renaming it to runs/RUN/+AGENT, which is taken over as it is. Folders
 * are removed by the controller alone, when the result is in. Nothing that is lost on the way is
 * more than time.
 *
 * ROG_POOL_STINT in each is an object: hash (of the run), takes (how often it was taken without
 * coming further), from_t, started_at (of the first), why (it was handed back).
 */

#include <stdbool.h>

#include <orchestrator/pool/pool.h>

#define ROG_POOL_STINT "stint.json"
#define ROG_POOL_RESULT "result.json"
#define ROG_POOL_TAKES_MOST 5

struct rog_pool_start {
    char *folder;  /* runs/RUN/AGENT */
    bool resumes;  /* there is something to go on from */
    double from_t; /* of the run; 0 where it begins */
    int takes;     /* this one counted */
    char started_at[32];
    char why[512]; /* the last agent that gave it back has said; "" */
};

/* Makes the agent's folder for a task that it has taken. ROG_EIO: the folder cannot be had. */
int rog_pool_start_make(struct rog_pool_start *start, const struct rog_pool *pool,
                        const struct rog_pool_task *task, const char *hash, struct rog_error *err);
void rog_pool_start_release(struct rog_pool_start *start);

/* The agent gives the task back: it is done with the folder. `counts`: it has had time enough, so
 * that it counts that the run has not come further. `why` may be NULL. */
int rog_pool_start_leave(const struct rog_pool_start *start, const struct rog_pool *pool,
                         const struct rog_pool_task *task, const char *hash, bool counts,
                         const char *why, struct rog_error *err);

/* Gives the folder of a run that was interrupted here, beside its database, to whoever takes its
 * task: it is gone here then. */
int rog_pool_bring(const struct rog_pool *pool, const char *run_id, const char *hash,
                   const char *folder, const char *started_at, struct rog_error *err);

#endif
