/* SPDX-License-Identifier: Apache-2.0 */
/* Sends an agent's heartbeats from a thread. */
#include <orchestrator/pool/heart.h>

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <common/file.h>

struct rog_heart {
    const struct rog_pool *pool;
    char *agent;
    struct rog_json *facts; /* used by the thread only */
    pthread_t thread;
    pthread_mutex_t mutex; /* protects the members up to `ending` */
    pthread_cond_t wake;
    struct rog_json *says; /* NULL: nothing new */
    struct rog_pool_task held;
    bool ending;
    atomic_bool lost, stopping;
};

static struct timespec in_s(double seconds)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_sec += (time_t)seconds;
    at.tv_nsec += (long)((seconds - (double)(time_t)seconds) * 1e9);
    at.tv_sec += at.tv_nsec / 1000000000L;
    at.tv_nsec %= 1000000000L;
    return at;
}

/* Sends a heartbeat. Returns false if another agent has the task. Failing to write or to read a
 * file now does not end the agent: others judge it by the heartbeats that they see, and publishing
 * decides whether the task is still its own. */
static bool beat(struct rog_heart *heart, long long counter, const struct rog_json *says,
                 const struct rog_pool_task *held)
{
    struct rog_json *value = rog_json_copy(heart->facts);
    if (says)
        rog_json_put_all(value, says);
    rog_pool_beat(heart->pool, heart->agent, counter, value, NULL);
    rog_json_free(value);
    if (rog_pool_is_stopping(heart->pool))
        atomic_store(&heart->stopping, true);
    return !held->name || rog_pool_holds(heart->pool, held, NULL) != 0;
}

/* Call with the mutex held. If memory runs out, the copy is of no task, so no task can be lost. */
static struct rog_pool_task copy_held(const struct rog_heart *heart)
{
    struct rog_pool_task copy = {rog_strdup(heart->held.name), rog_strdup(heart->held.agent)};
    if (!copy.name || !copy.agent)
        rog_pool_task_release(&copy);
    return copy;
}

static void *live(void *user)
{
    struct rog_heart *heart = user;
    struct rog_json *says = NULL;
    struct timespec next = in_s(0);
    long long counter = 0;
    pthread_mutex_lock(&heart->mutex);
    while (!heart->ending) {
        if (pthread_cond_timedwait(&heart->wake, &heart->mutex, &next) != ETIMEDOUT)
            continue;
        if (heart->says) {
            rog_json_free(says);
            says = heart->says;
            heart->says = NULL;
        }
        struct rog_pool_task held = copy_held(heart);
        pthread_mutex_unlock(&heart->mutex);
        bool holds = beat(heart, ++counter, says, &held);
        pthread_mutex_lock(&heart->mutex);
        if (!holds && heart->held.name && strcmp(held.name, heart->held.name) == 0)
            atomic_store(&heart->lost, true);
        rog_pool_task_release(&held);
        next = in_s(rog_pool_beat_period_s(heart->pool));
    }
    pthread_mutex_unlock(&heart->mutex);
    rog_json_free(says);
    return NULL;
}

static int begin(struct rog_heart *heart, struct rog_error *err)
{
    pthread_condattr_t how;
    pthread_condattr_init(&how);
    pthread_condattr_setclock(&how, CLOCK_MONOTONIC);
    pthread_mutex_init(&heart->mutex, NULL);
    pthread_cond_init(&heart->wake, &how);
    pthread_condattr_destroy(&how);
    int failed = pthread_create(&heart->thread, NULL, live, heart);
    return failed ? rog_fail(err, ROG_EIO, "cannot start a thread: %s", strerror(failed)) : 0;
}

static void free_heart(struct rog_heart *heart)
{
    rog_json_free(heart->facts);
    rog_json_free(heart->says);
    rog_pool_task_release(&heart->held);
    free(heart->agent);
    free(heart);
}

int rog_heart_start(struct rog_heart **out, const struct rog_pool *pool, const char *agent,
                    struct rog_json *facts, struct rog_error *err)
{
    struct rog_heart *heart = calloc(1, sizeof *heart);
    *out = NULL;
    if (!heart) {
        rog_json_free(facts);
        return rog_fail_nomem(err);
    }
    heart->pool = pool;
    heart->facts = facts;
    heart->agent = rog_strdup(agent);
    /* Shows that it is alive and can write to the pool before it takes a task. */
    int code =
        heart->agent && facts ? rog_pool_beat(pool, agent, 0, facts, err) : rog_fail_nomem(err);
    if (code == 0)
        code = begin(heart, err);
    if (code < 0)
        free_heart(heart);
    else
        *out = heart;
    return code;
}

void rog_heart_stop(struct rog_heart *heart)
{
    if (!heart)
        return;
    pthread_mutex_lock(&heart->mutex);
    heart->ending = true;
    pthread_cond_signal(&heart->wake);
    pthread_mutex_unlock(&heart->mutex);
    pthread_join(heart->thread, NULL);
    pthread_cond_destroy(&heart->wake);
    pthread_mutex_destroy(&heart->mutex);
    rog_pool_end_beats(heart->pool, heart->agent);
    free_heart(heart);
}

int rog_heart_hold(struct rog_heart *heart, const struct rog_pool_task *task, struct rog_error *err)
{
    struct rog_pool_task copy = {0};
    if (task)
        copy = (struct rog_pool_task){rog_strdup(task->name), rog_strdup(task->agent)};
    if (task && (!copy.name || !copy.agent)) {
        rog_pool_task_release(&copy);
        return rog_fail_nomem(err);
    }
    pthread_mutex_lock(&heart->mutex);
    rog_pool_task_release(&heart->held);
    heart->held = copy;
    atomic_store(&heart->lost, false);
    rog_json_free(heart->says);
    heart->says = rog_json_object();
    pthread_mutex_unlock(&heart->mutex);
    return 0;
}

void rog_heart_say(struct rog_heart *heart, struct rog_json *says)
{
    pthread_mutex_lock(&heart->mutex);
    rog_json_free(heart->says);
    heart->says = says;
    pthread_mutex_unlock(&heart->mutex);
}

bool rog_heart_has_lost(const struct rog_heart *heart)
{
    return atomic_load(&heart->lost);
}

bool rog_heart_is_stopping(const struct rog_heart *heart)
{
    return atomic_load(&heart->stopping);
}
