/* SPDX-License-Identifier: Apache-2.0 */
/* Executes a task with the code that executes all runs, and publishes it or hands it back. */
#include <orchestrator/pool/agent_state.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <common/clock.h>
#include <common/file.h>
#include <orchestrator/fleet/cluster_kinds.h>
#include <orchestrator/fleet/run_files.h>
#include <orchestrator/fleet/runner.h>
#include <orchestrator/pool/left.h>
#include <orchestrator/pool/task.h>
#include <orchestrator/store/elsewhere.h>
#include <orchestrator/store/progress.h>
#include <rog/events.h>

#define DATABASE "agent.db"
#define SAY_S 1.0 /* seconds between two progress reports to the heartbeat thread */
/* Seconds after which missing progress counts, for an agent without a time limit. */
#define COUNTS_S 10.0
#define REASON_BYTES 160

/* A task that is being executed. */
struct stint {
    const struct rog_pool_hand *hand;
    const struct rog_pool_task *task;
    struct rog_pool_work work;
    struct rog_pool_start start;
    struct rog_db *db;
    double begin_s, said_s;
    bool asked;                /* it has asked the run to stop */
    char reason[REASON_BYTES]; /* why it has asked */
};

static void say(const struct stint *s, const char *text)
{
    s->hand->options->say(s->hand->options->user, text);
}

/* ---- while the run executes ---- */

static void tell(struct stint *s, const struct rog_fleet_job *job)
{
    struct rog_json *says = rog_json_object();
    rog_json_put_string(says, "run", job->run_id);
    rog_json_put_string(says, "label", job->label);
    rog_json_put_string(says, "state", rog_fleet_state_name(job->state));
    rog_json_put_integer(says, "iteration", job->iteration);
    rog_json_put_number(says, "t", job->resumed ? (double)NAN : job->t);
    rog_json_put_number(says, "from_t", job->from_t);
    rog_json_put_number(says, "done", job->done);
    rog_json_put_number(says, "accuracy", job->accuracy);
    rog_json_put_number(says, "stall_share", job->stall_share);
    rog_json_put_number(says, "wall_s", job->wall_s);
    rog_heart_say(s->hand->heart, says);
}

/* Returns why an unfinished run must stop; NULL: it need not. */
static const char *reason_to_stop(const struct stint *s, double now_s)
{
    return rog_heart_has_lost(s->hand->heart)      ? "another agent has taken the run"
           : rog_heart_is_stopping(s->hand->heart) ? "agents were told to exit"
           : now_s >= s->hand->end_s               ? "the agent's time is over"
                                                   : NULL;
}

/* The runner learns of a stop through the database, as for any user's request. */
static void on_progress(void *user, const struct rog_fleet_job *jobs, size_t count)
{
    struct stint *s = user;
    double now_s = rog_clock_s();
    (void)count;
    if (now_s - s->said_s >= SAY_S) {
        s->said_s = now_s;
        tell(s, &jobs[0]);
    }
    const char *why = s->asked ? NULL : reason_to_stop(s, now_s);
    if (!why || rog_run_progress_ask_to_stop(s->db, jobs[0].run_id, NULL) != 0)
        return;
    s->asked = true;
    snprintf(s->reason, sizeof s->reason, "%s", why);
}

static void on_changed(void *user, const struct rog_fleet_job *job)
{
    tell(user, job);
}

static void on_start_model(void *user, const char *model, double done)
{
    (void)user, (void)model, (void)done; /* the controller has made it */
}

static void on_say(void *user, const struct rog_fleet_job *job, const char *text)
{
    char *line = rog_format("%s: %s", job ? job->run_id : "", text);
    if (line)
        say(user, job ? line : text);
    free(line);
}

/* ---- the agent's database ---- */

static int open_database(struct stint *s, struct rog_error *err)
{
    const struct rog_fleet_job *job = &s->work.job;
    char *path = rog_path_join(s->hand->folder, DATABASE), *config = rog_json_text(job->config);
    const struct rog_run_elsewhere row = {
        .run_id = job->run_id,
        .config = config,
        .hash = job->hash,
        .settings_hash = job->settings_hash,
        .attempt = s->start.resumes,
        .started_at = s->start.started_at,
    };
    int code = path && config ? rog_db_open(&s->db, path, ROG_DB_WRITE, err) : rog_fail_nomem(err);
    if (code == 0)
        code = rog_run_elsewhere_record(s->db, &row, err);
    free(config);
    free(path);
    return code;
}

static void close_database(struct stint *s)
{
    static const char *const files[] = {DATABASE, DATABASE "-wal", DATABASE "-shm"};
    rog_db_close(s->db);
    s->db = NULL;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char *path = rog_path_join(s->hand->folder, files[i]);
        if (path)
            unlink(path);
        free(path);
    }
}

/* ---- end of the task ---- */

/* Adds to the run's record where it was executed. */
static void record_stint(const struct stint *s)
{
    struct rog_json *event = rog_json_object();
    const char *slurm = getenv("SLURM_JOB_ID");
    rog_json_put_string(event, "event", ROG_EVENT_EXECUTED);
    rog_json_put_number(event, "t", s->work.job.t);
    rog_json_put_integer(event, "rank", 0);
    rog_json_put_string(event, "agent", s->hand->agent);
    rog_json_put_string(event, "host", s->hand->host);
    rog_json_put_number(event, "from_t", s->work.job.from_t);
    rog_json_put_number(event, "wall_s", rog_clock_s() - s->begin_s);
    if (slurm)
        rog_json_put_string(event, "slurm_job", slurm);
    rog_run_log_event(s->start.folder, event);
}

static int write_result(const struct stint *s, const char *error, struct rog_error *err)
{
    char now[ROG_UTC_BYTES];
    struct rog_json *result = rog_json_object();
    char *path = rog_path_join(s->start.folder, ROG_POOL_RESULT);
    rog_utc_now(now);
    rog_json_put_string(result, "status", error ? "failed" : "done");
    rog_json_put_string(result, "agent", s->hand->agent);
    rog_json_put_string(result, "hash", s->work.job.hash);
    rog_json_put_string(result, "error", error);
    rog_json_put_string(result, "started_at", s->start.started_at);
    rog_json_put_string(result, "ended_at", now);
    rog_json_put_number(result, "wall_s", rog_clock_s() - s->begin_s);
    char *text = rog_json_text(result);
    int code = path && text ? rog_file_write(path, text, strlen(text), err) : rog_fail_nomem(err);
    free(text);
    free(path);
    rog_json_free(result);
    return code;
}

static int lose(struct stint *s, enum rog_pool_outcome *outcome)
{
    char *text = rog_format("%s: another agent has taken it meanwhile", rog_pool_task_run(s->task));
    if (text)
        say(s, text);
    free(text);
    *outcome = ROG_POOL_LOST;
    return 0;
}

static int publish(struct stint *s, const char *error, enum rog_pool_outcome *outcome,
                   struct rog_error *err)
{
    int code = rog_pool_holds(s->hand->pool, s->task, err);
    if (code == 0)
        return lose(s, outcome);
    code = code < 0 ? code : write_result(s, error, err);
    if (code == 0)
        code = rog_pool_publish(s->hand->pool, s->task, err);
    if (code == ROG_ENOTFOUND)
        return lose(s, outcome);
    *outcome = error ? ROG_POOL_FAILED : ROG_POOL_PUBLISHED;
    return code;
}

/* Returns whether the run had enough time to make progress. */
static bool counts(const struct stint *s)
{
    double limit_s = s->hand->options->time_s, took_s = rog_clock_s() - s->begin_s;
    return took_s >= (limit_s > 0 ? limit_s / 2 : COUNTS_S);
}

static int hand_back(struct stint *s, const char *why, bool judged, enum rog_pool_outcome *outcome,
                     struct rog_error *err)
{
    struct rog_pool *pool = s->hand->pool;
    int code = rog_pool_holds(pool, s->task, err);
    if (code == 0)
        return lose(s, outcome);
    if (code > 0)
        code = s->start.folder ? rog_pool_start_leave(&s->start, pool, s->task, s->work.job.hash,
                                                      judged || counts(s), why, err)
                               : 0;
    if (code == 0)
        code = rog_pool_hand_back(pool, s->task, err);
    if (code == ROG_ENOTFOUND)
        return lose(s, outcome);
    char *text = rog_format("%s: handed back, as %s", rog_pool_task_run(s->task), why);
    if (text)
        say(s, text);
    free(text);
    *outcome = ROG_POOL_HANDED_BACK;
    return code;
}

/* Removes the task. The controller notices that it is missing and places it again. */
static int discard(struct stint *s, const struct rog_error *why, enum rog_pool_outcome *outcome)
{
    say(s, why->message);
    rog_pool_remove(s->hand->pool, ROG_POOL_TAKEN, s->task, NULL);
    *outcome = ROG_POOL_LOST;
    return 0;
}

/* ---- the whole task ---- */

static int run(struct stint *s, enum rog_pool_outcome *outcome, struct rog_error *err)
{
    const struct rog_pool_hand *hand = s->hand;
    const struct rog_cluster cluster = {.kind = &rog_virtual_cluster};
    const struct rog_fleet_observer observer = {.user = s,
                                                .progress = on_progress,
                                                .changed = on_changed,
                                                .start_model = on_start_model,
                                                .say = on_say};
    const struct rog_fleet_options options = {
        .db = s->db,
        .trainer = hand->options->trainer,
        .jobs = hand->options->processors,
        .contents = hand->contents,
        .observer = &observer,
        .sweep = "",
    };
    struct rog_error cause = {0};
    s->work.job.folder = s->start.folder;
    int code = rog_runner_execute(&cluster, &options, hand->signals, &s->work.job, 1, &cause);
    record_stint(s);
    if (rog_heart_has_lost(hand->heart))
        return lose(s, outcome);
    if (s->work.job.state == ROG_FLEET_DONE)
        return publish(s, NULL, outcome, err);
    if (s->work.job.state == ROG_FLEET_FAILED)
        return publish(s, s->work.job.error, outcome, err);
    if (code == ROG_EINTR)
        return hand_back(s, "the agent was told to exit", false, outcome, err);
    if (s->work.job.state == ROG_FLEET_STOPPED)
        return hand_back(s, s->reason, false, outcome, err);
    hand_back(s, cause.message, true, outcome, NULL);
    return rog_fail_again(err, &cause);
}

/* Publishes a failure: without this, a run that makes no progress would be executed forever. */
static int give_up(struct stint *s, enum rog_pool_outcome *outcome, struct rog_error *err)
{
    char *why = rog_format(
        "%d agents in a row started it %s and made no progress: %s%s", s->start.takes - 1,
        s->start.resumes ? "from the same snapshot" : "from its beginning",
        s->start.why[0] ? "the last one handed it back, as " : "the last one died", s->start.why);
    int code = why ? publish(s, why, outcome, err) : rog_fail_nomem(err);
    free(why);
    return code;
}

/* Executes the task once its folder exists. Other machines may have files that this one lacks. */
static int execute(struct stint *s, enum rog_pool_outcome *outcome, struct rog_error *err)
{
    struct rog_error cause = {0};
    if (s->start.takes > ROG_POOL_TAKES_MOST)
        return give_up(s, outcome, err);
    int code = rog_pool_work_check(&s->work, s->hand->contents, &cause);
    if (code == 0)
        code = open_database(s, &cause);
    if (code == 0)
        return run(s, outcome, err);
    hand_back(s, cause.message, true, outcome, NULL);
    return rog_fail_again(err, &cause);
}

int rog_pool_execute_task(const struct rog_pool_hand *hand, const struct rog_pool_task *task,
                          enum rog_pool_outcome *outcome, struct rog_error *err)
{
    struct stint s = {.hand = hand, .task = task, .begin_s = rog_clock_s()};
    struct rog_json *value = NULL;
    struct rog_error cause = {0};
    int code = rog_heart_hold(hand->heart, task, err);
    if (code < 0)
        return code;
    code = rog_pool_read(hand->pool, ROG_POOL_TAKEN, task, &value, &cause);
    if (code == 0)
        code = rog_pool_work_load(&s.work, hand->pool, rog_pool_task_run(task), value, &cause);
    if (code == ROG_ENOTFOUND) {
        code = lose(&s, outcome);
    } else if (code == ROG_EFORMAT) {
        code = discard(&s, &cause, outcome);
    } else if (code < 0) {
        hand_back(&s, cause.message, true, outcome, NULL);
        rog_fail_again(err, &cause);
    } else {
        code = rog_pool_start_make(&s.start, hand->pool, task, s.work.job.hash, err);
        if (code == 0)
            code = execute(&s, outcome, err);
        else
            rog_pool_hand_back(hand->pool, task, NULL);
    }
    close_database(&s);
    rog_pool_start_release(&s.start);
    rog_pool_work_release(&s.work);
    rog_heart_hold(hand->heart, NULL, NULL);
    return code;
}
