/* SPDX-License-Identifier: Apache-2.0 */
/* Executes runs on real hosts: controls the threads and stages, and reports to the runner. */
#include <orchestrator/fleet/remote/remote.h>

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <common/claims.h>
#include <common/clock.h>
#include <common/file.h>
#include <common/trace_name.h>
#include <orchestrator/fleet/remote/state.h>
#include <orchestrator/fleet/remote/tester.h>
#include <orchestrator/fleet/run_files.h>
#include <orchestrator/store/ingest.h>
#include <rog/events.h>

/* Seconds after the end of a worker's process until the server has noticed and its events are
 * here. */
#define LOST_S 10.0

/* Shows and records the messages of the threads. */
static void log_messages(struct rog_remote *remote)
{
    pthread_mutex_lock(&remote->mutex);
    struct rog_remote_message *message = remote->messages;
    remote->messages = NULL;
    remote->messages_end = &remote->messages;
    pthread_mutex_unlock(&remote->mutex);
    while (message) {
        struct rog_remote_message *next = message->next;
        if (message->text)
            remote->attempt->log(remote->attempt->user, message->event, message->rank,
                                 message->text);
        free(message->text);
        free(message);
        message = next;
    }
}

/* ---- end ---- */

static void stop(void *state, bool leave)
{
    struct rog_remote *remote = state;
    remote->leave = leave;
    rog_remote_halt(remote, remote->host, remote->host ? remote->count : 0);
    log_messages(remote);
    if (remote->claim && !leave)
        unlink(remote->claim);
    rog_remote_release(remote);
    free(remote->host);
    free(remote->address);
    free(remote->claim);
    free(remote->name);
    free(remote);
}

/* ---- start ---- */

static int init_host(struct rog_remote *remote, size_t rank, struct rog_error *err)
{
    struct rog_remote_host *host = &remote->host[rank];
    const char *folder = remote->attempt->folder;
    host->remote = remote;
    host->rank = rank;
    host->settings = rog_remote_settings(remote->attempt->cluster, rank);
    host->name = rog_json_get_string(host->settings, "host", "");
    rog_remote_title(host->title, sizeof host->title, rank, host->name);
    host->mirror = rank ? rog_format("%s/" ROG_RUN_WORKER "%zu", folder, rank) : rog_strdup(folder);
    return host->mirror ? rog_dir_make(host->mirror, err) : rog_fail_nomem(err);
}

static int start_threads(struct rog_remote *remote, struct rog_error *err)
{
    int code = 0;
    for (size_t i = 0; code == 0 && i < remote->count; i++) {
        struct rog_remote_host *host = &remote->host[i];
        int cause = pthread_create(&host->thread, NULL, rog_remote_host_live, host);
        host->has_thread = cause == 0;
        if (cause)
            code = rog_fail(err, ROG_EIO, "cannot start a thread: %s", strerror(cause));
    }
    return code;
}

/* Reads the token with which an earlier rogctl, which is gone, holds the hosts. */
static bool read_token(const char *path, char token[ROG_CLAIM_TOKEN_BYTES])
{
    char *text = NULL;
    size_t size = 0;
    bool good = rog_file_read(path, ROG_CLAIM_TOKEN_BYTES - 1, &text, &size, NULL) == 0 &&
                size == ROG_CLAIM_TOKEN_BYTES - 1 && strspn(text, "0123456789abcdef") == size;
    if (good)
        memcpy(token, text, ROG_CLAIM_TOKEN_BYTES);
    free(text);
    return good;
}

/* Claims all hosts at once. The token is kept in the run's folder for a rogctl that adopts the
 * run. */
static int begin_hold(struct rog_remote *remote, struct rog_error *err)
{
    char token[ROG_CLAIM_TOKEN_BYTES];
    bool known = remote->attempt->adopt && read_token(remote->claim, token);
    int code = rog_hold_begin(remote->hold, known ? token : NULL, err);
    const char *own = rog_hold_token(remote->hold);
    return code ? code : rog_file_write(remote->claim, own, strlen(own), err);
}

static int open_session(void **session, const struct rog_session_options *options,
                        struct rog_error *err)
{
    struct rog_hold *hold;
    int code = rog_hold_new(&hold, options, err);
    *session = hold;
    return code;
}

static void close_session(void *session)
{
    rog_hold_free(session);
}

static int start(void **state, const struct rog_attempt *attempt, struct rog_error *err)
{
    struct rog_remote *remote = calloc(1, sizeof *remote);
    if (!remote)
        return rog_fail_nomem(err);
    rog_remote_init(remote, attempt);
    remote->hold = attempt->session;
    remote->claim = rog_path_join(attempt->folder, ROG_RUN_CLAIM);
    remote->count = rog_json_size(attempt->cluster->workers) + 1;
    remote->host = calloc(remote->count, sizeof *remote->host);
    remote->address = calloc(remote->count, sizeof *remote->address);
    remote->begun_s = rog_clock_s();
    int code = remote->host && remote->address && remote->claim ? 0 : rog_fail_nomem(err);
    if (code == 0)
        code = rog_run_name_on_hosts(attempt->folder, attempt->run_id, &remote->name, err);
    if (code == 0)
        code = rog_remote_files_new(&remote->files, attempt->config, attempt->inputs,
                                    attempt->start_model, err);
    if (code == 0 && !attempt->adopt)
        code = rog_remote_key_make(&remote->key, err);
    for (size_t i = 0; code == 0 && i < remote->count; i++)
        code = init_host(remote, i, err);
    if (code == 0)
        code = begin_hold(remote, err);
    if (code == 0)
        code = start_threads(remote, err);
    if (code < 0)
        stop(remote, false);
    else
        *state = remote;
    return code;
}

/* ---- supervising ---- */

/* Returns whether all hosts have reached the stage, except workers' hosts that are away or no
 * longer take part. */
static bool all_reached(const struct rog_remote *remote, enum rog_remote_stage stage)
{
    for (size_t i = 0; i < remote->count; i++) {
        const struct rog_remote_host *host = &remote->host[i];
        bool away = i && (stage == ROG_REMOTE_ENDED ? host->given_up : host->lost || host->late);
        if (host->reached < stage && !away && !host->out)
            return false;
    }
    return true;
}

/* Returns whether a worker's host without a connection is not expected any more. The limit is
 * separate from that of an attempt to connect. */
static bool is_unreachable(const struct rog_remote *remote, const struct rog_remote_host *host)
{
    double limit_s = remote->attempt->cluster->worker_timeout_s;
    bool is_called = host->called_s > 0 && rog_clock_s() - host->called_s > limit_s;
    return host->lost || host->out ||
           (!host->connection && (is_called || rog_hold_misses(remote->hold, host->rank)));
}

/* Returns whether the run starts now: all hosts are prepared, or enough workers' hosts are, and the
 * others are not expected any more. */
static bool may_place(const struct rog_remote *remote)
{
    const struct rog_cluster *cluster = remote->attempt->cluster;
    size_t workers = 0, missing = 0;
    for (size_t i = 1; i < remote->count; i++) {
        const struct rog_remote_host *host = &remote->host[i];
        workers += host->reached >= ROG_REMOTE_PREPARED;
        missing += host->reached < ROG_REMOTE_PREPARED && is_unreachable(remote, host);
    }
    bool enough = cluster->min_workers > 0 && workers >= cluster->min_workers &&
                  workers + missing + 1 == remote->count &&
                  rog_clock_s() - remote->begun_s > cluster->worker_timeout_s;
    return remote->host[0].reached >= ROG_REMOTE_PREPARED &&
           (workers + 1 == remote->count || enough ||
            (remote->attempt->adopt && all_reached(remote, ROG_REMOTE_PREPARED)));
}

static void choose_shaping(struct rog_remote *remote)
{
    struct rog_remote_right *right = calloc(remote->count, sizeof *right);
    if (!right)
        return; /* pacing needs no shaping */
    for (size_t i = 0; i < remote->count; i++) {
        right[i] = remote->host[i].right;
        right[i].needless = i && (!rog_trace_is_limited(remote->attempt->config, (int64_t)i) ||
                                  remote->host[i].reached < ROG_REMOTE_PREPARED);
    }
    rog_remote_shaping_choose(&remote->shaping, right, remote->count,
                              remote->attempt->cluster->downlink_at_server);
    free(right);
}

/* Starts the run without the host until it comes. */
static void start_without(struct rog_remote_host *host)
{
    host->late = true;
    if (host->connection || host->waits[0])
        return;
    snprintf(host->waits, sizeof host->waits, "%s, which cannot be reached", host->title);
    host->waits_s = host->called_s > 0 ? host->called_s : host->remote->begun_s;
}

/* Lets hosts enter the next stage when all have reached this one. Returns true if the run may be
 * placed on them now. */
static bool allow_next_stage(struct rog_remote *remote)
{
    enum rog_remote_stage before = remote->allowed;
    if (remote->allowed == ROG_REMOTE_BEGUN && may_place(remote)) {
        if (!remote->attempt->adopt)
            choose_shaping(remote);
        for (size_t i = 1; i < remote->count; i++)
            if (remote->host[i].reached < ROG_REMOTE_PREPARED)
                start_without(&remote->host[i]);
        remote->allowed = ROG_REMOTE_PLACED;
    }
    if (remote->allowed == ROG_REMOTE_PLACED && all_reached(remote, ROG_REMOTE_PLACED))
        remote->allowed = ROG_REMOTE_SERVING;
    if (remote->allowed == ROG_REMOTE_SERVING && remote->host[0].reached >= ROG_REMOTE_RUNNING)
        remote->allowed = ROG_REMOTE_RUNNING;
    remote->server_ended = remote->host[0].reached == ROG_REMOTE_ENDED;
    if (remote->allowed != before)
        pthread_cond_broadcast(&remote->changed);
    return before == ROG_REMOTE_BEGUN && remote->allowed > before;
}

/* Fails if too few workers' hosts have been reached to start the run, and this has not changed for
 * long. */
static int check_too_few(const struct rog_remote *remote, struct rog_error *err)
{
    const struct rog_cluster *cluster = remote->attempt->cluster;
    const struct rog_remote_host *first = NULL;
    size_t missing = 0;
    if (remote->allowed > ROG_REMOTE_BEGUN || remote->attempt->adopt)
        return 0;
    for (size_t i = 1; i < remote->count; i++) {
        const struct rog_remote_host *host = &remote->host[i];
        if (host->reached >= ROG_REMOTE_PREPARED)
            continue;
        if (!host->lost || rog_clock_s() - host->lost_s < cluster->stall_limit_s)
            return 0;
        first = first ? first : host;
        missing++;
    }
    size_t there = remote->count - 1 - missing;
    if (!first || there >= cluster->min_workers)
        return 0;
    return rog_fail(err, ROG_EFAILED,
                    "%zu of %zu workers were reached within %g s (stall_limit), min_workers is "
                    "%zu; %s was not",
                    there, remote->count - 1, cluster->stall_limit_s, cluster->min_workers,
                    first->title);
}

/* Finds the first host that has failed permanently, or the server's host if it has been away for
 * too long. */
static int check_failures(const struct rog_remote *remote, struct rog_error *err)
{
    for (size_t i = 0; i < remote->count; i++) {
        const struct rog_remote_host *host = &remote->host[i];
        /* An error in the cluster file concerns all runs. */
        bool is_final = host->cause.code == ROG_EINVAL || host->cause.code == ROG_ENOMEM;
        if (host->failed)
            return rog_fail(err, is_final ? host->cause.code : ROG_EFAILED, "%s",
                            host->cause.message);
    }
    const struct rog_remote_host *server = &remote->host[0];
    double limit_s = remote->attempt->cluster->stall_limit_s;
    if (server->lost && rog_clock_s() - server->lost_s > limit_s)
        return rog_fail(err, ROG_EFAILED, "%s has not been reached for %g s (stall_limit)",
                        server->title, limit_s);
    return check_too_few(remote, err);
}

/* Returns for how long a host has been silent: since its stream last grew, or since the run
 * ended. */
static double silent_s(const struct rog_remote *remote, const struct rog_remote_host *host)
{
    struct stat status;
    double now = rog_clock_s(), wall_s = (double)time(NULL);
    double silent_s = now - fmax(remote->server_ended_s, host->lost ? host->lost_s : 0);
    char *stream = rog_path_join(host->mirror, ROG_STREAM_MAIN);
    if (stream && stat(stream, &status) == 0)
        silent_s = fmin(silent_s, fmax(wall_s - (double)status.st_mtime, 0));
    free(stream);
    return silent_s;
}

/* After the end of the run, waits a little longer for workers that are away, to fetch their records
 * and to clean up their hosts, but not forever. */
static void give_up(struct rog_remote *remote)
{
    const struct rog_cluster *cluster = remote->attempt->cluster;
    for (size_t i = 1; remote->server_ended_s > 0 && i < remote->count; i++) {
        struct rog_remote_host *host = &remote->host[i];
        double limit_s = host->lost ? cluster->worker_timeout_s : cluster->stall_limit_s;
        bool is_over = host->reached == ROG_REMOTE_ENDED || host->out || host->given_up;
        if (!is_over && rog_clock_s() - remote->server_ended_s > limit_s &&
            silent_s(remote, host) > limit_s)
            host->given_up = true;
    }
}

/* Reports which workers' records may be incomplete. */
static void report_missing(struct rog_remote *remote)
{
    for (size_t i = 1; i < remote->count; i++) {
        struct rog_remote_host *host = &remote->host[i];
        if (host->given_up && !host->is_said)
            rog_remote_log(host, ROG_EVENT_UNFETCHED,
                           "the run is over, and %s was not reached: its last records are missing",
                           host->title);
        host->is_said = host->given_up;
    }
}

/* Judges a worker whose process has exited successfully. A program may do so before it has
 * finished: then it has left the other workers alone. */
static int judge_leaver(const struct rog_remote *remote, struct rog_remote_host *host,
                        struct rog_error *err)
{
    bool has_left = host->reached == ROG_REMOTE_ENDED && !host->lingered;
    if (!has_left || host->is_judged)
        return 0;
    /* While the server's host is away, its events are not up to date. */
    if (host->left_s == 0 || remote->host[0].lost)
        host->left_s = rog_clock_s();
    if (remote->server_ended_s == 0 && rog_clock_s() - host->left_s < LOST_S)
        return 0;
    host->is_judged = true;
    if (!rog_run_worker_is_lost(remote->attempt->folder, host->rank))
        return 0;
    char *log = rog_path_join(host->mirror, ROG_RUN_LOG);
    int code = log ? rog_run_fail_leaver(host->title, true, log, err) : rog_fail_nomem(err);
    free(log);
    return code;
}

static int step(void *state, enum rog_attempt_state *reached, struct rog_error *err)
{
    struct rog_remote *remote = state;
    pthread_mutex_lock(&remote->mutex);
    bool chosen = allow_next_stage(remote);
    if (remote->server_ended && remote->server_ended_s == 0)
        remote->server_ended_s = rog_clock_s();
    bool held = false, queued = false;
    int code = rog_hold_check(remote->hold, &held, &queued, err);
    if (queued && !remote->attempt->adopt)
        remote->begun_s = rog_clock_s(); /* waiting for hosts begins only now */
    give_up(remote);
    if (code == 0)
        code = check_failures(remote, err);
    for (size_t i = 1; code == 0 && i < remote->count; i++)
        code = judge_leaver(remote, &remote->host[i], err);
    bool begun = remote->allowed >= ROG_REMOTE_RUNNING && all_reached(remote, ROG_REMOTE_RUNNING);
    bool ended = all_reached(remote, ROG_REMOTE_ENDED);
    pthread_mutex_unlock(&remote->mutex);
    if (chosen && remote->shaping.why[0] && !remote->attempt->adopt)
        rog_remote_log(&remote->host[0], ROG_EVENT_WARNING, "%s", remote->shaping.why);
    report_missing(remote);
    log_messages(remote);
    *reached = ended    ? ROG_ATTEMPT_ENDED
               : begun  ? ROG_ATTEMPT_RUNNING
               : queued ? ROG_ATTEMPT_QUEUED
                        : ROG_ATTEMPT_PREPARING;
    return code;
}

const struct rog_executor rog_remote_executor = {
    .stream_per_worker = true,
    .host_streams = true,
    .adopts = true,
    .copies_inputs = true,
    .open = open_session,
    .close = close_session,
    .start = start,
    .step = step,
    .waits = rog_remote_waits,
    .stop = stop,
    .tester = &rog_remote_tester,
};
