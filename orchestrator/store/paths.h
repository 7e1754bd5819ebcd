/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_STORE_PATHS_H
#define ROG_STORE_PATHS_H

/*
 * Where a run's files are: beside the database, in FILE.runs/RUN/ for a database FILE.db:
 *     config.json    the trainer's configuration
 *     events.jsonl   its event stream
 *     trainer.log    its standard error
 *     chkpt/         checkpoints
 *     workerN/       in a run of real processes: the files of worker N
 *     controller.jsonl   events that rogctl itself adds, such as retries; only if there are any
 *     host.jsonl     in a run on real hosts: events of the server's host; each workerN/ has its own
 *     tested.jsonl   results of the tests of its checkpoints
 *     mark           in a run on real hosts: random letters in the names of its folders there
 *     lock           held by the rogctl that executes the run
 * All functions return heap memory, NULL if memory ran out.
 */

/* Stream of the process or, in a run of several processes, of the server. */
#define ROG_STREAM_MAIN "events.jsonl"
/* Beginning of the folder names worker1, worker2, ... of workers with their own streams. */
#define ROG_STREAM_WORKER "worker"
/* What a host reports about itself: energy, bandwidth, its processes. */
#define ROG_STREAM_HOST "host.jsonl"
/* What rogctl itself reports about a run: retries, lost connections, resuming from a snapshot. */
#define ROG_STREAM_CONTROLLER "controller.jsonl"
/* Not an event stream: its contents are also in `checkpoints` (checkpoints.h). */
#define ROG_TESTED "tested.jsonl"
/* The trainer's configuration. */
#define ROG_RUN_CONFIG "config.json"

/* Returns "results.runs", relative to the database's folder. */
char *rog_runs_folder_name(const char *db_path);
/* Returns the run's folder, relative to the database's folder ("results.runs/RUN"). */
char *rog_run_folder_name(const char *db_path, const char *run_id);
/* Returns the path, relative to the current folder, of one that is relative to the database's
 * folder (as in the tables). */
char *rog_store_path(const char *db_path, const char *relative);

#endif
