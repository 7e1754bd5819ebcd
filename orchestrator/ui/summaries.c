/* SPDX-License-Identifier: Apache-2.0 */
/* Computes numbers of runs in the background and keeps them. */
#include <orchestrator/ui/summaries.h>

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <common/clock.h>
#include <common/file.h>
#include <common/metric.h>
#include <common/ran_out.h>
#include <orchestrator/store/setbacks.h>
#include <orchestrator/store/summary.h>
#include <orchestrator/ui/jobs.h>

#define BUCKETS 4096u
#define NEWS_S 0.5
#define WAIT_S 30         /* seconds until it polls without being woken */
#define SHARE_OF_TIME 0.2 /* share of a processor for a run in progress */

const struct rog_summary_number rog_summary_numbers[ROG_SUMMARY_NUMBERS] = {
    {"seconds", false},     {"iterations", true},   {"workers", true},
    {"idle_workers", true}, {"compute_s", false},   {"communication_s", false},
    {"stall_s", false},     {"best", false},        {"energy_j", false},
    {"bytes_pushed", true}, {"bytes_pulled", true}, {"roughness", false},
    {"worst_drop", false},
};

struct entry {
    struct entry *next;
    char *id;
    uint64_t state; /* state of the run when it was computed */
    double next_s;  /* earliest time of the next computation */
    struct rog_run_numbers numbers;
};

struct rog_summaries {
    const char *path;
    void (*news)(void *user, size_t known, size_t of);
    void *user;
    pthread_t thread;
    pthread_mutex_t lock; /* protects the following members */
    pthread_cond_t changed;
    bool ending, look;
    struct entry *bucket[BUCKETS];
    size_t count;
};

/* ---- known numbers ---- */

static struct entry **place_of(struct rog_summaries *summaries, const char *id)
{
    unsigned hash = 5381;
    for (const char *at = id; *at; at++)
        hash = 33 * hash + (unsigned char)*at;
    struct entry **place = &summaries->bucket[hash % BUCKETS];
    while (*place && strcmp((*place)->id, id) != 0)
        place = &(*place)->next;
    return place;
}

bool rog_summaries_get(struct rog_summaries *summaries, const struct rog_listed_run *run,
                       struct rog_run_numbers *numbers)
{
    pthread_mutex_lock(&summaries->lock);
    const struct entry *entry = *place_of(summaries, run->id);
    bool known = entry && (entry->state == run->state || run->is_running);
    if (known)
        *numbers = entry->numbers;
    pthread_mutex_unlock(&summaries->lock);
    return known;
}

size_t rog_summaries_count(struct rog_summaries *summaries)
{
    pthread_mutex_lock(&summaries->lock);
    size_t count = summaries->count;
    pthread_mutex_unlock(&summaries->lock);
    return count;
}

/* Returns whether the numbers of a run should be computed now. */
static bool is_due(struct rog_summaries *summaries, const struct rog_listed_run *run)
{
    pthread_mutex_lock(&summaries->lock);
    const struct entry *entry = *place_of(summaries, run->id);
    bool due = !entry ||
               (entry->state != run->state && (!run->is_running || rog_clock_s() >= entry->next_s));
    pthread_mutex_unlock(&summaries->lock);
    return due;
}

static int keep(struct rog_summaries *summaries, const struct rog_listed_run *run, double took_s,
                const struct rog_run_numbers *numbers, struct rog_error *err)
{
    int code = 0;
    pthread_mutex_lock(&summaries->lock);
    struct entry **place = place_of(summaries, run->id);
    if (!*place) {
        *place = calloc(1, sizeof **place);
        if (*place)
            (*place)->id = rog_strdup(run->id);
        if (!*place || !(*place)->id) {
            free(*place);
            *place = NULL;
            code = rog_fail_nomem(err);
        } else {
            summaries->count++;
        }
    }
    if (*place) {
        (*place)->state = run->state;
        (*place)->next_s = rog_clock_s() + took_s / SHARE_OF_TIME;
        (*place)->numbers = *numbers;
    }
    pthread_mutex_unlock(&summaries->lock);
    return code;
}

/* ---- computing ---- */

static double best_of(const struct rog_json *summary)
{
    const struct rog_json *points = rog_json_get(summary, "accuracy");
    struct rog_metric metric;
    double best = (double)NAN;
    rog_metric_read(summary, &metric, NULL);
    for (size_t i = 0; i < rog_json_size(points); i++) {
        double value = rog_json_number(rog_json_at(rog_json_at(points, i), 2), (double)NAN);
        best = metric.less_is_better ? fmin(best, value) : fmax(best, value);
    }
    return best;
}

static int compute(struct rog_summaries *summaries, struct rog_db *db,
                   const struct rog_listed_run *run, struct rog_run_numbers *numbers,
                   struct rog_error *err)
{
    struct rog_json *summary = NULL;
    struct rog_setbacks setbacks;
    double begin_s = rog_clock_s();
    int code = rog_run_summary(db, run->id, &summary, err);
    if (code < 0)
        return code;
    for (size_t i = 0; i < ROG_SUMMARY_NUMBERS; i++)
        numbers->value[i] =
            strcmp(rog_summary_numbers[i].name, "best") == 0
                ? best_of(summary)
                : rog_json_get_number(summary, rog_summary_numbers[i].name, (double)NAN);
    rog_setbacks_read(&setbacks, summary);
    rog_setbacks_mark(&setbacks, numbers->mark);
    rog_json_free(summary);
    return keep(summaries, run, rog_clock_s() - begin_s, numbers, err);
}

int rog_summaries_make(struct rog_summaries *summaries, struct rog_db *db,
                       const struct rog_listed_run *run, struct rog_run_numbers *numbers,
                       struct rog_error *err)
{
    return rog_summaries_get(summaries, run, numbers) ? 0
                                                      : compute(summaries, db, run, numbers, err);
}

/* ---- background thread ---- */

/* Waits for something to do; returns false if the thread is to end. */
static bool wait_for_look(struct rog_summaries *summaries)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += WAIT_S;
    pthread_mutex_lock(&summaries->lock);
    while (!summaries->ending && !summaries->look &&
           pthread_cond_timedwait(&summaries->changed, &summaries->lock, &until) == 0)
        continue;
    bool continues = !summaries->ending;
    summaries->look = false;
    pthread_mutex_unlock(&summaries->lock);
    return continues;
}

static bool is_ending(struct rog_summaries *summaries)
{
    pthread_mutex_lock(&summaries->lock);
    bool ending = summaries->ending;
    pthread_mutex_unlock(&summaries->lock);
    return ending;
}

/* Computes the numbers of a run from one state of the database. */
static int look_at(struct rog_summaries *summaries, struct rog_desk *desk,
                   const struct rog_listed_run *run)
{
    struct rog_db *db = NULL;
    struct rog_run_numbers numbers;
    if (!is_due(summaries, run))
        return 0;
    int code = rog_desk_db(desk, &db, NULL);
    if (code == 0)
        code = compute(summaries, db, run, &numbers, NULL);
    rog_desk_leave(desk, code);
    return code == 0 ? 1 : code == ROG_ENOTFOUND ? 0 : code;
}

/* Computes the numbers of all runs, latest first. */
static void look(struct rog_summaries *summaries, struct rog_desk *desk)
{
    struct rog_listed_runs runs = {0};
    const struct rog_browse_filter all = {0};
    struct rog_db *db = NULL;
    double told_s = rog_clock_s();
    bool news = false;
    int code = rog_desk_db(desk, &db, NULL);
    if (code == 0)
        code = rog_browse_runs(db, &all, NULL, &runs, NULL);
    rog_desk_leave(desk, code);
    for (size_t i = runs.count; i > 0 && code >= 0 && !is_ending(summaries); i--) {
        code = look_at(summaries, desk, &runs.run[i - 1]);
        news = news || code == 1;
        if (!news || (i > 1 && rog_clock_s() < told_s + NEWS_S))
            continue;
        summaries->news(summaries->user, rog_summaries_count(summaries), runs.count);
        told_s = rog_clock_s();
        news = false;
    }
    rog_listed_runs_release(&runs);
}

static void *work(void *user)
{
    struct rog_summaries *summaries = user;
    struct rog_desk desk = {.path = summaries->path};
    do
        look(summaries, &desk);
    while (wait_for_look(summaries) && !rog_ran_out());
    rog_desk_close(&desk);
    return NULL;
}

void rog_summaries_look(struct rog_summaries *summaries)
{
    pthread_mutex_lock(&summaries->lock);
    summaries->look = true;
    pthread_cond_signal(&summaries->changed);
    pthread_mutex_unlock(&summaries->lock);
}

int rog_summaries_start(struct rog_summaries **out, const char *path,
                        void (*news)(void *user, size_t known, size_t of), void *user,
                        struct rog_error *err)
{
    struct rog_summaries *summaries = *out = calloc(1, sizeof *summaries);
    if (!summaries)
        return rog_fail_nomem(err);
    summaries->path = path;
    summaries->news = news;
    summaries->user = user;
    pthread_mutex_init(&summaries->lock, NULL);
    pthread_cond_init(&summaries->changed, NULL);
    int cause = pthread_create(&summaries->thread, NULL, work, summaries);
    if (cause == 0)
        return 0;
    free(summaries);
    *out = NULL;
    return rog_fail(err, ROG_EFAILED, "cannot start a thread: %s", strerror(cause));
}

void rog_summaries_stop(struct rog_summaries *summaries)
{
    if (!summaries)
        return;
    pthread_mutex_lock(&summaries->lock);
    summaries->ending = true;
    pthread_cond_signal(&summaries->changed);
    pthread_mutex_unlock(&summaries->lock);
    pthread_join(summaries->thread, NULL);
    for (size_t i = 0; i < BUCKETS; i++)
        for (struct entry *entry = summaries->bucket[i], *next; entry; entry = next) {
            next = entry->next;
            free(entry->id);
            free(entry);
        }
    pthread_cond_destroy(&summaries->changed);
    pthread_mutex_destroy(&summaries->lock);
    free(summaries);
}
