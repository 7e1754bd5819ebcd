/* SPDX-License-Identifier: Apache-2.0 */
/* What has changed since the last look, and rows in buckets of time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <orchestrator/store/news.h>
#include <orchestrator/store/series.h>
#include "figures_fixture.h"

static void add_runs(struct fixture *f, int first, int last)
{
    struct rog_error err;
    assert_int_equal(rog_db_run(f->db, &err,
                                "WITH RECURSIVE n(i) AS (SELECT ?1 UNION ALL SELECT i + 1 FROM n"
                                " WHERE i < ?2) INSERT INTO runs(id, library, threshold, control,"
                                " batchsize, epochs, seed, status, config, config_hash)"
                                " SELECT 'r' || i, 'ROG', 4, 'outdoors', 1, 2, i, 'planned', '{}',"
                                " 'h' FROM n ORDER BY i",
                                "ii", (int64_t)first, (int64_t)last),
                     0);
}

/* ---- runs ---- */

static void expect_runs(struct fixture *f, struct rog_runs_seen *seen, size_t most,
                        const char *text, bool changed)
{
    struct rog_error err;
    struct rog_json *ids = rog_json_array();
    bool list = !changed;
    assert_int_equal(rog_runs_news(f->db, seen, most, ids, &list, &err), 0);
    assert_int_equal(list, changed);
    fixture_expect(ids, text);
}

static void runs_are_news_when_they_change(void **state)
{
    struct fixture *f = *state;
    struct rog_runs_seen seen = {0};
    expect_runs(f, &seen, 9, "[]", false);
    add_runs(f, 1, 3);
    expect_runs(f, &seen, 9, "[\"r1\",\"r2\",\"r3\"]", true);
    assert_int_equal(seen.count, 3);
    static const struct {
        const char *sql, *news;
        bool changed;
    } changes[] = {
        {"UPDATE runs SET status = 'running' WHERE id = 'r2'", "[\"r2\"]", false},
        {"UPDATE runs SET attempt = 1 WHERE id != 'r2'", "[\"r1\",\"r3\"]", false},
        {"UPDATE runs SET ended_at = 'then' WHERE id = 'r3'", "[\"r3\"]", false},
        {"UPDATE runs SET note = 'not news'", "[]", false},
        {"INSERT INTO runs SELECT 'r0', library, threshold, control, batchsize, epochs, note, seed,"
         " workload, cluster, status, attempt, started_at, ended_at, error, config, config_hash,"
         " versions FROM runs WHERE id = 'r3'",
         "[\"r0\"]", true},
        {"DELETE FROM runs WHERE id = 'r0'", "[]", true},
        {"UPDATE runs SET id = 'r9' WHERE id = 'r2'", "[\"r9\"]", true},
        /* Those behind it have another place in the list. */
        {"DELETE FROM runs WHERE id = 'r1'", "[\"r9\",\"r3\"]", true},
    };
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        fixture_sql(f, changes[i].sql);
        expect_runs(f, &seen, 9, changes[i].news, changes[i].changed);
        expect_runs(f, &seen, 9, "[]", false);
    }
    rog_runs_seen_release(&seen);
    assert_null(seen.run);
    assert_int_equal(seen.count, 0);
}

static void executed_runs_are_news_each_time(void **state)
{
    struct fixture *f = *state;
    struct rog_error err;
    struct rog_runs_seen seen = {0};
    struct rog_json *ids = rog_json_array();
    add_runs(f, 1, 4);
    assert_int_equal(rog_runs_executed(f->db, ids, &err), 0);
    fixture_expect(ids, "[]");
    fixture_sql(f,
                "INSERT INTO progress(run_id, state, updated_at) VALUES ('r3', 'running', 'now'),"
                " ('r2', 'running', 'now')");
    expect_runs(f, &seen, 3, "[\"r1\",\"r2\",\"r3\"]", true);
    for (int i = 0; i < 2; i++)
        expect_runs(f, &seen, 9, "[\"r2\",\"r3\"]", false); /* r4 was over the limit */
    expect_runs(f, &seen, 1, "[\"r2\"]", false);
    ids = rog_json_array();
    assert_int_equal(rog_runs_executed(f->db, ids, &err), 0);
    fixture_expect(ids, "[\"r2\",\"r3\"]");
    fixture_sql(f, "DELETE FROM progress");
    expect_runs(f, &seen, 9, "[]", false);
    rog_runs_seen_release(&seen);
}

/* More than are allocated at once. */
static void many_runs_are_seen(void **state)
{
    struct fixture *f = *state;
    struct rog_runs_seen seen = {0};
    add_runs(f, 1, 1000);
    expect_runs(f, &seen, 2, "[\"r1\",\"r2\"]", true);
    assert_int_equal(seen.count, 1000);
    fixture_sql(f, "UPDATE runs SET attempt = 1 WHERE id IN ('r256', 'r257', 'r1000')");
    expect_runs(f, &seen, 9, "[\"r256\",\"r257\",\"r1000\"]", false);
    rog_runs_seen_release(&seen);
}

/* ---- rows of a run ---- */

static void expect_news(struct fixture *f, struct rog_run_cursor *cursor, size_t most,
                        const char *text)
{
    struct rog_error err;
    struct rog_json *object = rog_json_object();
    bool is_empty = strcmp(text, "{\"accuracy\":[],\"iterations\":[],\"bandwidth\":[],"
                                 "\"dropped\":0}") == 0;
    bool any = is_empty;
    assert_int_equal(rog_run_news(f->db, "r1", cursor, most, object, &any, &err), 0);
    fixture_expect(object, text);
    assert_int_equal(any, !is_empty);
}

static void expect_no_news(struct fixture *f, struct rog_run_cursor *cursor)
{
    expect_news(f, cursor, 9, "{\"accuracy\":[],\"iterations\":[],\"bandwidth\":[],\"dropped\":0}");
}

/* Two workers, the server (rank 0), which is none, and another run. */
static void add_rows(struct fixture *f)
{
    add_runs(f, 1, 2);
    fixture_sql(f, "INSERT INTO iterations(run_id, rank, iteration, t, compute_s, push_s, pull_s,"
                   " stall_s, staleness, rows_pushed, rows_pulled, rows_total) VALUES"
                   " ('r1', 2, 1, 4, 1, 2, 0.5, 0.25, 3, 10, 20, 40),"
                   " ('r1', 1, 1, 5, 1.5, 1, 1, 0, NULL, NULL, 1, 0),"
                   " ('r1', 1, 2, 9, 1, 1, 1, 1, 1, 8, 2, 8),"
                   " ('r2', 1, 3, 7, 1, 1, 1, 1, 1, 8, 2, 8)");
    fixture_sql(f, "INSERT INTO bandwidth VALUES ('r1', 2, 0, 50), ('r1', 1, 3, 20),"
                   " ('r1', 1, 0, 30), ('r1', 0, 1, 99), ('r2', 1, 1, 98), ('r1', 7, 1, 97)");
    fixture_sql(f, "INSERT INTO checkpoints(run_id, t, iteration, path, accuracy) VALUES"
                   " ('r1', 0, 0, 'p', 50), ('r1', 10, 2, 'p', NULL), ('r1', 20, 3, 'p', 55.5),"
                   " ('r2', 30, 4, 'p', 60)");
}

#define ITERATION_1_1                                                                    \
    "{\"worker\":1,\"iteration\":1,\"t\":5.0,\"compute_s\":1.5,\"communication_s\":2.0," \
    "\"stall_s\":0.0,\"staleness\":null,\"rows_pushed\":null,\"rows_pulled\":null}"
#define ITERATION_1_2                                                                    \
    "{\"worker\":1,\"iteration\":2,\"t\":9.0,\"compute_s\":1.0,\"communication_s\":2.0," \
    "\"stall_s\":1.0,\"staleness\":1.0,\"rows_pushed\":100.0,\"rows_pulled\":25.0}"
#define ITERATION_2_1                                                                    \
    "{\"worker\":2,\"iteration\":1,\"t\":4.0,\"compute_s\":1.0,\"communication_s\":2.5," \
    "\"stall_s\":0.25,\"staleness\":3.0,\"rows_pushed\":25.0,\"rows_pulled\":50.0}"

static void rows_are_news_once(void **state)
{
    struct fixture *f = *state;
    struct rog_run_cursor cursor = {0};
    add_rows(f);
    expect_news(f, &cursor, 9,
                "{\"accuracy\":[[0.0,0,50.0],[20.0,3,55.5]],\"iterations\":[" ITERATION_1_1
                "," ITERATION_1_2 "," ITERATION_2_1 "],"
                "\"bandwidth\":[[1,0.0,30.0],[1,3.0,20.0],[2,0.0,50.0]],\"dropped\":0}");
    expect_no_news(f, &cursor);
    /* A test ends late, one worker goes on, and another begins. */
    fixture_sql(f, "UPDATE checkpoints SET accuracy = 52 WHERE t = 10");
    fixture_sql(f, "UPDATE checkpoints SET accuracy = 61 WHERE run_id = 'r2'");
    expect_news(f, &cursor, 9,
                "{\"accuracy\":[[10.0,2,52.0]],\"iterations\":[],\"bandwidth\":[],"
                "\"dropped\":0}");
    fixture_sql(f, "INSERT INTO bandwidth VALUES ('r1', 2, 4, 60), ('r1', 7, 4, 61)");
    expect_news(f, &cursor, 9,
                "{\"accuracy\":[],\"iterations\":[],\"bandwidth\":[[2,4.0,60.0]],"
                "\"dropped\":0}");
    fixture_sql(f, "INSERT INTO iterations(run_id, rank, iteration, t, compute_s, push_s, pull_s,"
                   " stall_s) VALUES ('r1', 3, 1, 6, 1, 2, 3, 4)");
    expect_news(f, &cursor, 9,
                "{\"accuracy\":[],\"iterations\":[{\"worker\":3,\"iteration\":1,\"t\":6.0,"
                "\"compute_s\":1.0,\"communication_s\":5.0,\"stall_s\":4.0,\"staleness\":null,"
                "\"rows_pushed\":null,\"rows_pulled\":null}],\"bandwidth\":[],\"dropped\":0}");
    /* The next iteration is news although its number is below the time of the last one. */
    fixture_sql(f, "INSERT INTO iterations(run_id, rank, iteration, t, compute_s, push_s, pull_s,"
                   " stall_s) VALUES ('r1', 3, 2, 12, 1, 2, 3, 4)");
    expect_news(f, &cursor, 9,
                "{\"accuracy\":[],\"iterations\":[{\"worker\":3,\"iteration\":2,\"t\":12.0,"
                "\"compute_s\":1.0,\"communication_s\":5.0,\"stall_s\":4.0,\"staleness\":null,"
                "\"rows_pushed\":null,\"rows_pulled\":null}],\"bandwidth\":[],\"dropped\":0}");
    expect_no_news(f, &cursor);
    rog_run_cursor_release(&cursor);
    assert_null(cursor.rank);
    assert_null(cursor.tested);
}

/* Iterations and bandwidth each have their limit; what is left out does not come later. */
static void news_have_a_limit(void **state)
{
    struct fixture *f = *state;
    struct rog_run_cursor cursor = {0};
    add_rows(f);
    fixture_sql(f, "INSERT INTO bandwidth VALUES ('r1', 2, 5, 60)");
    expect_news(f, &cursor, 2,
                "{\"accuracy\":[[0.0,0,50.0],[20.0,3,55.5]],\"iterations\":[" ITERATION_1_1
                "," ITERATION_1_2 "],\"bandwidth\":[[1,0.0,30.0],[1,3.0,20.0]],\"dropped\":3}");
    expect_no_news(f, &cursor);
    fixture_sql(f, "INSERT INTO bandwidth VALUES ('r1', 2, 6, 60)");
    expect_news(f, &cursor, 0,
                "{\"accuracy\":[],\"iterations\":[],\"bandwidth\":[],\"dropped\":1}");
    expect_no_news(f, &cursor);
    rog_run_cursor_release(&cursor);
}

/* With no object to add them to. */
static void rows_are_skipped(void **state)
{
    struct fixture *f = *state;
    struct rog_error err;
    struct rog_run_cursor cursor = {0};
    bool any = true;
    assert_int_equal(rog_run_news(f->db, "r1", &cursor, 0, NULL, &any, &err), 0);
    assert_false(any);
    add_rows(f);
    fixture_sql(f, "DELETE FROM bandwidth WHERE run_id = 'r1' AND rank = 2");
    assert_int_equal(rog_run_news(f->db, "r1", &cursor, 0, NULL, &any, &err), 0);
    assert_true(any);
    expect_no_news(f, &cursor);
    fixture_sql(f, "INSERT INTO bandwidth VALUES ('r1', 1, 3.5, 40), ('r1', 2, 0, 70)");
    fixture_sql(f, "INSERT INTO iterations(run_id, rank, iteration, t) VALUES ('r1', 2, 2, 30)");
    expect_news(f, &cursor, 9,
                "{\"accuracy\":[],\"iterations\":[{\"worker\":2,\"iteration\":2,\"t\":30.0,"
                "\"compute_s\":null,\"communication_s\":null,\"stall_s\":null,\"staleness\":null,"
                "\"rows_pushed\":null,\"rows_pulled\":null}],"
                "\"bandwidth\":[[1,3.5,40.0],[2,0.0,70.0]],\"dropped\":0}");
    rog_run_cursor_release(&cursor);
}

/* ---- span ---- */

static void expect_span(struct fixture *f, const char *ranks, double seconds)
{
    struct rog_error err;
    struct rog_run_span span;
    assert_int_equal(rog_run_span_load(f->db, "r1", &span, &err), 0);
    assert_int_equal(span.ranks, strlen(ranks));
    for (size_t i = 0; i < span.ranks; i++)
        assert_int_equal(span.rank[i], ranks[i] - '0');
    assert_true(span.seconds == seconds);
    rog_run_span_release(&span);
    assert_null(span.rank);
    assert_int_equal(span.ranks, 0);
}

static void a_span_has_ranks_and_an_end(void **state)
{
    struct fixture *f = *state;
    add_runs(f, 1, 2);
    expect_span(f, "", 0);
    fixture_sql(
        f, "INSERT INTO iterations(run_id, rank, iteration, t) VALUES ('r1', 4, 1, 3),"
           " ('r1', 4, 2, 8), ('r1', 1, 1, 5), ('r1', 1, 2, 9), ('r1', 2, 1, 7),"
           " ('r1', 5, 1, 1), ('r1', 7, 1, 1), ('r1', 6, 1, 1), ('r1', 9, 1, 1), ('r1', 8, 1, 1),"
           " ('r1', 0, 1, 99), ('r2', 3, 1, 98)");
    expect_span(f, "12456789", 9);
    fixture_sql(f, "INSERT INTO events(run_id, rank, t, kind) VALUES ('r1', 1, 97, 'leave'),"
                   " ('r2', 1, 96, 'end')");
    expect_span(f, "12456789", 9);
    fixture_sql(f, "INSERT INTO events(run_id, rank, t, kind) VALUES ('r1', 0, 8.5, 'end'),"
                   " ('r1', 0, 8, 'end')");
    expect_span(f, "12456789", 8.5);
    fixture_sql(f, "DELETE FROM iterations WHERE run_id = 'r1'");
    expect_span(f, "", 8.5);
}

/* ---- buckets ---- */

/* Compares all buckets: "count/weight/sum/min/max ...", "-" if empty. */
static void expect_buckets(const struct rog_buckets *buckets, size_t line, size_t value,
                           const char *text)
{
    char found[512] = "";
    for (size_t point = 0, end = 0; point < buckets->points; point++) {
        const struct rog_bucket *b = rog_bucket_at(buckets, line, value, point);
        const char *space = point ? " " : "";
        int size = b->count ? snprintf(found + end, sizeof found - end, "%s%lld/%g/%g/%g/%g", space,
                                       (long long)b->count, b->weight, b->sum, b->min, b->max)
                            : snprintf(found + end, sizeof found - end, "%s-", space);
        end += (size_t)size;
    }
    assert_string_equal(found, text);
}

static void open_buckets(struct rog_buckets *buckets, size_t values, const int64_t *rank,
                         size_t lines)
{
    struct rog_error err;
    *buckets = (struct rog_buckets){
        .from = 2, .to = 10, .points = 4, .values = values, .lines = lines, .rank = rank};
    assert_int_equal(rog_buckets_init(buckets, &err), 0);
}

static void add_points(struct fixture *f)
{
    add_runs(f, 1, 2);
    fixture_sql(f, "INSERT INTO iterations(run_id, rank, iteration, t, stall_s, loss) VALUES"
                   " ('r1', 0, 1, 3, 99, 99), ('r2', 1, 1, 3, 98, 98), ('r1', 1, 1, 1.5, 97, 97),"
                   " ('r1', 1, 2, 2, 5, 1), ('r1', 1, 3, 3.5, 1, NULL), ('r1', 1, 4, 4, 2, NULL),"
                   " ('r1', 1, 5, 10, 3, 2), ('r1', 1, 6, 10.5, 96, 96), ('r1', 2, 1, 5, 20, 3),"
                   " ('r1', 3, 1, 3, 4, 4), ('r1', 3, 2, 9, 7, 5), ('r1', 3, 3, 9.5, 6, 6)");
}

static void iterations_are_put_in_buckets(void **state)
{
    struct fixture *f = *state;
    struct rog_error err;
    struct rog_buckets buckets;
    static const char *const expressions[] = {"stall_s", "2 * loss"};
    static const int64_t two[] = {3, 1}, all[] = {0}, one[] = {3};
    add_points(f);
    open_buckets(&buckets, 2, two, 2);
    assert_int_equal(rog_series_iterations(f->db, "r1", expressions, &buckets, &err), 0);
    expect_buckets(&buckets, 0, 0, "1/1/4/4/4 - - 2/2/13/6/7");
    expect_buckets(&buckets, 0, 1, "1/1/8/8/8 - - 2/2/22/10/12");
    expect_buckets(&buckets, 1, 0, "2/2/6/1/5 1/1/2/2/2 - 1/1/3/3/3");
    expect_buckets(&buckets, 1, 1, "1/1/2/2/2 - - 1/1/4/4/4");
    rog_buckets_release(&buckets);
    assert_null(buckets.bucket);
    open_buckets(&buckets, 1, all, 1);
    assert_int_equal(rog_series_iterations(f->db, "r1", expressions, &buckets, &err), 0);
    expect_buckets(&buckets, 0, 0, "3/3/10/1/5 2/2/22/2/20 - 3/3/16/3/7");
    rog_buckets_release(&buckets);
    open_buckets(&buckets, 1, one, 1);
    assert_int_equal(rog_series_iterations(f->db, "r1", expressions, &buckets, &err), 0);
    expect_buckets(&buckets, 0, 0, "1/1/4/4/4 - - 2/2/13/6/7");
    rog_buckets_release(&buckets);
    static const char *const wrong[] = {"no_column"};
    open_buckets(&buckets, 1, one, 1);
    assert_true(rog_series_iterations(f->db, "r1", wrong, &buckets, &err) < 0);
    rog_buckets_release(&buckets);
}

/* A reading holds until the next one of the same worker, the last one to the end. */
static void bandwidth_is_held(void **state)
{
    struct fixture *f = *state;
    struct rog_error err;
    struct rog_buckets buckets;
    static const int64_t two[] = {3, 1}, all[] = {0}, one[] = {1};
    add_runs(f, 1, 2);
    fixture_sql(f, "INSERT INTO bandwidth VALUES ('r1', 0, 2, 99), ('r2', 1, 2, 98),"
                   " ('r1', 1, 0, 97), ('r1', 1, 1, 10), ('r1', 1, 5, 20), ('r1', 1, 8, 40),"
                   " ('r1', 1, 11, 96), ('r1', 2, 4, 1), ('r1', 3, 8, 5), ('r1', 3, 10, 95)");
    open_buckets(&buckets, 1, two, 2);
    assert_int_equal(rog_series_bandwidth(f->db, "r1", &buckets, &err), 0);
    expect_buckets(&buckets, 0, 0, "- - - 1/2/10/5/5");
    expect_buckets(&buckets, 1, 0, "1/2/20/10/10 2/2/30/10/20 1/2/40/20/20 1/2/80/40/40");
    rog_buckets_release(&buckets);
    open_buckets(&buckets, 1, one, 1);
    assert_int_equal(rog_series_bandwidth(f->db, "r1", &buckets, &err), 0);
    expect_buckets(&buckets, 0, 0, "1/2/20/10/10 2/2/30/10/20 1/2/40/20/20 1/2/80/40/40");
    rog_buckets_release(&buckets);
    open_buckets(&buckets, 1, all, 1);
    assert_int_equal(rog_series_bandwidth(f->db, "r1", &buckets, &err), 0);
    expect_buckets(&buckets, 0, 0, "1/2/20/10/10 3/4/32/1/20 2/4/42/1/20 3/6/92/1/40");
    rog_buckets_release(&buckets);
    open_buckets(&buckets, 1, all, 1);
    assert_int_equal(rog_series_bandwidth(f->db, "no such run", &buckets, &err), 0);
    expect_buckets(&buckets, 0, 0, "- - - -");
    rog_buckets_release(&buckets);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(runs_are_news_when_they_change),
        TEST(executed_runs_are_news_each_time),
        TEST(many_runs_are_seen),
        TEST(rows_are_news_once),
        TEST(news_have_a_limit),
        TEST(rows_are_skipped),
        TEST(a_span_has_ranks_and_an_end),
        TEST(iterations_are_put_in_buckets),
        TEST(bandwidth_is_held),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
