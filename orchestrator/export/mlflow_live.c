/* SPDX-License-Identifier: Apache-2.0 */
/* Sends runs to an MLflow server while they are executed. */
#include <orchestrator/export/mlflow_live.h>

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <common/clock.h>
#include <common/file.h>
#include <orchestrator/export/mlflow_runs.h>

#define EVERY_S 2.0
#define EVERY_MOST_S 60.0 /* longest wait while the server is unreachable */
#define SILENCE_S 15

enum live_state {
    LIVE_NOT_BEGUN,
    LIVE_UNKNOWN, /* started; its state on the server has to be looked up */
    LIVE_OPEN,
    LIVE_OVER,
};

struct live_run {
    char *id;
    char *earlier; /* its start before this process started it; NULL: none */
    char *started_at;
    enum live_state state;
    struct rog_mlflow_run run; /* valid while it is open */
    int64_t start_ms;
};

struct rog_mlflow_live {
    /* Used only by the thread once it has started. */
    struct rog_mlflow_access access;
    char *url, *database, *case_name;
    struct live_run *run;
    size_t count;
    double every_s;
    struct rog_db *db;
    struct rog_mlflow_client *client;
    struct rog_case_row row;
    struct rog_mlflow_case on;
    bool is_away;

    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t changed; /* CLOCK_MONOTONIC */
    /* Protected by the mutex. */
    bool ending, whole;
    double until_s;                           /* the thread ends by this time */
    char says[ROG_ERROR_MESSAGE_BYTES + 160]; /* message for the main thread; "": none */
};

static bool continues(void *asked)
{
    struct rog_mlflow_live *live = asked;
    pthread_mutex_lock(&live->mutex);
    bool yes = !live->ending || rog_clock_s() < live->until_s;
    pthread_mutex_unlock(&live->mutex);
    return yes;
}

static void set_message(struct rog_mlflow_live *live, const char *text, const char *what)
{
    pthread_mutex_lock(&live->mutex);
    snprintf(live->says, sizeof live->says, "%s: %s", text, what);
    pthread_mutex_unlock(&live->mutex);
}

/* --- one run --- */

/* *status and *started_at are heap memory. */
static int look_up(struct rog_db *db, const char *id, char **status, char **started_at,
                   struct rog_error *err)
{
    struct rog_query *query = NULL;
    *status = *started_at = NULL;
    int code =
        rog_query_new(&query, db, err, "SELECT status, started_at FROM runs WHERE id = ?", "s", id);
    if (code == 0 && (code = rog_query_step(query, err)) == 1) {
        *status = rog_strdup(rog_query_text(query, 0));
        *started_at = rog_strdup(rog_query_text(query, 1));
        code = *status ? 0 : rog_fail_nomem(err);
    }
    rog_query_free(query);
    return code;
}

static bool is_same(const char *one, const char *other)
{
    return one && other ? strcmp(one, other) == 0 : one == other;
}

static void forget(struct live_run *run)
{
    rog_mlflow_run_release(&run->run);
    run->state = LIVE_UNKNOWN;
}

static int open_run(struct rog_mlflow_live *live, struct live_run *run, struct rog_error *err)
{
    struct rog_run_row row = {0};
    int code = rog_run_row_load(live->db, run->id, &row, err);
    if (code == 0)
        code = rog_mlflow_open_run(&live->on, &row, &run->run, &run->start_ms, err);
    if (code == 0)
        code = rog_mlflow_send_params(&live->on, &run->run, &row, err);
    if (code == 0 && strcmp(run->run.status, ROG_MLFLOW_RUNNING) != 0)
        code = rog_mlflow_set_status(live->client, run->run.id, ROG_MLFLOW_RUNNING, 0, err);
    rog_run_row_release(&row);
    if (code == 0)
        run->state = LIVE_OPEN;
    return code;
}

static int close_run(struct rog_mlflow_live *live, struct live_run *run, const char *status,
                     struct rog_error *err)
{
    struct rog_totals totals;
    int code = rog_totals_load(live->db, run->id, &totals, NULL, NULL, err);
    if (code == 0)
        code = rog_mlflow_set_status(
            live->client, run->run.id, status,
            run->start_ms + (int64_t)(1000 * fmax(totals.extent.seconds, 0)), err);
    if (code == 0) {
        forget(run);
        run->state = LIVE_OVER;
    }
    return code;
}

static int send_run(struct rog_mlflow_live *live, struct live_run *run, bool ending,
                    struct rog_error *err)
{
    char *status = NULL, *started_at = NULL;
    int64_t sent = 0;
    int code = look_up(live->db, run->id, &status, &started_at, err);
    bool done = status && strcmp(status, "done") == 0,
         failed = status && strcmp(status, "failed") == 0,
         running = status && strcmp(status, "running") == 0;
    if (code == 0 && run->state == LIVE_OPEN && !is_same(started_at, run->started_at)) {
        /* The run failed and has been started again since. */
        code = close_run(live, run, ROG_MLFLOW_FAILED, err);
        run->state = code == 0 ? LIVE_UNKNOWN : run->state;
    }
    bool begun = running || ((done || failed) && !is_same(started_at, run->earlier));
    if (code == 0 && run->state == LIVE_NOT_BEGUN && begun)
        run->state = LIVE_UNKNOWN;
    if (code == 0 && run->state == LIVE_UNKNOWN && (running || done || failed)) {
        free(run->started_at);
        run->started_at = rog_strdup(started_at);
        code = open_run(live, run, err);
    }
    if (code == 0 && run->state == LIVE_OPEN)
        code = rog_mlflow_send_points(&live->on, &run->run, run->id, run->start_ms,
                                      !done && !failed, &sent, err);
    if (code == 0 && run->state == LIVE_OPEN && (done || failed || ending))
        code = close_run(live, run,
                         done     ? ROG_MLFLOW_FINISHED
                         : failed ? ROG_MLFLOW_FAILED
                                  : ROG_MLFLOW_KILLED,
                         err);
    free(status);
    free(started_at);
    return code;
}

/* --- all runs --- */

static int open_all(struct rog_mlflow_live *live, struct rog_error *err)
{
    int code = live->db ? 0 : rog_db_open(&live->db, live->database, ROG_DB_READ, err);
    if (code == 0 && !live->row.name)
        code = rog_case_row_load(live->db, live->case_name, &live->row, err);
    if (code == 0 && !live->client)
        code = rog_mlflow_client_new(&live->client, &live->access, err);
    live->on.db = live->db;
    live->on.client = live->client;
    if (code == 0 && !live->on.run.id)
        code = rog_mlflow_case_open(&live->on, &live->row, live->case_name, err);
    return code;
}

/* Updates the server. Returns false after an error; the update is then to be repeated. */
static bool update_server(struct rog_mlflow_live *live, bool ending)
{
    struct rog_error err = {0};
    int code = open_all(live, &err);
    for (size_t i = 0; i < live->count && code == 0; i++)
        if (live->run[i].state != LIVE_OVER)
            code = send_run(live, &live->run[i], ending, &err);
    if (code == 0) {
        if (live->is_away)
            set_message(live, "MLflow answers again, and has everything", live->url);
        live->is_away = false;
        return true;
    }
    /* It is unknown which part of a failed request has arrived. */
    for (size_t i = 0; i < live->count; i++)
        if (live->run[i].state == LIVE_OPEN || live->run[i].state == LIVE_UNKNOWN)
            forget(&live->run[i]);
    if (!live->on.run.id) {
        rog_mlflow_case_close(&live->on);
        live->on = (struct rog_mlflow_case){0};
    }
    if (!live->is_away && code != ROG_EINTR)
        set_message(live, "the runs continue, and rogctl keeps trying to reach MLflow",
                    err.message);
    live->is_away = true;
    return false;
}

/* Waits; returns whether the thread is to end. */
static bool wait_for(struct rog_mlflow_live *live, double s)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_sec += (time_t)s;
    at.tv_nsec += (long)((s - floor(s)) * 1e9);
    if (at.tv_nsec >= 1000000000L) {
        at.tv_sec++;
        at.tv_nsec -= 1000000000L;
    }
    pthread_mutex_lock(&live->mutex);
    while (!live->ending &&
           pthread_cond_timedwait(&live->changed, &live->mutex, &at) != ETIMEDOUT) {
    }
    bool ending = live->ending;
    pthread_mutex_unlock(&live->mutex);
    return ending;
}

static void *follow(void *user)
{
    struct rog_mlflow_live *live = user;
    double s = live->every_s;
    bool ending = false;
    while (!ending) {
        s = update_server(live, false) ? live->every_s
                                       : fmin(2 * s, fmax(EVERY_MOST_S, live->every_s));
        ending = wait_for(live, s);
    }
    bool whole = update_server(live, true);
    pthread_mutex_lock(&live->mutex);
    live->whole = whole;
    pthread_mutex_unlock(&live->mutex);
    rog_db_close(live->db);
    return NULL;
}

static void live_free(struct rog_mlflow_live *live)
{
    for (size_t i = 0; live->run && i < live->count; i++) {
        rog_mlflow_run_release(&live->run[i].run);
        free(live->run[i].id);
        free(live->run[i].earlier);
        free(live->run[i].started_at);
    }
    rog_mlflow_case_close(&live->on);
    rog_mlflow_client_free(live->client);
    rog_case_row_release(&live->row);
    pthread_cond_destroy(&live->changed);
    pthread_mutex_destroy(&live->mutex);
    free(live->run);
    free(live->url);
    free(live->database);
    free(live->case_name);
    free(live);
}

/* Records the state of the runs before they are executed. */
static int note_runs(struct rog_mlflow_live *live, const struct rog_mlflow_live_options *options,
                     struct rog_error *err)
{
    struct rog_db *db = NULL;
    int code = rog_db_open(&db, options->database, ROG_DB_READ, err);
    for (size_t i = 0; i < options->count && code == 0; i++) {
        char *status = NULL;
        live->run[i].id = rog_strdup(options->run_ids[i]);
        code = live->run[i].id
                   ? look_up(db, options->run_ids[i], &status, &live->run[i].earlier, err)
                   : rog_fail_nomem(err);
        free(status);
    }
    rog_db_close(db);
    return code;
}

/* Starts the thread with all signals blocked, so that the main thread receives them. */
static int start_thread(struct rog_mlflow_live *live, struct rog_error *err)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int cause = pthread_create(&live->thread, NULL, follow, live);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return cause ? rog_fail(err, ROG_EIO, "cannot start a thread: %s", strerror(cause)) : 0;
}

int rog_mlflow_live_start(struct rog_mlflow_live **live,
                          const struct rog_mlflow_live_options *options, struct rog_error *err)
{
    struct rog_mlflow_live *made = calloc(1, sizeof *made);
    *live = NULL;
    if (!made)
        return rog_fail_nomem(err);
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&made->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    pthread_mutex_init(&made->mutex, NULL);
    made->url = rog_strdup(options->url);
    made->database = rog_strdup(options->database);
    made->case_name = rog_strdup(options->case_name);
    made->run = calloc(options->count + 1, sizeof *made->run);
    made->count = options->count;
    made->every_s = options->every_s > 0 ? options->every_s : EVERY_S;
    made->access = rog_mlflow_access_of(made->url);
    made->access.silence_s = SILENCE_S;
    made->access.continues = continues;
    made->access.asked = made;
    int code =
        made->url && made->database && made->case_name && made->run ? 0 : rog_fail_nomem(err);
    if (code == 0)
        code = note_runs(made, options, err);
    if (code == 0)
        code = start_thread(made, err);
    if (code)
        live_free(made);
    else
        *live = made;
    return code;
}

void rog_mlflow_live_step(struct rog_mlflow_live *live, void (*say)(void *user, const char *text),
                          void *user)
{
    char text[sizeof live->says];
    if (!live)
        return;
    pthread_mutex_lock(&live->mutex);
    memcpy(text, live->says, sizeof text);
    live->says[0] = '\0';
    pthread_mutex_unlock(&live->mutex);
    if (text[0])
        say(user, text);
}

bool rog_mlflow_live_finish(struct rog_mlflow_live *live, double patience_s)
{
    if (!live)
        return true;
    pthread_mutex_lock(&live->mutex);
    live->ending = true;
    live->until_s = rog_clock_s() + patience_s;
    pthread_cond_signal(&live->changed);
    pthread_mutex_unlock(&live->mutex);
    pthread_join(live->thread, NULL);
    bool whole = live->whole;
    live_free(live);
    return whole;
}
