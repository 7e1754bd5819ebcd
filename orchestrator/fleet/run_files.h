/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FLEET_RUN_FILES_H
#define ROG_FLEET_RUN_FILES_H

/* A run's folder (orchestrator/store/paths.h says where it is and what it contains). */

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
#define ROG_RUN_STATE "state"        /* folder: the server's state between checkpoints */
#define ROG_RUN_LAYOUT "layout.json" /* layout of a model that workers have sent to the server */
/* Empty file: for the server, time has been paused since its creation. */
#define ROG_RUN_PAUSED "paused"
#define ROG_RUN_RESUMED "taken-up.json" /* the moment of the resume (take_up.h) */
#define ROG_RUN_CLAIM "claim"           /* the claim on the run's hosts (common/claims.h) */
#define ROG_RUN_KEY "key"
#define ROG_RUN_PORT "port"
#define ROG_RUN_MARK "mark"         /* mark of the run's folders on hosts */
#define ROG_RUN_WHOLE "whole"       /* empty file: all processes exited successfully */
#define ROG_RUN_UNTESTED "untested" /* empty file: complete, but its tester was unreachable */

/* Creates the folder and locks it until this process exits. *fd is the lock, for rog_run_unlock.
 * ROG_EBUSY, with the other's process number, if another process has it. */
int rog_run_lock(const char *folder, int *fd, struct rog_error *err);
void rog_run_unlock(int fd);
/* Returns whether another process has the lock; true if that is unknown. */
bool rog_run_is_locked(const char *folder);

/* Removes what an earlier attempt left and writes the configuration. */
int rog_run_prepare(const char *folder, const char *config_text, struct rog_error *err);

/* Returns whether a subfolder of a run's folder has the name of a worker's. */
bool rog_run_is_worker_folder(const char *name);

/* Adds an event {event, t, rank, message} to ROG_STREAM_CONTROLLER. Write errors are ignored: a
 * full disk is reported when results are written. */
void rog_run_log(const char *folder, const char *event, size_t rank, double t_s, const char *text);
/* Adds an event with any members. Takes ownership. */
void rog_run_log_event(const char *folder, struct rog_json *event);
/* Adds the messages of failed attempts (a list of texts) to the new one's record. */
void rog_run_log_retries(const char *folder, const struct rog_json *retries);
/* Adds the event, with lost_s, that a run resumes after something was lost. */
void rog_run_log_resume(const char *folder, double t_s, double lost_s, const char *text);

/* Returns the name of the run on hosts, RUN-MARK: other controllers may have a run of the same name
 * on them. The mark is random and kept in the folder, so that the run's files on hosts can be found
 * later. Heap memory. Errors: ROG_EIO, ROG_ENOMEM. */
int rog_run_name_on_hosts(const char *folder, const char *run_id, char **name,
                          struct rog_error *err);

/* Draws a key of the training link; rog_run_make_key writes one to a file that only this user can
 * read. */
#define ROG_RUN_KEY_BYTES 32
int rog_run_draw_key(unsigned char bytes[ROG_RUN_KEY_BYTES], struct rog_error *err);
int rog_run_make_key(const char *path, struct rog_error *err);

/* Returns whether the folder's event stream is complete: its last line is the end event. */
bool rog_run_stream_is_whole(const char *folder);

/* Returns whether the folder's event streams are complete: for a run of several processes
 * (`several`), if rog_run_mark_whole was called; for one process, if its stream is. */
bool rog_run_is_whole(const char *folder, bool several);
int rog_run_mark_whole(const char *folder, struct rog_error *err);
/* Returns whether a failed run lacks only test results of its checkpoints. */
bool rog_run_is_untested(const char *folder);
int rog_run_mark_untested(const char *folder, struct rog_error *err);

/* Returns ROG_EFAILED with a message: how the process of `who` has exited, and the last lines of
 * its log. */
int rog_run_judge(const char *who, const struct rog_process *process, const char *log,
                  struct rog_error *err);

/* Returns whether the worker with this folder has ever connected. */
bool rog_run_took_part(const char *worker_folder);

/* Returns whether the run in `folder` has started: its server's stream has the first event of the
 * record. */
bool rog_run_has_begun(const char *folder);

/* Returns whether the last message of the run's server about that worker is that its connection is
 * lost: workers that have finished, or know that the run is over, leave in another way. */
bool rog_run_worker_is_lost(const char *folder, size_t rank);

/* Returns ROG_EFAILED with the message of a worker's error event, and with the last output of a
 * program that has just left. */
int rog_run_fail_worker(const char *folder, size_t rank, const char *message,
                        struct rog_error *err);

/* Returns ROG_EFAILED: the program of the worker `who` exited with status 0 before it had finished.
 * The message has the last lines of its log. */
int rog_run_fail_leaver(const char *who, bool took_part, const char *log, struct rog_error *err);

/* Writes the last lines of a log, on one line, for an error message; "" if there is no log. */
void rog_run_log_tail(const char *path, char *text, size_t bytes);

#endif
