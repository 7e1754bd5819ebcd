/* SPDX-License-Identifier: Apache-2.0 */
/* The thread of one host: connects, goes through the stages, watches, recovers. */
#include <orchestrator/fleet/remote/state.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/clock.h>
#include <common/file.h>
#include <orchestrator/fleet/remote/mirror.h>
#include <orchestrator/fleet/remote/place.h>
#include <orchestrator/fleet/remote/recover.h>
#include <orchestrator/fleet/run_files.h>
#include <orchestrator/store/ingest.h>
#include <rog/events.h>

/* Following a host takes of the bandwidth that is replayed: it is looked at no more often than
 * people want to see progress. */
#define POLL_S 2.0
#define START_POLL_S 0.2
#define LOOK_S 6.0    /* whether the supervisor is alive */
#define LEASE_PARTS 8 /* a lease is renewed so often */
#define GRACE_S 20.0  /* for a worker after the server has ended */
#define CLEAN_PATIENCE_S 20.0
#define STOP_TIMEOUT_S 90.0 /* the supervisor takes its own time */
#define COMMAND_TIMEOUT_S 30.0

/* ---- stages ---- */

static void reach(struct rog_remote_host *host, enum rog_remote_stage stage)
{
    pthread_mutex_lock(&host->remote->mutex);
    host->reached = stage;
    pthread_cond_broadcast(&host->remote->changed);
    pthread_mutex_unlock(&host->remote->mutex);
}

/* Waits until hosts may go so far; ROG_EINTR when everything is to end instead. */
static int await(struct rog_remote_host *host, enum rog_remote_stage stage)
{
    struct rog_remote *remote = host->remote;
    pthread_mutex_lock(&remote->mutex);
    while (!remote->stop && remote->allowed < stage)
        pthread_cond_wait(&remote->changed, &remote->mutex);
    int code = remote->stop ? ROG_EINTR : 0;
    pthread_mutex_unlock(&remote->mutex);
    return code;
}

static void set_lost(struct rog_remote_host *host, bool lost)
{
    pthread_mutex_lock(&host->remote->mutex);
    host->lost = lost;
    pthread_mutex_unlock(&host->remote->mutex);
}

/* ---- the connection ---- */

/* The host goes on by itself; its events are there when it is reached again. */
static int connect_again(struct rog_remote_host *host, const char *why, struct rog_error *err)
{
    double begin_s = rog_clock_s();
    struct rog_error cause;
    rog_remote_disconnect(host);
    set_lost(host, true);
    rog_remote_log(host, ROG_EVENT_WARNING,
                   "the connection to %s is lost, what runs there goes on: %s", host->title, why);
    int code;
    do
        code = rog_remote_connect_within(host, POLL_S, false, &cause);
    while (code != 0 && code != ROG_EINTR && code != ROG_EINVAL);
    if (code)
        return rog_fail_again(err, &cause);
    set_lost(host, false);
    rog_remote_log(host, ROG_EVENT_WARNING, "the connection to %s is back after %.0f s",
                   host->title, rog_clock_s() - begin_s);
    return 0;
}

/* ---- following ---- */

enum state { STARTING, RUNNING, ENDED, FAILED };

/* What the supervisor says of itself; STARTING before it has. ROG_EFAILED: why its process
 * failed.*/
static int read_state(struct rog_remote_host *host, enum state *state, struct rog_error *err)
{
    static const char *const names[] = {"starting", "running", "ended", "failed"};
    struct rog_json *json = NULL;
    *state = STARTING;
    int code = rog_mirror_json(host->connection, host->folder, "state.json", &json, err);
    if (code == ROG_ENOTFOUND)
        return 0;
    if (code)
        return code;
    const char *name = rog_json_get_string(json, "state", "");
    while (*state < FAILED && strcmp(names[*state], name) != 0)
        (*state)++;
    host->pid = (long)rog_json_get_integer(json, "pid", 0);
    if (*state == FAILED)
        code = rog_fail(err, ROG_EFAILED, "%s: %s", host->title,
                        rog_json_get_string(json, "message", "it has failed without a reason"));
    rog_json_free(json);
    return code;
}

/* Everything that is there and not here. */
static int pull(struct rog_remote_host *host, struct rog_error *err)
{
    static const char *const names[] = {ROG_STREAM_MAIN, ROG_STREAM_HOST};
    int code = 0;
    if (host->checkpoint_bytes == 0)
        host->checkpoint_bytes = rog_mirror_checkpoint_bytes(host->remote->attempt->start_model);
    for (size_t i = 0; code == 0 && i < sizeof names / sizeof *names; i++)
        code = rog_mirror_pull(host->connection, host->folder, host->mirror, names[i],
                               &host->checkpoint_bytes, err);
    return code;
}

static int pull_logs(struct rog_remote_host *host, struct rog_error *err)
{
    static const char *const names[] = {"trainer.log", "host.log"};
    int code = 0;
    for (size_t i = 0; code == 0 && i < sizeof names / sizeof *names; i++) {
        char *to = rog_path_join(host->mirror, names[i]);
        code = to ? rog_mirror_log(host->connection, host->folder, names[i], to, err)
                  : rog_fail_nomem(err);
        free(to);
    }
    return code;
}

/* With the last words of the program, in case that it did not even begin. */
static int say_it_is_gone(struct rog_remote_host *host, struct rog_error *err)
{
    char words[256] = "";
    uint64_t bytes;
    if (rog_connection_size(host->connection, host->folder, &bytes, err) == ROG_ENOTFOUND)
        return rog_fail(err, ROG_EFAILED,
                        "%s: the run's folder there is gone (the host had not heard of rogctl for "
                        "%g s, its lease, or somebody has cleaned up)",
                        host->title, host->remote->attempt->cluster->lease_s);
    char *log = rog_path_join(host->mirror, "start.log");
    if (log && rog_mirror_log(host->connection, host->folder, "start.log", log, NULL) == 0)
        rog_run_log_tail(log, words, sizeof words);
    free(log);
    return rog_fail(err, ROG_EFAILED, "%s: the run's supervisor there is gone%s%s", host->title,
                    words[0] ? ": " : " (killed, or the host was started anew)", words);
}

/* Is the supervisor's process there? A zombie has no program. */
static int look_for_supervisor(struct rog_remote_host *host, struct rog_error *err)
{
    uint64_t bytes;
    double now = rog_clock_s();
    if (now - host->looked_s < LOOK_S || host->pid <= 1)
        return 0;
    host->looked_s = now;
    char *path = rog_format("/proc/%ld/exe", host->pid);
    int code =
        path ? rog_connection_size(host->connection, path, &bytes, err) : rog_fail_nomem(err);
    free(path);
    if (code != ROG_ENOTFOUND)
        return code == ROG_EIO ? 0 : code; /* it may belong to somebody else by now */
    enum state state;                      /* it may have ended in between */
    code = read_state(host, &state, err);
    return code || state == ENDED ? code : say_it_is_gone(host, err);
}

static int renew_lease(struct rog_remote_host *host, struct rog_error *err)
{
    double now = rog_clock_s();
    if (now - host->lease_s < host->remote->attempt->cluster->lease_s / LEASE_PARTS)
        return 0;
    char *path = rog_path_join(host->folder, "lease");
    const char *const argv[] = {"touch", "-c", "--", path, NULL};
    int code = path ? rog_connection_command(host->connection, argv, COMMAND_TIMEOUT_S, NULL, err)
                    : rog_fail_nomem(err);
    free(path);
    if (code == 0)
        host->lease_s = now;
    return code;
}

/* A worker that has not heard that the run is over has nothing to add. */
static bool has_lingered(struct rog_remote_host *host)
{
    pthread_mutex_lock(&host->remote->mutex);
    bool server_ended = host->remote->server_ended;
    pthread_mutex_unlock(&host->remote->mutex);
    double now = rog_clock_s();
    if (server_ended && host->grace_s == 0)
        host->grace_s = now;
    bool has = host->rank > 0 && server_ended && now - host->grace_s > GRACE_S;
    if (has) {
        pthread_mutex_lock(&host->remote->mutex);
        host->lingered = true;
        pthread_mutex_unlock(&host->remote->mutex);
    }
    return has;
}

/* One look at the host. */
static int look(struct rog_remote_host *host, enum state *state, struct rog_error *err)
{
    int code = renew_lease(host, err);
    if (code == 0)
        code = read_state(host, state, err); /* before its events: none come after its end */
    struct rog_error cause;
    int pulled =
        host->connection && !rog_connection_lost(host->connection) ? pull(host, &cause) : 0;
    if (code == 0 && pulled)
        code = rog_fail_again(err, &cause);
    if (code == 0 && *state != ENDED && has_lingered(host))
        *state = ENDED;
    if (code == 0 && *state != ENDED)
        code = look_for_supervisor(host, err);
    return code;
}

/* Until it has ended. */
static int follow(struct rog_remote_host *host, struct rog_error *err)
{
    enum state state = STARTING;
    int code = 0;
    while (code == 0 && state != ENDED) {
        struct rog_error cause;
        code = look(host, &state, &cause);
        if (code && (code == ROG_EINTR || rog_remote_stopped(host->remote, 0)))
            code = ROG_EINTR;
        else if (code && rog_connection_lost(host->connection))
            code = connect_again(host, cause.message, err);
        else if (code)
            rog_fail_again(err, &cause);
        if (code == 0 && state >= RUNNING && host->reached < ROG_REMOTE_RUNNING)
            reach(host, ROG_REMOTE_RUNNING);
        if (code == 0 && state != ENDED &&
            rog_remote_stopped(host->remote, state == STARTING ? START_POLL_S : POLL_S))
            code = ROG_EINTR;
    }
    struct rog_error lost;
    if (code != ROG_EINTR && host->connection && !rog_connection_lost(host->connection))
        pull_logs(host, &lost); /* a log that does not come is no failure of the run */
    return code;
}

/* ---- the whole ---- */

/* A run that has begun already waits for its hosts, which have been logged in to once. One that
 * begins does not, and where a person had no answer for the host there is none for the next run
 * either: ROG_EINVAL. */
static int arrive(struct rog_remote_host *host, struct rog_error *err)
{
    const struct rog_attempt *attempt = host->remote->attempt;
    int code = rog_remote_connect(host, err);
    if (code != ROG_EFAILED)
        return code;
    if (!attempt->again && !attempt->adopt)
        return host->unanswered ? (err->code = ROG_EINVAL) : code;
    rog_remote_log(host, ROG_EVENT_WARNING, "%s; tried for %g s (stall_limit)", err->message,
                   attempt->cluster->stall_limit_s);
    return rog_remote_connect_within(host, attempt->cluster->stall_limit_s, false, err);
}

static int go_through(struct rog_remote_host *host, struct rog_error *err)
{
    const struct rog_attempt *attempt = host->remote->attempt;
    int code = arrive(host, err);
    if (code == 0 && attempt->again)
        code = rog_remote_recover(host, err);
    if (code == 0)
        code = rog_remote_prepare(host, err);
    if (code)
        return code;
    reach(host, ROG_REMOTE_PREPARED);
    code = await(host, ROG_REMOTE_PLACED);
    if (code == 0)
        code = attempt->adopt ? rog_remote_find(host, err) : rog_remote_place(host, err);
    if (code)
        return code;
    reach(host, ROG_REMOTE_PLACED);
    code = await(host, host->rank ? ROG_REMOTE_RUNNING : ROG_REMOTE_SERVING);
    if (code == 0 && !attempt->adopt)
        code = rog_remote_launch(host, err);
    if (code == 0)
        reach(host, ROG_REMOTE_SERVING);
    if (code == 0)
        code = follow(host, err);
    return code;
}

static int stop_there(struct rog_remote_host *host, struct rog_error *err)
{
    const char *const argv[] = {host->program, "host", "--folder", host->folder, "--stop", NULL};
    int code = host->connection ? 0 : rog_remote_connect_within(host, CLEAN_PATIENCE_S, true, err);
    return code ? code : rog_connection_command(host->connection, argv, STOP_TIMEOUT_S, NULL, err);
}

/* Ends what runs there and removes the run's folder, unless that is left to go on. A connection
 * that is no good any more is seen by its use. */
static void clean(struct rog_remote_host *host)
{
    struct rog_error cause = {0};
    if (!host->placed || host->remote->leave)
        return;
    pthread_mutex_lock(&host->remote->mutex);
    host->cleaning = true;
    pthread_mutex_unlock(&host->remote->mutex);
    bool had_one = host->connection != NULL;
    int code = stop_there(host, &cause);
    if (code && code != ROG_EINTR && had_one && rog_connection_lost(host->connection)) {
        rog_remote_disconnect(host);
        code = stop_there(host, &cause);
    }
    if (code)
        rog_remote_log(host, ROG_EVENT_WARNING,
                       "%s was not cleaned up: %s. What runs there ends by itself when it has not "
                       "heard of rogctl for %g s; rogctl doctor --clean removes what is left",
                       host->title, cause.message, host->remote->attempt->cluster->lease_s);
}

void *rog_remote_host_live(void *argument)
{
    struct rog_remote_host *host = argument;
    struct rog_error err = {0};
    int code = go_through(host, &err);
    if (code == 0) {
        reach(host, ROG_REMOTE_ENDED);
    } else if (code != ROG_EINTR) {
        pthread_mutex_lock(&host->remote->mutex);
        host->failed = true;
        host->cause = err;
        pthread_mutex_unlock(&host->remote->mutex);
    }
    while (!rog_remote_stopped(host->remote, POLL_S))
        continue;
    clean(host);
    rog_remote_disconnect(host);
    rog_remote_leave(host);
    return NULL;
}
