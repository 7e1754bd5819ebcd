/* SPDX-License-Identifier: Apache-2.0 */
/* What the threads of the hosts share: their beginning and end, and what they have to say. */
#include <orchestrator/fleet/remote/state.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <common/clock.h>
#include <common/file.h>

void rog_remote_init(struct rog_remote *remote, const struct rog_attempt *attempt)
{
    remote->attempt = attempt;
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

bool rog_remote_stopped(struct rog_remote *remote, double wait_s)
{
    double until_s = rog_clock_s() + wait_s;
    const struct timespec until = {.tv_sec = (time_t)until_s,
                                   .tv_nsec = (long)(1e9 * (until_s - (double)(time_t)until_s))};
    int waited = 0;
    pthread_mutex_lock(&remote->mutex);
    while (!remote->stop && waited == 0)
        waited = pthread_cond_timedwait(&remote->changed, &remote->mutex, &until);
    bool stopped = remote->stop;
    pthread_mutex_unlock(&remote->mutex);
    return stopped;
}

void rog_remote_halt(struct rog_remote *remote, struct rog_remote_host *hosts, size_t count)
{
    pthread_mutex_lock(&remote->mutex);
    remote->stop = true;
    pthread_cond_broadcast(&remote->changed);
    for (size_t i = 0; i < count; i++)
        if (hosts[i].connection && (!hosts[i].placed || remote->leave))
            rog_connection_interrupt(hosts[i].connection);
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
    rog_remote_files_free(remote->files);
    rog_bundle_cache_free(remote->cache);
    pthread_cond_destroy(&remote->changed);
    pthread_mutex_destroy(&remote->mutex);
}
