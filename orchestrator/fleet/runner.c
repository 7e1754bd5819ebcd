/* SPDX-License-Identifier: Apache-2.0 */
#include <orchestrator/fleet/executor.h>

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <common/file.h>
#include <common/process.h>
#include <orchestrator/fleet/run_files.h>
#include <orchestrator/fleet/start_models.h>
#include <orchestrator/fleet/tester.h>
#include <orchestrator/store/ingest.h>
#include <orchestrator/store/paths.h>
#include <orchestrator/store/summary.h>

#define POLL_MS 100
/* How much of a stream one step takes in; a line of it may not be longer. */
#define CHUNK_BYTES (1 << 20)
/* How often a run that another process executes is looked at, in polls. */
#define ELSEWHERE_POLLS 10

/* A run that this process is executing. */
struct active {
    struct rog_fleet_job *job; /* NULL: the slot is free */
    char *folder;              /* the run's, seen from here */
    int lock;                  /* descriptor, -1 when not held */
    struct rog_attempt attempt;
    void *processes; /* the executor's; NULL: none run */
    struct stream *stream;
    size_t streams;
    struct rog_fleet_tester tester;
    bool tester_ready;
    double begin_s;
    int failures;       /* attempts that came to nothing */
    double progress_s;  /* when an iteration was last heard of */
    int64_t iterations; /* heard of by then */
    struct executor *executor;
};

/* One of its event streams. */
struct stream {
    char *path;
    int fd; /* -1: not there yet */
    struct rog_ingest *ingest;
};

struct executor {
    const struct rog_executor *kind;
    const struct rog_cluster *cluster;
    const struct rog_fleet_options *options;
    struct rog_signals *signals;
    struct rog_fleet_job *jobs;
    size_t count;
    struct active *slot; /* [slots] */
    int slots;
    char *chunk;
    unsigned polls;
};

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void set_state(struct executor *x, struct rog_fleet_job *job, enum rog_fleet_state state)
{
    job->state = state;
    x->options->observer->changed(x->options->observer->user, job);
}

static void stop_processes(struct active *a)
{
    if (a->processes)
        a->executor->kind->stop(a->processes);
    a->processes = NULL;
}

/* Ends an attempt; what it has left stays. */
static void stop_attempt(struct active *a)
{
    stop_processes(a);
    if (a->tester_ready)
        rog_fleet_tester_release(&a->tester);
    a->tester_ready = false;
    for (size_t i = 0; a->stream && i < a->streams; i++) {
        rog_ingest_free(a->stream[i].ingest);
        if (a->stream[i].fd >= 0)
            close(a->stream[i].fd);
        free(a->stream[i].path);
    }
    free(a->stream);
    a->stream = NULL;
    a->streams = 0;
}

/* Frees a slot; processes that still run are stopped. */
static void release(struct active *a)
{
    stop_attempt(a);
    rog_run_unlock(a->lock);
    free(a->folder);
    *a = (struct active){.lock = -1, .executor = a->executor};
}

/* ---- what the database is told ---- */

static int record_begin(struct rog_db *db, const char *run_id, struct rog_error *err)
{
    char now[ROG_UTC_BYTES];
    rog_utc_now(now);
    int code = rog_db_begin(db, err);
    if (code == 0)
        code = rog_ingest_forget(db, run_id, err);
    if (code == 0)
        code = rog_db_run(db, err,
                          "UPDATE runs SET status = 'running', attempt = attempt + 1,"
                          " started_at = ?, ended_at = NULL, error = NULL, versions = NULL"
                          " WHERE id = ?",
                          "ss", now, run_id);
    if (code == 0)
        code = rog_db_commit(db, err);
    rog_db_rollback(db);
    return code;
}

static int record_end(struct rog_db *db, const char *run_id, const char *status, const char *why,
                      struct rog_error *err)
{
    char now[ROG_UTC_BYTES];
    rog_utc_now(now);
    return rog_db_run(db, err, "UPDATE runs SET status = ?, error = ?, ended_at = ? WHERE id = ?",
                      "ssss", status, why, now, run_id);
}

/* An interrupted run is as if it had not begun, except that a whole event stream is kept. */
static int record_interruption(struct rog_db *db, const char *run_id, bool keep,
                               struct rog_error *err)
{
    int code = rog_db_begin(db, err);
    if (code == 0 && !keep)
        code = rog_ingest_forget(db, run_id, err);
    if (code == 0)
        code = rog_db_run(db, err, "UPDATE runs SET status = 'planned' WHERE id = ?", "s", run_id);
    if (code == 0)
        code = rog_db_commit(db, err);
    rog_db_rollback(db);
    return code;
}

/* ---- beginning a run ---- */

static void say(void *user, const char *text)
{
    struct active *a = user;
    const struct rog_fleet_observer *observer = a->executor->options->observer;
    observer->say(observer->user, a->job, text);
}

static int start_processes(struct active *a, struct rog_error *err)
{
    const struct executor *x = a->executor;
    a->attempt = (struct rog_attempt){
        .cluster = x->cluster,
        .trainer = x->options->trainer,
        .folder = a->folder,
        .config = a->job->config,
        .say = say,
        .user = a,
    };
    return x->kind->start(&a->processes, &a->attempt, err);
}

static int open_streams(struct active *a, struct rog_error *err)
{
    const struct executor *x = a->executor;
    size_t workers = rog_json_size(rog_json_get(a->job->config, "workers"));
    size_t streams = x->kind->stream_per_worker ? workers + 1 : 1;
    a->stream = calloc(streams, sizeof *a->stream);
    if (!a->stream)
        return rog_fail_nomem(err);
    a->streams = streams;
    for (size_t i = 0; i < streams; i++)
        a->stream[i].fd = -1;
    int code = 0;
    for (size_t i = 0; code == 0 && i < streams; i++) {
        char *name =
            i ? rog_format(ROG_RUN_WORKER "%zu/" ROG_STREAM_MAIN, i) : rog_strdup(ROG_STREAM_MAIN);
        a->stream[i].path = name ? rog_path_join(a->folder, name) : NULL;
        code = a->stream[i].path
                   ? rog_ingest_new(&a->stream[i].ingest, x->options->db, a->job->run_id, name, err)
                   : rog_fail_nomem(err);
        free(name);
    }
    return code;
}

static const struct rog_ingest_state *main_state(const struct active *a)
{
    return rog_ingest_state(a->stream[0].ingest);
}

/* Iteration events of all streams. */
static int64_t count_iterations(const struct active *a)
{
    int64_t sum = 0;
    for (size_t i = 0; i < a->streams; i++)
        sum += rog_ingest_state(a->stream[i].ingest)->iterations;
    return sum;
}

/* From the beginning, or where a process that is gone has left a whole stream. */
static int begin(struct executor *x, struct active *a, bool take_up, struct rog_error *err)
{
    struct rog_fleet_job *job = a->job;
    char *config = rog_json_text_pretty(job->config);
    int code = config ? 0 : rog_fail_nomem(err);
    if (code == 0 && !take_up) {
        code = rog_run_prepare(a->folder, config, err);
        if (code == 0)
            code = record_begin(x->options->db, job->run_id, err);
    } else if (code == 0) {
        code = rog_db_run(x->options->db, err, "UPDATE runs SET status = 'running' WHERE id = ?",
                          "s", job->run_id);
    }
    if (code == 0)
        code = open_streams(a, err);
    if (code == 0) {
        code = rog_fleet_tester_init(&a->tester, x->options->db, x->options->trainer, job->run_id,
                                     a->folder, err);
        a->tester_ready = true;
    }
    if (code == 0 && !take_up)
        code = start_processes(a, err);
    free(config);
    a->progress_s = now_s();
    a->iterations = 0;
    if (a->failures == 0)
        a->begin_s = a->progress_s;
    job->taken_up = take_up;
    return code;
}

/* Takes over a locked run as the database describes it now: another process may have finished it
 * since it was planned. */
static int enter(struct executor *x, struct active *a, struct rog_error *err)
{
    struct rog_fleet_job *job = a->job;
    struct rog_run_row row;
    int code = rog_run_row_load(x->options->db, job->run_id, &row, err);
    if (code < 0)
        return code;
    bool was_elsewhere = job->state == ROG_FLEET_ELSEWHERE;
    if (strcmp(row.status, "done") == 0) {
        release(a);
        set_state(x, job, ROG_FLEET_DONE);
    } else if (was_elsewhere && strcmp(row.status, "failed") == 0) {
        release(a);
        snprintf(job->error, sizeof job->error, "%s", row.error ? row.error : "");
        set_state(x, job, ROG_FLEET_FAILED);
    } else if (job->error[0]) { /* its starting model could not be made */
        code = record_end(x->options->db, job->run_id, "failed", job->error, err);
        release(a);
        set_state(x, job, ROG_FLEET_FAILED);
    } else {
        bool take_up = row.attempt > 0 && strcmp(row.status, "failed") != 0 &&
                       rog_run_is_whole(a->folder, x->kind->stream_per_worker);
        code = begin(x, a, take_up, err);
        if (code == 0)
            set_state(x, job, ROG_FLEET_RUNNING);
    }
    rog_run_row_release(&row);
    return code;
}

/* Locks a job's folder and takes it up. A job that another process holds is not an error. */
static int claim(struct executor *x, struct active *a, struct rog_fleet_job *job,
                 struct rog_error *err)
{
    struct rog_error cause;
    char *relative = rog_run_folder_name(rog_db_path(x->options->db), job->run_id);
    a->folder = relative ? rog_store_path(rog_db_path(x->options->db), relative) : NULL;
    free(relative);
    if (!a->folder)
        return rog_fail_nomem(err);
    int code = rog_run_lock(a->folder, &a->lock, &cause);
    if (code == ROG_EBUSY) {
        release(a);
        if (job->state == ROG_FLEET_WAITING) {
            x->options->observer->say(x->options->observer->user, job, cause.message);
            set_state(x, job, ROG_FLEET_ELSEWHERE);
        }
        return 0;
    }
    if (code < 0)
        return rog_fail(err, code, "%s", cause.message);
    a->job = job;
    return enter(x, a, err);
}

/* ---- going on ---- */

/* Takes in what a stream has grown by. *more: there may be still more. */
static int follow(struct executor *x, struct stream *stream, bool *more, struct rog_error *err)
{
    *more = false;
    if (stream->fd < 0)
        stream->fd = open(stream->path, O_RDONLY | O_CLOEXEC);
    if (stream->fd < 0)
        return 0; /* not made yet */
    uint64_t from = rog_ingest_state(stream->ingest)->stored_bytes;
    ssize_t got = pread(stream->fd, x->chunk, CHUNK_BYTES, (off_t)from);
    if (got < 0)
        return rog_fail(err, ROG_EIO, "cannot read %s: %s", stream->path, strerror(errno));
    if (got == 0 || !memchr(x->chunk, '\n', (size_t)got)) {
        if (got == CHUNK_BYTES)
            return rog_fail(err, ROG_EFORMAT, "%s: a line of over %d bytes", stream->path,
                            CHUNK_BYTES);
        return 0;
    }
    *more = got == CHUNK_BYTES;
    return rog_ingest_lines(stream->ingest, x->chunk, (size_t)got, err);
}

static int follow_all(struct executor *x, struct active *a, struct rog_error *err)
{
    int code = 0;
    for (size_t i = 0; code == 0 && i < a->streams; i++) {
        bool more = true;
        while (code == 0 && more)
            code = follow(x, &a->stream[i], &more, err);
    }
    return code;
}

static void report(struct active *a)
{
    struct rog_fleet_job *job = a->job;
    double seconds = rog_json_get_number(job->config, "seconds", 0);
    double stall_s = 0, whole_s = 0, done = 0;
    job->iteration = 0;
    job->t = 0;
    for (size_t i = 0; i < a->streams; i++) {
        const struct rog_ingest_state *state = rog_ingest_state(a->stream[i].ingest);
        job->iteration = state->iteration > job->iteration ? state->iteration : job->iteration;
        job->t = fmax(job->t, state->t);
        done = fmax(done, state->done);
        stall_s += state->stall_s;
        whole_s += state->compute_s + state->communication_s + state->stall_s;
    }
    job->done = fmax(done, seconds > 0 ? fmin(job->t / seconds, 1) : 0);
    job->accuracy = a->tester.accuracy;
    job->stall_share = whole_s > 0 ? stall_s / whole_s : (double)NAN;
    job->wall_s = now_s() - a->begin_s;
}

/* An error event, whose words say more than how a process ended. */
static int look_for_errors(struct active *a, struct rog_error *err)
{
    for (size_t i = 0; i < a->streams; i++) {
        const struct rog_ingest_state *state = rog_ingest_state(a->stream[i].ingest);
        if (state->failed && i == 0)
            return rog_fail(err, ROG_EFAILED, "%s", state->message);
        if (state->failed)
            return rog_fail(err, ROG_EFAILED, "worker %zu: %s", i, state->message);
    }
    return 0;
}

static int look_for_progress(struct active *a, struct rog_error *err)
{
    double limit_s = a->executor->cluster->stall_limit_s;
    int64_t iterations = count_iterations(a);
    if (iterations != a->iterations)
        a->progress_s = now_s();
    a->iterations = iterations;
    if (!a->executor->kind->real_time || now_s() - a->progress_s <= limit_s)
        return 0;
    return rog_fail(err, ROG_EFAILED, "no worker has finished an iteration for %g s (stall_limit)",
                    limit_s);
}

/* The processes have ended well; have they said so too? */
static int check_end(struct active *a, struct rog_error *err)
{
    char reason[512] = "";
    if (main_state(a)->ended)
        return a->executor->kind->stream_per_worker ? rog_run_mark_whole(a->folder, err) : 0;
    char *log = rog_path_join(a->folder, ROG_RUN_LOG);
    if (log)
        rog_run_log_tail(log, reason, sizeof reason);
    free(log);
    return rog_fail(err, ROG_EFAILED, "the trainer ended without an end event%s%s",
                    reason[0] ? ": " : "", reason);
}

/* One step of a run. *finished: it is complete. What goes wrong with the run itself is EFAILED or
 * EFORMAT; other codes concern everything. */
static int step(struct executor *x, struct active *a, bool *finished, struct rog_error *err)
{
    struct rog_error cause = {0};
    bool ended = !a->processes, idle = false;
    *finished = false;
    /* Before reading: nothing follows what has ended. */
    int stepped = ended ? 0 : x->kind->step(a->processes, &ended, &cause);
    int code = follow_all(x, a, err);
    if (code == 0)
        code = look_for_errors(a, err);
    if (code == 0 && stepped < 0)
        code = rog_fail(err, stepped, "%s", cause.message);
    if (code == 0 && ended)
        code = check_end(a, err);
    else if (code == 0)
        code = look_for_progress(a, err);
    if (code == 0)
        code = rog_fleet_tester_step(&a->tester, &idle, err);
    report(a);
    if (code == 0 && ended && a->job->state == ROG_FLEET_RUNNING) {
        stop_processes(a);
        set_state(x, a->job, ROG_FLEET_TESTING);
    }
    *finished = code == 0 && ended && idle;
    return code;
}

/* Begins a failed run of real processes again, if the cluster file allows it. */
static int try_again(struct executor *x, struct active *a, const char *why, bool *begun,
                     struct rog_error *err)
{
    *begun = x->kind->real_time && a->job->state == ROG_FLEET_RUNNING &&
             a->failures < x->cluster->retries;
    if (!*begun)
        return 0;
    char *text = rog_format("%s; it is begun again", why);
    if (text)
        say(a, text);
    free(text);
    stop_attempt(a);
    a->failures++;
    return begin(x, a, false, err);
}

/* Steps a slot and closes it when its run has come to an end, good or bad. */
static int advance(struct executor *x, struct active *a, struct rog_error *err)
{
    struct rog_error cause = {0};
    bool finished = false;
    struct rog_fleet_job *job = a->job;
    int code = step(x, a, &finished, &cause);
    if (code == 0 && !finished)
        return 0;
    if (code != 0 && code != ROG_EFAILED && code != ROG_EFORMAT)
        return rog_fail(err, code, "%s", cause.message);
    bool begun = false;
    int again = code ? try_again(x, a, cause.message, &begun, err) : 0;
    if (again < 0 || begun)
        return again;
    stop_processes(a); /* before the row says that nothing runs */
    int recorded = record_end(x->options->db, job->run_id, code ? "failed" : "done",
                              code ? cause.message : NULL, err);
    if (recorded < 0)
        return recorded;
    release(a);
    if (code != 0)
        snprintf(job->error, sizeof job->error, "%s", cause.message);
    set_state(x, job, code ? ROG_FLEET_FAILED : ROG_FLEET_DONE);
    return 0;
}

static bool is_unfinished(const struct rog_fleet_job *job)
{
    return job->state != ROG_FLEET_DONE && job->state != ROG_FLEET_FAILED;
}

static bool any_unfinished(const struct executor *x)
{
    for (size_t i = 0; i < x->count; i++)
        if (is_unfinished(&x->jobs[i]))
            return true;
    return false;
}

/* Gives free slots to the jobs that wait; now and then also to those that were elsewhere. */
static int fill_slots(struct executor *x, struct rog_error *err)
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

static int loop(struct executor *x, struct rog_error *err)
{
    int code = fill_slots(x, err);
    while (code == 0 && any_unfinished(x)) {
        x->options->observer->progress(x->options->observer->user, x->jobs, x->count);
        if (rog_signals_wait(x->signals, POLL_MS))
            return rog_fail(err, ROG_EINTR, "interrupted");
        for (int i = 0; code == 0 && i < x->slots; i++)
            if (x->slot[i].job)
                code = advance(x, &x->slot[i], err);
        if (code == 0)
            code = fill_slots(x, err);
    }
    x->options->observer->progress(x->options->observer->user, x->jobs, x->count);
    return code;
}

/* Leaves no process and no half-done run behind. What cannot be written is redone next time
 * anyway. */
static void clean_up(struct executor *x)
{
    for (int i = 0; i < x->slots; i++) {
        struct active *a = &x->slot[i];
        if (a->job && is_unfinished(a->job)) {
            bool keep = a->job->state == ROG_FLEET_TESTING;
            stop_processes(a);
            rog_db_rollback(x->options->db);
            record_interruption(x->options->db, a->job->run_id, keep, NULL);
        }
        release(a);
    }
}

int rog_runner_execute(const struct rog_executor *executor, const struct rog_cluster *cluster,
                       const struct rog_fleet_options *options, struct rog_signals *signals,
                       struct rog_fleet_job *jobs, size_t count, struct rog_error *err)
{
    struct executor x = {
        .kind = executor,
        .cluster = cluster,
        .options = options,
        .signals = signals,
        .jobs = jobs,
        .count = count,
        .slots = executor->real_time ? 1 : options->jobs,
    };
    int code = 0;
    x.slot = calloc((size_t)x.slots, sizeof *x.slot);
    x.chunk = malloc(CHUNK_BYTES);
    if (!x.slot || !x.chunk)
        code = rog_fail_nomem(err);
    for (int i = 0; x.slot && i < x.slots; i++)
        x.slot[i] = (struct active){.lock = -1, .executor = &x};
    if (code == 0)
        code = rog_start_models_make(options, signals, jobs, count, err);
    if (code == 0)
        code = loop(&x, err);
    if (x.slot)
        clean_up(&x);
    free(x.chunk);
    free(x.slot);
    if (code < 0)
        return code;
    size_t failed = 0;
    for (size_t i = 0; i < count; i++)
        failed += jobs[i].state == ROG_FLEET_FAILED;
    return failed ? rog_fail(err, ROG_EFAILED, "%zu of %zu runs failed", failed, count) : 0;
}
