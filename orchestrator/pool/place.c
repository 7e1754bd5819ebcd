/* SPDX-License-Identifier: Apache-2.0 */
/* Puts runs into a pool. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <common/file.h>
#include <common/hash.h>
#include <orchestrator/fleet/resume.h>
#include <orchestrator/fleet/run_files.h>
#include <orchestrator/pool/controller_state.h>
#include <orchestrator/pool/left.h>
#include <orchestrator/pool/task.h>
#include <orchestrator/pool/tree.h>
#include <orchestrator/store/ingest.h>
#include <orchestrator/store/progress.h>
#include <orchestrator/store/summary.h>

#define MODELS "models"
#define MISSED_MOST 2 /* a listing can miss a file that is being renamed */

/* ---- starting models ---- */

static int copy_model(struct rog_pool_controller *c, const char *from, const char *name,
                      struct rog_error *err)
{
    char *folder = rog_path_join(rog_pool_path(c->pool), MODELS);
    char *to = rog_path_join(rog_pool_path(c->pool), name), *data = NULL;
    size_t size = 0;
    int code = folder && to ? rog_dir_make(folder, err) : rog_fail_nomem(err);
    if (code == 0 && !rog_file_exists(to)) {
        code = rog_file_read(from, (size_t)4 << 30, &data, &size, err);
        if (code == 0)
            code = rog_file_write(to, data, size, err);
    }
    free(data);
    free(folder);
    free(to);
    return code;
}

/* Sets *model to the pool's copy of the job's starting model, {path, sha256}; NULL: it needs
 * none. */
static int give_model(struct rog_pool_controller *c, const struct rog_fleet_job *job,
                      const struct rog_json **model, struct rog_error *err)
{
    char hex[ROG_SHA256_HEX_BYTES];
    *model = job->start_model ? rog_json_get(c->models, job->start_model) : NULL;
    if (!job->start_model || *model)
        return 0;
    int code = rog_contents_file(c->options->contents, job->start_model, hex, err);
    char *name = code == 0 ? rog_format(MODELS "/%s.safetensors", hex) : NULL;
    if (code == 0)
        code = name ? copy_model(c, job->start_model, name, err) : rog_fail_nomem(err);
    if (code == 0) {
        struct rog_json *made = rog_json_object();
        rog_json_put_string(made, "path", name);
        rog_json_put_string(made, "sha256", hex);
        rog_json_put(c->models, job->start_model, made);
        *model = rog_json_get(c->models, job->start_model);
    }
    free(name);
    return code;
}

/* ---- one run ---- */

/* Moves the folder of an interrupted run on this machine into the pool, if no other rogctl uses
 * it. */
static int bring(struct rog_pool_controller *c, const struct rog_fleet_job *job,
                 struct rog_error *err)
{
    struct rog_run_row row = {0};
    double t_s;
    const char *db_path = rog_db_path(c->options->db);
    char *relative = rog_run_folder_name(db_path, job->run_id);
    char *folder = relative ? rog_store_path(db_path, relative) : NULL;
    int code =
        folder ? rog_run_row_load(c->options->db, job->run_id, &row, err) : rog_fail_nomem(err);
    if (code == 0 && rog_file_exists(folder) && rog_run_is_locked(folder))
        code = rog_fail(err, ROG_EBUSY, "%s is being executed by another rogctl", job->run_id);
    bool same = code == 0 && row.attempt > 0 && strcmp(row.config_hash, job->hash) == 0;
    bool useful = same && (rog_resume_is_possible(folder, &t_s) ||
                           (strcmp(row.status, "failed") != 0 && rog_run_stream_is_whole(folder)));
    if (useful)
        code = rog_pool_bring(c->pool, job->run_id, job->hash, folder, row.started_at, err);
    rog_run_row_release(&row);
    free(folder);
    free(relative);
    return code;
}

static int fail_job(struct rog_pool_controller *c, struct rog_pool_case *of, struct rog_error *err)
{
    int code = rog_ingest_end(c->options->db, of->job->run_id, "failed", of->job->error, err);
    rog_pool_set_state(c, of, ROG_FLEET_FAILED);
    return code;
}

/* An input that has changed becomes the error of its job. */
static int check_inputs(struct rog_pool_controller *c, struct rog_fleet_job *job,
                        struct rog_error *err)
{
    struct rog_error cause = {0};
    int code = job->error[0] ? 0
                             : rog_inputs_check(job->inputs, NULL,
                                                "the sweep was planned; run the sweep again",
                                                c->options->contents, &cause);
    if (code == ROG_EFAILED)
        snprintf(job->error, sizeof job->error, "%s", cause.message);
    return code == 0 || code == ROG_EFAILED ? 0 : rog_fail_again(err, &cause);
}

static int place(struct rog_pool_controller *c, struct rog_pool_case *of, struct rog_error *err)
{
    struct rog_fleet_job *job = of->job;
    const struct rog_json *model = NULL;
    struct rog_json *task = NULL;
    int code = check_inputs(c, job, err);
    if (code == 0 && job->error[0])
        return fail_job(c, of, err);
    if (code == 0)
        code = bring(c, job, err);
    if (code == 0)
        code = give_model(c, job, &model, err);
    if (code == 0)
        code = rog_pool_task_make(job, rog_json_get_string(model, "path", NULL),
                                  rog_json_get_string(model, "sha256", NULL), &task, err);
    if (code == 0)
        code = rog_pool_put(c->pool, (size_t)(job - c->jobs), job->run_id, task, err);
    rog_json_free(task);
    return code;
}

/* ---- all runs ---- */

static void forget_seen(struct rog_pool_controller *c)
{
    for (size_t i = 0; i < c->count; i++)
        c->of[i].seen = false;
}

/* Handles a task of a run that is not among the jobs. If the run is done, its task is removed.
 * Otherwise it stays, as this sweep did not ask for it. */
static int remove_finished(struct rog_pool_controller *c, enum rog_pool_place where,
                           const struct rog_pool_task *task, struct rog_error *err)
{
    char status[ROG_PROGRESS_STATE_BYTES] = "", why[ROG_ERROR_MESSAGE_BYTES];
    int code = rog_run_status_load(c->options->db, rog_pool_task_run(task), status, why, err);
    if (code == 0 && where != ROG_POOL_DONE && strcmp(status, "done") == 0)
        code = rog_pool_remove(c->pool, where, task, err);
    return code == ROG_ENOTFOUND ? 0 : code;
}

/* A task that was placed when the run had other settings or files is removed. */
static int mark_task(struct rog_pool_controller *c, enum rog_pool_place where,
                     const struct rog_pool_task *task, bool reads, struct rog_error *err)
{
    struct rog_pool_case *of = rog_pool_find(c, rog_pool_task_run(task));
    struct rog_json *value = NULL;
    if (!of)
        return reads ? remove_finished(c, where, task, err) : 0;
    int code = reads ? rog_pool_read(c->pool, where, task, &value, err) : 0;
    bool right =
        !reads || (code == 0 && strcmp(rog_json_get_string(value, "hash", ""), of->job->hash) == 0);
    rog_json_free(value);
    if (right)
        of->seen = true;
    else if (code == 0 || code == ROG_EFORMAT)
        code = rog_pool_remove(c->pool, where, task, err);
    return code == ROG_ENOTFOUND ? 0 : code;
}

/* Marks all jobs that are in the pool. Reads folders in the order in which tasks move, so that none
 * is missed. */
static int mark_all(struct rog_pool_controller *c, bool reads, struct rog_error *err)
{
    int code = 0;
    forget_seen(c);
    for (enum rog_pool_place where = 0; code == 0 && where < ROG_POOL_PLACES; where++) {
        struct rog_pool_list list = {0};
        code = rog_pool_list(c->pool, where, &list, err);
        for (size_t i = 0; code == 0 && i < list.count; i++)
            code = mark_task(c, where, &list.task[i], reads, err);
        rog_pool_list_release(&list);
    }
    return code;
}

int rog_pool_place_all(struct rog_pool_controller *c, struct rog_error *err)
{
    int code = mark_all(c, true, err);
    for (size_t i = 0; code == 0 && i < c->count; i++) {
        bool open = !rog_fleet_job_is_over(c->of[i].job) && !c->of[i].seen;
        if (open)
            code = place(c, &c->of[i], err);
        if (rog_signals_wait(c->signals, 0))
            return rog_fail(err, ROG_EINTR, "interrupted");
    }
    return code;
}

int rog_pool_place_missing(struct rog_pool_controller *c, struct rog_error *err)
{
    int code = mark_all(c, false, err);
    for (size_t i = 0; code == 0 && i < c->count; i++) {
        struct rog_pool_case *of = &c->of[i];
        bool open = !rog_fleet_job_is_over(of->job);
        of->missed = open && !of->seen ? of->missed + 1 : 0;
        if (of->missed < MISSED_MOST)
            continue;
        of->missed = 0;
        c->options->observer->say(c->options->observer->user, of->job,
                                  "its task is missing from the pool; it is placed again");
        code = place(c, of, err);
    }
    return code;
}
