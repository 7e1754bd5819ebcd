/* SPDX-License-Identifier: Apache-2.0 */
/* Starts and ends the hosts' threads, and collects their messages. */
#include <orchestrator/fleet/remote/state.h>

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <common/clock.h>
#include <common/file.h>

#define MOMENT_S 0.3        /* for a call that is about to return */
#define CLEAN_LIMIT_S 120.0 /* for hosts to be cleaned up */
#define GRACE_S 1.5         /* the same if the user is in a hurry */
#define STEP_S 0.1

void rog_remote_init(struct rog_remote *remote, const struct rog_attempt *attempt)
{
    remote->attempt = attempt;
    remote->key = ROG_REMOTE_KEY_NONE;
    remote->messages_end = &remote->messages;
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&remote->mutex, NULL);
    pthread_cond_init(&remote->changed, &attributes);
    pthread_condattr_destroy(&attributes);
}

void rog_remote_log(struct rog_remote_host *host, const char *event, const char *format, ...)
{
    struct rog_remote *remote = host->remote;
    char text[1200];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    struct rog_remote_message *message = calloc(1, sizeof *message);
    if (!message)
        return;
    snprintf(message->event, sizeof message->event, "%s", event);
    message->rank = host->rank;
    message->text = rog_strdup(text);
    pthread_mutex_lock(&remote->mutex);
    *remote->messages_end = message;
    remote->messages_end = &message->next;
    pthread_mutex_unlock(&remote->mutex);
}

void rog_remote_wait_for(struct rog_remote_host *host, const char *format, ...)
{
    va_list args;
    pthread_mutex_lock(&host->remote->mutex);
    if (!host->waits[0])
        host->waits_s = host->heard_s;
    va_start(args, format);
    vsnprintf(host->waits, sizeof host->waits, format, args);
    va_end(args);
    pthread_mutex_unlock(&host->remote->mutex);
}

void rog_remote_wait_over(struct rog_remote_host *host)
{
    pthread_mutex_lock(&host->remote->mutex);
    host->waits[0] = '\0';
    pthread_mutex_unlock(&host->remote->mutex);
}

/* Converts a time of CLOCK_MONOTONIC. */
static struct timespec moment(double at_s)
{
    return (struct timespec){.tv_sec = (time_t)at_s, .tv_nsec = (long)(1e9 * (at_s - floor(at_s)))};
}

bool rog_remote_stopped(struct rog_remote *remote, double wait_s)
{
    const struct timespec until = moment(rog_clock_s() + wait_s);
    int waited = 0;
    pthread_mutex_lock(&remote->mutex);
    while (!remote->stop && waited == 0)
        waited = pthread_cond_timedwait(&remote->changed, &remote->mutex, &until);
    bool stopped = remote->stop;
    pthread_mutex_unlock(&remote->mutex);
    return stopped;
}

bool rog_remote_must_end(void *user)
{
    struct rog_remote_host *host = user;
    struct rog_remote *remote = host->remote;
    pthread_mutex_lock(&remote->mutex);
    bool late = remote->stop && !host->cleaning && rog_clock_s() > remote->stop_s + MOMENT_S;
    bool must_end = remote->cut || late;
    pthread_mutex_unlock(&remote->mutex);
    return must_end;
}

void rog_remote_leave(struct rog_remote_host *host)
{
    pthread_mutex_lock(&host->remote->mutex);
    host->gone = true;
    pthread_cond_broadcast(&host->remote->changed);
    pthread_mutex_unlock(&host->remote->mutex);
}

static bool all_gone(const struct rog_remote_host *hosts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (hosts[i].has_thread && !hosts[i].gone)
            return false;
    return true;
}

/* Waits until all threads are about to end, or the time for it is over. */
static void await_threads(struct rog_remote *remote, const struct rog_remote_host *hosts,
                          size_t count)
{
    const struct rog_attempt *attempt = remote->attempt;
    double until_s = remote->stop_s + CLEAN_LIMIT_S;
    bool hurried = false;
    while (!all_gone(hosts, count) && rog_clock_s() < until_s) {
        const struct timespec at = moment(rog_clock_s() + STEP_S);
        pthread_cond_timedwait(&remote->changed, &remote->mutex, &at);
        if (hurried || !attempt->hurried || !attempt->hurried(attempt->user))
            continue;
        hurried = true;
        until_s = fmin(until_s, rog_clock_s() + GRACE_S);
    }
}

void rog_remote_halt(struct rog_remote *remote, struct rog_remote_host *hosts, size_t count)
{
    pthread_mutex_lock(&remote->mutex);
    remote->stop = true;
    remote->stop_s = rog_clock_s();
    pthread_cond_broadcast(&remote->changed);
    await_threads(remote, hosts, count);
    remote->cut = true;
    pthread_mutex_unlock(&remote->mutex);
    for (size_t i = 0; i < count; i++) {
        if (hosts[i].has_thread)
            pthread_join(hosts[i].thread, NULL);
        free(hosts[i].tree);
        free(hosts[i].program);
        free(hosts[i].folder);
        free(hosts[i].mirror);
    }
}

void rog_remote_release(struct rog_remote *remote)
{
    rog_remote_key_forget(&remote->key);
    rog_remote_files_free(remote->files);
    rog_bundle_cache_free(remote->cache);
    pthread_cond_destroy(&remote->changed);
    pthread_mutex_destroy(&remote->mutex);
}
