/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the record of a run into memory. */
#include <orchestrator/check/record.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <common/json.h>
#include <orchestrator/store/imported.h>
#include <orchestrator/store/iterations.h>
#include <orchestrator/store/paths.h>
#include <rog/events.h>

#define VIRTUAL_S 2e-5 /* times have microsecond precision, and four of them are added */
/* Differences of clocks between hosts, and delays between two parts of a step. */
#define REAL_S 0.5

static void *grow(void *array, size_t count, size_t bytes)
{
    if (count % 1024)
        return array;
    return realloc(array, (count + 1024) * bytes);
}

/* Drops steps of a worker that were lost because it continued from an earlier iteration, whether or
 * not they were repeated; repeated ones have replaced them. */
static void drop_lost_steps(struct rog_record *record)
{
    size_t kept = 0;
    for (size_t i = 0; i < record->steps; i++) {
        const struct rog_iteration *step = &record->step[i];
        bool lost = false;
        for (size_t k = 0; k < record->returns.count; k++) {
            const struct rog_return *back = &record->returns.item[k];
            lost |=
                back->rank == step->rank && back->t >= step->t && back->iteration < step->iteration;
        }
        if (!lost)
            record->step[kept++] = *step;
    }
    record->steps = kept;
}

static int load_steps(struct rog_db *db, const char *run_id, struct rog_record *record,
                      struct rog_error *err)
{
    struct rog_query *query = NULL;
    struct rog_iteration row;
    int code = rog_iterations_query(&query, db, run_id, ROG_ABSENT, err);
    while (code == 0 && (code = rog_iterations_step(query, &row, err)) == 1) {
        struct rog_iteration *more = grow(record->step, record->steps, sizeof *more);
        code = more ? 0 : rog_fail_nomem(err);
        if (!more)
            break;
        record->step = more;
        more[record->steps++] = row;
    }
    rog_query_free(query);
    drop_lost_steps(record);
    return code;
}

static int load_admits(struct rog_db *db, const char *run_id, struct rog_record *record,
                       struct rog_error *err)
{
    struct rog_query *query = NULL;
    int code = rog_query_new(&query, db, err,
                             "SELECT t, rank, json_extract(data, '$.iteration'),"
                             " json_extract(data, '$.oldest'), json_extract(data, '$.needed'),"
                             " json_extract(data, '$.granted'), json_extract(data, '$.slowest'),"
                             " json_extract(data, '$.reached'), json_extract(data, '$.active')"
                             " FROM events WHERE run_id = ? AND kind = '" ROG_EVENT_ADMIT "'"
                             " ORDER BY t, rowid",
                             "s", run_id);
    while (code == 0 && (code = rog_query_step(query, err)) == 1) {
        struct rog_admit *more = grow(record->admit, record->admits, sizeof *more);
        code = more ? 0 : rog_fail_nomem(err);
        if (!more)
            break;
        record->admit = more;
        more[record->admits++] = (struct rog_admit){
            .t = rog_query_real(query, 0),
            .rank = rog_query_int(query, 1),
            .iteration = rog_query_int(query, 2),
            .oldest = rog_query_int(query, 3),
            .needed = rog_query_int(query, 4),
            .granted = rog_query_int(query, 5),
            .slowest = rog_query_int(query, 6),
            .reached = rog_query_int(query, 7),
            .active = rog_query_int(query, 8),
        };
    }
    rog_query_free(query);
    return code;
}

static int add_push(struct rog_record_worker *worker, const struct rog_push *push,
                    struct rog_error *err)
{
    struct rog_push *more = grow(worker->push, worker->pushes, sizeof *more);
    if (!more)
        return rog_fail_nomem(err);
    worker->push = more;
    more[worker->pushes++] = *push;
    return 0;
}

static struct rog_record_worker *find_worker(const struct rog_record *record, int64_t rank)
{
    for (size_t w = 0; w < record->workers; w++)
        if (record->worker[w].rank == rank)
            return &record->worker[w];
    return NULL;
}

/* Adds workers of a virtual run that have not finished an iteration; all workers are present from
 * the beginning. */
static void add_idle_workers(struct rog_record *record, const struct rog_json *all)
{
    const struct rog_json *one;
    for (size_t i = 0; (one = rog_json_at(all, i)); i++) {
        int64_t rank = rog_json_get_integer(one, "rank", 0);
        if (!rog_record_worker(record, rank))
            record->worker[record->workers++] = (struct rog_record_worker){.rank = rank};
    }
}

static bool is_configured(const struct rog_json *all, int64_t rank)
{
    const struct rog_json *one;
    for (size_t i = 0; (one = rog_json_at(all, i)); i++)
        if (rog_json_get_integer(one, "rank", 0) == rank)
            return true;
    return false;
}

/* Adds workers of a run in real time, which have join events. A worker that joined after the run
 * had begun was not waited for before. */
static int add_joined_workers(struct rog_db *db, struct rog_record *record,
                              const struct rog_json *all, struct rog_error *err)
{
    const struct rog_push away = {-1, -1, ROG_RECORD_AWAY, false};
    struct rog_query *query = NULL;
    int code = rog_query_new(&query, db, err,
                             "SELECT rank, max(json_extract(data, '$.iteration') IS NULL)"
                             " FROM events WHERE run_id = ? AND kind = '" ROG_EVENT_JOIN "'"
                             " GROUP BY rank",
                             "s", record->row.id);
    while (code == 0 && (code = rog_query_step(query, err)) == 1) {
        int64_t rank = rog_query_int(query, 0);
        code = 0;
        if (!is_configured(all, rank))
            continue;
        struct rog_record_worker *worker = find_worker(record, rank);
        if (!worker) {
            worker = &record->worker[record->workers++];
            *worker = (struct rog_record_worker){.rank = rank};
        }
        if (!rog_query_int(query, 1))
            code = add_push(worker, &away, err);
    }
    rog_query_free(query);
    return code < 0 ? code : 0;
}

/* Makes the list of workers: those with iterations, and others that were waited for. */
static int make_workers(struct rog_db *db, struct rog_record *record, struct rog_error *err)
{
    int code = 0;
    const struct rog_json *all = rog_json_get(record->config, "workers");
    size_t most = record->steps + 1;
    while (rog_json_at(all, most - record->steps - 1))
        most++;
    record->worker = calloc(most, sizeof *record->worker);
    if (!record->worker)
        code = rog_fail_nomem(err);
    for (size_t i = 0; code == 0 && i < record->steps; i++) {
        if (i == 0 || record->step[i].rank != record->step[i - 1].rank)
            record->worker[record->workers++] =
                (struct rog_record_worker){.rank = record->step[i].rank, .step = &record->step[i]};
        record->worker[record->workers - 1].steps++;
    }
    if (code == 0 && !record->real && record->admits > 0)
        add_idle_workers(record, all);
    if (code == 0 && record->real)
        code = add_joined_workers(db, record, all, err);
    return code;
}

/* Notes for each worker its last return; returns are ordered by time. */
static void note_returns(struct rog_record *record)
{
    for (size_t i = 0; i < record->returns.count; i++) {
        const struct rog_return *back = &record->returns.item[i];
        struct rog_record_worker *worker = find_worker(record, back->rank);
        if (worker)
            worker->returned = back->iteration;
    }
}

static int add_pushes(struct rog_record *record, struct rog_error *err)
{
    for (size_t w = 0; w < record->workers; w++) {
        struct rog_record_worker *worker = &record->worker[w];
        for (size_t i = 0; i < worker->steps; i++) {
            const struct rog_iteration *step = &worker->step[i];
            double arrived_s = step->t - step->pull_s - step->stall_s;
            const struct rog_push push = {arrived_s - step->push_s, arrived_s, step->iteration,
                                          false};
            int code = add_push(worker, &push, err);
            if (code)
                return code;
        }
    }
    return 0;
}

/* Orders pushes by arrival; if a worker leaves and comes back at the same time, it leaves first. */
static int by_arrival(const void *a, const void *b)
{
    const struct rog_push *p = a, *q = b;
    int order = (p->arrived_s > q->arrived_s) - (p->arrived_s < q->arrived_s);
    return order ? order : (q->iteration == ROG_RECORD_AWAY) - (p->iteration == ROG_RECORD_AWAY);
}

/* Sorts pushes. A lost push began at an unknown time after the previous one. */
static void order_pushes(struct rog_record_worker *worker)
{
    qsort(worker->push, worker->pushes, sizeof *worker->push, by_arrival);
    for (size_t i = 0; i < worker->pushes; i++)
        if (worker->push[i].lost)
            worker->push[i].began_s = i ? worker->push[i - 1].arrived_s : 0;
}

/* Adds a push that appears in a stall or admission at t but in no step: it was lost, or the end of
 * the run interrupted its iteration before the pull was complete. */
static int add_unfinished(const struct rog_record *record, struct rog_record_worker *worker,
                          int64_t iteration, double t, struct rog_error *err)
{
    bool lost = rog_record_lost(record, worker, iteration, t);
    if (worker->unfinished == iteration ||
        (!lost && (iteration == INT64_MIN || iteration - 1 != rog_record_last(worker))))
        return 0;
    worker->unfinished = iteration;
    double began_s = worker->steps ? worker->step[worker->steps - 1].t : 0;
    return add_push(worker, &(struct rog_push){began_s, t, iteration, lost}, err);
}

/* For real runs: marks workers as away until their first join, unless they were present at the
 * beginning (a join without an iteration); and marks workers whose last actions are unknown,
 * because their hosts could not be reached any more. */
static int load_absences(struct rog_db *db, const char *run_id, struct rog_record *record,
                         struct rog_error *err)
{
    struct rog_query *query = NULL;
    int code = rog_query_new(
        &query, db, err,
        "SELECT rank, min(t) FILTER (WHERE kind = '" ROG_EVENT_JOIN "'"
        " AND json_extract(data, '$.iteration') IS NULL) IS NULL"
        " AND count(*) FILTER (WHERE kind = '" ROG_EVENT_JOIN "') > 0,"
        " count(*) FILTER (WHERE kind = '" ROG_EVENT_UNFETCHED "') > 0 FROM events"
        " WHERE run_id = ? AND kind IN ('" ROG_EVENT_JOIN "', '" ROG_EVENT_UNFETCHED "')"
        " GROUP BY rank",
        "s", run_id);
    while (code == 0 && (code = rog_query_step(query, err)) == 1) {
        code = 0;
        for (size_t w = 0; code == 0 && w < record->workers; w++) {
            struct rog_record_worker *worker = &record->worker[w];
            if (worker->rank != rog_query_int(query, 0))
                continue;
            worker->unfetched = rog_query_int(query, 2) != 0;
            if (rog_query_int(query, 1))
                code = add_push(worker, &(struct rog_push){0, 0, ROG_RECORD_AWAY, false}, err);
        }
    }
    rog_query_free(query);
    return code;
}

/* Adds, for a worker that comes back, the rows of the iteration after which it continues. */
static int add_returns(const struct rog_record *record, struct rog_record_worker *worker,
                       struct rog_error *err)
{
    int code = 0;
    for (size_t i = 0; code == 0 && i < record->returns.count; i++) {
        const struct rog_return *back = &record->returns.item[i];
        if (back->rank == worker->rank)
            code =
                add_push(worker, &(struct rog_push){back->t, back->t, back->iteration, false}, err);
    }
    return code;
}

/* Adds an event of a worker, or of rank 0, the server: when the server is restarted or continues in
 * another attempt, all workers are away. */
static int add_end(struct rog_record *record, char kind, int64_t rank, int64_t iteration, double t,
                   struct rog_error *err)
{
    const struct rog_push away = {t, t, ROG_RECORD_AWAY, false};
    int code = 0;
    for (size_t w = 0; code == 0 && w < record->workers; w++) {
        struct rog_record_worker *worker = &record->worker[w];
        if (kind == 'r' ? record->real && rank == 0 : kind == 'l' && rank == worker->rank)
            code = add_push(worker, &away, err);
        else if (kind != 'r' && rank == worker->rank)
            code = add_unfinished(record, worker, iteration, t, err);
    }
    return code;
}

/* Adds, for a server that resumes, the workers it waits for, with the rows of the iteration after
 * which each continues. */
static int load_expected(struct rog_db *db, const char *run_id, struct rog_record *record,
                         struct rog_error *err)
{
    struct rog_query *query = NULL;
    int code = rog_query_new(&query, db, err,
                             "SELECT t, json_extract(value, '$.rank'),"
                             " json_extract(value, '$.iteration')"
                             " FROM events, json_each(data, '$.waits_for')"
                             " WHERE run_id = ? AND kind = '" ROG_EVENT_RESUME "'",
                             "s", run_id);
    while (code == 0 && (code = rog_query_step(query, err)) == 1) {
        double t = rog_query_real(query, 0);
        struct rog_record_worker *worker = find_worker(record, rog_query_int(query, 1));
        code = worker
                   ? add_push(worker, &(struct rog_push){t, t, rog_query_int(query, 2), false}, err)
                   : 0;
    }
    rog_query_free(query);
    return code;
}

/* Returns whether the worker left and did not come back. */
static bool has_left(const struct rog_record *record, const struct rog_record_worker *worker)
{
    double left_s = -1;
    for (size_t i = 0; i < worker->pushes; i++)
        if (worker->push[i].iteration == ROG_RECORD_AWAY)
            left_s = fmax(left_s, worker->push[i].arrived_s);
    return left_s >= 0 &&
           !rog_returns_between(&record->returns, worker->rank, left_s - 1e-9, INFINITY);
}

/* Adds the push that a worker was making, or whose answer was being sent, when the run ended.
 * Nothing is recorded of it, so that it may have arrived at any time until then. */
static int add_cut_off(struct rog_record_worker *worker, double end_s, struct rog_error *err)
{
    int64_t next = rog_record_last(worker) + 1;
    if (worker->unfinished == next)
        return 0;
    double began_s = worker->steps ? worker->step[worker->steps - 1].t : 0;
    return add_push(worker, &(struct rog_push){began_s, end_s, next, false}, err);
}

/* Loads when workers left and came back, and pushes without a step. */
static int load_ends(struct rog_db *db, const char *run_id, struct rog_record *record,
                     struct rog_error *err)
{
    double end_s = 0; /* time of the last event */
    struct rog_query *query = NULL;
    int code =
        rog_query_new(&query, db, err,
                      "SELECT kind, rank, t, coalesce(json_extract(data, '$.iteration'), 0)"
                      " FROM events WHERE run_id = ? AND kind IN ('" ROG_EVENT_ADMIT
                      "', '" ROG_EVENT_STALL_BEGIN "', '" ROG_EVENT_LEAVE "', '" ROG_EVENT_RESTART
                      "', '" ROG_EVENT_RESUME "', '" ROG_EVENT_END "') ORDER BY t, rowid",
                      "s", run_id);
    while (code == 0 && (code = rog_query_step(query, err)) == 1) {
        const char kind = rog_query_text(query, 0)[0];
        end_s = rog_query_real(query, 2);
        code = kind == 'e' ? 0
                           : add_end(record, kind, rog_query_int(query, 1), rog_query_int(query, 3),
                                     rog_query_real(query, 2), err);
    }
    rog_query_free(query);
    if (code == 0)
        code = load_expected(db, run_id, record, err);
    for (size_t w = 0; w < record->workers; w++) {
        if (code == 0 && record->ends && !has_left(record, &record->worker[w]))
            code = add_cut_off(&record->worker[w], end_s, err);
        if (code == 0)
            code = add_returns(record, &record->worker[w], err);
        order_pushes(&record->worker[w]);
    }
    return code;
}

/* Loads the first and the last event of the stream. */
static int load_frame(struct rog_db *db, const char *run_id, struct rog_record *record,
                      struct rog_error *err)
{
    struct rog_query *query = NULL;
    record->end_s = (double)NAN;
    int code = rog_query_new(&query, db, err,
                             "SELECT kind, data FROM events WHERE run_id = ? AND kind IN"
                             " ('" ROG_EVENT_START "', '" ROG_EVENT_END "', '" ROG_EVENT_RESUME
                             "') ORDER BY t, rowid",
                             "s", run_id);
    while (code == 0 && (code = rog_query_step(query, err)) == 1) {
        const char *kind = rog_query_text(query, 0), *data = rog_query_text(query, 1);
        struct rog_json *event = NULL;
        code = rog_json_parse(data ? data : "", data ? strlen(data) : 0, "an event", &event, err);
        if (code == 0 && strcmp(kind, ROG_EVENT_END) == 0) {
            record->ends++;
            record->end_iterations = rog_json_get_integer(event, "iterations", 0);
            record->end_s = rog_json_get_number(event, "seconds", (double)NAN);
        } else if (code == 0 && strcmp(kind, ROG_EVENT_RESUME) == 0) {
            record->resumed = true;
        } else if (code == 0) {
            record->starts++;
            rog_json_free(record->start);
            record->start = rog_json_copy(event);
            record->rows = rog_json_get_integer(event, "rows", 0);
        }
        rog_json_free(event);
    }
    rog_query_free(query);
    return code;
}

static int load_config(struct rog_record *record, struct rog_error *err)
{
    const char *text = record->row.config;
    record->own = !rog_imported_is(&record->row);
    return text ? rog_json_parse(text, strlen(text), "its configuration", &record->config, err) : 0;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Finds the event streams: a run of several processes has several, in addition to that of
 * rogctl. */
static int find_streams(struct rog_db *db, const char *run_id, struct rog_record *record,
                        struct rog_error *err)
{
    struct rog_query *query = NULL;
    int code = rog_query_new(&query, db, err,
                             "SELECT count(*) > 1 FROM streams WHERE run_id = ?"
                             " AND name != '" ROG_STREAM_CONTROLLER "'",
                             "s", run_id);
    if (code == 0)
        code = rog_query_step(query, err);
    if (code == 1)
        record->real = rog_query_int(query, 0) != 0;
    rog_query_free(query);
    return code < 0 ? code : 0;
}

/* Sets the precision of the clock. Virtual time is exact: if at least half of the iterations have
 * no gap, a gap is an error. */
static int find_tolerance(struct rog_record *record, struct rog_error *err)
{
    record->tolerance_s = VIRTUAL_S;
    double *gaps = calloc(record->steps + 1, sizeof *gaps);
    size_t count = 0;
    if (!gaps)
        return rog_fail_nomem(err);
    for (size_t w = 0; w < record->workers; w++)
        for (size_t i = 0; i < record->worker[w].steps; i++) {
            bool came_back;
            double gap_s = fabs(rog_record_gap_s(record, &record->worker[w], i, &came_back));
            if (!isnan(gap_s) && !came_back)
                gaps[count++] = gap_s;
        }
    qsort(gaps, count, sizeof *gaps, ascending);
    record->real |= count && gaps[count / 2] > VIRTUAL_S;
    if (record->real)
        record->tolerance_s = fmax(REAL_S, count ? 20 * gaps[count / 2] : 0);
    free(gaps);
    return 0;
}

int rog_record_load(struct rog_db *db, const char *run_id, struct rog_record *record,
                    struct rog_error *err)
{
    *record = (struct rog_record){0};
    int code = rog_run_row_load(db, run_id, &record->row, err);
    if (code == 0)
        code = load_config(record, err);
    if (code == 0)
        code = rog_returns_load(db, run_id, &record->returns, err);
    if (code == 0)
        code = load_steps(db, run_id, record, err);
    if (code == 0)
        code = load_admits(db, run_id, record, err);
    if (code == 0)
        code = find_streams(db, run_id, record, err);
    if (code == 0)
        code = make_workers(db, record, err);
    if (code == 0) {
        note_returns(record);
        code = add_pushes(record, err);
    }
    if (code == 0)
        code = load_absences(db, run_id, record, err);
    if (code == 0)
        code = load_frame(db, run_id, record, err);
    if (code == 0)
        code = load_ends(db, run_id, record, err);
    if (code == 0)
        code = find_tolerance(record, err);
    if (code < 0)
        rog_record_release(record);
    return code;
}

void rog_record_release(struct rog_record *record)
{
    for (size_t w = 0; w < record->workers; w++)
        free(record->worker[w].push);
    free(record->worker);
    free(record->step);
    free(record->admit);
    rog_returns_release(&record->returns);
    rog_json_free(record->config);
    rog_json_free(record->start);
    rog_run_row_release(&record->row);
    *record = (struct rog_record){0};
}

bool rog_record_configured(const struct rog_record *record, int64_t rank)
{
    const struct rog_json *all = rog_json_get(record->config, "workers");
    return rog_json_size(all) == 0 || is_configured(all, rank);
}

const struct rog_record_worker *rog_record_worker(const struct rog_record *record, int64_t rank)
{
    return find_worker(record, rank);
}

const struct rog_iteration *rog_record_step(const struct rog_record_worker *worker,
                                            int64_t iteration)
{
    size_t low = 0, high = worker->steps;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (worker->step[middle].iteration < iteration)
            low = middle + 1;
        else
            high = middle;
    }
    return low < worker->steps && worker->step[low].iteration == iteration ? &worker->step[low]
                                                                           : NULL;
}

int64_t rog_record_last(const struct rog_record_worker *worker)
{
    int64_t last = worker->steps ? worker->step[worker->steps - 1].iteration : 0;
    return last > worker->returned ? last : worker->returned;
}

/* Returns the number of pushes that had begun, or arrived, by t. */
static size_t pushes_by(const struct rog_record_worker *worker, double t, bool begun)
{
    size_t low = 0, high = worker->pushes;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct rog_push *push = &worker->push[middle];
        if ((begun ? push->began_s : push->arrived_s) <= t)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

int64_t rog_record_arrived(const struct rog_record_worker *worker, double t, double tolerance_s)
{
    size_t first = pushes_by(worker, t - tolerance_s, false);
    int64_t least = first ? worker->push[first - 1].iteration : 0;
    for (size_t end = pushes_by(worker, t + tolerance_s, false); first < end; first++)
        least = worker->push[first].iteration < least ? worker->push[first].iteration : least;
    return least;
}

int64_t rog_record_begun(const struct rog_record_worker *worker, double t, double tolerance_s)
{
    size_t first = pushes_by(worker, t - tolerance_s, true);
    int64_t most = first ? worker->push[first - 1].iteration : 0;
    for (size_t end = pushes_by(worker, t + tolerance_s, true); first < end; first++)
        most = worker->push[first].iteration > most ? worker->push[first].iteration : most;
    return most;
}

bool rog_record_lost(const struct rog_record *record, const struct rog_record_worker *worker,
                     int64_t iteration, double t)
{
    if (worker->unfetched && iteration > rog_record_last(worker))
        return true;
    for (size_t i = 0; i < record->returns.count; i++) {
        const struct rog_return *back = &record->returns.item[i];
        if (back->rank == worker->rank && back->t >= t &&
            (iteration > back->iteration || !rog_record_step(worker, iteration)))
            return true;
    }
    return false;
}

double rog_record_gap_s(const struct rog_record *record, const struct rog_record_worker *worker,
                        size_t index, bool *came_back)
{
    const struct rog_iteration *step = &worker->step[index];
    double began_s = index ? worker->step[index - 1].t : 0;
    const struct rog_return *back =
        rog_returns_between(&record->returns, worker->rank, began_s, step->t);
    *came_back = back != NULL;
    if (back)
        began_s = back->t;
    double slept_s = isnan(step->padding_s) ? 0 : step->padding_s;
    return step->t - began_s -
           (step->compute_s + slept_s + step->push_s + step->stall_s + step->pull_s);
}
