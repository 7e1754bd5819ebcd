/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FLEET_RUN_FILES_H
#define ROG_FLEET_RUN_FILES_H

/* A run's folder (orchestrator/store/paths.h says where it lies and what is in it). */

#include <stdbool.h>
#include <stddef.h>

#include <common/json.h>
#include <common/process.h>
#include <orchestrator/store/paths.h>
#include <rog/error.h>

#define ROG_RUN_EVENTS "events.jsonl"
#define ROG_RUN_LOG "trainer.log"
#define ROG_RUN_TESTER_LOG "tester.log"
#define ROG_RUN_CHECKPOINTS "chkpt"
#define ROG_RUN_LOCK "lock"
/* Of runs of real processes. */
#define ROG_RUN_WORKER ROG_STREAM_WORKER /* folders worker1, worker2, ... */
#define ROG_RUN_SERVER_STATE "server.json"
#define ROG_RUN_STATE "state"           /* folder: the server's state between checkpoints */
#define ROG_RUN_LAYOUT "layout.json"    /* of a model that workers have brought to the server */
#define ROG_RUN_PAUSED "paused"         /* empty: for a server, time has stood still since then */
#define ROG_RUN_RESUMED "taken-up.json" /* where the attempt went on from (take_up.h) */
#define ROG_RUN_CLAIM "claim"           /* what the run's hosts are held with (common/claims.h) */
#define ROG_RUN_KEY "key"
#define ROG_RUN_PORT "port"
#define ROG_RUN_MARK "mark"         /* of the run's folders on hosts */
#define ROG_RUN_WHOLE "whole"       /* empty: all processes ended well */
#define ROG_RUN_UNTESTED "untested" /* empty: it is whole, and its tester was out of reach */

/* Makes the folder and takes its lock, which ends with this process. *fd is the lock, for
 * rog_run_unlock. ROG_EBUSY, with the other's process number, when somebody else has it. */
int rog_run_lock(const char *folder, int *fd, struct rog_error *err);
void rog_run_unlock(int fd);
/* Whether somebody has the lock; also where that cannot be known. */
bool rog_run_is_locked(const char *folder);

/* Removes what an earlier attempt left and writes the configuration. */
int rog_run_prepare(const char *folder, const char *config_text, struct rog_error *err);

/* Whether a folder in that of a run is a worker's, by its name. */
bool rog_run_is_worker_folder(const char *name);

/* Adds an event {event, t, rank, message} to ROG_STREAM_CONTROLLER. What cannot be written is left
 * out: the disk's trouble is told where results are written. */
void rog_run_log(const char *folder, const char *event, size_t rank, double t_s, const char *text);
/* The same for an event with whatever members; taken over. */
void rog_run_log_event(const char *folder, struct rog_json *event);
/* What was written about attempts that came to nothing (a list of texts) is part of the new one's
 * record. */
void rog_run_log_retries(const char *folder, const struct rog_json *retries);
/* The same for the event that a run goes on after something was lost: with lost_s. */
void rog_run_log_resume(const char *folder, double t_s, double lost_s, const char *text);

/* What the run is called on hosts, RUN-MARK: others may have a run of the same name there. The mark
 * is drawn once and stays in the folder, so that what the run has there is found by whoever takes
 * it up. Heap memory. ROG_EIO; ROG_ENOMEM. */
int rog_run_name_on_hosts(const char *folder, const char *run_id, char **name,
                          struct rog_error *err);

/* A key of the training link; and as a file that only this user may read. */
#define ROG_RUN_KEY_BYTES 32
int rog_run_draw_key(unsigned char bytes[ROG_RUN_KEY_BYTES], struct rog_error *err);
int rog_run_make_key(const char *path, struct rog_error *err);

/* Whether the folder's event stream is whole: its last line is the end event. */
bool rog_run_stream_is_whole(const char *folder);

/* Whether nothing is missing of the folder's event streams. Those of a run of several processes
 * (`several`) are whole when rog_run_mark_whole has been told so; that of one process by itself. */
bool rog_run_is_whole(const char *folder, bool several);
int rog_run_mark_whole(const char *folder, struct rog_error *err);
/* Whether all that a failed run lacks are results of its checkpoints. */
bool rog_run_is_untested(const char *folder);
int rog_run_mark_untested(const char *folder, struct rog_error *err);

/* ROG_EFAILED: how `who`, whose process has ended, did so, and its log's last lines. */
int rog_run_judge(const char *who, const struct rog_process *process, const char *log,
                  struct rog_error *err);

/* Whether the worker whose folder this is has ever opened the training link. */
bool rog_run_took_part(const char *worker_folder);

/* Whether the run in `folder` has begun: its server's stream has the first event of the record. */
bool rog_run_has_begun(const char *folder);

/* Whether the last that the server of the run in `folder` says of that worker is that its
 * connection is lost: whoever has finished, or been told that the run is over, leaves otherwise. */
bool rog_run_worker_is_lost(const char *folder, size_t rank);

/* ROG_EFAILED: the event of a worker's error, with the last words of a program that has only left.
 */
int rog_run_fail_worker(const char *folder, size_t rank, const char *message,
                        struct rog_error *err);

/* ROG_EFAILED: the program of the worker `who` has exited with status 0 and had not finished, with
 * its log's last lines. */
int rog_run_fail_leaver(const char *who, bool took_part, const char *log, struct rog_error *err);

/* The last lines of a log, on one line, for an error message; "" when there is none. */
void rog_run_log_tail(const char *path, char *text, size_t bytes);

#endif
