/* SPDX-License-Identifier: Apache-2.0 */
/* Executes runs on any kind of cluster: follows and stores their streams, tests, retries. */
#include <orchestrator/fleet/runner_state.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/clock.h>
#include <common/file.h>
#include <orchestrator/fleet/live.h>
#include <orchestrator/fleet/record.h>
#include <orchestrator/fleet/resume.h>
#include <orchestrator/fleet/run_files.h>
#include <orchestrator/fleet/session.h>
#include <orchestrator/fleet/start_models.h>
#include <orchestrator/fleet/step_times.h>
#include <orchestrator/ssh/credentials.h>
#include <orchestrator/store/ingest.h>
#include <orchestrator/store/paths.h>
#include <orchestrator/store/progress.h>
#include <rog/events.h>

#define POLL_MS 100
/* Number of polls between two checks on runs that other processes execute. */
#define ELSEWHERE_POLLS 10
/* Seconds: more than any executor allows workers to exit after the server has. */
#define END_S 60.0
#define PUBLISH_S 1.0 /* seconds between two updates of the progress in the database */

static void set_state(struct rog_runner *x, struct rog_fleet_job *job, enum rog_fleet_state state)
{
    rog_live_set_state(x->options->db, job, state);
    x->options->observer->changed(x->options->observer->user, job);
}

static void end_processes(struct rog_active *a, bool leave)
{
    if (a->processes)
        a->runner->hooks->stop(a->processes, leave);
    a->processes = NULL;
}

static void stop_processes(struct rog_active *a)
{
    end_processes(a, false);
}

/* Stops an attempt; its files stay. */
static void stop_attempt(struct rog_active *a)
{
    stop_processes(a);
    if (a->tester_ready)
        rog_fleet_tester_release(&a->tester);
    a->tester_ready = false;
    rog_streams_release(&a->streams);
}

/* Frees a slot and stops its processes. If the progress row cannot be removed, other processes
 * recognize it as outdated by the lock. */
static void release(struct rog_active *a)
{
    stop_attempt(a);
    if (a->job && !a->job->left)
        rog_run_progress_end(a->runner->options->db, a->job->run_id, NULL);
    rog_run_unlock(a->lock);
    rog_json_free(a->retries);
    free(a->untested);
    free(a->folder);
    if (a->job)
        a->job->queued = false;
    *a = (struct rog_active){.lock = -1, .runner = a->runner};
}

/* ---- starting a run ---- */

/* Writes to job->error what keeps a job from starting. The files that a run reads must be those
 * that were hashed: a file that has changed since would be recorded incorrectly. Nor does a run
 * belong to the job that another rogctl has done meanwhile with other files. */
static int check_job_inputs(struct rog_runner *x, struct rog_fleet_job *job,
                            const struct rog_run_row *row, struct rog_error *err)
{
    struct rog_error cause = {0};
    int code = 0;
    if (strcmp(row->status, "done") != 0)
        code = rog_inputs_check(job->inputs, NULL, "the sweep was planned; run the sweep again",
                                x->options->contents, &cause);
    else if (strcmp(row->config_hash, job->hash) != 0)
        code = rog_fail(&cause, ROG_EFAILED,
                        "another rogctl has done it with different files; run the sweep again");
    if (code == ROG_EFAILED)
        snprintf(job->error, sizeof job->error, "%s", cause.message);
    return code == 0 || code == ROG_EFAILED ? 0 : rog_fail_again(err, &cause);
}

/* Starts a locked run according to its state in the database now: another process may have finished
 * it since it was planned. */
static int enter(struct rog_runner *x, struct rog_active *a, struct rog_error *err)
{
    struct rog_fleet_job *job = a->job;
    struct rog_run_row row;
    int code = rog_run_row_load(x->options->db, job->run_id, &row, err);
    if (code < 0)
        return code;
    bool was_elsewhere = job->state == ROG_FLEET_ELSEWHERE, done = strcmp(row.status, "done") == 0;
    if (!job->error[0] && !x->options->ends)
        code = check_job_inputs(x, job, &row, err);
    if (code < 0) {
        release(a);
    } else if (x->options->ends && strcmp(row.status, "running") != 0) {
        release(a);
        set_state(x, job, ROG_FLEET_STOPPED);
    } else if (done && job->error[0]) { /* the row describes another run than the job's */
        release(a);
        set_state(x, job, ROG_FLEET_FAILED);
    } else if (done) {
        release(a);
        job->by_other = true;
        set_state(x, job, ROG_FLEET_DONE);
    } else if (was_elsewhere && strcmp(row.status, "failed") == 0) {
        release(a);
        job->by_other = true;
        snprintf(job->error, sizeof job->error, "%s", row.error ? row.error : "");
        set_state(x, job, ROG_FLEET_FAILED);
    } else if (job->error[0]) { /* also if its starting model could not be made */
        code = rog_ingest_end(x->options->db, job->run_id, "failed", job->error, err);
        release(a);
        set_state(x, job, ROG_FLEET_FAILED);
    } else {
        enum rog_beginning how = rog_runner_how_to_begin(x, a, &row);
        a->number = row.attempt;
        if (how == ROG_BEGIN_OVER && row.attempt > 0 && x->hooks->resumes &&
            strcmp(row.config_hash, job->hash) == 0)
            x->options->observer->say(
                x->options->observer->user, job,
                strcmp(row.status, "failed") == 0
                    ? "it failed last time and restarts from the beginning"
                    : "it has no snapshot to resume from and restarts from the beginning");
        code = rog_runner_begin(x, a, how, err);
        if (code == 0)
            set_state(x, job, ROG_FLEET_RUNNING);
    }
    rog_run_row_release(&row);
    return code;
}

/* Locks a job's folder and starts the job. It is not an error if another process has locked it. */
static int claim(struct rog_runner *x, struct rog_active *a, struct rog_fleet_job *job,
                 struct rog_error *err)
{
    struct rog_error cause;
    char *relative = rog_run_folder_name(rog_db_path(x->options->db), job->run_id);
    a->folder = job->folder ? rog_strdup(job->folder)
                : relative  ? rog_store_path(rog_db_path(x->options->db), relative)
                            : NULL;
    free(relative);
    if (!a->folder)
        return rog_fail_nomem(err);
    int code = job->folder ? 0 : rog_run_lock(a->folder, &a->lock, &cause);
    if (code == ROG_EBUSY && !x->options->ends) {
        release(a);
        if (job->state == ROG_FLEET_WAITING) {
            x->options->observer->say(x->options->observer->user, job, cause.message);
            set_state(x, job, ROG_FLEET_ELSEWHERE);
        }
        return 0;
    }
    if (code < 0)
        return rog_fail_again(err, &cause);
    a->job = job;
    return enter(x, a, err);
}

/* ---- executing ---- */

/* Sets what the run waits for, as reported by the hosts, else by the server. */
static void report_waiting(struct rog_active *a)
{
    char says[ROG_WAITING_BYTES] = "";
    const struct rog_executor *hooks = a->runner->hooks;
    double since_s = 0;
    a->job->waiting[0] = '\0';
    if (!a->processes || !a->job->real_time)
        return;
    if (hooks->waits && !hooks->waits(a->processes, says, sizeof says, &since_s))
        says[0] = '\0';
    rog_live_say(a->job, says, since_s, rog_streams_state(&a->streams, 0));
}

static void report(struct rog_active *a)
{
    struct rog_fleet_job *job = a->job;
    double seconds = rog_json_get_number(job->config, "seconds", 0);
    double done = 0;
    job->iteration = 0;
    job->t = job->from_t; /* also while the stream up to that time is read again */
    for (size_t i = 0; i < a->streams.count; i++) {
        const struct rog_ingest_state *state = rog_streams_state(&a->streams, i);
        job->iteration = state->iteration > job->iteration ? state->iteration : job->iteration;
        job->t = fmax(job->t, state->t);
        done = fmax(done, state->done);
    }
    double due = (double)rog_streams_state(&a->streams, 0)->iterations_due;
    done = fmax(done, due > 0 ? fmin((double)rog_streams_iterations(&a->streams) / due, 1) : 0);
    job->done = fmax(done, seconds > 0 ? fmin(job->t / seconds, 1) : 0);
    job->accuracy = a->tester.accuracy;
    job->stall_share = rog_streams_stall_share(&a->streams);
    job->wall_s = rog_clock_s() - a->begin_s;
    report_waiting(a);
    rog_live_resume(a->runner->options->observer, job, rog_streams_state(&a->streams, 0),
                    &a->resumed_s);
}

/* Fails a run without progress. After the end of a run no iterations are finished any more; its
 * executor limits how long its processes may take to exit, unless they hang. */
static int check_progress(struct rog_active *a, struct rog_error *err)
{
    double limit_s = a->runner->cluster->stall_limit_s;
    int64_t iterations = rog_streams_iterations(&a->streams);
    bool is_over = rog_streams_state(&a->streams, 0)->ended;
    if (iterations != a->iterations || is_over != a->is_over)
        a->progress_s = rog_clock_s();
    a->iterations = iterations;
    a->is_over = is_over;
    if (is_over)
        limit_s += END_S;
    if (!a->runner->cluster->kind->real_time || rog_clock_s() - a->progress_s <= limit_s)
        return 0;
    return is_over
               ? rog_fail(err, ROG_EFAILED,
                          "the server has ended the run, but its processes have not ended "
                          "after %g s",
                          limit_s)
               : rog_fail(err, ROG_EFAILED,
                          "no worker has finished an iteration for %g s (stall_limit)", limit_s);
}

/* The processes have exited successfully. Checks that their streams have an end event, too. */
static int check_end(struct rog_active *a, struct rog_error *err)
{
    char reason[512] = "";
    if (rog_streams_state(&a->streams, 0)->ended)
        return a->runner->hooks->stream_per_worker ? rog_run_mark_whole(a->folder, err) : 0;
    char *log = rog_path_join(a->folder, ROG_RUN_LOG);
    if (log)
        rog_run_log_tail(log, reason, sizeof reason);
    free(log);
    return rog_fail(err, ROG_EFAILED, "the trainer ended without an end event%s%s",
                    reason[0] ? ": " : "", reason);
}

/* Stops testing because the tester host is unreachable, which is no reason to lose the training. */
static int give_up_tests(struct rog_active *a, bool *idle, struct rog_error *err)
{
    a->untested = rog_strdup(err ? err->message : "");
    char *text = rog_format("%s; checkpoints stay untested", a->untested ? a->untested : "");
    if (text)
        a->runner->options->observer->say(a->runner->options->observer->user, a->job, text);
    free(text);
    *idle = true;
    return a->untested ? 0 : rog_fail_nomem(err);
}

/* Ends a run that is complete except for the test results of its checkpoints. */
static int leave_untested(struct rog_active *a, struct rog_error *err)
{
    int code = rog_run_mark_untested(a->folder, err);
    return code ? code
                : rog_fail(err, ROG_EFAILED,
                           "%s; its training is complete: `rogctl test %s` tests its checkpoints "
                           "on this machine, the next sweep on the tester",
                           a->untested, a->job->run_id);
}

/* Runs the tester. A checkpoint that cannot be tested may be damaged, so its run does not
 * continue. */
static int test(struct rog_active *a, bool *idle, struct rog_error *err)
{
    *idle = a->untested != NULL;
    if (a->untested)
        return 0;
    int code = rog_fleet_tester_step(&a->tester, idle, err);
    if (code == ROG_EFAILED && a->tester.away)
        return give_up_tests(a, idle, err);
    if (code == ROG_EFAILED || code == ROG_EFORMAT)
        rog_resume_forget(a->folder, NULL);
    return code;
}

/* Moves the start of the run to now while its hosts are in use. Returns true when they become
 * free. */
static int update_queued(struct rog_active *a, struct rog_error *err)
{
    struct rog_fleet_job *job = a->job;
    bool was_queued = job->queued;
    job->queued = a->reached == ROG_ATTEMPT_QUEUED;
    if (job->queued)
        a->begin_s = a->progress_s;
    return was_queued && !job->queued && job->from_t <= 0
               ? rog_fleet_record_start(a->runner->options->db, job->run_id, err)
               : 0;
}

/* Reports skipped lines in streams of workers' hosts, which do not end the run. */
static void report_damage(struct rog_active *a)
{
    size_t rank;
    for (char *text; (text = rog_streams_damage(&a->streams, &rank)); free(text))
        rog_runner_log(a, ROG_EVENT_UNFETCHED, rank, text);
}

/* Executes one step of a run. Sets *finished if it is complete. Failures of the run itself are
 * ROG_EFAILED or ROG_EFORMAT; other codes concern all runs. */
static int step(struct rog_runner *x, struct rog_active *a, bool *finished, struct rog_error *err)
{
    struct rog_error cause = {0};
    enum rog_attempt_state reached = a->processes ? ROG_ATTEMPT_RUNNING : ROG_ATTEMPT_ENDED;
    bool idle = false, behind = false;
    *finished = false;
    /* Step before reading: after its processes have ended, a stream cannot grow. */
    int stepped = a->processes ? x->hooks->step(a->processes, &reached, &cause) : 0;
    a->reached = reached;
    if (reached <= ROG_ATTEMPT_PREPARING)
        a->progress_s = rog_clock_s();
    int code = update_queued(a, err);
    if (code == 0)
        code = rog_streams_follow(&a->streams, &behind, err);
    report_damage(a);
    bool ended = reached == ROG_ATTEMPT_ENDED && !behind;
    if (code == 0)
        code = rog_streams_check(&a->streams, a->folder, err);
    if (code == 0 && stepped < 0)
        code = rog_fail_again(err, &cause);
    if (code == 0 && ended)
        code = check_end(a, err);
    else if (code == 0)
        code = check_progress(a, err);
    if (code == 0)
        code = test(a, &idle, err);
    report(a);
    if (code == 0 && ended && a->job->state == ROG_FLEET_RUNNING) {
        stop_processes(a); /* they may still write a reason */
        code = rog_streams_follow(&a->streams, &behind, err);
        report_waiting(a);
        set_state(x, a->job, ROG_FLEET_TESTING);
    }
    *finished = code == 0 && ended && idle;
    return code;
}

/* Retries a failed run of real processes if the cluster file allows it. A program that exited
 * successfully without taking part was not stopped by an accident: it would do the same again. */
static int try_again(struct rog_runner *x, struct rog_active *a, const char *why, bool *begun,
                     struct rog_error *err)
{
    /* A snapshot that was rejected does not count as a failure. */
    double t_s;
    bool refused =
        x->hooks->resumes && a->attempt.resume && !rog_resume_is_possible(a->folder, &t_s);
    bool adopted = a->attempt.adopt || refused;
    bool retries = x->cluster->kind->real_time && a->failures < x->cluster->retries &&
                   !strstr(why, ROG_NO_PART);
    *begun = a->job->state == ROG_FLEET_RUNNING && (adopted || retries);
    if (!*begun)
        return 0;
    stop_attempt(a); /* its server may still save its state */
    struct rog_error none;
    bool goes_on =
        x->cluster->kind->real_time && rog_take_up_look(a->folder, adopted, &a->found, &none) == 0;
    char *text =
        rog_format("%s. The run %s", why, goes_on ? "continues in another attempt" : "is retried");
    if (text)
        rog_runner_log(a, ROG_EVENT_RETRY, 0, text);
    free(text);
    a->failures += !adopted;
    if (!a->retries)
        a->retries = rog_json_array();
    rog_json_append(a->retries, rog_json_new_string(why));
    return rog_runner_begin(x, a, goes_on ? ROG_BEGIN_GO_ON : ROG_BEGIN_OVER, err);
}

/* Checks that the input files are those of the run's start. If not, the run must not resume from
 * its snapshot, even if the files change back. */
static int check_end_of_inputs(const struct rog_active *a, struct rog_error *err)
{
    const struct rog_runner *x = a->runner;
    int code = rog_inputs_check(a->job->inputs, x->hooks->copies_inputs ? "data" : NULL,
                                "the run started, so what it read is unknown; run the sweep again",
                                x->options->contents, err);
    if (code == ROG_EFAILED)
        rog_resume_forget(a->folder, NULL);
    return code;
}

/* ---- leaving and stopping runs ---- */

static int publish(struct rog_active *a, bool *stop, struct rog_error *err)
{
    const struct rog_runner *x = a->runner;
    return rog_live_publish(x->options->db, a->job, x->hooks->adopts ? x->cluster->lease_s : 0,
                            stop, err);
}

/* Returns whether the run would continue on its hosts without rogctl, for another rogctl to
 * adopt. */
static bool may_be_left(const struct rog_active *a)
{
    return a->processes && a->runner->hooks->adopts && a->job->state == ROG_FLEET_RUNNING &&
           a->reached == ROG_ATTEMPT_RUNNING;
}

/* Ends the execution of an unfinished run. Rows that cannot be written are corrected next time. */
static void give_up(struct rog_active *a, bool leave)
{
    const struct rog_runner *x = a->runner;
    double t_s;
    bool stop;
    a->job->left = leave && may_be_left(a);
    end_processes(a, a->job->left); /* a server then saves its state */
    bool keep =
        a->job->state == ROG_FLEET_TESTING ||
        (x->hooks->resumes && rog_resume_is_possible(a->folder, &t_s)) ||
        (x->cluster->kind->real_time && rog_take_up_look(a->folder, true, &a->found, NULL) == 0);
    rog_db_rollback(x->options->db);
    if (a->job->left)
        publish(a, &stop, NULL);
    else
        rog_fleet_record_interruption(x->options->db, a->job->run_id, keep, NULL);
}

static int stop_job(struct rog_active *a)
{
    struct rog_fleet_job *job = a->job;
    struct rog_runner *x = a->runner;
    give_up(a, false);
    release(a);
    set_state(x, job, ROG_FLEET_STOPPED);
    return 0;
}

/* Publishes the run's progress and checks whether a user has asked to stop it. */
static int check_requests(struct rog_active *a, struct rog_error *err)
{
    bool stop = false;
    double now = rog_clock_s();
    if (now - a->published_s < PUBLISH_S)
        return 0;
    a->published_s = now;
    int code = publish(a, &stop, err);
    return code < 0 || !stop ? code : stop_job(a);
}

/* Returns whether the user wants to stop the run: the sender of the signal, or the user who is
 * asked now. After that, only a further signal makes rogctl hurry. */
static bool wants_stop(struct rog_runner *x, const struct rog_fleet_job *job)
{
    struct rog_signals *signals = x->signals;
    const struct rog_fleet_options *options = x->options;
    bool is_request = signals->is_request;
    bool is_asked = signals->number == SIGINT && options->asks_to_stop;
    if (is_request || is_asked)
        rog_signals_again(signals);
    return is_request || (is_asked && options->asks_to_stop(options->user, job, signals->stop_fd));
}

/* Returns whether to leave runs that could continue on their hosts, unless the user wants them
 * stopped. */
static bool leaves_runs(struct rog_runner *x)
{
    for (int i = 0; i < x->slots; i++)
        if (x->slot[i].job && may_be_left(&x->slot[i]))
            return !wants_stop(x, x->slot[i].job);
    return true;
}

/* Steps a slot, and closes it when its run has ended, successfully or not. */
static int advance(struct rog_runner *x, struct rog_active *a, struct rog_error *err)
{
    struct rog_error cause = {0};
    bool finished = false;
    struct rog_fleet_job *job = a->job;
    int code = step(x, a, &finished, &cause);
    if (code == 0 && !finished && x->options->ends && a->reached == ROG_ATTEMPT_RUNNING)
        return stop_job(a);
    if (code == 0 && !finished)
        return check_requests(a, err);
    if (code != 0 && code != ROG_EFAILED && code != ROG_EFORMAT)
        return rog_fail_again(err, &cause);
    if (x->options->ends && code != 0)
        return stop_job(a); /* not adopted: it does not exist, or ends with its lease */
    if (code == 0)
        code = check_end_of_inputs(a, &cause);
    if (code == 0 && a->untested)
        code = leave_untested(a, &cause);
    if (code != 0 && code != ROG_EFAILED && code != ROG_EFORMAT)
        return rog_fail_again(err, &cause);
    bool begun = false;
    int again = code ? try_again(x, a, cause.message, &begun, err) : 0;
    if (again < 0 || begun)
        return again;
    stop_processes(a); /* before the row reports that nothing is running */
    int recorded = rog_fleet_record_end(x->options->db, job->run_id, a->folder,
                                        code ? cause.message : NULL, err);
    if (recorded < 0)
        return recorded;
    release(a);
    if (code != 0)
        snprintf(job->error, sizeof job->error, "%s", cause.message);
    set_state(x, job, code ? ROG_FLEET_FAILED : ROG_FLEET_DONE);
    return 0;
}

/* Gives free slots to waiting jobs; at intervals also to those that another process was
 * executing. */
static int fill_slots(struct rog_runner *x, struct rog_error *err)
{
    int code = 0;
    size_t next = 0;
    bool look = x->polls++ % ELSEWHERE_POLLS == 0;
    for (int i = 0; code == 0 && i < x->slots; i++) {
        while (code == 0 && !x->slot[i].job && next < x->count) {
            struct rog_fleet_job *job = &x->jobs[next++];
            if (job->state == ROG_FLEET_WAITING || (look && job->state == ROG_FLEET_ELSEWHERE))
                code = claim(x, &x->slot[i], job, err);
        }
    }
    return code;
}

/* Checks on jobs that other processes execute, even if no slot is free. */
static int check_others(struct rog_runner *x, struct rog_error *err)
{
    int code = 0;
    for (size_t i = 0; code == 0 && x->polls % ELSEWHERE_POLLS == 0 && i < x->count; i++) {
        struct rog_fleet_job *job = &x->jobs[i];
        struct rog_active a = {.lock = -1, .runner = x};
        char status[ROG_PROGRESS_STATE_BYTES], why[ROG_ERROR_MESSAGE_BYTES];
        if (job->state == ROG_FLEET_ELSEWHERE)
            code = rog_run_status_load(x->options->db, job->run_id, status, why, err);
        if (code == 0 && job->state == ROG_FLEET_ELSEWHERE && strcmp(status, "done") == 0)
            code = claim(x, &a, job, err); /* needs no slot */
    }
    return code;
}

static int loop(struct rog_runner *x, struct rog_error *err)
{
    int code = fill_slots(x, err);
    while (code == 0 && !rog_fleet_jobs_are_over(x->jobs, x->count)) {
        /* While the user is typing an answer, print nothing else to the terminal. */
        bool asking = rog_credentials_is_asking(x->options->credentials);
        if (!asking)
            x->options->observer->progress(x->options->observer->user, x->jobs, x->count);
        if (rog_signals_wait(x->signals, POLL_MS)) {
            rog_credentials_cancel(x->options->credentials);
            return rog_fail(err, ROG_EINTR, "interrupted");
        }
        if (asking)
            continue;
        for (int i = 0; code == 0 && i < x->slots; i++)
            if (x->slot[i].job)
                code = advance(x, &x->slot[i], err);
        if (code == 0)
            code = fill_slots(x, err);
        if (code == 0)
            code = check_others(x, err);
        if (rog_session_is_over(x->jobs, x->count))
            rog_session_close(&x->session, x->cluster); /* others may wait for its hosts */
    }
    x->options->observer->progress(x->options->observer->user, x->jobs, x->count);
    return code;
}

/* Leaves no partly stored run behind, and no process except those of runs that continue on their
 * hosts. */
static void clean_up(struct rog_runner *x, bool leave)
{
    for (int i = 0; i < x->slots; i++) {
        struct rog_active *a = &x->slot[i];
        if (a->job && !rog_fleet_job_is_over(a->job))
            give_up(a, leave);
        release(a);
    }
}

int rog_runner_execute(const struct rog_cluster *cluster, const struct rog_fleet_options *options,
                       struct rog_signals *signals, struct rog_fleet_job *jobs, size_t count,
                       struct rog_error *err)
{
    struct rog_runner x = {
        .hooks = cluster->kind->executor,
        .cluster = cluster,
        .options = options,
        .signals = signals,
        .jobs = jobs,
        .count = count,
        .slots = cluster->kind->real_time ? 1 : options->jobs,
    };
    int code = 0;
    int busy = count > 0 && count < (size_t)x.slots ? (int)count : x.slots;
    x.at_once = options->jobs > busy ? options->jobs / busy : 1;
    x.slot = calloc((size_t)x.slots, sizeof *x.slot);
    if (!x.slot)
        code = rog_fail_nomem(err);
    for (int i = 0; x.slot && i < x.slots; i++)
        x.slot[i] = (struct rog_active){.lock = -1, .runner = &x};
    if (code == 0)
        code = rog_start_models_make(options, signals, jobs, count, err);
    if (code == 0)
        code = rog_step_times_measure(options, signals, jobs, count, err);
    if (code == 0)
        code = loop(&x, err);
    if (x.slot)
        clean_up(&x, code != ROG_EINVAL && leaves_runs(&x)); /* invalid runs are stopped */
    rog_session_close(&x.session, cluster);
    free(x.slot);
    for (size_t i = 0; i < count; i++) {
        if (jobs[i].folder)
            continue;
        free(jobs[i].start_model);
        jobs[i].start_model = NULL;
    }
    return code < 0 ? code : rog_fleet_jobs_judge(jobs, count, err);
}
