/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SWEEPS_REGISTRY_H
#define ROG_SWEEPS_REGISTRY_H

/*
 * The registry of a user's sweeps: a folder for each, $XDG_STATE_HOME/rogctl/sweeps/ID
 * (~/.local/state/...), with
 *     sweep.json     the process and what it does
 *     log            output of a detached sweep
 * The progress of its runs is in the database that it writes (store/progress.h). Entries of ended
 * sweeps are kept for some time, so that users can see how they ended.
 *
 * sweep.json: {id, pid, start, host, boot, space: the process (presence.h); command: [words];
 *     folder: where it was started; database; since; detached; repeats: more runs may follow;
 *     once its runs are planned: case, cluster (a path), real_time, slots: runs at the same time,
 *     runs: [{id, label}]; once it has ended: ended, status, message, or killed}
 */

#include <stdbool.h>

#include <common/json.h>
#include <rog/error.h>

#define ROG_SWEEP_FILE "sweep.json"
#define ROG_SWEEP_LOG "log"
/* Environment variable that contains the ID made for a detached process. */
#define ROG_SWEEP_VARIABLE "ROGCTL_SWEEP"

struct rog_sweep; /* the entry of this process */

/* Registers this process. `name` is what its ID begins with; `database` a path. */
int rog_sweep_open(struct rog_sweep **sweep, const char *name, const char *database,
                   struct rog_error *err);
const char *rog_sweep_id(const struct rog_sweep *sweep);
bool rog_sweep_is_detached(const struct rog_sweep *sweep);
/* Puts members into sweep.json. A NULL sweep is accepted, here and below. */
int rog_sweep_put(struct rog_sweep *sweep, const struct rog_json *facts, struct rog_error *err);
/* Records the end of the sweep, with its exit status; `message` says why it is not done (NULL: it
 * is). The entry of a sweep that was successful and not detached is removed. */
void rog_sweep_close(struct rog_sweep *sweep, int status, const char *message);

/* Creates the folder of a new entry, and its ID. Heap memory. */
int rog_sweep_claim(const char *name, char **id, struct rog_error *err);
/* The path of a file in an entry's folder; "" is the folder. Heap memory. */
int rog_sweep_path(const char *id, const char *name, char **path, struct rog_error *err);
int rog_sweep_forget(const char *id, struct rog_error *err);

/* Loads all entries, the latest last, as in sweep.json and with "state": "running", "ended",
 * "killed" (it has not recorded its end) or "elsewhere" (a process of another machine). Removes
 * expired entries. Owned by the caller. */
int rog_sweeps_load(struct rog_json **sweeps, struct rog_error *err);
/* The entry whose ID is `id`; NULL: there is none. */
const struct rog_json *rog_sweeps_find(const struct rog_json *sweeps, const char *id);
bool rog_sweep_is_running(const struct rog_json *sweep);

/* The words of this process's command line, however the program was called. Owned by the caller;
 * NULL without memory. */
struct rog_json *rog_sweep_command(void);

#endif
