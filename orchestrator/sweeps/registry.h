/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SWEEPS_REGISTRY_H
#define ROG_SWEEPS_REGISTRY_H

/*
 * The sweeps of a user: a folder each, $XDG_STATE_HOME/rogctl/sweeps/ID (~/.local/state/...), with
 *     sweep.json     the process and what it does
 *     log            what a detached one prints
 * How far its runs are stands in the database that it writes (store/progress.h). What has ended is
 * kept for a while, so that people hear how.
 *
 * sweep.json: {id, pid, start, host, boot, space: the process (presence.h); command: [words];
 *     folder: that it was begun in; database; since; detached; repeats: more runs may follow;
 *     once its runs are planned: case, cluster (a path), real_time, slots: runs at once,
 *     runs: [{id, label}]; once it has ended: ended, status, message, or killed}
 */

#include <stdbool.h>

#include <common/json.h>
#include <rog/error.h>

#define ROG_SWEEP_FILE "sweep.json"
#define ROG_SWEEP_LOG "log"
/* The ID that a detached process finds made for it, in its environment. */
#define ROG_SWEEP_VARIABLE "ROGCTL_SWEEP"

struct rog_sweep; /* of this process */

/* Enters this process. `name` is what its ID begins with; `database` a path. */
int rog_sweep_open(struct rog_sweep **sweep, const char *name, const char *database,
                   struct rog_error *err);
const char *rog_sweep_id(const struct rog_sweep *sweep);
bool rog_sweep_is_detached(const struct rog_sweep *sweep);
/* What it does, members of sweep.json. NULL sweeps are harmless, here and below. */
int rog_sweep_put(struct rog_sweep *sweep, const struct rog_json *facts, struct rog_error *err);
/* It ends, with that exit status; `message` says why it is not done (NULL: it is). What went well
 * under somebody's eyes is forgotten. */
void rog_sweep_close(struct rog_sweep *sweep, int status, const char *message);

/* Makes the folder of a new entry, and its ID. Heap memory. */
int rog_sweep_claim(const char *name, char **id, struct rog_error *err);
/* The file of that name in an entry's folder; "" is the folder. Heap memory. */
int rog_sweep_path(const char *id, const char *name, char **path, struct rog_error *err);
int rog_sweep_forget(const char *id, struct rog_error *err);

/* All of them, the latest last, as in sweep.json and with "state": "running", "ended", "killed" (it
 * has not said its end) or "elsewhere" (a process of another machine). Forgets what has been kept
 * long enough. Owned by the caller. */
int rog_sweeps_load(struct rog_json **sweeps, struct rog_error *err);
/* The one whose ID is `id`; NULL: there is none. */
const struct rog_json *rog_sweeps_find(const struct rog_json *sweeps, const char *id);
bool rog_sweep_is_running(const struct rog_json *sweep);

/* The words of this process's command line, whatever way the program was called. Owned by the
 * caller; NULL: no memory. */
struct rog_json *rog_sweep_command(void);

#endif
