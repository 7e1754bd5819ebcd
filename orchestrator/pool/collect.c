/* SPDX-License-Identifier: Apache-2.0 */
/* Stores the results of agents. Each step can be repeated by a controller that finds it done or
 * half done. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <common/file.h>
#include <orchestrator/fleet/live.h>
#include <orchestrator/fleet/record.h>
#include <orchestrator/fleet/run_files.h>
#include <orchestrator/fleet/streams.h>
#include <orchestrator/fleet/tester.h>
#include <orchestrator/pool/controller_state.h>
#include <orchestrator/pool/files.h>
#include <orchestrator/pool/left.h>
#include <orchestrator/pool/tree.h>
#include <orchestrator/store/elsewhere.h>
#include <orchestrator/store/ingest.h>
#include <orchestrator/store/paths.h>
#include <orchestrator/store/progress.h>

#define RESULT_MAX_BYTES ((size_t)64 << 10)

/* A result that is being stored. */
struct taking {
    struct rog_pool_controller *c;
    struct rog_pool_case *of;
    const struct rog_pool_task *task;
    char *there, *here;      /* the run's folder in the pool, and beside the database */
    struct rog_json *result; /* written by the agent */
};

static int read_result(const char *folder, struct rog_json **result, struct rog_error *err)
{
    char *path = rog_path_join(folder, ROG_POOL_RESULT);
    int code = path ? rog_pool_read_file(path, RESULT_MAX_BYTES, result, err) : rog_fail_nomem(err);
    free(path);
    return code;
}

/* Returns whether the result is of the run with its present hash and of the agent that published
 * it. */
static bool is_right(const struct taking *t)
{
    return t->result && strcmp(rog_json_get_string(t->result, "hash", ""), t->of->job->hash) == 0 &&
           strcmp(rog_json_get_string(t->result, "agent", ""), t->task->agent) == 0;
}

/* Reads the result from the pool, or from where an earlier controller has moved it. */
static int find_result(struct taking *t, bool *is_there, struct rog_error *err)
{
    int code = read_result(t->there, &t->result, err);
    *is_there = code == 0;
    if (code == ROG_ENOTFOUND)
        code = read_result(t->here, &t->result, err);
    return code == ROG_ENOTFOUND || code == ROG_EFORMAT ? 0 : code;
}

/* Moves the folder beside the database, where the files of all runs are. */
static int move_here(struct taking *t, struct rog_error *err)
{
    int lock = -1;
    int code = rog_run_lock(t->here, &lock, err);
    if (code == 0)
        code = rog_tree_move(t->there, t->here, err);
    rog_run_unlock(lock);
    return code;
}

/* Writes the configuration as for a run that was executed here, without paths into the pool, which
 * will be removed. */
static int write_config(const struct taking *t, struct rog_error *err)
{
    char *path = rog_path_join(t->here, ROG_RUN_CONFIG), *text = rog_fleet_config_text(t->of->job);
    int code = path && text ? rog_file_write(path, text, strlen(text), err) : rog_fail_nomem(err);
    free(path);
    free(text);
    return code;
}

static int rewind_run(struct rog_db *db, const char *run_id, struct rog_error *err)
{
    int code = rog_db_begin(db, err);
    if (code == 0)
        code = rog_ingest_rewind(db, run_id, err);
    if (code == 0)
        code = rog_db_commit(db, err);
    rog_db_rollback(db);
    return code;
}

/* Stores the streams from their beginning. Returns ROG_EFAILED or ROG_EFORMAT if they are
 * damaged. */
static int store_streams(const struct taking *t, struct rog_error *err)
{
    struct rog_db *db = t->c->options->db;
    struct rog_streams streams = {0};
    const struct rog_streams_options options = {
        .run_id = t->of->job->run_id, .folder = t->here, .controller = true};
    bool behind = true;
    int code = rewind_run(db, options.run_id, err);
    if (code == 0)
        code = rog_streams_open(&streams, db, &options, err);
    while (code == 0 && behind)
        code = rog_streams_follow(&streams, &behind, err);
    if (code == 0)
        code = rog_streams_check(&streams, t->here, err);
    if (code == 0 && !rog_streams_state(&streams, 0)->ended)
        code = rog_fail(err, ROG_EFAILED, "its event stream has no end");
    t->of->job->iteration = code == 0 ? rog_streams_state(&streams, 0)->iteration : 0;
    t->of->job->t = code == 0 ? rog_streams_state(&streams, 0)->t : 0;
    if (code == 0)
        t->of->job->stall_share = rog_streams_stall_share(&streams);
    rog_streams_release(&streams);
    return code;
}

static int store_tests(const struct taking *t, bool done, struct rog_error *err)
{
    bool all = false;
    int code = rog_fleet_tester_take_in(t->c->options->db, t->of->job->run_id, t->here, &all, err);
    return code == 0 && !all && done
               ? rog_fail(err, ROG_EFAILED, "not all of its checkpoints were tested")
               : code;
}

/* Removes files that only agents need. */
static void forget_notes(const struct taking *t)
{
    static const char *const notes[] = {ROG_POOL_STINT, ROG_POOL_RESULT};
    for (size_t i = 0; i < sizeof notes / sizeof *notes; i++) {
        char *path = rog_path_join(t->here, notes[i]);
        if (path)
            unlink(path);
        free(path);
    }
}

/* Stores events and tests, and then records the end of the run. */
static int store(struct taking *t, struct rog_error *err)
{
    struct rog_db *db = t->c->options->db;
    struct rog_fleet_job *job = t->of->job;
    struct rog_error cause = {0};
    const bool done = strcmp(rog_json_get_string(t->result, "status", ""), "done") == 0;
    int code = store_streams(t, &cause);
    if (code == 0 || (code == ROG_EFAILED && !done))
        code = store_tests(t, done, &cause);
    if (code != 0 && code != ROG_EFAILED && code != ROG_EFORMAT)
        return rog_fail_again(err, &cause);
    const char *error = done ? code == 0 ? NULL : cause.message
                             : rog_json_get_string(t->result, "error", "no reason was given");
    code = rog_fleet_record_end(db, job->run_id, t->here, error, err);
    if (code == 0)
        code = rog_run_elsewhere_times(db, job->run_id,
                                       rog_json_get_string(t->result, "started_at", NULL),
                                       rog_json_get_string(t->result, "ended_at", NULL), err);
    if (code == 0)
        code = rog_run_progress_end(db, job->run_id, err);
    if (code == 0)
        forget_notes(t);
    job->done = 1;
    job->wall_s = rog_json_get_number(t->result, "wall_s", job->wall_s);
    snprintf(job->error, sizeof job->error, "%s", error ? error : "");
    if (code == 0)
        rog_pool_set_state(t->c, t->of, error ? ROG_FLEET_FAILED : ROG_FLEET_DONE);
    return code;
}

/* Removes the task first: without it nobody looks for the folder. */
static int clear(const struct taking *t, struct rog_error *err)
{
    char *folder = rog_pool_run_folder(t->c->pool, rog_pool_task_run(t->task), NULL);
    int code =
        folder ? rog_pool_remove(t->c->pool, ROG_POOL_DONE, t->task, err) : rog_fail_nomem(err);
    if (code == 0 || code == ROG_ENOTFOUND)
        code = rog_dir_remove(folder, NULL) == ROG_ENOMEM ? rog_fail_nomem(err) : 0;
    free(folder);
    return code;
}

static int store_result(struct taking *t, struct rog_error *err)
{
    bool is_there = false;
    int code = find_result(t, &is_there, err);
    if (code < 0)
        return code;
    if (!is_right(t)) /* the run has changed, or the result is gone: the run is missing and will be
                         placed again */
        return rog_pool_remove(t->c->pool, ROG_POOL_DONE, t->task, err);
    code = rog_pool_begin(t->c, t->of, err);
    if (code == 0 && is_there)
        code = move_here(t, err);
    if (code == 0)
        code = write_config(t, err);
    if (code == 0)
        code = store(t, err);
    return code < 0 ? code : clear(t, err);
}

/* Handles a result that is not needed: a second result of a job, or the result of a run that is not
 * among the jobs. It is removed if the run is stored, for example because a controller was killed
 * before it could do so. Otherwise it stays. */
static int clear_unneeded(struct taking *t, struct rog_error *err)
{
    char status[ROG_PROGRESS_STATE_BYTES] = "", why[ROG_ERROR_MESSAGE_BYTES];
    int code = rog_run_status_load(t->c->options->db, rog_pool_task_run(t->task), status, why, err);
    if (code == ROG_ENOTFOUND)
        return 0;
    bool is_in = strcmp(status, "done") == 0 || (t->of && strcmp(status, "failed") == 0);
    return code == 0 && is_in ? clear(t, err) : code;
}

static int collect_one(struct rog_pool_controller *c, const struct rog_pool_task *task,
                       struct rog_error *err)
{
    const char *run_id = rog_pool_task_run(task), *db_path = rog_db_path(c->options->db);
    char *relative = rog_run_folder_name(db_path, run_id);
    struct taking t = {
        .c = c,
        .of = rog_pool_find(c, run_id),
        .task = task,
        .there = rog_pool_run_folder(c->pool, run_id, task->agent),
        .here = relative ? rog_store_path(db_path, relative) : NULL,
    };
    int code = t.there && t.here ? 0 : rog_fail_nomem(err);
    bool open = t.of && !rog_fleet_job_is_over(t.of->job);
    if (code == 0)
        code = open ? store_result(&t, err) : clear_unneeded(&t, err);
    rog_json_free(t.result);
    free(relative);
    free(t.there);
    free(t.here);
    return code == ROG_ENOTFOUND ? 0 : code;
}

int rog_pool_collect(struct rog_pool_controller *c, struct rog_error *err)
{
    struct rog_pool_list list = {0};
    int code = rog_pool_list(c->pool, ROG_POOL_DONE, &list, err);
    for (size_t i = 0; code == 0 && i < list.count; i++) {
        code = collect_one(c, &list.task[i], err);
        if (rog_signals_came(c->signals))
            break;
    }
    rog_pool_list_release(&list);
    return code;
}
