/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of runs, their filters, single runs and their events. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <orchestrator/store/browse.h>
#include "figures_fixture.h"

#define RUNS "INSERT INTO runs(id, library, threshold, control, batchsize, epochs, seed, status, "
#define CONFIG "config, config_hash) "
#define TESTED "INSERT INTO checkpoints(run_id, t, iteration, path, accuracy) VALUES "

static void add_run(struct fixture *f, const char *id, const char *status)
{
    struct rog_error err;
    assert_int_equal(rog_db_run(f->db, &err,
                                RUNS CONFIG
                                "VALUES (?, 'ROG', 4, 'outdoors', 1, 2, 7, ?, '{}', 'h')",
                                "ss", id, status),
                     0);
}

/* ---- numbers ---- */

static void runs_are_counted_by_status(void **state)
{
    struct fixture *f = *state;
    struct rog_error err;
    struct rog_json *object = rog_json_object();
    assert_int_equal(rog_browse_count(f->db, object, &err), 0);
    fixture_expect(object, "{\"runs\":0,\"done\":0,\"running\":0,\"failed\":0,\"planned\":0}");

    static const char *const statuses[] = {"done",   "running", "done",   "failed",  "done",
                                           "failed", "done",    "failed", "running", "planned"};
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++)
        add_run(f, (char[]){(char)('a' + i), '\0'}, statuses[i]);
    object = rog_json_object();
    assert_int_equal(rog_browse_count(f->db, object, &err), 0);
    fixture_expect(object, "{\"runs\":10,\"done\":4,\"running\":2,\"failed\":3,\"planned\":1}");
}

static void more_rows_than_a_number(void **state)
{
    struct fixture *f = *state;
    struct rog_error err;
    add_run(f, "r", "done");
    add_run(f, "other", "done");
    fixture_sql(f, "INSERT INTO iterations(run_id, rank, iteration, t) VALUES ('other', 1, 1, 1),"
                   " ('r', 1, 1, 1), ('r', 1, 2, 2), ('r', 2, 1, 1), ('other', 1, 2, 2)");
    static const struct {
        const char *id;
        int64_t rows;
        bool more;
    } cases[] = {{"r", 0, true},     {"r", 2, true},      {"r", 3, false},   {"r", 4, false},
                 {"other", 1, true}, {"other", 2, false}, {"none", 0, false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bool more = !cases[i].more;
        assert_int_equal(rog_browse_has_more(f->db, cases[i].id, cases[i].rows, &more, &err), 0);
        assert_int_equal(more, cases[i].more);
    }
}

/* ---- lists ---- */

static void only_some_columns_are_listed(void **state)
{
    (void)state;
    static const char *const good[] = {"id",         "note",     "library", "threshold", "control",
                                       "batchsize",  "epochs",   "cluster", "workload",  "seed",
                                       "started_at", "ended_at", "status",  "attempt",   "error"};
    static const char *const bad[] = {"", "i", "ids", "config", "id, config", "ID"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_string_equal(rog_browse_column(good[i]), good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_null(rog_browse_column(bad[i]));
}

static void list(struct fixture *f, const struct rog_browse_filter *filter, const char *column,
                 struct rog_listed_runs *runs)
{
    struct rog_error err;
    if (rog_browse_runs(f->db, filter, column, runs, &err) != 0)
        fail_msg("%s", err.message);
}

static void filters_select_runs(void **state)
{
    struct fixture *f = *state;
    fixture_sql(f, RUNS "note, workload, cluster, " CONFIG
                        "VALUES ('c', 'ROG', 4, 'outdoors', 1, 2, 7, 'done', 'ROG 4', 'train',"
                        "  'Field', '{}', 'h'),"
                        " ('a', 'SSP', 4, 'outdoors', 1, 2, 7, 'failed', NULL, NULL, NULL, '{}',"
                        "  'h'),"
                        " ('d', 'ROG', 4, 'indoors', 1, 2, 7, 'running', '100% \"x\"', 'none',"
                        "  NULL, '{}', 'h'),"
                        " ('b', 'BSP', 4, 'indoors', 1, 2, 7, 'planned', '', 'program', 'lab',"
                        "  '{}', 'h')");
    fixture_case(f, "night", "10", 64);
    fixture_case(f, "Day", "10", 64);
    fixture_sql(f, "INSERT INTO case_runs VALUES ('night', 0, 'b'), ('night', 1, 'c'),"
                   " ('Day', 0, 'c')");
    static const struct {
        struct rog_browse_filter filter;
        const char *ids;
    } cases[] = {
        {{0}, "cadb"}, /* as recorded */
        {{.case_name = "night"}, "cb"},
        {{.case_name = "Day"}, "c"},
        {{.case_name = "day"}, ""},
        {{.statuses = "done"}, "c"},
        {{.statuses = "planned,failed"}, "ab"},
        {{.statuses = "done,failed,running,planned"}, "cadb"},
        {{.statuses = "don"}, ""},
        {{.statuses = "undone,running"}, "d"},
        {{.words = ""}, "cadb"},
        {{.words = " \t "}, "cadb"},
        {{.words = "rog"}, "cdb"}, /* also in "program" */
        {{.words = "OUTdoors"}, "ca"},
        {{.words = "field"}, "c"},
        {{.words = "lab"}, "b"},
        {{.words = "none"}, "d"},
        {{.words = "100%"}, "d"},
        {{.words = "\"x\""}, "d"},
        {{.words = "%"}, "d"},
        {{.words = "_"}, ""},
        {{.words = "NIGHT"}, "cb"},
        {{.words = "day night"}, "c"},
        {{.words = "\tindoors  ro\tg "}, "db"},
        {{.words = "indoors ssp"}, ""},
        {{.words = "done"}, ""}, /* the status is none of the texts */
        {{.words = "rog", .statuses = "done,planned"}, "cb"},
        {{.words = "rog", .statuses = "done,planned", .case_name = "Day"}, "c"},
        {{.case_name = "night", .statuses = "failed"}, ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rog_listed_runs runs;
        char ids[8] = "";
        list(f, &cases[i].filter, NULL, &runs);
        for (size_t k = 0; k < runs.count; k++)
            strcat(ids, runs.run[k].id);
        if (strcmp(ids, cases[i].ids) != 0)
            fail_msg("filter %zu selects \"%s\" instead of \"%s\"", i, ids, cases[i].ids);
        rog_listed_runs_release(&runs);
    }
}

static void a_listed_run_has_its_values(void **state)
{
    struct fixture *f = *state;
    static const char *const statuses[] = {"done", "running", "failed", "planned"};
    static const char *const ids[] = {"z", "y", "x", "w"};
    for (size_t i = 0; i < 4; i++)
        add_run(f, ids[i], statuses[i]);
    fixture_sql(f, "UPDATE runs SET note = 'a note' WHERE id = 'z'");
    /* The last tested checkpoint is neither the last nor the best. */
    fixture_sql(f, TESTED "('z', 30, 3, 'p', NULL), ('z', 20, 2, 'p', 61.5), ('z', 10, 1, 'p', 63),"
                          " ('y', 5, 1, 'p', NULL)");
    struct rog_listed_runs runs;
    list(f, &(struct rog_browse_filter){0}, rog_browse_column("seed"), &runs);
    assert_int_equal(runs.count, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_string_equal(runs.run[i].id, ids[i]);
        assert_int_equal(runs.run[i].recorded, i + 1);
        assert_int_equal(runs.run[i].is_running, i == 1);
        assert_int_equal(runs.run[i].tested, i ? 0 : 2);
        assert_true(i ? isnan(runs.run[i].accuracy) : runs.run[i].accuracy == 61.5);
        assert_string_equal(runs.run[i].text, "7");
        assert_true(runs.run[i].number == 7);
    }
    rog_listed_runs_release(&runs);
    assert_null(runs.run);
    assert_int_equal(runs.count, 0);
    list(f, &(struct rog_browse_filter){.statuses = "done,failed"}, rog_browse_column("note"),
         &runs);
    assert_int_equal(runs.count, 2);
    assert_string_equal(runs.run[0].text, "a note");
    assert_null(runs.run[1].text);
    assert_true(isnan(runs.run[1].number));
    rog_listed_runs_release(&runs);
    list(f, &(struct rog_browse_filter){0}, NULL, &runs);
    assert_null(runs.run[0].text);
    assert_true(isnan(runs.run[0].number));
    rog_listed_runs_release(&runs);
}

static uint64_t state_of(struct fixture *f)
{
    struct rog_listed_runs runs;
    list(f, &(struct rog_browse_filter){.words = "shown"}, NULL, &runs);
    assert_int_equal(runs.count, 1);
    uint64_t hash = runs.run[0].state;
    rog_listed_runs_release(&runs);
    return hash;
}

static void a_state_changes_with_what_is_shown(void **state)
{
    struct fixture *f = *state;
    add_run(f, "shown", "running");
    add_run(f, "other", "running");
    static const char *const changes[] = {
        "UPDATE runs SET status = 'done'",
        "UPDATE runs SET status = 'failed'",
        "UPDATE runs SET attempt = 2",
        "UPDATE runs SET ended_at = '2026'",
        "UPDATE runs SET ended_at = '2027'",
        "INSERT INTO streams VALUES ('shown', 'events.jsonl', 100)",
        "INSERT INTO streams VALUES ('shown', 'worker2.jsonl', 1)",
        "UPDATE streams SET stored_bytes = stored_bytes + 1",
        TESTED "('shown', 10, 1, 'p', 60)",
        TESTED "('shown', 5, 1, 'p', 60)",
        "UPDATE checkpoints SET accuracy = 61 WHERE t = 10",
    };
    uint64_t before = state_of(f);
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        assert_true(state_of(f) == before);
        fixture_sql(f, changes[i]);
        uint64_t now = state_of(f);
        if (now == before)
            fail_msg("the state is the same after: %s", changes[i]);
        before = now;
    }
    fixture_sql(f, TESTED "('other', 5, 1, 'p', 60)");
    fixture_sql(f, "INSERT INTO streams VALUES ('other', 'events.jsonl', 100)");
    assert_true(state_of(f) == before);
}

/* More than are allocated at once. */
static void long_lists_are_whole(void **state)
{
    struct fixture *f = *state;
    fixture_sql(
        f,
        "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 999) " RUNS CONFIG
        "SELECT 'run ' || i, 'ROG', 4, 'outdoors', 1, 2, i, 'done', '{}',"
        " 'h' FROM n ORDER BY i");
    struct rog_listed_runs runs;
    list(f, &(struct rog_browse_filter){0}, rog_browse_column("seed"), &runs);
    assert_int_equal(runs.count, 1000);
    for (size_t i = 0; i < runs.count; i++) {
        char id[32];
        snprintf(id, sizeof id, "run %zu", i);
        assert_string_equal(runs.run[i].id, id);
        assert_true(runs.run[i].number == (double)i);
    }
    rog_listed_runs_release(&runs);
}

/* ---- one run ---- */

static void a_run_has_its_row(void **state)
{
    struct fixture *f = *state;
    struct rog_error err;
    struct rog_json *row;
    fixture_sql(f, RUNS "note, workload, cluster, attempt, started_at, ended_at, error, " CONFIG
                        "VALUES ('r', 'ROG', 4, 'outdoors', 5, 6, 7, 'failed', 'n', 'train', 'lab',"
                        " 8, 'then', 'later', 'why', '{\"metric\":{\"name\":\"loss\",\"unit\":"
                        "\"\",\"better\":\"lower\"}}', 'h')");
    add_run(f, "bare", "planned");
    fixture_case(f, "two", "10", 64);
    fixture_case(f, "one", "10", 64);
    fixture_sql(f, "INSERT INTO case_runs VALUES ('two', 0, 'r'), ('one', 0, 'r')");
    assert_int_equal(rog_browse_run(f->db, "r", &row, &err), 0);
    fixture_expect(row, "{\"id\":\"r\",\"note\":\"n\",\"cases\":[\"one\",\"two\"],"
                        "\"library\":\"ROG\",\"threshold\":4,\"control\":\"outdoors\","
                        "\"batchsize\":5,\"epochs\":6,\"workload\":\"train\",\"cluster\":\"lab\","
                        "\"status\":\"failed\",\"seed\":7,\"attempt\":8,\"started_at\":\"then\","
                        "\"ended_at\":\"later\",\"error\":\"why\",\"metric\":{\"name\":\"loss\","
                        "\"unit\":\"\",\"better\":\"lower\"}}");
    assert_int_equal(rog_browse_run(f->db, "bare", &row, &err), 0);
    fixture_expect(row, "{\"id\":\"bare\",\"note\":null,\"cases\":[],\"library\":\"ROG\","
                        "\"threshold\":4,\"control\":\"outdoors\",\"batchsize\":1,\"epochs\":2,"
                        "\"workload\":null,\"cluster\":null,\"status\":\"planned\",\"seed\":7,"
                        "\"attempt\":0,\"started_at\":null,\"ended_at\":null,\"error\":null,"
                        "\"metric\":{\"name\":\"accuracy\",\"unit\":\"%\",\"better\":\"higher\"}}");
    assert_int_equal(rog_browse_run(f->db, "none", &row, &err), ROG_ENOTFOUND);
    assert_null(row);
}

static void expect_hosts(struct fixture *f, const char *id, const char *text)
{
    struct rog_error err;
    struct rog_json *run = rog_json_object();
    assert_int_equal(rog_browse_hosts(f->db, id, run, &err), 0);
    fixture_expect(run, text);
}

static void hosts_of_a_run(void **state)
{
    struct fixture *f = *state;
    add_run(f, "r", "done");
    add_run(f, "s", "done");
    add_run(f, "bare", "done");
    fixture_case(f, "one", "10", 64);
    fixture_sql(f, "INSERT INTO case_runs VALUES ('one', 0, 's')");
    fixture_sql(f, "INSERT INTO workers VALUES ('r', 2, 'b', '{\"cores\":4}'), ('s', 1, 'c', '{}'),"
                   " ('r', 1, 'a', '{\"cores\"'), ('r', 3, NULL, NULL)");
    fixture_sql(f, "INSERT INTO events VALUES ('r', 1, 1, 'rowsets', NULL), ('r', 1, 2, 'end', "
                   "NULL), ('s', 1, 2, 'rows', '[]')");
    expect_hosts(f, "r",
                 "{\"cases\":[],\"hosts\":[{\"rank\":1,\"host\":\"a\",\"facts\":"
                 "\"{\\\"cores\\\"\"},{\"rank\":2,\"host\":\"b\",\"facts\":{\"cores\":4}},"
                 "{\"rank\":3,\"host\":null,\"facts\":null}],\"rows_recorded\":false}");
    expect_hosts(f, "s",
                 "{\"cases\":[\"one\"],\"hosts\":[{\"rank\":1,\"host\":\"c\",\"facts\":{}}],"
                 "\"rows_recorded\":true}");
    expect_hosts(f, "bare", "{\"cases\":[],\"hosts\":[],\"rows_recorded\":false}");
}

/* ---- events ---- */

/* Times of the events as digits, and the total. */
static void expect_times(struct fixture *f, const struct rog_event_filter *filter,
                         const char *times, int64_t total)
{
    struct rog_error err;
    struct rog_json *object = rog_json_object();
    assert_int_equal(rog_browse_events(f->db, "r", filter, object, &err), 0);
    const struct rog_json *rows = rog_json_get(object, "rows");
    char found[16] = "";
    for (size_t i = 0; i < rog_json_size(rows); i++)
        found[i] = (char)('0' + (int)rog_json_get_number(rog_json_at(rows, i), "t", 0));
    assert_string_equal(found, times);
    assert_int_equal(rog_json_get_integer(object, "total", -1), total);
    const struct rog_json *kinds = rog_json_get(object, "kinds");
    assert_int_equal(rog_json_size(kinds), 3);
    assert_int_equal(rog_json_get_integer(kinds, "warning", 0), 3);
    assert_int_equal(rog_json_get_integer(kinds, "leave", 0), 2);
    assert_int_equal(rog_json_get_integer(kinds, "end", 0), 1);
    rog_json_free(object);
}

static void add_events(struct fixture *f)
{
    add_run(f, "r", "done");
    add_run(f, "s", "done");
    fixture_sql(f, "INSERT INTO events(run_id, rank, t, kind, data) VALUES"
                   " ('r', 2, 3, 'warning', '{\"message\":\"Battery LOW\"}'),"
                   " ('r', 1, 1, 'warning', '{\"reason\":\"slow\",\"message\":\"late\"}'),"
                   " ('r', NULL, 6, 'end', NULL), ('s', 1, 2, 'warning', '{}'),"
                   " ('r', 0, 2, 'leave', '{\"reason\":\"battery\"}'),"
                   " ('r', 1, 5, 'leave', '{\"mess'), ('r', 2, 4, 'warning', '{\"s\":1.5}')");
}

static void events_are_filtered(void **state)
{
    struct fixture *f = *state;
    add_events(f);
#define ALL .rank = -1, .to = INFINITY, .limit = 10
    static const struct {
        struct rog_event_filter filter;
        const char *times;
        int64_t total;
    } cases[] = {
        {{ALL}, "123456", 6},
        {{ALL, .descends = true}, "654321", 6},
        {{ALL, .kinds = "leave"}, "25", 2},
        {{ALL, .kinds = "end,leave"}, "256", 3},
        {{ALL, .kinds = "lea,warnings"}, "", 0},
        {{ALL, .text = "battery"}, "23", 2},
        {{ALL, .text = "WARN"}, "134", 3}, /* of the kind */
        {{ALL, .text = "end"}, "6", 1},    /* without data */
        {{.rank = 0, .to = 9, .limit = 10}, "2", 1},
        {{.rank = 1, .to = 9, .limit = 10}, "15", 2},
        {{.rank = 3, .to = 9, .limit = 10}, "", 0},
        {{.rank = -1, .from = 2, .to = 4, .limit = 10}, "234", 3},
        {{.rank = -1, .from = 2.5, .to = 3.5, .limit = 10}, "3", 1},
        {{.rank = -1, .to = 9, .limit = 2}, "12", 6},
        {{.rank = -1, .to = 9, .limit = 2, .offset = 1}, "23", 6},
        {{.rank = -1, .to = 9, .limit = 2, .offset = 1, .descends = true}, "54", 6},
        {{.rank = -1, .to = 9, .limit = 4, .offset = 5}, "6", 6},
        {{.rank = -1, .to = 9, .limit = 4, .offset = 6}, "", 6},
        {{.rank = 2, .from = 3.5, .to = 9, .limit = 4, .kinds = "warning", .text = "s"}, "4", 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect_times(f, &cases[i].filter, cases[i].times, cases[i].total);
}

static void events_have_a_message(void **state)
{
    struct fixture *f = *state;
    struct rog_error err;
    add_events(f);
    struct rog_json *object = rog_json_object();
    const struct rog_event_filter all = {ALL};
    assert_int_equal(rog_browse_events(f->db, "r", &all, object, &err), 0);
    fixture_expect(
        rog_json_copy(rog_json_get(object, "rows")),
        "[{\"t\":1.0,\"rank\":1,\"kind\":\"warning\",\"message\":\"late\",\"data\":"
        "{\"reason\":\"slow\",\"message\":\"late\"}},"
        "{\"t\":2.0,\"rank\":0,\"kind\":\"leave\",\"message\":\"battery\",\"data\":"
        "{\"reason\":\"battery\"}},"
        "{\"t\":3.0,\"rank\":2,\"kind\":\"warning\",\"message\":\"Battery LOW\",\"data\":"
        "{\"message\":\"Battery LOW\"}},"
        "{\"t\":4.0,\"rank\":2,\"kind\":\"warning\",\"message\":null,\"data\":{\"s\":1.5}},"
        "{\"t\":5.0,\"rank\":1,\"kind\":\"leave\",\"message\":null,\"data\":"
        "\"{\\\"mess\"},"
        "{\"t\":6.0,\"rank\":null,\"kind\":\"end\",\"message\":null,\"data\":null}]");
    rog_json_free(object);
}

/* Pages neither repeat nor leave out events of the same time. */
static void events_of_one_time_keep_their_order(void **state)
{
    struct fixture *f = *state;
    struct rog_error err;
    add_run(f, "r", "done");
    fixture_sql(f, "INSERT INTO events(run_id, rank, t, kind) VALUES ('r', 3, 1, 'warning'),"
                   " ('r', 1, 1, 'leave'), ('r', 2, 1, 'warning')");
    for (int descends = 0; descends < 2; descends++)
        for (int64_t i = 0; i < 3; i++) {
            static const int64_t ranks[] = {3, 1, 2};
            const struct rog_event_filter filter = {
                .rank = -1, .to = 9, .limit = 1, .offset = i, .descends = descends};
            struct rog_json *object = rog_json_object();
            assert_int_equal(rog_browse_events(f->db, "r", &filter, object, &err), 0);
            const struct rog_json *row = rog_json_at(rog_json_get(object, "rows"), 0);
            assert_int_equal(rog_json_get_integer(row, "rank", 0), ranks[descends ? 2 - i : i]);
            rog_json_free(object);
        }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(runs_are_counted_by_status),
        TEST(more_rows_than_a_number),
        TEST(only_some_columns_are_listed),
        TEST(filters_select_runs),
        TEST(a_listed_run_has_its_values),
        TEST(a_state_changes_with_what_is_shown),
        TEST(long_lists_are_whole),
        TEST(a_run_has_its_row),
        TEST(hosts_of_a_run),
        TEST(events_are_filtered),
        TEST(events_have_a_message),
        TEST(events_of_one_time_keep_their_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
