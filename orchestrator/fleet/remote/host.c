/* SPDX-License-Identifier: Apache-2.0 */
/* Runs the thread of one host: connects, passes through the stages, polls, recovers. */
#include <orchestrator/fleet/remote/state.h>

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/claims.h>
#include <common/clock.h>
#include <common/file.h>
#include <orchestrator/fleet/remote/away.h>
#include <orchestrator/fleet/remote/clean.h>
#include <orchestrator/fleet/remote/mirror.h>
#include <orchestrator/fleet/remote/place.h>
#include <orchestrator/fleet/remote/recover.h>
#include <orchestrator/fleet/run_files.h>
#include <orchestrator/store/ingest.h>
#include <rog/events.h>

/* Polling a host uses some of the replayed bandwidth, so it is not polled more often than a user
 * wants to see progress. */
#define POLL_S 2.0
#define START_POLL_S 0.2
#define HOLD_POLL_S 0.1
#define LOOK_S 6.0    /* seconds between checks of the supervisor */
#define LEASE_PARTS 8 /* renewals of a lease during its length */
/* Seconds for a worker to exit after the server, but at most this share of stall_limit, after which
 * it considers the server lost. */
#define GRACE_S 20.0
#define GRACE_SHARE 0.5
#define COMMAND_TIMEOUT_S 30.0

/* ---- stages ---- */

static void reach(struct rog_remote_host *host, enum rog_remote_stage stage)
{
    pthread_mutex_lock(&host->remote->mutex);
    host->reached = stage;
    pthread_cond_broadcast(&host->remote->changed);
    pthread_mutex_unlock(&host->remote->mutex);
}

/* Waits until hosts may reach that stage. Returns ROG_EINTR if everything must end instead. */
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

/* ---- following ---- */

enum state { STARTING, RUNNING, ENDED, FAILED, STOPPED };

/* Reads the supervisor's state; STARTING if it has not written any. Returns ROG_EFAILED with the
 * reason if its process failed or was told to end with the host. */
static int read_state(struct rog_remote_host *host, enum state *state, struct rog_error *err)
{
    static const char *const names[] = {"starting", "running", "ended", "failed", "stopped"};
    struct rog_json *json = NULL;
    *state = STARTING;
    int code = rog_mirror_json(host->connection, host->folder, "state.json", &json, err);
    if (code == ROG_ENOTFOUND)
        return 0;
    if (code)
        return code;
    const char *name = rog_json_get_string(json, "state", "");
    while (*state < STOPPED && strcmp(names[*state], name) != 0)
        (*state)++;
    host->pid = (long)rog_json_get_integer(json, "pid", 0);
    snprintf(host->boot, sizeof host->boot, "%s", rog_json_get_string(json, "boot", ""));
    host->unsupervised = *state == STOPPED && host->rank > 0;
    bool is_final = rog_json_get_bool(json, "final", false);
    if (*state >= FAILED)
        code = rog_fail(err, is_final ? ROG_EINVAL : ROG_EFAILED, "%s: %s%s", host->title,
                        rog_json_get_string(json, "message", "it failed without a reason"),
                        is_final ? "; rogctl doctor --cluster FILE says what to do" : "");
    rog_json_free(json);
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

/* Checks whether the supervisor's process exists. A zombie has no program. */
static int check_supervisor(struct rog_remote_host *host, struct rog_error *err)
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
        return code == ROG_EIO ? 0 : code; /* the process id may have been reused */
    enum state state;                      /* it may have ended in between */
    code = read_state(host, &state, err);
    return code || state == ENDED ? code : rog_remote_say_it_is_gone(host, err);
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

static bool server_has_ended(struct rog_remote_host *host)
{
    pthread_mutex_lock(&host->remote->mutex);
    bool ended = host->remote->server_ended;
    pthread_mutex_unlock(&host->remote->mutex);
    return ended;
}

/* Returns whether a worker is still running some time after the server ended. It does not know that
 * the run is over, and has nothing to add. */
static bool has_lingered(struct rog_remote_host *host)
{
    bool server_ended = server_has_ended(host);
    double now = rog_clock_s();
    if (server_ended && host->grace_s == 0)
        host->grace_s = now;
    double limit_s = host->remote->attempt->cluster->stall_limit_s;
    bool has = host->rank > 0 && server_ended &&
               now - host->grace_s > fmin(GRACE_S, limit_s * GRACE_SHARE);
    if (has) {
        pthread_mutex_lock(&host->remote->mutex);
        host->lingered = true;
        pthread_mutex_unlock(&host->remote->mutex);
    }
    return has;
}

/* Polls the host once. */
static int poll_host(struct rog_remote_host *host, enum state *state, struct rog_error *err)
{
    int code = renew_lease(host, err);
    if (code == 0)
        code = read_state(host, state, err); /* before its events: none follow after the end */
    struct rog_error cause;
    int pulled = host->connection && !rog_connection_lost(host->connection)
                     ? rog_remote_pull(host, &cause)
                     : 0;
    if (code == 0 && pulled)
        code = rog_fail_again(err, &cause);
    if (code == 0 && *state != ENDED && has_lingered(host))
        *state = ENDED;
    if (code == 0 && *state != ENDED)
        code = check_supervisor(host, err);
    return code;
}

/* Follows the process until it has ended. */
static int follow(struct rog_remote_host *host, struct rog_error *err)
{
    enum state state = STARTING;
    int code = 0;
    while (code == 0 && state != ENDED) {
        struct rog_error cause;
        code = poll_host(host, &state, &cause);
        if (code == 0)
            host->heard_s = rog_clock_s();
        if (code && (code == ROG_EINTR || rog_remote_stopped(host->remote, 0))) {
            code = ROG_EINTR;
        } else if (code && rog_connection_lost(host->connection)) {
            code = rog_remote_connect_again(host, cause.message, err);
            if (code == 0)
                code = rog_remote_persist(host, rog_remote_look_for_reboot, err);
        } else if (code) {
            rog_fail_again(err, &cause);
        }
        if (code == 0 && state >= RUNNING && host->reached < ROG_REMOTE_RUNNING)
            reach(host, ROG_REMOTE_RUNNING);
        if (code == 0 && state != ENDED &&
            rog_remote_stopped(host->remote, state == STARTING ? START_POLL_S : POLL_S))
            code = ROG_EINTR;
    }
    struct rog_error lost;
    if (code != ROG_EINTR && host->connection && !rog_connection_lost(host->connection))
        pull_logs(host, &lost); /* a missing log is not a failure of the run */
    return code;
}

/* ---- the whole thread ---- */

/* Connects to the host. A run that has already started waits for its hosts, which have been logged
 * in to before. A run that starts does not, unless it can do without the host. If the user did not
 * answer a question, or if the host's name is unknown from the start, the next run would fail, too:
 * ROG_EINVAL. */
static int connect_first(struct rog_remote_host *host, struct rog_error *err)
{
    const struct rog_attempt *attempt = host->remote->attempt;
    struct rog_error cause;
    host->heard_s = rog_clock_s();
    pthread_mutex_lock(&host->remote->mutex);
    host->called_s = host->heard_s;
    pthread_mutex_unlock(&host->remote->mutex);
    int code = rog_remote_connect(host, &cause);
    if (code == 0)
        rog_remote_wait_over(host);
    bool is_new = !attempt->again && !attempt->adopt;
    if (code != ROG_EFAILED || (is_new && host->unanswered))
        return code == 0             ? 0
               : code == ROG_EFAILED ? rog_fail(err, ROG_EINVAL, "%s", cause.message)
                                     : rog_fail_again(err, &cause);
    if (rog_remote_may_be_away(host))
        return rog_remote_connect_again(host, cause.message, err);
    if (is_new && !rog_hold_has_met(host->remote->hold, host->rank) &&
        strstr(cause.message, ROG_CONNECTION_NO_SUCH_HOST))
        return rog_fail(err, ROG_EINVAL,
                        "%s; correct host in the cluster file, or set its address in /etc/hosts on "
                        "this machine or as HostName in ~/.ssh/config",
                        cause.message);
    if (is_new && host->rank)
        return rog_fail(
            err, ROG_EFAILED,
            "%s. With `min_workers` in the cluster file, runs start without workers that are away",
            cause.message);
    if (is_new)
        return rog_fail_again(err, &cause);
    rog_remote_log(host, ROG_EVENT_WARNING, "%s. rogctl keeps trying for %g s (stall_limit)",
                   cause.message, attempt->cluster->stall_limit_s);
    rog_remote_wait_for(host, "%s, which cannot be reached", host->title);
    code = rog_remote_connect_within(host, attempt->cluster->stall_limit_s, false, err);
    rog_remote_wait_over(host);
    return code;
}

/* Fetches from the server's host what is needed to restore the run on a worker's host. A server
 * that has ended no longer has a key. */
static int fetch_for_others(struct rog_remote_host *host, struct rog_error *err)
{
    struct rog_remote *remote = host->remote;
    struct rog_remote_shaping shaping;
    struct rog_json *spec = NULL;
    int code = rog_remote_key_fetch(&remote->key, host->connection, host->folder, err);
    if (code == 0 || code == ROG_ENOTFOUND)
        code = rog_mirror_json(host->connection, host->folder, "host.json", &spec, err);
    if (code == 0) {
        rog_remote_shaping_read(&shaping, spec);
        pthread_mutex_lock(&remote->mutex);
        remote->shaping = shaping;
        pthread_mutex_unlock(&remote->mutex);
    }
    rog_json_free(spec);
    return code;
}

/* Adopts what an earlier rogctl has started on the host. */
static int find(struct rog_remote_host *host, struct rog_error *err)
{
    int code = rog_remote_find(host, err);
    if (code == 0 && host->rank == 0)
        code = fetch_for_others(host, err);
    host->unsupervised =
        code == ROG_EFAILED && host->rank > 0 && !rog_connection_lost(host->connection);
    return code;
}

/* Returns whether the host's part of the run has started, so that it can be restored. */
static bool has_begun(const struct rog_remote_host *host)
{
    return host->reached >= ROG_REMOTE_RUNNING || host->remote->attempt->adopt;
}

/* Returns whether the run has started without the host, or is starting so. */
static bool is_late(struct rog_remote_host *host)
{
    pthread_mutex_lock(&host->remote->mutex);
    bool begun = host->late || host->remote->allowed >= ROG_REMOTE_RUNNING;
    bool late = host->rank > 0 && begun && host->reached < ROG_REMOTE_RUNNING;
    pthread_mutex_unlock(&host->remote->mutex);
    return late;
}

/* Waits until the sweep holds the host. With `or_away`, a host that was not reached is tried all
 * the same. Hosts of an adopted run are already held. Waits without limit for other sweeps, but not
 * for a host that does not answer. */
static int await_hold(struct rog_remote_host *host, bool or_away, struct rog_error *err)
{
    struct rog_remote *remote = host->remote;
    double limit_s = remote->attempt->cluster->stall_limit_s, since_s = rog_clock_s(), queued_s;
    char what[2 * ROG_CLAIM_TEXT_BYTES];
    while (!remote->attempt->adopt && !rog_hold_has(remote->hold, host->rank, or_away)) {
        if (rog_remote_stopped(remote, HOLD_POLL_S))
            return ROG_EINTR;
        if (or_away || is_late(host) || rog_hold_waits(remote->hold, what, sizeof what, &queued_s))
            since_s = rog_clock_s();
        else if (rog_clock_s() - since_s > limit_s)
            return rog_fail(err, ROG_EFAILED,
                            "%s does not answer: it could not be claimed for this sweep within %g "
                            "s (stall_limit)",
                            host->title, limit_s);
    }
    return 0;
}

static int prepare(struct rog_remote_host *host, struct rog_error *err)
{
    int code = await_hold(host, true, err);
    if (code == 0)
        code = connect_first(host, err);
    if (code == 0)
        code = await_hold(host, false, err);
    if (code == 0 && host->remote->attempt->again)
        code = rog_remote_recover(host, err);
    if (code == 0)
        code = rog_remote_persist(host, rog_remote_prepare, err);
    if (code == 0)
        reach(host, ROG_REMOTE_PREPARED);
    return code ? code : await(host, ROG_REMOTE_PLACED);
}

static int pass_stages(struct rog_remote_host *host, struct rog_error *err)
{
    const struct rog_attempt *attempt = host->remote->attempt;
    int code = prepare(host, err);
    if (code == 0 && is_late(host))
        code = rog_remote_check_shaping(host, err);
    if (code == 0)
        code = rog_remote_persist(host, attempt->adopt ? find : rog_remote_place, err);
    if (code && !host->unsupervised)
        return code;
    reach(host, ROG_REMOTE_PLACED);
    int waited = await(host, host->rank ? ROG_REMOTE_RUNNING : ROG_REMOTE_SERVING);
    code = waited ? waited : code;
    if (code == 0 && !attempt->adopt)
        code = rog_remote_persist(host, rog_remote_launch, err);
    if (code == 0)
        reach(host, ROG_REMOTE_SERVING);
    if (code == 0)
        code = follow(host, err);
    return code;
}

/* Fetches what the supervisor had left when the run was over. */
static int fetch_rest(struct rog_remote_host *host, struct rog_error *err)
{
    pthread_mutex_lock(&host->remote->mutex);
    host->lingered = true;
    pthread_mutex_unlock(&host->remote->mutex);
    return rog_remote_persist(host, rog_remote_pull, err);
}

/* Executes the host's part of the run. Restores it on a worker's host that has lost it. */
static int take_part(struct rog_remote_host *host, struct rog_error *err)
{
    struct rog_error why;
    int code = pass_stages(host, err);
    while (code && host->unsupervised && has_begun(host)) {
        why = *err;
        if (server_has_ended(host))
            return fetch_rest(host, err);
        code = rog_remote_bring_back(host, why.message, err);
        if (code)
            return code;
        code = follow(host, err);
    }
    return code;
}

void *rog_remote_host_live(void *argument)
{
    struct rog_remote_host *host = argument;
    struct rog_error err = {0};
    int code = take_part(host, &err);
    /* An error in the cluster file fails a run that cannot do without the host. */
    bool dispensable = code != ROG_EINVAL || host->remote->attempt->cluster->min_workers > 0;
    /* What the host has written is damaged, but its work continues. */
    bool damaged = code == ROG_EFORMAT && host->rank && has_begun(host) &&
                   host->remote->attempt->cluster->min_workers > 0;
    bool out = code && code != ROG_EINTR &&
               ((is_late(host) && dispensable) || host->unsupervised || damaged);
    if (damaged)
        rog_remote_log(host, ROG_EVENT_UNFETCHED,
                       "%s is no longer followed, and its later records are missing: %s",
                       host->title, err.message);
    else if (out)
        rog_remote_log(host, ROG_EVENT_WARNING, "%s takes no part in the run: %s", host->title,
                       err.message);
    if (code == 0) {
        reach(host, ROG_REMOTE_ENDED);
    } else if (code != ROG_EINTR) {
        pthread_mutex_lock(&host->remote->mutex);
        host->out = out;
        host->failed = !out;
        host->cause = err;
        pthread_mutex_unlock(&host->remote->mutex);
    }
    while (!rog_remote_stopped(host->remote, POLL_S))
        continue;
    rog_remote_clean(host);
    rog_remote_disconnect(host);
    rog_remote_leave(host);
    return NULL;
}
