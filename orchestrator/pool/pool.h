/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_POOL_POOL_H
#define ROG_POOL_POOL_H

/*
 * A pool: a folder with runs to execute, for one controller and for agents on any machines that
 * share the folder.
 *
 *     pool.json              what it is for (struct rog_pool_terms)
 *     ready/TASK             a run to execute, TASK being SEQ-RUN: JSON (task.h)
 *     taken/TASK@AGENT       the same file, renamed by the agent that executes it
 *     done/TASK@AGENT        the same file, renamed when the result is complete in runs/RUN/AGENT
 *     agents/AGENT           heartbeat (beats.h)
 *     runs/RUN/AGENT/        the run's folder of that agent (left.h says from which one to resume)
 *     stop                   if it exists, agents hand back their tasks and exit
 *
 * Requirements on the file system: a file that was written under another name and then renamed is
 * seen complete; if several processes rename one file, one of them succeeds; a removed name
 * disappears for others after a while. No locks, file times or synchronized clocks are needed. If
 * the reply to a rename is lost, as can happen with NFS, the code checks whether it succeeded.
 *
 * The position of its file is the state of a task: the process whose rename succeeds has it. So
 * each step below succeeds for one caller and returns ROG_ENOTFOUND to all others.
 *
 * Names and files come from whoever can write to the folder, which must be this user only. Even so,
 * anything not of the form above is skipped, and no name leads out of the folder.
 */

#include <stdbool.h>
#include <stddef.h>

#include <common/json.h>
#include <rog/error.h>

#define ROG_POOL_FORMAT 1
#define ROG_POOL_AGENT_MAX 64 /* maximum length of an agent's name, letters A-Z a-z 0-9 . _ - */
#define ROG_POOL_RUN_MAX 160  /* maximum bytes of a run's name */
#define ROG_POOL_LEASE_S 60.0 /* default */

struct rog_pool; /* opaque; used by one thread, except for heartbeats (beats.h) */

/* Parameters for all who use the pool. */
struct rog_pool_terms {
    char sweep[256];     /* name of the sweep for users: the case */
    char placed_by[256]; /* user@host */
    double lease_s;      /* an agent without a heartbeat for this long is dead */
    int results;         /* version of what a trainer computes (ROG_RESULTS_VERSION) */
};

/* Creates the folder, or opens an existing one and sets its terms. Returns ROG_EINVAL if other
 * users can write to it. */
int rog_pool_make(struct rog_pool **pool, const char *path, const struct rog_pool_terms *terms,
                  struct rog_error *err);
/* Errors: ROG_ENOTFOUND if it does not exist; ROG_EFORMAT if it has another version or is not a
 * pool; ROG_EINVAL if other users can write to it. */
int rog_pool_open(struct rog_pool **pool, const char *path, struct rog_error *err);
/* Frees the handle, not the folder. NULL is allowed. */
void rog_pool_close(struct rog_pool *pool);
const char *rog_pool_path(const struct rog_pool *pool); /* absolute */
/* Returns 1 if the pool has been removed or is being removed, 0 if it exists. Returns ROG_EFAILED
 * if it was moved to another path with tasks left in it. */
int rog_pool_is_gone(const struct rog_pool *pool, struct rog_error *err);
const struct rog_pool_terms *rog_pool_terms(const struct rog_pool *pool);

/* ---- tasks ---- */

enum rog_pool_place { ROG_POOL_READY, ROG_POOL_TAKEN, ROG_POOL_DONE, ROG_POOL_PLACES };

struct rog_pool_task {
    char *name;  /* SEQ-RUN */
    char *agent; /* the agent that has or had it; NULL in ready/ */
};
/* Parses a file name, in a folder whose tasks have agents or not. Returns false if it is not the
 * name of a task, or if memory runs out. Release it with rog_pool_task_release. */
bool rog_pool_task_parse(const char *file, bool has_agent, struct rog_pool_task *task);
/* Returns the run, which is a part of the name. */
const char *rog_pool_task_run(const struct rog_pool_task *task);
void rog_pool_task_release(struct rog_pool_task *task);

struct rog_pool_list {
    struct rog_pool_task *task; /* [count], by name */
    size_t count;
};
/* Zero-initialize the list, and release it even after an error. */
int rog_pool_list(const struct rog_pool *pool, enum rog_pool_place place,
                  struct rog_pool_list *list, struct rog_error *err);
void rog_pool_list_release(struct rog_pool_list *list);

/* Puts a run into ready/. The controller must have checked that it is not in the pool. Returns
 * ROG_EINVAL if its name cannot be used in a pool. */
int rog_pool_put(struct rog_pool *pool, size_t seq, const char *run_id, const struct rog_json *task,
                 struct rog_error *err);
/* Errors: ROG_ENOTFOUND if it is not there (any more), ROG_EFORMAT if it is damaged. */
int rog_pool_read(const struct rog_pool *pool, enum rog_pool_place place,
                  const struct rog_pool_task *task, struct rog_json **value, struct rog_error *err);

/* Moves ready -> taken and sets task->agent to `agent`. */
int rog_pool_take(struct rog_pool *pool, struct rog_pool_task *task, const char *agent,
                  struct rog_error *err);
/* Moves taken -> taken, from task->agent, which is dead, to `agent`. */
int rog_pool_steal(struct rog_pool *pool, struct rog_pool_task *task, const char *agent,
                   struct rog_error *err);
/* Moves taken -> done. */
int rog_pool_publish(struct rog_pool *pool, const struct rog_pool_task *task,
                     struct rog_error *err);
/* Moves taken -> ready. */
int rog_pool_hand_back(struct rog_pool *pool, const struct rog_pool_task *task,
                       struct rog_error *err);
/* Returns 1 if task->agent still has the task in taken/, 0 if not, or an error if that is
 * unknown. */
int rog_pool_holds(const struct rog_pool *pool, const struct rog_pool_task *task,
                   struct rog_error *err);
/* Removes the task from ready/, taken/ or done/. */
int rog_pool_remove(struct rog_pool *pool, enum rog_pool_place place,
                    const struct rog_pool_task *task, struct rog_error *err);

/* ---- agents as a whole ---- */

/* Makes a unique name for an agent of this process: HOST-PID-RANDOM. Heap memory. */
int rog_pool_draw_agent(char **agent, struct rog_error *err);
/* Returns whether the name is valid for an agent. */
bool rog_pool_is_agent(const char *name);

/* Tells agents to exit, or withdraws that. */
int rog_pool_stop_agents(struct rog_pool *pool, bool stop, struct rog_error *err);
bool rog_pool_is_stopping(const struct rog_pool *pool);

/* ---- folders ---- */

/* Returns runs/RUN, or with an agent runs/RUN/AGENT. Heap memory; NULL if memory ran out. */
char *rog_pool_run_folder(const struct rog_pool *pool, const char *run_id, const char *agent);

#endif
