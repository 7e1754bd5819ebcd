/* SPDX-License-Identifier: Apache-2.0 */
/* Sums recorded rows in buckets of time. */
#include <orchestrator/store/series.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>

/* ---- span ---- */

static int take_rank(struct rog_run_span *span, int64_t rank, struct rog_error *err)
{
    int64_t *more = realloc(span->rank, (span->ranks + 1) * sizeof *more);
    if (!more)
        return rog_fail_nomem(err);
    span->rank = more;
    more[span->ranks++] = rank;
    return 0;
}

/* Goes from rank to rank by the table's key, and reads only the last iteration of each. */
int rog_run_span_load(struct rog_db *db, const char *run_id, struct rog_run_span *span,
                      struct rog_error *err)
{
    struct rog_query *query = NULL;
    double ended = (double)NAN, last = 0;
    *span = (struct rog_run_span){0};
    int code = rog_query_new(
        &query, db, err,
        "WITH RECURSIVE ranks(rank) AS ("
        " SELECT min(rank) FROM iterations WHERE run_id = ?1 AND rank > 0 UNION ALL"
        " SELECT (SELECT min(rank) FROM iterations WHERE run_id = ?1 AND rank > ranks.rank)"
        " FROM ranks WHERE rank IS NOT NULL)"
        "SELECT rank, (SELECT t FROM iterations AS i WHERE i.run_id = ?1 AND i.rank = ranks.rank"
        "  ORDER BY iteration DESC LIMIT 1),"
        " (SELECT max(t) FROM events WHERE run_id = ?1 AND kind = 'end') FROM ranks",
        "s", run_id);
    while (code == 0 && (code = rog_query_step(query, err)) == 1) {
        code = 0;
        ended = rog_query_real(query, 2);
        if (rog_query_is_null(query, 0))
            continue;
        last = fmax(last, rog_query_real(query, 1));
        code = take_rank(span, rog_query_int(query, 0), err);
    }
    rog_query_free(query);
    span->seconds = isnan(ended) ? last : ended;
    if (code < 0)
        rog_run_span_release(span);
    return code;
}

void rog_run_span_release(struct rog_run_span *span)
{
    free(span->rank);
    *span = (struct rog_run_span){0};
}

/* ---- buckets ---- */

int rog_buckets_init(struct rog_buckets *buckets, struct rog_error *err)
{
    size_t count = buckets->lines * buckets->values * buckets->points;
    buckets->bucket = calloc(count + 1, sizeof *buckets->bucket);
    return buckets->bucket ? 0 : rog_fail_nomem(err);
}

void rog_buckets_release(struct rog_buckets *buckets)
{
    free(buckets->bucket);
    buckets->bucket = NULL;
}

const struct rog_bucket *rog_bucket_at(const struct rog_buckets *buckets, size_t line, size_t value,
                                       size_t point)
{
    return &buckets->bucket[(line * buckets->values + value) * buckets->points + point];
}

static double width_of(const struct rog_buckets *buckets)
{
    return (buckets->to - buckets->from) / (double)buckets->points;
}

/* Returns the bucket of a time within the window. */
static size_t point_of(const struct rog_buckets *buckets, double t)
{
    double point = (t - buckets->from) / width_of(buckets);
    size_t last = buckets->points - 1;
    return point < 0 || isnan(point) ? 0 : point > (double)last ? last : (size_t)point;
}

static void put(struct rog_buckets *buckets, size_t line, size_t value, size_t point, double number,
                double weight)
{
    struct rog_bucket *bucket =
        &buckets->bucket[(line * buckets->values + value) * buckets->points + point];
    bucket->min = bucket->count ? fmin(bucket->min, number) : number;
    bucket->max = bucket->count ? fmax(bucket->max, number) : number;
    bucket->count++;
    bucket->weight += weight;
    bucket->sum += weight * number;
}

/* Returns the line of a rank, or `lines` if it was not requested. */
static size_t line_of(const struct rog_buckets *buckets, int64_t rank)
{
    size_t line = 0;
    while (line < buckets->lines && buckets->rank[line] != 0 && buckets->rank[line] != rank)
        line++;
    return line;
}

/* Returns the rank for SQL if only one is requested, else 0. */
static int64_t only_rank(const struct rog_buckets *buckets)
{
    return buckets->lines == 1 ? buckets->rank[0] : 0;
}

/* ---- passes ---- */

static int pass(struct rog_query *query, struct rog_buckets *buckets, struct rog_error *err)
{
    int64_t before = -1;
    size_t line = 0;
    int code;
    while ((code = rog_query_step(query, err)) == 1) {
        int64_t rank = rog_query_int(query, 0);
        line = rank == before ? line : line_of(buckets, rank);
        before = rank;
        if (line == buckets->lines)
            continue;
        size_t point = point_of(buckets, rog_query_real(query, 1));
        for (size_t value = 0; value < buckets->values; value++) {
            double number = rog_query_real(query, 2 + (int)value);
            if (!isnan(number))
                put(buckets, line, value, point, number, 1);
        }
    }
    return code;
}

int rog_series_iterations(struct rog_db *db, const char *run_id, const char *const *expressions,
                          struct rog_buckets *buckets, struct rog_error *err)
{
    struct rog_query *query = NULL;
    char *list = rog_strdup("");
    for (size_t i = 0; list && i < buckets->values; i++) {
        char *longer = rog_format("%s, %s", list, expressions[i]);
        free(list);
        list = longer;
    }
    char *sql = list ? rog_format("SELECT rank, t%s FROM iterations WHERE run_id = ?1 AND %s"
                                  " AND t BETWEEN ?3 AND ?4",
                                  list, only_rank(buckets) ? "rank = ?2" : "rank > ?2")
                     : NULL;
    int code = sql ? rog_query_new(&query, db, err, sql, "sidd", run_id, only_rank(buckets),
                                   buckets->from, buckets->to)
                   : rog_fail_nomem(err);
    if (code == 0)
        code = pass(query, buckets, err);
    rog_query_free(query);
    free(sql);
    free(list);
    return code;
}

/* Adds a value that holds over a time span to each bucket, weighted by the time within the
 * bucket. */
static void put_held(struct rog_buckets *buckets, size_t line, double since, double until,
                     double number)
{
    since = fmax(since, buckets->from);
    until = fmin(until, buckets->to);
    if (!(since < until) || isnan(number))
        return;
    double width = width_of(buckets);
    size_t last = point_of(buckets, until);
    for (size_t point = point_of(buckets, since); point <= last; point++) {
        double begin = buckets->from + width * (double)point;
        double held = fmin(until, begin + width) - fmax(since, begin);
        if (held > 0)
            put(buckets, line, 0, point, number, held);
    }
}

int rog_series_bandwidth(struct rog_db *db, const char *run_id, struct rog_buckets *buckets,
                         struct rog_error *err)
{
    struct rog_query *query = NULL;
    int64_t before = -1;
    double since = 0, number = (double)NAN;
    char *sql = rog_format("SELECT rank, t, mbps FROM bandwidth WHERE run_id = ?1 AND %s"
                           " AND t <= ?3 ORDER BY rank, t",
                           only_rank(buckets) ? "rank = ?2" : "rank > ?2");
    int code =
        sql ? rog_query_new(&query, db, err, sql, "sid", run_id, only_rank(buckets), buckets->to)
            : rog_fail_nomem(err);
    free(sql);
    size_t line = buckets->lines;
    while (code == 0 && (code = rog_query_step(query, err)) == 1) {
        int64_t rank = rog_query_int(query, 0);
        double t = rog_query_real(query, 1);
        if (line < buckets->lines)
            put_held(buckets, line, since, rank == before ? t : buckets->to, number);
        line = line_of(buckets, rank);
        before = rank;
        since = t;
        number = rog_query_real(query, 2);
        code = 0;
    }
    if (code == 0 && line < buckets->lines)
        put_held(buckets, line, since, buckets->to, number);
    rog_query_free(query);
    return code;
}
