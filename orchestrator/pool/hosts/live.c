/* SPDX-License-Identifier: Apache-2.0 */
/* Runs the thread of a host: connects, exchanges data, waits for hosts that do not answer. */
#include <orchestrator/pool/hosts/hosts_state.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/clock.h>
#include <common/file.h>
#include <orchestrator/pool/beats.h>

#define CONNECT_TIMEOUT_S 15.0
#define BACKOFF_MIN_S 0.5 /* seconds between attempts to connect */
#define BACKOFF_MAX_S 15.0
/* Seconds between two exchanges: while something changes, and while nothing does. */
#define SOON_S 1.0
#define LATE_S 4.0
#define BEAT_S 5.0
#define KEEPER_S 15.0 /* seconds until a keeper must be running */

/* ---- the connection ---- */

/* Called by the connection while it waits for the host. */
static bool must_end(void *user)
{
    struct rog_pool_hosts *hosts = user;
    pthread_mutex_lock(&hosts->mutex);
    bool must = hosts->stop && (!hosts->clean || rog_clock_s() > hosts->until_s);
    pthread_mutex_unlock(&hosts->mutex);
    return must;
}

static int connect_host(struct rog_pool_host *host, struct rog_error *err)
{
    struct rog_pool_hosts *hosts = host->hosts;
    const struct rog_connect_options options = {
        .host = host->name,
        .host_settings = host->settings,
        .kind_settings = hosts->file->own,
        .timeout_s = CONNECT_TIMEOUT_S,
        .stopped = must_end,
        .stopped_user = hosts,
    };
    return hosts->reached->connect(&host->connection, &options, err);
}

static void disconnect(struct rog_pool_host *host)
{
    rog_connection_free(host->connection);
    host->connection = NULL;
}

/* ---- one step ---- */

static void set_up(struct rog_pool_host *host, bool up)
{
    pthread_mutex_lock(&host->hosts->mutex);
    host->up = up;
    pthread_mutex_unlock(&host->hosts->mutex);
}

/* Sends a heartbeat for tasks that wait on the host. */
static int beat(struct rog_pool_host *host, struct rog_error *err)
{
    const struct rog_pool *pool = host->hosts->pool;
    double now_s = rog_clock_s();
    if (now_s - host->beat_s < BEAT_S)
        return 0;
    char *name = rog_pool_held_agent(host, NULL);
    struct rog_json *says = rog_json_object();
    rog_json_put_string(says, "host", host->name);
    int code =
        name && says ? rog_pool_beat(pool, name, ++host->counter, says, err) : rog_fail_nomem(err);
    host->beat_s = now_s;
    rog_json_free(says);
    free(name);
    return code;
}

/* Adapts how many tasks wait on the host, so that they last for two exchanges. */
static void note_pace(struct rog_pool_host *host)
{
    size_t done = host->done > host->pace ? host->done : host->pace - host->pace / 4;
    host->pace = done;
    host->done = 0;
    pthread_mutex_lock(&host->hosts->mutex);
    host->ahead = 2 * (host->slots > done ? host->slots : done);
    pthread_mutex_unlock(&host->hosts->mutex);
}

static int advance(struct rog_pool_host *host, struct rog_error *err)
{
    int code = host->connection ? 0 : connect_host(host, err);
    if (code == 0 && !host->folder)
        code = rog_pool_host_prepare(host, err);
    if (code == 0) {
        set_up(host, true);
        code = rog_pool_host_exchange(host, err);
    }
    if (code == 0 && host->folder && !host->runs && rog_clock_s() - host->started_s > KEEPER_S)
        code = rog_pool_host_start(host, err);
    if (code == 0)
        code = beat(host, err);
    if (code == 0)
        note_pace(host);
    return code;
}

static double pause_after(struct rog_pool_host *host)
{
    pthread_mutex_lock(&host->hosts->mutex);
    bool moves = host->pace > 0 || host->recall > 0 || host->held_count < host->slots ||
                 rog_pool_held_count(host, ROG_POOL_TO_SEND) > 0 ||
                 rog_pool_held_count(host, ROG_POOL_IS_DONE) > 0;
    pthread_mutex_unlock(&host->hosts->mutex);
    return moves ? SOON_S : LATE_S;
}

/* ---- a host that does not answer ---- */

static void report_return(struct rog_pool_host *host, double since_s)
{
    if (host->is_away)
        rog_pool_hosts_say(host->hosts, "%s is back after %.0f s", host->name,
                           rog_clock_s() - since_s);
    host->is_away = false;
}

static void give_up_tasks(struct rog_pool_host *host)
{
    struct rog_pool_hosts *hosts = host->hosts;
    pthread_mutex_lock(&hosts->mutex);
    size_t count = host->held_count;
    rog_pool_held_return_all(host);
    pthread_mutex_unlock(&hosts->mutex);
    rog_pool_host_end_beats(host, rog_json_object());
    if (count)
        rog_pool_hosts_say(hosts,
                           "%s has been away for %g s (lease): its %zu runs are given to others",
                           host->name, hosts->file->lease_s, count);
}

/* Returns whether to try again. */
static bool recover(struct rog_pool_host *host, const struct rog_error *cause)
{
    struct rog_pool_hosts *hosts = host->hosts;
    bool lost = !host->connection || rog_connection_lost(host->connection);
    set_up(host, false);
    if (cause->code == ROG_ENOMEM) {
        rog_pool_hosts_fail(hosts, cause);
        return false;
    }
    if (cause->code == ROG_EINVAL) {
        rog_pool_hosts_say(hosts, "%s takes no part: %s", host->name, cause->message);
        return false;
    }
    if (!host->is_away)
        rog_pool_hosts_say(hosts, "%s %s: %s; rogctl keeps trying", host->name,
                           !lost          ? "does not work"
                           : host->folder ? "is away"
                                          : "cannot be reached",
                           cause->message);
    host->is_away = true;
    host->is_listed = false;
    disconnect(host);
    rog_pool_host_forget_trees(host);
    host->pause_s = fmin(fmax(2 * host->pause_s, BACKOFF_MIN_S), BACKOFF_MAX_S);
    if (rog_clock_s() - host->heard_s > hosts->file->lease_s)
        give_up_tasks(host);
    return true;
}

/* ---- the thread ---- */

/* Removes what an ended sweep has left on the host. */
static void clean(struct rog_pool_host *host)
{
    struct rog_error cause = {0};
    int code = host->connection && !rog_connection_lost(host->connection)
                   ? rog_pool_host_clean(host, &cause)
                   : ROG_EFAILED;
    if (code && host->folder) {
        disconnect(host);
        code = connect_host(host, &cause);
        if (code == 0)
            code = rog_pool_host_clean(host, &cause);
    }
    if (code && host->folder)
        rog_pool_hosts_say(host->hosts,
                           "%s was not cleaned up: %s. Its processes exit and are removed when "
                           "they have not heard from rogctl for %g s (lease)",
                           host->name, cause.message, host->hosts->file->lease_s);
    pthread_mutex_lock(&host->hosts->mutex);
    rog_pool_held_return_all(host);
    pthread_mutex_unlock(&host->hosts->mutex);
    char *name = rog_pool_held_agent(host, NULL);
    if (name)
        rog_pool_end_beats(host->hosts->pool, name);
    free(name);
    rog_pool_host_end_beats(host, rog_json_object());
}

void *rog_pool_host_live(void *argument)
{
    struct rog_pool_host *host = argument;
    struct rog_pool_hosts *hosts = host->hosts;
    bool goes_on = true;
    host->heard_s = rog_clock_s();
    host->started_s = -KEEPER_S;
    while (goes_on && !rog_pool_hosts_stopped(hosts, host->pause_s)) {
        struct rog_error cause = {0};
        double since_s = host->heard_s;
        if (advance(host, &cause) == 0) {
            report_return(host, since_s);
            host->pause_s = pause_after(host);
        } else if (cause.code != ROG_EINTR) {
            goes_on = recover(host, &cause);
        }
    }
    pthread_mutex_lock(&hosts->mutex);
    host->out = !goes_on;
    if (!goes_on)
        rog_pool_held_return_all(host);
    pthread_mutex_unlock(&hosts->mutex);
    while (!rog_pool_hosts_stopped(hosts, LATE_S))
        continue;
    if (hosts->clean)
        clean(host);
    disconnect(host);
    pthread_mutex_lock(&hosts->mutex);
    host->over = true;
    pthread_cond_broadcast(&hosts->changed);
    pthread_mutex_unlock(&hosts->mutex);
    return NULL;
}
