/* SPDX-License-Identifier: Apache-2.0 */
/* Starts, restarts and resumes runs. */
#include <orchestrator/fleet/runner_state.h>

#include <stdlib.h>
#include <string.h>

#include <common/clock.h>
#include <common/file.h>
#include <orchestrator/fleet/record.h>
#include <orchestrator/fleet/resume.h>
#include <orchestrator/fleet/run_files.h>
#include <orchestrator/fleet/session.h>
#include <rog/events.h>

void rog_runner_log(void *user, const char *event, size_t rank, const char *text)
{
    struct rog_active *a = user;
    const struct rog_fleet_observer *observer = a->runner->options->observer;
    rog_run_log(a->folder, event, rank, a->job->t, text);
    observer->say(observer->user, a->job, text);
}

static bool is_hurried(void *user)
{
    const struct rog_active *a = user;
    return rog_signals_came(a->runner->signals);
}

static int start_processes(struct rog_active *a, enum rog_beginning how, struct rog_error *err)
{
    struct rog_runner *x = a->runner;
    int code = rog_session_open(&x->session, x->cluster, x->options, x->signals, err);
    if (code < 0)
        return code;
    a->attempt = (struct rog_attempt){
        .cluster = x->cluster,
        .session = x->session,
        .credentials = x->options->credentials,
        .trainer = x->options->trainer,
        .folder = a->folder,
        .config = a->job->config,
        .inputs = a->job->inputs,
        .start_model = a->job->start_model,
        .run_id = a->job->run_id,
        .number = a->number,
        .resume = how == ROG_BEGIN_RESUME || how == ROG_BEGIN_GO_ON,
        .adopt = how == ROG_BEGIN_ADOPT,
        .again = a->failures > 0,
        .at_once = x->at_once,
        .log = rog_runner_log,
        .hurried = is_hurried,
        .user = a,
    };
    return x->hooks->start(&a->processes, &a->attempt, err);
}

static int open_streams(struct rog_active *a, struct rog_error *err)
{
    const struct rog_runner *x = a->runner;
    size_t workers = rog_json_size(rog_json_get(a->job->config, "workers"));
    const struct rog_streams_options options = {
        .run_id = a->job->run_id,
        .folder = a->folder,
        .workers = x->hooks->stream_per_worker ? workers : 0,
        .hosts = x->hooks->host_streams,
        .forgiving = x->cluster->min_workers > 0,
        .controller = x->cluster->kind->real_time || x->hooks->resumes,
    };
    return rog_streams_open(&a->streams, x->options->db, &options, err);
}

/* Resumes from the snapshot. */
static int resume_from_snapshot(struct rog_runner *x, struct rog_active *a, struct rog_error *err)
{
    int code = rog_resume_prepare(x->options->db, a->job->run_id, a->folder, a->job->config, err);
    char *text = rog_format("it resumes from its snapshot at %.1f s", a->job->t);
    if (code == 0 && text)
        rog_runner_log(a, ROG_EVENT_RESUME, 0, text);
    free(text);
    return code;
}

/* Resumes from the state that the server had saved. */
static int resume_from_saved(struct rog_runner *x, struct rog_active *a, const char *config,
                             struct rog_error *err)
{
    const struct rog_fleet_observer *observer = x->options->observer;
    char text[ROG_TAKE_UP_BYTES];
    int code =
        rog_take_up_prepare(x->options->db, a->job->run_id, a->folder, config, &a->found, err);
    a->number++;
    a->job->t = a->resumed_s = a->found.t_s;
    rog_take_up_log(a->folder, &a->found, text);
    if (code == 0)
        observer->say(observer->user, a->job, text);
    return code;
}

int rog_runner_begin(struct rog_runner *x, struct rog_active *a, enum rog_beginning how,
                     struct rog_error *err)
{
    struct rog_fleet_job *job = a->job;
    char *config = rog_fleet_config_text(job);
    int code = config ? 0 : rog_fail_nomem(err);
    if (code == 0 && how == ROG_BEGIN_OVER) {
        code = rog_run_prepare(a->folder, config, err);
        rog_run_log_retries(a->folder, a->retries);
        a->number++;
        if (code == 0)
            code = rog_fleet_record_begin(x->options->db, job, err);
    } else if (code == 0) {
        code = how == ROG_BEGIN_RESUME  ? resume_from_snapshot(x, a, err)
               : how == ROG_BEGIN_GO_ON ? resume_from_saved(x, a, config, err)
                                        : 0;
        if (code == 0)
            code = rog_db_run(x->options->db, err,
                              "UPDATE runs SET status = 'running', ended_at = NULL, error = NULL"
                              " WHERE id = ?",
                              "s", job->run_id);
    }
    if (code == 0)
        code = open_streams(a, err);
    if (code == 0) {
        code =
            rog_fleet_tester_init(&a->tester, x->options, x->cluster, job->run_id, a->folder, err);
        a->tester_ready = true;
    }
    if (code == 0 && job->folder)
        code = rog_fleet_tester_take_known(&a->tester, err);
    if (code == 0 && how != ROG_BEGIN_WHOLE)
        code = start_processes(a, how, err);
    free(config);
    a->progress_s = rog_clock_s();
    a->published_s = 0;
    a->reached = ROG_ATTEMPT_PREPARING;
    a->iterations = 0;
    a->is_over = false;
    job->from_t = how == ROG_BEGIN_RESUME || how == ROG_BEGIN_GO_ON ? job->t : 0;
    if (how == ROG_BEGIN_OVER)
        job->t = 0;
    if (a->failures == 0)
        a->begin_s = a->progress_s;
    job->resumed = how == ROG_BEGIN_WHOLE;
    return code;
}

/* A failed run restarts from the beginning, unless it has a snapshot or its server had saved its
 * state: the cause of the failure, such as a full disk or a kill, may be gone. If not, the run
 * fails again. */
enum rog_beginning rog_runner_how_to_begin(const struct rog_runner *x, struct rog_active *a,
                                           const struct rog_run_row *row)
{
    struct rog_error why;
    bool same = row->attempt > 0 && strcmp(row->config_hash, a->job->hash) == 0;
    bool was_begun = same && strcmp(row->status, "failed") != 0;
    if ((was_begun || (same && rog_run_is_untested(a->folder))) &&
        rog_run_is_whole(a->folder, x->hooks->stream_per_worker))
        return ROG_BEGIN_WHOLE;
    if (was_begun && x->hooks->adopts && strcmp(row->status, "running") == 0)
        return ROG_BEGIN_ADOPT;
    if (same && x->hooks->resumes && rog_resume_is_possible(a->folder, &a->job->t))
        return ROG_BEGIN_RESUME;
    if (!same || !x->cluster->kind->real_time)
        return ROG_BEGIN_OVER;
    if (rog_take_up_look(a->folder, was_begun, &a->found, &why) == 0)
        return ROG_BEGIN_GO_ON;
    char *text = rog_format("it restarts from the beginning: %s", why.message);
    if (text)
        x->options->observer->say(x->options->observer->user, a->job, text);
    free(text);
    return ROG_BEGIN_OVER;
}
