/* SPDX-License-Identifier: Apache-2.0 */
/* Stores events as rows, one transaction for each batch. */
#include <orchestrator/store/ingest.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <common/clock.h>
#include <common/file.h>
#include <orchestrator/store/event_line.h>
#include <orchestrator/store/iterations.h>
#include <orchestrator/store/robots.h>
#include <orchestrator/store/summary.h>
#include <rog/events.h>

enum statement { CHECKPOINT, WORKER, STORED, STATEMENTS };
enum table { ITERATIONS, BANDWIDTH, ENERGY, EVENTS, TABLES }; /* tables that get many rows */

struct rog_ingest {
    struct rog_db *db; /* borrowed */
    char *run_id, *stream;
    size_t run_id_length;
    char *folder; /* of the run, relative to the database's folder */
    struct rog_ingest_state state;
    struct rog_query *query[STATEMENTS];
    struct rog_batch *batch[TABLES];
    int64_t worker; /* rank that has iterations in the current lines; 0: none */
    int64_t rank;   /* rank of a worker's own stream; 0: events of all ranks */
    bool forgives;
    char damage[ROG_ERROR_MESSAGE_BYTES];
    uint64_t damaged_at;
};

static const char *const statement_sql[STATEMENTS] = {
    [CHECKPOINT] =
        "INSERT INTO checkpoints(run_id, t, iteration, path, sha256) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT(run_id, t) DO UPDATE SET iteration = excluded.iteration,"
        " accuracy = iif(sha256 = excluded.sha256 AND path = excluded.path, accuracy, NULL),"
        " tested_at = iif(sha256 = excluded.sha256 AND path = excluded.path, tested_at, NULL),"
        " path = excluded.path, sha256 = excluded.sha256",
    [WORKER] = "INSERT OR REPLACE INTO workers(run_id, rank, host, facts) VALUES (?, ?, ?, ?)",
    [STORED] = "INSERT OR REPLACE INTO streams(run_id, name, stored_bytes) VALUES (?, ?, ?)",
};

static const struct {
    const char *insert;
    size_t columns;
} tables[TABLES] = {
    [BANDWIDTH] = {"INSERT INTO bandwidth(run_id, rank, t, mbps)", 4},
    [ENERGY] = {"INSERT INTO energy(run_id, rank, t, joules, source)", 5},
    [EVENTS] = {"INSERT INTO events(run_id, rank, t, kind, data)", 5},
};

void rog_utc_now(char text[ROG_UTC_BYTES])
{
    time_t now = time(NULL);
    struct tm utc;
    gmtime_r(&now, &utc);
    strftime(text, ROG_UTC_BYTES, "%Y-%m-%dT%H:%M:%SZ", &utc);
}

/* Runs a statement whose values have just been bound. */
static int run(struct rog_query *query, int bound, struct rog_error *err)
{
    if (bound < 0)
        return bound;
    int code = rog_query_step(query, err);
    return code < 0 ? code : 0;
}

static int store_iteration(struct rog_ingest *g, struct rog_event_line *e, int64_t rank, double t,
                           struct rog_error *err)
{
    struct rog_iteration row;
    rog_iterations_from_event(e, &row);
    row.rank = rank;
    row.t = t;
    g->state.iteration = row.iteration > g->state.iteration ? row.iteration : g->state.iteration;
    g->state.iterations++;
    g->worker = rank;
    g->state.compute_s += row.compute_s;
    g->state.communication_s += row.push_s + row.pull_s;
    g->state.stall_s += row.stall_s;
    return rog_iterations_insert(g->batch[ITERATIONS], g->run_id, &row, err);
}

/* Begins a row with rank, time and the required member `number`. */
static int begin_reading(struct rog_ingest *g, enum table table, struct rog_event_line *e,
                         const char *number, int64_t rank, double t, struct rog_error *err)
{
    struct rog_batch *batch = g->batch[table];
    if (!rog_event_line_is_number(e, number))
        return rog_fail(err, ROG_EFORMAT, "an event without its number \"%s\"", number);
    int code = rog_batch_row(batch, err);
    if (code < 0)
        return code;
    rog_batch_text(batch, g->run_id, g->run_id_length);
    rog_batch_int(batch, rank);
    rog_batch_real(batch, t);
    rog_batch_real(batch, rog_event_line_number(e, number, 0));
    return 0;
}

static int store_bandwidth(struct rog_ingest *g, struct rog_event_line *e, int64_t rank, double t,
                           struct rog_error *err)
{
    return begin_reading(g, BANDWIDTH, e, "mbps", rank, t, err);
}

static int store_energy(struct rog_ingest *g, struct rog_event_line *e, int64_t rank, double t,
                        struct rog_error *err)
{
    static const char model[] = "model";
    size_t length;
    int code = begin_reading(g, ENERGY, e, "joules", rank, t, err);
    if (code < 0)
        return code;
    const char *source = rog_event_line_text(e, "source", &length);
    rog_batch_text(g->batch[ENERGY], source ? source : model, source ? length : sizeof model - 1);
    return 0;
}

static int store_checkpoint(struct rog_ingest *g, struct rog_event_line *e, int64_t rank, double t,
                            struct rog_error *err)
{
    (void)rank;
    const struct rog_json *tree = rog_event_line_tree(e);
    const char *name = rog_json_get_string(tree, "path", NULL);
    /* The path will be opened as a file, so it must be inside the run's folder. */
    if (!name || name[0] == '/' || strstr(name, ".."))
        return rog_fail(err, ROG_EFORMAT, "a checkpoint whose path is not inside the run's folder");
    char *path = rog_path_join(g->folder, name);
    if (!path)
        return rog_fail_nomem(err);
    struct rog_query *query = g->query[CHECKPOINT];
    int code = rog_query_rebind(query, err, "sdiss", g->run_id, t,
                                rog_json_get_integer(tree, "iteration", 0), path,
                                rog_json_get_string(tree, "sha256", NULL));
    free(path);
    g->state.checkpoints++;
    return run(query, code, err);
}

static int store_event(struct rog_ingest *g, struct rog_event_line *e, int64_t rank, double t,
                       struct rog_error *err)
{
    struct rog_batch *batch = g->batch[EVENTS];
    size_t name_length, length;
    const char *name = rog_event_line_text(e, "event", &name_length);
    const char *data = rog_event_line_json(e, &length);
    int code = data ? rog_batch_row(batch, err) : rog_fail_nomem(err);
    if (code < 0)
        return code;
    rog_batch_text(batch, g->run_id, g->run_id_length);
    if (rank == -1) /* without a rank */
        rog_batch_text(batch, NULL, 0);
    else
        rog_batch_int(batch, rank);
    rog_batch_real(batch, t);
    rog_batch_text(batch, name, name_length);
    rog_batch_text(batch, data, length);
    return 0;
}

/* Sums what the workers plan. Returns 0 if a worker decides itself when it ends. */
static int64_t iterations_due(const struct rog_json *workers)
{
    int64_t sum = 0;
    for (size_t i = 0; i < rog_json_size(workers); i++) {
        int64_t due = rog_json_get_integer(rog_json_at(workers, i), "iterations", 0);
        if (due <= 0)
            return 0;
        sum += due;
    }
    return sum;
}

/* A start event also sets the run's versions and fills the table of workers. */
static int store_start(struct rog_ingest *g, struct rog_event_line *e, int64_t rank, double t,
                       struct rog_error *err)
{
    const struct rog_json *tree = rog_event_line_tree(e);
    int64_t results = rog_json_get_integer(tree, "results", ROG_RESULTS_VERSION);
    if (results != ROG_RESULTS_VERSION)
        g->state.other_results = results;
    struct rog_json *versions = rog_json_object();
    rog_json_put_string(versions, "rogctl", ROG_VERSION);
    rog_json_put_string(versions, "rog-trainer", rog_json_get_string(tree, "version", NULL));
    const struct rog_json *strategy = rog_json_get(tree, "strategy");
    if (strategy)
        rog_json_put(versions, "strategy", rog_json_copy(strategy));
    char *text = rog_json_text(versions);
    rog_json_free(versions);
    if (!text)
        return rog_fail_nomem(err);
    int code =
        rog_db_run(g->db, err, "UPDATE runs SET versions = ? WHERE id = ?", "ss", text, g->run_id);
    free(text);

    const struct rog_json *workers = rog_json_get(tree, "workers");
    g->state.iterations_due = iterations_due(workers);
    struct rog_query *query = g->query[WORKER];
    for (size_t i = 0; code == 0 && i < rog_json_size(workers); i++) {
        const struct rog_json *worker = rog_json_at(workers, i);
        char *facts = rog_json_text(worker);
        if (!facts)
            return rog_fail_nomem(err);
        code =
            rog_query_rebind(query, err, "siss", g->run_id, rog_json_get_integer(worker, "rank", 0),
                             rog_json_get_string(worker, "host", NULL), facts);
        free(facts);
        code = run(query, code, err);
    }
    return code < 0 ? code : store_event(g, e, rank, t, err);
}

static int store_end(struct rog_ingest *g, struct rog_event_line *e, int64_t rank, double t,
                     struct rog_error *err)
{
    g->state.ended = true;
    g->state.done = 1;
    g->state.waiting[0] = '\0';
    return store_event(g, e, rank, t, err);
}

static int store_error(struct rog_ingest *g, struct rog_event_line *e, int64_t rank, double t,
                       struct rog_error *err)
{
    g->state.failed = true;
    snprintf(
        g->state.message, sizeof g->state.message, "%s",
        rog_json_get_string(rog_event_line_tree(e), "message", "the trainer reported an error"));
    return store_event(g, e, rank, t, err);
}

/* Joins and leaves also change which worker is away. */
static int store_join(struct rog_ingest *g, struct rog_event_line *e, int64_t rank, double t,
                      struct rog_error *err)
{
    g->state.away = g->state.away == rank ? 0 : g->state.away;
    return store_event(g, e, rank, t, err);
}

static int store_leave(struct rog_ingest *g, struct rog_event_line *e, int64_t rank, double t,
                       struct rog_error *err)
{
    const char *reason = rog_json_get_string(rog_event_line_tree(e), "reason", "");
    bool finished = strcmp(reason, "finished") == 0;
    if (!finished && rank > 0) {
        g->state.away = rank;
        g->state.away_at_s = rog_clock_s();
    }
    return store_event(g, e, rank, t, err);
}

/* The latest state replaces the previous one; only significant changes become events. */
static int store_health(struct rog_ingest *g, struct rog_event_line *e, int64_t rank, double t,
                        struct rog_error *err)
{
    bool news = false;
    if (rank < 0)
        return rog_fail(err, ROG_EFORMAT, "the health of a host without \"rank\"");
    /* rog_robots_heard reads the last iteration from the table. */
    int code = rog_batch_flush(g->batch[ITERATIONS], err);
    if (code == 0)
        code = rog_robots_heard(g->db, g->run_id, rank, rog_event_line_tree(e), &news, err);
    return code == 0 && news ? store_event(g, e, rank, t, err) : code;
}

static int note_progress(struct rog_ingest *g, struct rog_event_line *e, int64_t rank, double t,
                         struct rog_error *err)
{
    (void)rank;
    (void)t;
    (void)err;
    const char *waiting = rog_json_get_string(rog_event_line_tree(e), "waiting", "");
    g->state.done = rog_event_line_number(e, "done", g->state.done);
    if (waiting[0] && !g->state.waiting[0])
        g->state.waiting_at_s = rog_clock_s();
    snprintf(g->state.waiting, sizeof g->state.waiting, "%s", waiting);
    return 0;
}

static int store_resume(struct rog_ingest *g, struct rog_event_line *e, int64_t rank, double t,
                        struct rog_error *err)
{
    snprintf(g->state.resumed, sizeof g->state.resumed, "%s",
             rog_json_get_string(rog_event_line_tree(e), "message", ""));
    g->state.resumed_s = t;
    return store_event(g, e, rank, t, err);
}

typedef int handler(struct rog_ingest *g, struct rog_event_line *e, int64_t rank, double t,
                    struct rog_error *err);

static const struct {
    const char *name;
    handler *store;
} handlers[] = {
    {ROG_EVENT_START, store_start},           {ROG_EVENT_ITERATION, store_iteration},
    {ROG_EVENT_BANDWIDTH, store_bandwidth},   {ROG_EVENT_ENERGY, store_energy},
    {ROG_EVENT_CHECKPOINT, store_checkpoint}, {ROG_EVENT_END, store_end},
    {ROG_EVENT_ERROR, store_error},           {ROG_EVENT_HEALTH, store_health},
    {ROG_EVENT_PROGRESS, note_progress},      {ROG_EVENT_JOIN, store_join},
    {ROG_EVENT_LEAVE, store_leave},           {ROG_EVENT_RESUME, store_resume},
};

static handler *handler_of(const char *name, size_t length)
{
    for (size_t i = 0; i < sizeof handlers / sizeof *handlers; i++)
        if (handlers[i].name[0] == name[0] && strncmp(handlers[i].name, name, length) == 0 &&
            !handlers[i].name[length])
            return handlers[i].store;
    return store_event;
}

static int flush(struct rog_ingest *g, struct rog_error *err)
{
    int code = 0;
    for (int i = 0; code == 0 && i < TABLES; i++)
        code = rog_batch_flush(g->batch[i], err);
    return code;
}

static int store_line(struct rog_ingest *g, const char *text, size_t size, struct rog_error *err)
{
    struct rog_event_line event;
    int code = rog_event_line_read(&event, text, size, err);
    size_t length;
    const char *name = rog_event_line_text(&event, "event", &length);
    const bool is_event = name && rog_event_line_is_number(&event, "t");
    const int64_t speaks = rog_event_line_integer(&event, "rank", g->rank);
    if (code == 0 && !is_event) {
        code = rog_fail(err, ROG_EFORMAT, "not an event: \"event\" or \"t\" is missing");
    } else if (code == 0 && g->rank && speaks != g->rank) {
        code = rog_fail(err, ROG_EFORMAT, "an event of rank %lld, written by worker %lld",
                        (long long)speaks, (long long)g->rank);
    } else if (code == 0) {
        double t = rog_event_line_number(&event, "t", 0);
        int64_t rank = rog_event_line_integer(&event, "rank", -1);
        g->state.t = t > g->state.t ? t : g->state.t;
        code = handler_of(name, length)(g, &event, rank, t, err);
    }
    /* Releasing such an event frees the texts that its rows refer to. */
    if (code == 0 && (!event.plain || event.json))
        code = flush(g, err);
    rog_event_line_release(&event);
    return code;
}

static int note_damage(struct rog_ingest *g, uint64_t at, struct rog_error *err)
{
    snprintf(g->damage, sizeof g->damage, "%s", err->message);
    g->damaged_at = at;
    g->state.damaged++;
    return g->forgives ? 0
                       : rog_fail_prefix(err, "event stream %s at byte %llu", g->stream,
                                         (unsigned long long)at);
}

void rog_ingest_forgive(struct rog_ingest *ingest)
{
    ingest->forgives = true;
}

const char *rog_ingest_damage(const struct rog_ingest *ingest, uint64_t *at)
{
    *at = ingest->damaged_at;
    return ingest->damage;
}

int rog_ingest_lines(struct rog_ingest *g, const char *text, size_t size, struct rog_error *err)
{
    const struct rog_ingest_state before = g->state;
    size_t used = 0;
    int code = rog_db_begin(g->db, err);
    if (code < 0)
        return code;
    g->worker = 0;
    while (code == 0) {
        const char *end = memchr(text + used, '\n', size - used);
        if (!end)
            break;
        size_t length = (size_t)(end - (text + used));
        code = store_line(g, text + used, length, err);
        if (code == ROG_EFORMAT)
            code = note_damage(g, before.stored_bytes + used, err);
        used += length + 1;
    }
    if (code == 0 && (code = flush(g, err)) == ROG_EFORMAT) /* the run was deleted */
        note_damage(g, before.stored_bytes, err);
    /* The main stream has the workers of virtual clusters, which have no hosts. */
    if (code == 0 && g->worker > 0 && strcmp(g->stream, ROG_STREAM_MAIN) != 0)
        code = rog_robots_went_on(g->db, g->run_id, g->worker, err);
    if (code == 0) {
        struct rog_query *query = g->query[STORED];
        g->state.stored_bytes += used;
        code = rog_query_rebind(query, err, "ssi", g->run_id, g->stream,
                                (int64_t)g->state.stored_bytes);
        code = run(query, code, err);
    }
    if (code == 0)
        code = rog_db_commit(g->db, err);
    rog_db_rollback(g->db);
    for (int i = 0; i < TABLES; i++)
        rog_batch_clear(g->batch[i]);
    if (code < 0)
        g->state = before;
    return code;
}

const struct rog_ingest_state *rog_ingest_state(const struct rog_ingest *ingest)
{
    return &ingest->state;
}

static int take_up(struct rog_ingest *g, struct rog_error *err)
{
    struct rog_query *query = NULL;
    int code = rog_query_new(&query, g->db, err,
                             "SELECT stored_bytes FROM streams WHERE run_id = ? AND name = ?", "ss",
                             g->run_id, g->stream);
    if (code == 0)
        code = rog_query_step(query, err);
    if (code == 1)
        g->state.stored_bytes = (uint64_t)rog_query_int(query, 0);
    rog_query_free(query);
    if (code < 0)
        return code;
    /* Check whether an earlier process has already stored the end event. */
    code = rog_query_new(&query, g->db, err,
                         "SELECT 1 FROM events WHERE run_id = ? AND kind = '" ROG_EVENT_END "'",
                         "s", g->run_id);
    if (code == 0)
        code = rog_query_step(query, err);
    g->state.ended = code == 1;
    rog_query_free(query);
    return code < 0 ? code : 0;
}

/* Loads sums over all workers that an earlier process stored, for the display of progress. Only the
 * main stream counts them. */
static int sum_up(struct rog_ingest *g, struct rog_error *err)
{
    struct rog_query *query = NULL;
    if (g->state.stored_bytes == 0 || strcmp(g->stream, ROG_STREAM_MAIN) != 0)
        return 0;
    int code = rog_query_new(&query, g->db, err,
                             "SELECT total(compute_s), total(push_s) + total(pull_s),"
                             " total(stall_s), coalesce(max(iteration), 0), coalesce(max(t), 0)"
                             " FROM iterations WHERE run_id = ?",
                             "s", g->run_id);
    if (code == 0)
        code = rog_query_step(query, err);
    if (code == 1) {
        g->state.compute_s = rog_query_real(query, 0);
        g->state.communication_s = rog_query_real(query, 1);
        g->state.stall_s = rog_query_real(query, 2);
        g->state.iteration = rog_query_int(query, 3);
        g->state.t = rog_query_real(query, 4);
    }
    rog_query_free(query);
    return code < 0 ? code : 0;
}

/* Returns the rank of a worker's stream: 3 for "worker3/events.jsonl". */
static int64_t rank_of(const char *stream)
{
    static const char folder[] = ROG_STREAM_WORKER;
    size_t length = sizeof folder - 1;
    return strncmp(stream, folder, length) == 0 ? strtoll(stream + length, NULL, 10) : 0;
}

int rog_ingest_new(struct rog_ingest **out, struct rog_db *db, const char *run_id,
                   const char *stream, struct rog_error *err)
{
    *out = NULL;
    struct rog_ingest *g = calloc(1, sizeof *g);
    if (!g)
        return rog_fail_nomem(err);
    g->db = db;
    g->run_id = rog_strdup(run_id);
    g->run_id_length = strlen(run_id);
    g->stream = rog_strdup(stream);
    g->rank = rank_of(stream);
    g->folder = rog_run_folder_name(rog_db_path(db), run_id);
    int code = g->run_id && g->stream && g->folder ? 0 : rog_fail_nomem(err);
    for (int i = 0; code == 0 && i < STATEMENTS; i++)
        code = rog_query_new(&g->query[i], db, err, statement_sql[i], NULL);
    for (int i = 0; code == 0 && i < TABLES; i++)
        code = i == ITERATIONS
                   ? rog_iterations_insert_new(&g->batch[i], db, err)
                   : rog_batch_new(&g->batch[i], db, tables[i].insert, tables[i].columns, err);
    if (code == 0)
        code = take_up(g, err);
    if (code == 0)
        code = sum_up(g, err);
    if (code < 0)
        rog_ingest_free(g);
    else
        *out = g;
    return code;
}

void rog_ingest_free(struct rog_ingest *ingest)
{
    if (!ingest)
        return;
    for (int i = 0; i < STATEMENTS; i++)
        rog_query_free(ingest->query[i]);
    for (int i = 0; i < TABLES; i++)
        rog_batch_free(ingest->batch[i]);
    free(ingest->run_id);
    free(ingest->stream);
    free(ingest->folder);
    free(ingest);
}

int rog_ingest_accuracy(struct rog_db *db, const char *run_id, const char *path,
                        const struct rog_json *event, struct rog_error *err)
{
    char now[ROG_UTC_BYTES];
    rog_utc_now(now);
    const struct rog_json *accuracy = rog_json_get(event, "accuracy");
    const char *sha256 = rog_json_get_string(event, "sha256", NULL);
    if (!rog_json_is_number(accuracy))
        return rog_fail(err, ROG_EFORMAT, "%s: the tester gave no accuracy", path);
    struct rog_run_row row;
    char range[ROG_METRIC_TEXT_BYTES];
    int known = rog_run_row_load(db, run_id, &row, err);
    if (known < 0)
        return known;
    bool right = rog_metric_may_be(&row.metric, rog_json_number(accuracy, 0));
    rog_metric_range(&row.metric, range);
    rog_run_row_release(&row);
    if (!right)
        return rog_fail(err, ROG_EFORMAT, "%s: the tester gave %g instead of %s", path,
                        rog_json_number(accuracy, 0), range);
    struct rog_query *query = NULL;
    int code = rog_query_new(&query, db, err,
                             "UPDATE checkpoints SET accuracy = ?, tested_at = ?"
                             " WHERE run_id = ? AND path = ?"
                             " AND (sha256 IS NULL OR sha256 = coalesce(?, sha256)) RETURNING 1",
                             "dssss", rog_json_number(accuracy, 0), now, run_id, path, sha256);
    if (code == 0)
        code = rog_query_step(query, err);
    if (code == 0)
        code = rog_fail(err, ROG_EFORMAT,
                        "%s: the checkpoint is not the one that was saved (its checksum is %s now)",
                        path, sha256 ? sha256 : "unknown");
    while (code == 1)
        code = rog_query_step(query, err);
    rog_query_free(query);
    return code;
}

int rog_ingest_rewind(struct rog_db *db, const char *run_id, struct rog_error *err)
{
    static const char *const deletes[] = {
        "DELETE FROM streams WHERE run_id = ?",
        "DELETE FROM workers WHERE run_id = ?",
        "DELETE FROM iterations WHERE run_id = ?",
        "DELETE FROM bandwidth WHERE run_id = ?",
        "DELETE FROM energy WHERE run_id = ?",
        "DELETE FROM events WHERE run_id = ?",
        "DELETE FROM robots WHERE run_id = ?",
        "DELETE FROM checkpoints WHERE run_id = ? AND accuracy IS NULL",
    };
    int code = 0;
    for (size_t i = 0; code == 0 && i < sizeof deletes / sizeof *deletes; i++)
        code = rog_db_run(db, err, deletes[i], "s", run_id);
    return code;
}

int rog_ingest_end(struct rog_db *db, const char *run_id, const char *status, const char *why,
                   struct rog_error *err)
{
    char now[ROG_UTC_BYTES];
    rog_utc_now(now);
    /* The clock may have been set back since. */
    return rog_db_run(db, err,
                      "UPDATE runs SET status = ?, error = ?,"
                      " ended_at = max(?, coalesce(started_at, '')) WHERE id = ?",
                      "ssss", status, why, now, run_id);
}

int rog_ingest_forget(struct rog_db *db, const char *run_id, struct rog_error *err)
{
    int code = rog_ingest_rewind(db, run_id, err);
    if (code == 0)
        code = rog_db_run(db, err, "DELETE FROM checkpoints WHERE run_id = ?", "s", run_id);
    return code;
}
