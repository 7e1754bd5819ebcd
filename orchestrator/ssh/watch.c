/* SPDX-License-Identifier: Apache-2.0 */
/* Cuts the sockets of a connection from a thread. */
#include <orchestrator/ssh/watch.h>

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <common/clock.h>

#define STEP_S 0.1     /* seconds between calls of `stopped` */
#define MAX_SOCKETS 4u /* the host's, the agent's, and libssh's copies */

struct rog_ssh_watch {
    bool (*stopped)(void *user);
    void *user;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t changed; /* CLOCK_MONOTONIC */

    /* Protected by the mutex. */
    int socket[MAX_SOCKETS]; /* copies of the descriptors */
    size_t count;
    bool waiting;   /* a call is in progress */
    unsigned calls; /* number of calls so far */
    double until_s; /* when the call times out */
    enum rog_ssh_cut cut;
    bool ending;
};

static void cut_sockets(struct rog_ssh_watch *watch, enum rog_ssh_cut cut)
{
    watch->cut = cut;
    for (size_t i = 0; i < watch->count; i++)
        shutdown(watch->socket[i], SHUT_RDWR);
}

/* Sleeps for a step, or until the call times out. */
static void pause_once(struct rog_ssh_watch *watch)
{
    double at_s = fmin(watch->until_s, rog_clock_s() + STEP_S);
    const struct timespec at = {.tv_sec = (time_t)at_s,
                                .tv_nsec = (long)(1e9 * (at_s - floor(at_s)))};
    pthread_cond_timedwait(&watch->changed, &watch->mutex, &at);
}

static bool is_stopped(struct rog_ssh_watch *watch)
{
    pthread_mutex_unlock(&watch->mutex);
    bool stopped = watch->stopped && watch->stopped(watch->user);
    pthread_mutex_lock(&watch->mutex);
    return stopped;
}

static void *look_after(void *argument)
{
    struct rog_ssh_watch *watch = argument;
    pthread_mutex_lock(&watch->mutex);
    while (!watch->ending) {
        if (!watch->waiting || watch->cut) {
            pthread_cond_wait(&watch->changed, &watch->mutex);
            continue;
        }
        unsigned call = watch->calls;
        pause_once(watch);
        bool stopped = is_stopped(watch);
        if (!watch->waiting || watch->calls != call)
            continue; /* the call has ended in time */
        if (stopped)
            cut_sockets(watch, ROG_SSH_STOPPED);
        else if (rog_clock_s() >= watch->until_s)
            cut_sockets(watch, ROG_SSH_LATE);
    }
    pthread_mutex_unlock(&watch->mutex);
    return NULL;
}

int rog_ssh_watch_new(struct rog_ssh_watch **out, bool (*stopped)(void *user), void *user,
                      struct rog_error *err)
{
    struct rog_ssh_watch *watch = calloc(1, sizeof *watch);
    pthread_condattr_t attributes;
    *out = NULL;
    if (!watch)
        return rog_fail_nomem(err);
    watch->stopped = stopped;
    watch->user = user;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&watch->mutex, NULL);
    pthread_cond_init(&watch->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    int cause = pthread_create(&watch->thread, NULL, look_after, watch);
    if (cause) {
        pthread_cond_destroy(&watch->changed);
        pthread_mutex_destroy(&watch->mutex);
        free(watch);
        return rog_fail(err, ROG_EIO, "cannot start a thread: %s", strerror(cause));
    }
    *out = watch;
    return ROG_OK;
}

void rog_ssh_watch_free(struct rog_ssh_watch *watch)
{
    if (!watch)
        return;
    pthread_mutex_lock(&watch->mutex);
    watch->ending = true;
    pthread_cond_signal(&watch->changed);
    pthread_mutex_unlock(&watch->mutex);
    pthread_join(watch->thread, NULL);
    for (size_t i = 0; i < watch->count; i++)
        close(watch->socket[i]);
    pthread_cond_destroy(&watch->changed);
    pthread_mutex_destroy(&watch->mutex);
    free(watch);
}

int rog_ssh_watch_socket(struct rog_ssh_watch *watch, int fd, struct rog_error *err)
{
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0), code = ROG_OK;
    pthread_mutex_lock(&watch->mutex);
    if (copy < 0)
        code = rog_fail(err, ROG_EIO, "cannot watch a socket: %s", strerror(errno));
    else if (watch->count == MAX_SOCKETS)
        code = rog_fail(err, ROG_EIO, "a connection of more than %u sockets", MAX_SOCKETS);
    else
        watch->socket[watch->count++] = copy;
    if (!code && watch->cut)
        shutdown(copy, SHUT_RDWR);
    pthread_mutex_unlock(&watch->mutex);
    if (code && copy >= 0)
        close(copy);
    return code;
}

void rog_ssh_watch_begin(struct rog_ssh_watch *watch, double limit_s)
{
    pthread_mutex_lock(&watch->mutex);
    watch->until_s = rog_clock_s() + limit_s;
    if (!watch->waiting) {
        watch->waiting = true;
        watch->calls++;
        pthread_cond_signal(&watch->changed);
    }
    pthread_mutex_unlock(&watch->mutex);
}

void rog_ssh_watch_end(struct rog_ssh_watch *watch)
{
    pthread_mutex_lock(&watch->mutex);
    watch->waiting = false;
    pthread_mutex_unlock(&watch->mutex);
}

enum rog_ssh_cut rog_ssh_watch_cut(struct rog_ssh_watch *watch)
{
    pthread_mutex_lock(&watch->mutex);
    enum rog_ssh_cut cut = watch->cut;
    pthread_mutex_unlock(&watch->mutex);
    return cut;
}
