/* SPDX-License-Identifier: Apache-2.0 */
/* Finds what has changed in the database since the last call. */
#include <orchestrator/store/news.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <orchestrator/store/series.h>
#include <orchestrator/store/summary.h>

/* ---- runs ---- */

static uint64_t mix(uint64_t hash, const char *text)
{
    for (; text && *text; text++)
        hash = (hash ^ (unsigned char)*text) * 0x100000001b3u;
    return (hash ^ 0xff) * 0x100000001b3u;
}

static int add_seen(struct rog_runs_seen *seen, const char *id, uint64_t state,
                    struct rog_error *err)
{
    if (seen->count % 256 == 0) {
        void *more = realloc(seen->run, (seen->count + 256) * sizeof *seen->run);
        if (!more)
            return rog_fail_nomem(err);
        seen->run = more;
    }
    seen->run[seen->count] = (struct rog_run_seen){rog_strdup(id), state};
    return seen->run[seen->count++].id ? 0 : rog_fail_nomem(err);
}

void rog_runs_seen_release(struct rog_runs_seen *seen)
{
    for (size_t i = 0; i < seen->count; i++)
        free(seen->run[i].id);
    free(seen->run);
    *seen = (struct rog_runs_seen){0};
}

int rog_runs_executed(struct rog_db *db, struct rog_json *ids, struct rog_error *err)
{
    struct rog_query *query = NULL;
    int code = rog_query_new(&query, db, err, "SELECT run_id FROM progress ORDER BY run_id", "");
    while (code == 0 && (code = rog_query_step(query, err)) == 1) {
        rog_json_append(ids, rog_json_new_string(rog_query_text(query, 0)));
        code = 0;
    }
    rog_query_free(query);
    return code;
}

/* The list of runs seen before and the query are both in the order in which runs were recorded. */
int rog_runs_news(struct rog_db *db, struct rog_runs_seen *seen, size_t most, struct rog_json *ids,
                  bool *list, struct rog_error *err)
{
    struct rog_runs_seen now = {0};
    struct rog_query *query = NULL;
    *list = false;
    int code = rog_query_new(&query, db, err,
                             "SELECT id, status, attempt, ended_at, EXISTS (SELECT 1 FROM progress"
                             " WHERE run_id = id) FROM runs ORDER BY runs.rowid",
                             "");
    while (code == 0 && (code = rog_query_step(query, err)) == 1) {
        uint64_t state = 0xcbf29ce484222325u;
        for (int column = 1; column <= 3; column++)
            state = mix(state, rog_query_text(query, column));
        code = add_seen(&now, rog_query_text(query, 0), state, err);
        if (code < 0)
            break;
        const struct rog_run_seen *own = &now.run[now.count - 1];
        const struct rog_run_seen *before =
            now.count <= seen->count ? &seen->run[now.count - 1] : NULL;
        bool is_same_run = before && strcmp(before->id, own->id) == 0;
        bool is_news = !is_same_run || before->state != state || rog_query_int(query, 4);
        *list = *list || !is_same_run;
        if (is_news && rog_json_size(ids) < most)
            rog_json_append(ids, rog_json_new_string(own->id));
    }
    rog_query_free(query);
    *list = *list || now.count != seen->count;
    if (code < 0) {
        rog_runs_seen_release(&now);
    } else {
        rog_runs_seen_release(seen);
        *seen = now;
    }
    return code;
}

/* ---- rows of a run ---- */

static struct rog_rank_cursor *rank_of(struct rog_run_cursor *cursor, int64_t rank)
{
    for (size_t i = 0; i < cursor->ranks; i++)
        if (cursor->rank[i].rank == rank)
            return &cursor->rank[i];
    void *more = realloc(cursor->rank, (cursor->ranks + 1) * sizeof *cursor->rank);
    if (!more)
        return NULL;
    cursor->rank = more;
    cursor->rank[cursor->ranks] = (struct rog_rank_cursor){.rank = rank, .bandwidth_t = -INFINITY};
    return &cursor->rank[cursor->ranks++];
}

void rog_run_cursor_release(struct rog_run_cursor *cursor)
{
    free(cursor->rank);
    free(cursor->tested);
    *cursor = (struct rog_run_cursor){0};
}

/* Rows that are collected, and how many are left out. */
struct taking {
    struct rog_json *iterations, *bandwidth;
    size_t most;
    int64_t dropped;
    bool any;
};

static struct rog_json *iteration_json(const struct rog_query *query, int64_t rank)
{
    static const char *const names[] = {"t",         "compute_s",   "communication_s", "stall_s",
                                        "staleness", "rows_pushed", "rows_pulled"};
    struct rog_json *row = rog_json_object();
    rog_json_put_integer(row, "worker", rank);
    rog_json_put_integer(row, "iteration", rog_query_int(query, 0));
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        rog_json_put_number(row, names[i], rog_query_real(query, (int)i + 1));
    return row;
}

static int take_iterations(struct rog_db *db, const char *run_id, struct rog_rank_cursor *rank,
                           struct taking *taking, struct rog_error *err)
{
    struct rog_query *query = NULL;
    int code = rog_query_new(&query, db, err,
                             "SELECT iteration, t, compute_s, push_s + pull_s, stall_s, staleness,"
                             " 100.0 * rows_pushed / nullif(rows_total, 0),"
                             " 100.0 * rows_pulled / nullif(rows_total, 0) FROM iterations"
                             " WHERE run_id = ? AND rank = ? AND iteration > ? ORDER BY iteration",
                             "sii", run_id, rank->rank, rank->iteration);
    while (code == 0 && (code = rog_query_step(query, err)) == 1) {
        code = 0;
        taking->any = true;
        rank->iteration = rog_query_int(query, 0);
        if (rog_json_size(taking->iterations) < taking->most)
            rog_json_append(taking->iterations, iteration_json(query, rank->rank));
        else
            taking->dropped++;
    }
    rog_query_free(query);
    return code;
}

static int take_bandwidth(struct rog_db *db, const char *run_id, struct rog_rank_cursor *rank,
                          struct taking *taking, struct rog_error *err)
{
    struct rog_query *query = NULL;
    int code = rog_query_new(&query, db, err,
                             "SELECT t, mbps FROM bandwidth WHERE run_id = ? AND rank = ? AND t > ?"
                             " ORDER BY t",
                             "sid", run_id, rank->rank, rank->bandwidth_t);
    while (code == 0 && (code = rog_query_step(query, err)) == 1) {
        code = 0;
        taking->any = true;
        rank->bandwidth_t = rog_query_real(query, 0);
        if (rog_json_size(taking->bandwidth) >= taking->most) {
            taking->dropped++;
            continue;
        }
        struct rog_json *row = rog_json_array();
        rog_json_append(row, rog_json_new_integer(rank->rank));
        rog_json_append(row, rog_json_new_number(rog_query_real(query, 0)));
        rog_json_append(row, rog_json_new_number(rog_query_real(query, 1)));
        rog_json_append(taking->bandwidth, row);
    }
    rog_query_free(query);
    return code;
}

/* Moves to the end of a worker's rows without reading them. */
static int skip(struct rog_db *db, const char *run_id, struct rog_rank_cursor *rank,
                struct rog_error *err)
{
    struct rog_query *query = NULL;
    int code = rog_query_new(&query, db, err,
                             "SELECT coalesce((SELECT max(iteration) FROM iterations WHERE run_id "
                             "= ?1 AND rank = ?2), 0),"
                             " (SELECT max(t) FROM bandwidth WHERE run_id = ?1 AND rank = ?2)",
                             "si", run_id, rank->rank);
    if (code == 0)
        code = rog_query_step(query, err);
    if (code == 1) {
        rank->iteration = rog_query_int(query, 0);
        rank->bandwidth_t = rog_query_is_null(query, 1) ? -INFINITY : rog_query_real(query, 1);
    }
    rog_query_free(query);
    return code < 0 ? code : 0;
}

static int take_ranks(struct rog_db *db, const char *run_id, struct rog_run_cursor *cursor,
                      struct taking *taking, bool skips, struct rog_error *err)
{
    struct rog_run_span span = {0};
    int code = rog_run_span_load(db, run_id, &span, err);
    for (size_t i = 0; code == 0 && i < span.ranks; i++) {
        struct rog_rank_cursor *rank = rank_of(cursor, span.rank[i]);
        code = !rank   ? rog_fail_nomem(err)
               : skips ? skip(db, run_id, rank, err)
                       : take_iterations(db, run_id, rank, taking, err);
        if (code == 0 && !skips)
            code = take_bandwidth(db, run_id, rank, taking, err);
    }
    rog_run_span_release(&span);
    return code;
}

/* Tests may finish in any order, so all of them are compared with the known ones. */
static int take_tests(struct rog_db *db, const char *run_id, struct rog_run_cursor *cursor,
                      struct rog_json *points, bool *any, struct rog_error *err)
{
    struct rog_accuracy accuracy = {0};
    int code = rog_accuracy_load(db, run_id, &accuracy, err);
    double *tested = code == 0 ? calloc(accuracy.count + 1, sizeof *tested) : NULL;
    if (code == 0 && !tested)
        code = rog_fail_nomem(err);
    for (size_t i = 0, known = 0; code == 0 && i < accuracy.count; i++) {
        const struct rog_accuracy_point *point = &accuracy.point[i];
        tested[i] = point->t;
        while (known < cursor->tests && cursor->tested[known] < point->t)
            known++;
        if (known < cursor->tests && cursor->tested[known] == point->t)
            continue;
        struct rog_json *row = rog_json_array();
        rog_json_append(row, rog_json_new_number(point->t));
        rog_json_append(row, rog_json_new_integer(point->iteration));
        rog_json_append(row, rog_json_new_number(point->percent));
        rog_json_append(points, row);
        *any = true;
    }
    if (code == 0) {
        free(cursor->tested);
        cursor->tested = tested;
        cursor->tests = accuracy.count;
    }
    rog_accuracy_release(&accuracy);
    return code;
}

int rog_run_news(struct rog_db *db, const char *run_id, struct rog_run_cursor *cursor, size_t most,
                 struct rog_json *object, bool *any, struct rog_error *err)
{
    struct rog_json *points = rog_json_array();
    struct taking taking = {
        .iterations = rog_json_array(), .bandwidth = rog_json_array(), .most = most};
    int code = take_tests(db, run_id, cursor, points, &taking.any, err);
    if (code == 0)
        code = take_ranks(db, run_id, cursor, &taking, !object, err);
    *any = taking.any;
    if (object) {
        rog_json_put(object, "accuracy", points);
        rog_json_put(object, "iterations", taking.iterations);
        rog_json_put(object, "bandwidth", taking.bandwidth);
        rog_json_put_integer(object, "dropped", taking.dropped);
        return code;
    }
    rog_json_free(points);
    rog_json_free(taking.iterations);
    rog_json_free(taking.bandwidth);
    return code;
}
