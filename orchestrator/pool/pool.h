/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_POOL_POOL_H
#define ROG_POOL_POOL_H

/*
 * A pool: a folder with runs to do, for agents on any machines that see it, and one controller.
 *
 *     pool.json              what it is for (struct rog_pool_terms)
 *     ready/TASK             a run to do, TASK being SEQ-RUN: JSON (task.h)
 *     taken/TASK@AGENT       the same file, renamed by the agent that does it
 *     done/TASK@AGENT        the same, renamed when the result is complete in runs/RUN/AGENT
 *     agents/AGENT           sign of life (beats.h)
 *     runs/RUN/AGENT/        the run's folder of that agent (left.h says who goes on from which)
 *     stop                   is there: agents hand back what they do, and end
 *
 * What it takes of the file system: a file that was written whole under another name and then
 * renamed is seen whole; of several renames of one file one succeeds; a name that is gone is gone
 * for others after a while. No locks, no times of files, no equal clocks. Renames whose answer is
 * lost, as NFS may lose it, are looked at.
 *
 * A task is where its file is: whoever can rename it away from there has it. So each step below
 * succeeds for one, and for all others it is ROG_ENOTFOUND.
 *
 * Names and files come from whoever can write there, who must be nobody but this user; all the same
 * what is not of the form above is passed over, and no name leads out of the folder.
 */

#include <stdbool.h>
#include <stddef.h>

#include <common/json.h>
#include <rog/error.h>

#define ROG_POOL_FORMAT 1
#define ROG_POOL_AGENT_MAX 64 /* letters of an agent's name: A-Z a-z 0-9 . _ - */
#define ROG_POOL_RUN_MAX 160  /* bytes of a run's */
#define ROG_POOL_LEASE_S 60.0 /* default */

struct rog_pool; /* opaque; used by one thread, but for signs of life (beats.h) */

/* What all who work on a pool go by. */
struct rog_pool_terms {
    char sweep[256];     /* what the runs are together, for people: the case */
    char placed_by[256]; /* user@host */
    double lease_s;      /* an agent of which no sign of life was seen for so long is dead */
    int results;         /* version of what a trainer computes (ROG_RESULTS_VERSION) */
};

/* Makes the folder, or opens one that is there and sets its terms. ROG_EINVAL: others can write
 * into it. */
int rog_pool_make(struct rog_pool **pool, const char *path, const struct rog_pool_terms *terms,
                  struct rog_error *err);
/* ROG_ENOTFOUND: there is none; ROG_EFORMAT: of another version, or none at all; ROG_EINVAL: others
 * can write into it. */
int rog_pool_open(struct rog_pool **pool, const char *path, struct rog_error *err);
/* The folder stays. NULL is harmless. */
void rog_pool_close(struct rog_pool *pool);
const char *rog_pool_path(const struct rog_pool *pool); /* absolute */
/* 1: it has been removed, or is being removed; 0: it is there. ROG_EFAILED: it has another path
 * now, and tasks are left in it. */
int rog_pool_is_gone(const struct rog_pool *pool, struct rog_error *err);
const struct rog_pool_terms *rog_pool_terms(const struct rog_pool *pool);

/* ---- tasks ---- */

enum rog_pool_place { ROG_POOL_READY, ROG_POOL_TAKEN, ROG_POOL_DONE, ROG_POOL_PLACES };

struct rog_pool_task {
    char *name;  /* SEQ-RUN */
    char *agent; /* who has it, or had; NULL in ready/ */
};
/* What the name of a file is of, in a folder where tasks have agents or in one where they have
 * none. False: of no task, or there is no memory. Released with rog_pool_task_release. */
bool rog_pool_task_parse(const char *file, bool has_agent, struct rog_pool_task *task);
/* The run, which is a part of the name. */
const char *rog_pool_task_run(const struct rog_pool_task *task);
void rog_pool_task_release(struct rog_pool_task *task);

struct rog_pool_list {
    struct rog_pool_task *task; /* [count], by name */
    size_t count;
};
/* Zero-initialize; released in any case. */
int rog_pool_list(const struct rog_pool *pool, enum rog_pool_place place,
                  struct rog_pool_list *list, struct rog_error *err);
void rog_pool_list_release(struct rog_pool_list *list);

/* Puts a run into ready/; the controller has seen that it is nowhere yet. ROG_EINVAL: its name is
 * none for a pool. */
int rog_pool_put(struct rog_pool *pool, size_t seq, const char *run_id, const struct rog_json *task,
                 struct rog_error *err);
/* ROG_ENOTFOUND: it is not there (any more). ROG_EFORMAT: it is damaged. */
int rog_pool_read(const struct rog_pool *pool, enum rog_pool_place place,
                  const struct rog_pool_task *task, struct rog_json **value, struct rog_error *err);

/* ready -> taken; task->agent becomes `agent`. */
int rog_pool_take(struct rog_pool *pool, struct rog_pool_task *task, const char *agent,
                  struct rog_error *err);
/* taken -> taken, from task->agent, who is dead, to `agent`. */
int rog_pool_steal(struct rog_pool *pool, struct rog_pool_task *task, const char *agent,
                   struct rog_error *err);
/* taken -> done. */
int rog_pool_publish(struct rog_pool *pool, const struct rog_pool_task *task,
                     struct rog_error *err);
/* taken -> ready. */
int rog_pool_hand_back(struct rog_pool *pool, const struct rog_pool_task *task,
                       struct rog_error *err);
/* Whether task->agent still has it in taken/: 1, 0, or an error where that cannot be known. */
int rog_pool_holds(const struct rog_pool *pool, const struct rog_pool_task *task,
                   struct rog_error *err);
/* Takes it out of ready/ or done/. */
int rog_pool_remove(struct rog_pool *pool, enum rog_pool_place place,
                    const struct rog_pool_task *task, struct rog_error *err);

/* ---- agents as a whole ---- */

/* A name of its own for an agent of this process: HOST-PID-RANDOM. Heap memory. */
int rog_pool_draw_agent(char **agent, struct rog_error *err);
/* Whether a name may be an agent's. */
bool rog_pool_is_agent(const char *name);

/* Agents are to end, or not any more. */
int rog_pool_stop_agents(struct rog_pool *pool, bool stop, struct rog_error *err);
bool rog_pool_is_stopping(const struct rog_pool *pool);

/* ---- folders ---- */

/* runs/RUN, and with an agent runs/RUN/AGENT. Heap memory; NULL: no memory. */
char *rog_pool_run_folder(const struct rog_pool *pool, const char *run_id, const char *agent);

#endif
