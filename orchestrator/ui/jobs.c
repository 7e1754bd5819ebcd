/* SPDX-License-Identifier: Apache-2.0 */
/* Runs the threads that answer requests. */
#include <orchestrator/ui/jobs.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <common/ran_out.h>

#define THREADS_MAX 3

static const size_t threads_of[ROG_LANES] = {
    [ROG_LANE_QUERY] = THREADS_MAX, [ROG_LANE_DRAW] = 1, [ROG_LANE_FILE] = 1};

struct job {
    struct job *next;
    void (*work)(void *user, struct rog_desk *desk);
    void *user;
};

struct lane {
    struct rog_jobs *jobs;
    pthread_cond_t more;
    struct job *first, **last;
    pthread_t thread[THREADS_MAX];
    size_t threads;
};

struct rog_jobs {
    const char *path;
    pthread_mutex_t lock;
    bool ending;
    struct lane lane[ROG_LANES];
};

/* ---- the database ---- */

void rog_desk_close(struct rog_desk *desk)
{
    rog_db_close(desk->db);
    desk->db = NULL;
}

int rog_desk_db(struct rog_desk *desk, struct rog_db **db, struct rog_error *err)
{
    if (desk->db && !rog_db_is_current(desk->db))
        rog_desk_close(desk);
    int code = desk->db ? 0 : rog_db_open(&desk->db, desk->path, ROG_DB_READ, err);
    if (code == 0)
        code = rog_db_begin_read(desk->db, err);
    *db = code == 0 ? desk->db : NULL;
    return code;
}

void rog_desk_leave(struct rog_desk *desk, int code)
{
    if (!desk->db)
        return;
    rog_db_rollback(desk->db);
    if (code < 0 && code != ROG_EINVAL && code != ROG_ENOTFOUND)
        rog_desk_close(desk);
}

/* ---- threads ---- */

/* Waits for a job; NULL: the thread is to end. */
static struct job *take(struct lane *lane)
{
    struct rog_jobs *jobs = lane->jobs;
    pthread_mutex_lock(&jobs->lock);
    while (!lane->first && !jobs->ending)
        pthread_cond_wait(&lane->more, &jobs->lock);
    struct job *job = jobs->ending ? NULL : lane->first;
    if (job) {
        lane->first = job->next;
        if (!lane->first)
            lane->last = &lane->first;
    }
    pthread_mutex_unlock(&jobs->lock);
    return job;
}

struct worker {
    struct lane *lane;
    bool spoiled; /* it ran out of memory: another thread replaces it (common/ran_out.h) */
};

static void *work(void *user)
{
    struct worker *worker = user;
    struct rog_desk desk = {.path = worker->lane->jobs->path};
    struct job *job;
    while (!rog_ran_out() && (job = take(worker->lane))) {
        job->work(job->user, &desk);
        free(job);
    }
    rog_desk_close(&desk);
    worker->spoiled = rog_ran_out();
    return NULL;
}

/* Runs a worker thread, and replaces it by another one after it ran out of memory. */
static void *keep_worker(void *user)
{
    struct worker worker = {.lane = user};
    do {
        pthread_t thread;
        worker.spoiled = false;
        if (pthread_create(&thread, NULL, work, &worker) == 0)
            pthread_join(thread, NULL);
        else
            work(&worker);
    } while (worker.spoiled && !rog_ran_out());
    return NULL;
}

void rog_jobs_put(struct rog_jobs *jobs, enum rog_lane lane,
                  void (*work_on)(void *user, struct rog_desk *desk), void *user)
{
    struct job *job = calloc(1, sizeof *job);
    pthread_mutex_lock(&jobs->lock);
    bool taken = job && !jobs->ending;
    if (taken) {
        *job = (struct job){.work = work_on, .user = user};
        *jobs->lane[lane].last = job;
        jobs->lane[lane].last = &job->next;
        pthread_cond_signal(&jobs->lane[lane].more);
    }
    pthread_mutex_unlock(&jobs->lock);
    if (!taken) {
        free(job);
        work_on(user, NULL);
    }
}

int rog_jobs_start(struct rog_jobs **out, const char *path, struct rog_error *err)
{
    struct rog_jobs *jobs = *out = calloc(1, sizeof *jobs);
    int cause = 0;
    if (!jobs)
        return rog_fail_nomem(err);
    jobs->path = path;
    pthread_mutex_init(&jobs->lock, NULL);
    for (size_t i = 0; i < ROG_LANES; i++) {
        struct lane *lane = &jobs->lane[i];
        lane->jobs = jobs;
        lane->last = &lane->first;
        pthread_cond_init(&lane->more, NULL);
        while (cause == 0 && lane->threads < threads_of[i]) {
            cause = pthread_create(&lane->thread[lane->threads], NULL, keep_worker, lane);
            lane->threads += cause == 0;
        }
    }
    if (cause == 0)
        return 0;
    rog_jobs_stop(jobs);
    *out = NULL;
    return rog_fail(err, ROG_EFAILED, "cannot start a thread: %s", strerror(cause));
}

void rog_jobs_stop(struct rog_jobs *jobs)
{
    if (!jobs)
        return;
    pthread_mutex_lock(&jobs->lock);
    jobs->ending = true;
    for (size_t i = 0; i < ROG_LANES; i++)
        pthread_cond_broadcast(&jobs->lane[i].more);
    pthread_mutex_unlock(&jobs->lock);
    for (size_t i = 0; i < ROG_LANES; i++) {
        struct lane *lane = &jobs->lane[i];
        for (size_t k = 0; k < lane->threads; k++)
            pthread_join(lane->thread[k], NULL);
        for (struct job *job = lane->first, *next; job; job = next) {
            next = job->next;
            job->work(job->user, NULL);
            free(job);
        }
        pthread_cond_destroy(&lane->more);
    }
    pthread_mutex_destroy(&jobs->lock);
    free(jobs);
}
