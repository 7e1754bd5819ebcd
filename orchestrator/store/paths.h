/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_STORE_PATHS_H
#define ROG_STORE_PATHS_H

/*
 * Where a run's files lie: beside the database, FILE.runs/RUN/ for a database FILE.db, with
 *     config.json    what the trainer was given
 *     events.jsonl   its event stream
 *     trainer.log    what it wrote to standard error
 *     chkpt/         checkpoints
 *     workerN/       of a run of real processes: what worker N wrote
 *     controller.jsonl   what rogctl itself adds, such as retries; where there is some
 *     host.jsonl     of a run on real hosts: what the server's host tells; workerN/ has its own
 *     tested.jsonl   what the tests of its checkpoints said
 *     mark           random letters of a run on real hosts, which its folders there have in their
 *                    names
 *     lock           held by the rogctl that executes the run
 * All results are heap memory, NULL when memory ran out.
 */

/* The stream of a run of one process, or of the server. */
#define ROG_STREAM_MAIN "events.jsonl"
/* Folders worker1, worker2, ...: of workers with streams of their own. */
#define ROG_STREAM_WORKER "worker"
/* What a host tells of itself: energy, bandwidth, its processes. */
#define ROG_STREAM_HOST "host.jsonl"
/* What rogctl itself tells of a run: retries, lost connections, that it went on from a snapshot. */
#define ROG_STREAM_CONTROLLER "controller.jsonl"
/* No event stream: what is in it is in `checkpoints` (checkpoints.h). */
#define ROG_TESTED "tested.jsonl"
/* What the trainer was given. */
#define ROG_RUN_CONFIG "config.json"

/* "results.runs": relative to the database's folder. */
char *rog_runs_folder_name(const char *db_path);
/* The run's folder, relative to the database's folder ("results.runs/RUN"). */
char *rog_run_folder_name(const char *db_path, const char *run_id);
/* A path that is relative to the database's folder (as the tables hold them), seen from here. */
char *rog_store_path(const char *db_path, const char *relative);

#endif
