/* SPDX-License-Identifier: Apache-2.0 */
/* Sends news of the database to listeners. */
#include <orchestrator/ui/hub.h>

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <common/clock.h>
#include <common/file.h>
#include <common/json.h>
#include <orchestrator/store/news.h>
#include <orchestrator/store/series.h>
#include <orchestrator/ui/jobs.h>
#include <orchestrator/ui/progress_json.h>

#define TICK_NS 500000000L
#define BEAT_S 15.0
#define RUNS_MAX 100 /* most runs named in an event */
#define ROWS_MAX 500

struct listener {
    struct listener *next;
    struct rog_web_stream *stream;
    char *run;            /* id of the run whose rows it gets; NULL: none */
    bool greeted, placed; /* placed: its cursor is set */
    struct rog_run_cursor cursor;
    double beat_s; /* time when anything was last sent to it */
};

struct rog_hub {
    struct rog_hub_hooks hooks;
    struct rog_desk desk;
    pthread_t thread;
    bool runs;
    pthread_cond_t wake;
    pthread_mutex_t lock; /* protects the following members */
    bool ending;
    struct listener *coming; /* new listeners that the thread has not taken yet */
    size_t count;
    int64_t changes;
    size_t measured, measured_of;
    bool is_measured_news;
    /* Used only by the thread. */
    struct listener *listeners;
    struct rog_runs_seen seen;
    const char *state;
    int64_t file_changes; /* according to the open database */
    int64_t number;       /* number of the next event */
    double progress_s, second_s;
};

const char *rog_database_state(const char *path, int code)
{
    struct stat status;
    return code == 0               ? "ok"
           : code == ROG_ENOTFOUND ? (stat(path, &status) == 0 ? "empty" : "missing")
           : code == ROG_EFORMAT   ? "damaged"
                                   : "unreadable";
}

/* ---- sending ---- */

static void listener_free(struct listener *listener)
{
    rog_web_stream_close(listener->stream);
    rog_run_cursor_release(&listener->cursor);
    free(listener->run);
    free(listener);
}

static void put(struct listener *listener, const char *text)
{
    if (!listener->stream)
        return;
    listener->beat_s = rog_clock_s();
    if (rog_web_stream_put(listener->stream, text))
        return;
    rog_web_stream_close(listener->stream);
    listener->stream = NULL;
}

/* Sends an event to one listener, or to all if `one` is NULL. Takes ownership of the data. */
static void send_event(struct rog_hub *hub, struct listener *one, const char *event,
                       struct rog_json *data)
{
    char *json = rog_json_text(data);
    char *text = json ? rog_format("id: %lld\nevent: %s\ndata: %s\n\n", (long long)++hub->number,
                                   event, json)
                      : NULL;
    rog_json_free(data);
    for (struct listener *l = one ? one : hub->listeners; text && l; l = one ? NULL : l->next)
        put(l, text);
    free(text);
    free(json);
}

/* ---- news ---- */

static void greet(struct rog_hub *hub, struct listener *listener)
{
    struct rog_json *data = rog_json_object();
    rog_json_put_integer(data, "data_version", rog_hub_changes(hub));
    rog_json_put_string(data, "version", ROG_VERSION);
    rog_json_put_string(data, "state", hub->state);
    put(listener, "retry: 2000\n\n");
    send_event(hub, listener, "hello", data);
}

static void tell_change(struct rog_hub *hub, struct rog_json *ids, bool list)
{
    struct rog_json *data = rog_json_object();
    bool more = rog_json_size(ids) > RUNS_MAX;
    struct rog_json *named = more ? rog_json_array() : ids;
    for (size_t i = 0; more && i < RUNS_MAX; i++)
        rog_json_append(named, rog_json_copy(rog_json_at(ids, i)));
    if (more)
        rog_json_free(ids);
    rog_json_put_integer(data, "data_version", rog_hub_changes(hub));
    rog_json_put_string(data, "state", hub->state);
    rog_json_put(data, "runs", named);
    rog_json_put_bool(data, "more", more);
    rog_json_put_bool(data, "cases", list);
    send_event(hub, NULL, "change", data);
    hub->hooks.changed(hub->hooks.user);
}

static int tell_progress(struct rog_hub *hub, struct rog_db *db)
{
    struct rog_json *ids = rog_json_array(), *runs = rog_json_array();
    int code = rog_runs_executed(db, ids, NULL);
    for (size_t i = 0; code == 0 && i < rog_json_size(ids) && i < RUNS_MAX; i++) {
        struct rog_json *row = NULL;
        const char *id = rog_json_string(rog_json_at(ids, i), "");
        code = rog_progress_json(db, id, &row, NULL);
        if (!row)
            continue;
        rog_json_put_string(row, "id", id);
        rog_json_append(runs, row);
    }
    rog_json_free(ids);
    struct rog_json *data = rog_json_object();
    rog_json_put(data, "runs", runs);
    send_event(hub, NULL, "progress", data);
    return code;
}

static int tell_points(struct rog_hub *hub, struct rog_db *db, struct listener *listener)
{
    struct rog_json *data = rog_json_object();
    struct rog_run_span span = {0};
    bool any = false;
    int code = rog_run_news(db, listener->run, &listener->cursor, ROWS_MAX, data, &any, NULL);
    if (code == 0 && any)
        code = rog_run_span_load(db, listener->run, &span, NULL);
    if (code == 0 && any) {
        rog_json_put_string(data, "run", listener->run);
        rog_json_put_number(data, "seconds", span.seconds);
        send_event(hub, listener, "points", data);
        data = NULL;
    }
    rog_json_free(data);
    rog_run_span_release(&span);
    return code;
}

/* Sends what is new, all from one state of the database. */
static int tell_news(struct rog_hub *hub, struct rog_db *db, bool changed)
{
    bool any = false, list = false;
    int code = 0;
    if (changed) {
        struct rog_json *ids = rog_json_array();
        code = rog_runs_news(db, &hub->seen, RUNS_MAX + 1, ids, &list, NULL);
        tell_change(hub, ids, list);
    }
    if (code == 0 && changed && rog_clock_s() >= hub->progress_s + 0.9) {
        hub->progress_s = rog_clock_s();
        code = tell_progress(hub, db);
    }
    for (struct listener *l = hub->listeners; code == 0 && l; l = l->next) {
        if (l->run && !l->placed)
            code = rog_run_news(db, l->run, &l->cursor, 0, NULL, &any, NULL);
        else if (l->run && changed)
            code = tell_points(hub, db, l);
        l->placed = true;
    }
    return code;
}

static void look(struct rog_hub *hub)
{
    struct rog_db *db = NULL;
    int64_t changes = 0;
    struct rog_db *before = hub->desk.db;
    int code = rog_desk_db(&hub->desk, &db, NULL);
    if (code == 0)
        code = rog_db_changes(db, &changes, NULL);
    const char *state = rog_database_state(hub->desk.path, code);
    bool reopened = db && db != before;
    bool changed = (db && (reopened || changes != hub->file_changes)) || !hub->state ||
                   strcmp(state, hub->state) != 0;
    hub->state = state;
    hub->file_changes = changes;
    if (changed) {
        pthread_mutex_lock(&hub->lock);
        hub->changes++;
        pthread_mutex_unlock(&hub->lock);
    }
    for (struct listener *l = hub->listeners; l; l = l->next)
        if (!l->greeted) {
            l->greeted = true;
            greet(hub, l);
        }
    if (code == 0)
        code = tell_news(hub, db, changed);
    else if (changed)
        tell_change(hub, rog_json_array(), true);
    rog_desk_leave(&hub->desk, code);
}

/* ---- listeners ---- */

/* Adds new listeners and removes those whose stream has ended. */
static void change_places(struct rog_hub *hub)
{
    double now_s = rog_clock_s();
    size_t gone = 0;
    pthread_mutex_lock(&hub->lock);
    struct listener *coming = hub->coming;
    hub->coming = NULL;
    pthread_mutex_unlock(&hub->lock);
    struct listener **place = &hub->listeners;
    while (*place) {
        struct listener *listener = *place;
        if (now_s > listener->beat_s + BEAT_S)
            put(listener, ":\n\n");
        if (listener->stream) {
            place = &listener->next;
            continue;
        }
        *place = listener->next;
        listener_free(listener);
        gone++;
    }
    *place = coming;
    pthread_mutex_lock(&hub->lock);
    hub->count -= gone;
    pthread_mutex_unlock(&hub->lock);
}

static void tell_measured(struct rog_hub *hub)
{
    pthread_mutex_lock(&hub->lock);
    bool news = hub->is_measured_news;
    size_t known = hub->measured, of = hub->measured_of;
    hub->is_measured_news = false;
    pthread_mutex_unlock(&hub->lock);
    if (!news)
        return;
    struct rog_json *data = rog_json_object();
    rog_json_put_integer(data, "measured", (int64_t)known);
    rog_json_put_integer(data, "total", (int64_t)of);
    send_event(hub, NULL, "measured", data);
}

/* Waits for the next tick. Returns false if the thread is to end. */
static bool wait_for_tick(struct rog_hub *hub)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += TICK_NS;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    pthread_mutex_lock(&hub->lock);
    while (!hub->ending && !hub->coming &&
           pthread_cond_timedwait(&hub->wake, &hub->lock, &until) == 0)
        continue;
    bool continues = !hub->ending;
    pthread_mutex_unlock(&hub->lock);
    return continues;
}

static void *run(void *user)
{
    struct rog_hub *hub = user;
    while (wait_for_tick(hub)) {
        double now_s = rog_clock_s();
        if (now_s >= hub->second_s + 1) {
            hub->second_s = now_s;
            hub->hooks.second(hub->hooks.user);
        }
        change_places(hub);
        if (!hub->listeners)
            continue;
        look(hub);
        tell_measured(hub);
    }
    return NULL;
}

int rog_hub_add(struct rog_hub *hub, const char *run_id, struct rog_web_stream **stream,
                struct rog_error *err)
{
    struct listener *listener = calloc(1, sizeof *listener);
    *stream = rog_web_stream_new();
    if (listener)
        *listener = (struct listener){
            .stream = *stream, .run = rog_strdup(run_id), .beat_s = rog_clock_s()};
    if (!listener || !*stream || (run_id && !listener->run)) {
        free(listener ? listener->run : NULL);
        free(listener);
        rog_web_stream_close(*stream);
        rog_web_stream_drop(*stream);
        *stream = NULL;
        return rog_fail_nomem(err);
    }
    pthread_mutex_lock(&hub->lock);
    bool fits = hub->count < ROG_HUB_LISTENERS_MAX && !hub->ending;
    if (fits) {
        hub->count++;
        listener->next = hub->coming;
        hub->coming = listener;
        pthread_cond_signal(&hub->wake);
    }
    pthread_mutex_unlock(&hub->lock);
    if (fits)
        return 0;
    listener_free(listener);
    rog_web_stream_drop(*stream);
    *stream = NULL;
    return rog_fail(err, ROG_EBUSY, "%d pages are already open; close one of them",
                    ROG_HUB_LISTENERS_MAX);
}

int64_t rog_hub_changes(struct rog_hub *hub)
{
    pthread_mutex_lock(&hub->lock);
    int64_t changes = hub->changes;
    pthread_mutex_unlock(&hub->lock);
    return changes;
}

void rog_hub_tell_measured(struct rog_hub *hub, size_t known, size_t of)
{
    pthread_mutex_lock(&hub->lock);
    hub->measured = known;
    hub->measured_of = of;
    hub->is_measured_news = true;
    pthread_mutex_unlock(&hub->lock);
}

/* ---- start and end ---- */

int rog_hub_new(struct rog_hub **out, const char *path, const struct rog_hub_hooks *hooks,
                struct rog_error *err)
{
    struct rog_hub *hub = *out = calloc(1, sizeof *hub);
    if (!hub)
        return rog_fail_nomem(err);
    hub->hooks = *hooks;
    hub->desk.path = path;
    pthread_mutex_init(&hub->lock, NULL);
    pthread_cond_init(&hub->wake, NULL);
    return 0;
}

int rog_hub_run(struct rog_hub *hub, struct rog_error *err)
{
    int cause = pthread_create(&hub->thread, NULL, run, hub);
    hub->runs = cause == 0;
    return cause ? rog_fail(err, ROG_EFAILED, "cannot start a thread: %s", strerror(cause)) : 0;
}

void rog_hub_free(struct rog_hub *hub)
{
    if (!hub)
        return;
    pthread_mutex_lock(&hub->lock);
    hub->ending = true;
    pthread_cond_signal(&hub->wake);
    pthread_mutex_unlock(&hub->lock);
    if (hub->runs)
        pthread_join(hub->thread, NULL);
    change_places(hub);
    send_event(hub, NULL, "end", rog_json_object());
    for (struct listener *l = hub->listeners, *next; l; l = next) {
        next = l->next;
        listener_free(l);
    }
    rog_runs_seen_release(&hub->seen);
    rog_desk_close(&hub->desk);
    pthread_cond_destroy(&hub->wake);
    pthread_mutex_destroy(&hub->lock);
    free(hub);
}
