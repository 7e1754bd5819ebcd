/* SPDX-License-Identifier: Apache-2.0 */
/* Event streams stored in the tables, in pieces and repeatedly. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <common/file.h>
#include <orchestrator/store/ingest.h>
#include <orchestrator/store/paths.h>
#include <orchestrator/store/robots.h>

static const char stream[] =
    "{\"event\":\"start\",\"t\":0,\"version\":\"9\",\"strategy\":{\"library\":\"ROG\"},"
    "\"workers\":[{\"rank\":1,\"host\":\"a\",\"profile\":\"nx\",\"iterations\":5},{\"rank\":2,"
    "\"host\":null,\"iterations\":7}]}\n"
    "{\"event\":\"bandwidth\",\"t\":0.5,\"rank\":1,\"mbps\":12.5}\n"
    "{\"event\":\"iteration\",\"t\":3,\"rank\":1,\"iteration\":1,\"compute_s\":1,\"push_s\":0.5,"
    "\"pull_s\":0.25,\"stall_s\":1.25,\"rows_pushed\":7,\"rows_pulled\":8,\"rows_total\":9,"
    "\"bytes_pushed\":5000000000,\"bytes_pulled\":11,\"loss\":2.5,\"staleness\":3}\n"
    "{\"event\":\"iteration\",\"t\":4,\"rank\":2,\"iteration\":5,\"compute_s\":1,\"push_s\":0.5,"
    "\"pull_s\":0.25,\"stall_s\":0.25,\"loss\":null}\n"
    "{\"event\":\"energy\",\"t\":4,\"rank\":1,\"joules\":42,\"source\":\"model\"}\n"
    "{\"event\":\"checkpoint\",\"t\":60,\"iteration\":5,\"path\":\"chkpt/a.safetensors\","
    "\"sha256\":\"abc\"}\n"
    "{\"event\":\"progress\",\"t\":61,\"done\":0.5}\n"
    "{\"event\":\"novelty\",\"t\":62,\"deep\":{\"er\":[1,2]}}\n"
    "{\"event\":\"end\",\"t\":63,\"iterations\":5,\"seconds\":63}\n";

struct fixture {
    char folder[64];
    struct rog_db *db;
    struct rog_ingest *ingest;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    struct rog_error err;
    if (!f)
        return -1;
    *state = f;
    strcpy(f->folder, "/tmp/rog-ingest-XXXXXX");
    if (!mkdtemp(f->folder))
        return -1;
    char *path = rog_path_join(f->folder, "x.db");
    int code = rog_db_open(&f->db, path, ROG_DB_WRITE, &err);
    free(path);
    if (code == 0)
        code = rog_db_run(f->db, &err,
                          "INSERT INTO runs(id, library, threshold, control, batchsize, epochs,"
                          " seed, status, config, config_hash)"
                          " VALUES ('r', 'ROG', 4, 'o', 1, 1, 1, 'running', '{}', 'h')",
                          "");
    return code < 0 ? code : rog_ingest_new(&f->ingest, f->db, "r", ROG_STREAM_MAIN, &err);
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    rog_ingest_free(f->ingest);
    rog_db_close(f->db);
    rog_dir_remove(f->folder, NULL);
    free(f);
    return 0;
}

/* Checks the first column of a query as text; "" for NULL. */
static void expect(struct rog_db *db, const char *sql, const char *wanted)
{
    struct rog_query *query = NULL;
    struct rog_error err = {0};
    if (rog_query_new(&query, db, &err, sql, "") != 0)
        fail_msg("%s: %s", sql, err.message);
    assert_int_equal(rog_query_step(query, &err), 1);
    const char *found = rog_query_text(query, 0);
    assert_string_equal(found ? found : "", wanted);
    rog_query_free(query);
}

static void expect_everything(struct rog_db *db)
{
    expect(db, "SELECT group_concat(rank || ifnull(host, '-')) FROM workers", "1a,2-");
    expect(db, "SELECT versions->>'rog-trainer' || (versions->>'$.strategy.library') FROM runs",
           "9ROG");
    expect(db,
           "SELECT count(*) || ' ' || max(bytes_pushed) || ' ' || sum(staleness) || ' ' ||"
           " count(loss) FROM iterations",
           "2 5000000000 3 1");
    expect(db, "SELECT rank || ' ' || t || ' ' || mbps FROM bandwidth", "1 0.5 12.5");
    expect(db, "SELECT joules || source FROM energy", "42.0model");
    expect(db, "SELECT path || iteration || sha256 FROM checkpoints",
           "x.runs/r/chkpt/a.safetensors5abc");
    expect(db, "SELECT group_concat(kind) FROM (SELECT kind FROM events ORDER BY t)",
           "start,novelty,end");
    expect(db, "SELECT data->>'$.deep.er[1]' FROM events WHERE kind = 'novelty'", "2");
    expect(db, "SELECT count(*) FROM events WHERE rank IS NULL", "3");
    expect(db, "SELECT count(*) FROM streams", "1");
}

static void a_stream_fills_the_tables(void **state)
{
    struct fixture *f = *state;
    struct rog_error err;
    assert_int_equal(rog_ingest_lines(f->ingest, stream, strlen(stream), &err), 0);
    expect_everything(f->db);
    const struct rog_ingest_state *s = rog_ingest_state(f->ingest);
    assert_true(s->ended && !s->failed && s->iteration == 5 && s->t == 63 && s->done == 1);
    assert_true(s->compute_s == 2 && s->communication_s == 1.5 && s->stall_s == 1.5);
    assert_int_equal(s->stored_bytes, strlen(stream));
    assert_int_equal(s->checkpoints, 1);
    assert_int_equal(s->iterations_due, 12);
}

static void a_server_says_what_it_waits_for(void **state)
{
    static const char *const lines[] = {
        "{\"event\":\"progress\",\"t\":0,\"waiting\":\"worker 3 to come\"}\n",
        "{\"event\":\"progress\",\"t\":0,\"waiting\":\"\"}\n",
        "{\"event\":\"progress\",\"t\":9,\"waiting\":\"worker 1\"}\n",
        "{\"event\":\"end\",\"t\":63,\"iterations\":5,\"seconds\":63}\n",
    };
    static const char *const waiting[] = {"worker 3 to come", "", "worker 1", ""};
    struct fixture *f = *state;
    struct rog_error err;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        assert_int_equal(rog_ingest_lines(f->ingest, lines[i], strlen(lines[i]), &err), 0);
        assert_string_equal(rog_ingest_state(f->ingest)->waiting, waiting[i]);
    }
    assert_true(rog_ingest_state(f->ingest)->waiting_at_s > 0);
    expect(f->db, "SELECT count(*) FROM events", "1");
}

static void a_resumed_server_says_from_where(void **state)
{
    struct fixture *f = *state;
    struct rog_error err;
    static const char text[] = "{\"event\":\"resume\",\"t\":7,\"message\":\"iteration 5\"}\n";
    assert_int_equal(rog_ingest_lines(f->ingest, text, strlen(text), &err), 0);
    assert_string_equal(rog_ingest_state(f->ingest)->resumed, "iteration 5");
    assert_true(rog_ingest_state(f->ingest)->resumed_s == 7);
}

static void one_worker_without_a_plan_leaves_it_open(void **state)
{
    static const char *const starts[] = {
        "{\"event\":\"start\",\"t\":0,\"workers\":[{\"rank\":1,\"iterations\":5},{\"rank\":2}]}\n",
        "{\"event\":\"start\",\"t\":0,\"workers\":[{\"rank\":1,\"iterations\":0},"
        "{\"rank\":2,\"iterations\":5}]}\n",
    };
    struct fixture *f = *state;
    struct rog_error err;
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
        assert_int_equal(rog_ingest_lines(f->ingest, stream, strlen(stream), &err), 0);
        assert_int_equal(rog_ingest_state(f->ingest)->iterations_due, 12);
        assert_int_equal(rog_ingest_lines(f->ingest, starts[i], strlen(starts[i]), &err), 0);
        assert_int_equal(rog_ingest_state(f->ingest)->iterations_due, 0);
    }
}

/* Cut anywhere, and continued by another process after each piece. */
static void pieces_make_the_same_whole(void **state)
{
    struct fixture *f = *state;
    struct rog_error err;
    for (size_t end = 1; end <= strlen(stream); end += 13) {
        size_t from = rog_ingest_state(f->ingest)->stored_bytes;
        assert_int_equal(rog_ingest_lines(f->ingest, stream + from, end - from, &err), 0);
        rog_ingest_free(f->ingest);
        f->ingest = NULL;
        assert_int_equal(rog_ingest_new(&f->ingest, f->db, "r", ROG_STREAM_MAIN, &err), 0);
    }
    size_t from = rog_ingest_state(f->ingest)->stored_bytes;
    assert_int_equal(rog_ingest_lines(f->ingest, stream + from, strlen(stream) - from, &err), 0);
    expect_everything(f->db);
    assert_true(rog_ingest_state(f->ingest)->ended);
    rog_ingest_free(f->ingest);
    assert_int_equal(rog_ingest_new(&f->ingest, f->db, "r", ROG_STREAM_MAIN, &err), 0);
    assert_true(rog_ingest_state(f->ingest)->ended);
    const struct rog_ingest_state *s = rog_ingest_state(f->ingest);
    assert_int_equal(s->stored_bytes, strlen(stream));
    /* The progress shown of the run continues, too. */
    assert_true(s->compute_s == 2 && s->communication_s == 1.5 && s->stall_s == 1.5);
    assert_true(s->iteration == 5 && s->t > 0);
}

static void a_bad_line_stores_nothing_of_its_batch(void **state)
{
    struct fixture *f = *state;
    struct rog_error err;
    static const char *const bad[] = {
        "nonsense\n",
        "[1]\n",
        "{\"t\":1}\n",
        "{\"event\":\"x\"}\n",
        "{\"event\":\"x\",\"t\":\"1\"}\n",
        "{\"event\":\"checkpoint\",\"t\":1,\"iteration\":1}\n",
        "{\"event\":\"checkpoint\",\"t\":1,\"iteration\":1,\"path\":\"/etc/passwd\"}\n",
        "{\"event\":\"checkpoint\",\"t\":1,\"iteration\":1,\"path\":\"../../x\"}\n",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char text[256];
        snprintf(text, sizeof text, "{\"event\":\"join\",\"t\":0,\"rank\":1}\n%s", bad[i]);
        assert_int_equal(rog_ingest_lines(f->ingest, text, strlen(text), &err), ROG_EFORMAT);
        assert_non_null(strstr(err.message, "event stream events.jsonl at byte 32"));
        assert_int_equal(rog_ingest_state(f->ingest)->stored_bytes, 0);
    }
    expect(f->db, "SELECT count(*) FROM events", "0");
    assert_int_equal(rog_ingest_lines(f->ingest, stream, strlen(stream), &err), 0);
    expect_everything(f->db);
}

static void a_deleted_run_stores_nothing(void **state)
{
    struct fixture *f = *state;
    struct rog_error err;
    static const char first[] = "{\"event\":\"progress\",\"t\":61,\"done\":0.5}\n",
                      next[] = "{\"event\":\"energy\",\"t\":4,\"rank\":1,\"joules\":42}\n";
    uint64_t at = 0;
    char place[64];
    snprintf(place, sizeof place, "event stream events.jsonl at byte %zu: ", strlen(first));
    assert_int_equal(rog_ingest_lines(f->ingest, first, strlen(first), &err), 0);
    assert_int_equal(rog_ingest_forget(f->db, "r", &err), 0);
    assert_int_equal(rog_db_run(f->db, &err, "DELETE FROM runs", ""), 0);
    assert_int_equal(rog_ingest_lines(f->ingest, next, strlen(next), &err), ROG_EFORMAT);
    assert_non_null(strstr(err.message, place));
    assert_non_null(strstr(rog_ingest_damage(f->ingest, &at), "FOREIGN KEY"));
    assert_int_equal(at, strlen(first));
    expect(f->db, "SELECT count(*) FROM energy", "0");
}

/* Each process of a run has its own stream, each with its own position. */
static void streams_are_counted_apart(void **state)
{
    struct fixture *f = *state;
    struct rog_error err;
    static const char line[] = "{\"event\":\"join\",\"t\":0,\"rank\":1}\n";
    struct rog_ingest *worker = NULL;
    assert_int_equal(rog_ingest_lines(f->ingest, stream, strlen(stream), &err), 0);
    assert_int_equal(rog_ingest_new(&worker, f->db, "r", "worker1/events.jsonl", &err), 0);
    assert_int_equal(rog_ingest_state(worker)->stored_bytes, 0);
    assert_int_equal(rog_ingest_lines(worker, line, strlen(line), &err), 0);
    rog_ingest_free(worker);
    assert_int_equal(rog_ingest_new(&worker, f->db, "r", "worker1/events.jsonl", &err), 0);
    assert_int_equal(rog_ingest_state(worker)->stored_bytes, strlen(line));
    assert_int_equal(rog_ingest_state(f->ingest)->stored_bytes, strlen(stream));
    rog_ingest_free(worker);
    expect(f->db, "SELECT count(*) || ' ' || count(DISTINCT name) FROM streams", "2 2");
}

/* A worker's host only reports about itself. For a host that the run can do without, invalid lines
 * are dropped. */
static void what_one_host_has_damaged_is_left_out(void **state)
{
    struct fixture *f = *state;
    struct rog_error err;
    static const char *const bad[] = {"{\"event\":\"health\",\"t\":1,\"rank\":0}\n",
                                      "{\"event\":\"join\",\"t\":1,\"rank\":99999999999}\n",
                                      "{\"event\":\"join\",\"t\":1e999,\"rank\":2}\n", "rubbish\n"};
    uint64_t at;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct rog_ingest *worker = NULL;
        char text[256], name[32];
        snprintf(name, sizeof name, "worker2/%zu.jsonl", i);
        snprintf(text, sizeof text,
                 "{\"event\":\"join\",\"t\":0,\"rank\":2}\n%s{\"event\":\"leave\",\"t\":2}\n",
                 bad[i]);
        assert_int_equal(rog_ingest_new(&worker, f->db, "r", name, &err), 0);
        assert_int_equal(rog_ingest_lines(worker, text, strlen(text), &err), ROG_EFORMAT);
        assert_non_null(strstr(err.message, "at byte 32"));
        rog_ingest_forgive(worker);
        assert_int_equal(rog_ingest_lines(worker, text, strlen(text), &err), 0);
        assert_int_equal(rog_ingest_state(worker)->damaged, 1);
        assert_true(rog_ingest_damage(worker, &at)[0] && at == 32);
        rog_ingest_free(worker);
    }
    expect(f->db, "SELECT count(*) || ' ' || max(rank) || ' ' || max(t) FROM events", "8 2 2.0");
    expect(f->db, "SELECT count(*) FROM robots", "0");
}

static void an_iteration_that_is_done_again_replaces_the_first(void **state)
{
    struct fixture *f = *state;
    struct rog_error err;
    static const char text[] = "{\"event\":\"iteration\",\"t\":1,\"rank\":1,\"iteration\":7}\n"
                               "{\"event\":\"iteration\",\"t\":9,\"rank\":1,\"iteration\":7}\n";
    assert_int_equal(rog_ingest_lines(f->ingest, text, strlen(text), &err), 0);
    assert_int_equal(rog_ingest_state(f->ingest)->iterations, 2);
    expect(f->db, "SELECT count(*) || ' ' || t FROM iterations", "1 9.0");
}

/* More than are inserted at once, some of them with their own texts. */
static void many_lines_keep_their_order(void **state)
{
    struct fixture *f = *state;
    struct rog_error err;
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);
    assert_non_null(file);
    for (int i = 0; i < 5000; i++)
        fprintf(file,
                "{\"event\":\"%s\",%s\"t\":%d}\n{\"event\":\"energy\",\"t\":%d,\"joules\":%d}\n",
                i % 2 ? "odd" : "even", i % 2100 ? "" : " ", i, i, 2 * i);
    fclose(file);
    assert_int_equal(rog_ingest_lines(f->ingest, text, size, &err), 0);
    free(text);
    expect(f->db,
           "SELECT count(*) FROM events WHERE t = rowid - 1 AND rank IS NULL AND"
           " kind = iif(t % 2, 'odd', 'even') AND data->>'event' = kind AND data->>'t' = t",
           "5000");
    expect(f->db,
           "SELECT count(*) FROM energy WHERE t = rowid - 1 AND joules = 2 * t AND rank = -1",
           "5000");
}

static void an_error_event_is_remembered(void **state)
{
    struct fixture *f = *state;
    struct rog_error err;
    static const char text[] = "{\"event\":\"error\",\"t\":1,\"message\":\"no data\"}\n";
    assert_int_equal(rog_ingest_lines(f->ingest, text, strlen(text), &err), 0);
    assert_true(rog_ingest_state(f->ingest)->failed);
    assert_string_equal(rog_ingest_state(f->ingest)->message, "no data");
}

static void accuracy_goes_to_its_checkpoint(void **state)
{
    struct fixture *f = *state;
    struct rog_error err;
    assert_int_equal(rog_ingest_lines(f->ingest, stream, strlen(stream), &err), 0);
    struct rog_json *event = rog_json_object();
    const char *path = "x.runs/r/chkpt/a.safetensors";
    assert_int_equal(rog_ingest_accuracy(f->db, "r", path, event, &err), ROG_EFORMAT);
    rog_json_put_number(event, "accuracy", 64.25);
    rog_json_put_string(event, "sha256", "other");
    assert_int_equal(rog_ingest_accuracy(f->db, "r", path, event, &err), ROG_EFORMAT);
    assert_non_null(strstr(err.message, "not the one that was saved"));
    expect(f->db, "SELECT accuracy FROM checkpoints", "");
    rog_json_put_string(event, "sha256", "abc");
    assert_int_equal(rog_ingest_accuracy(f->db, "r", path, event, &err), 0);
    expect(f->db, "SELECT accuracy FROM checkpoints", "64.25");
    expect(f->db, "SELECT length(tested_at) FROM checkpoints", "20");
    rog_json_free(event);
}

/* The last report of a host is kept, and a history of throttling and charge. */
static void hosts_are_heard_of(void **state)
{
    struct fixture *f = *state;
    struct rog_error err;
    static const char *const lines[] = {
        "{\"event\":\"health\",\"t\":0,\"rank\":0,\"mbps_up\":3,\"throttled\":false}\n",
        "{\"event\":\"health\",\"t\":5,\"rank\":1,\"battery\":0.93,\"throttled\":false}\n",
        "{\"event\":\"health\",\"t\":10,\"rank\":1,\"battery\":0.91,\"throttled\":false,"
        "\"celsius\":61.5,\"mbps_up\":1.5,\"mbps_down\":2.5}\n",
        "{\"event\":\"health\",\"t\":15,\"rank\":1,\"battery\":0.91,\"throttled\":true}\n",
        "{\"event\":\"health\",\"t\":17,\"rank\":1,\"battery\":0.91,\"throttled\":true}\n",
        "{\"event\":\"health\",\"t\":20,\"rank\":1,\"battery\":0.89,\"throttled\":true,"
        "\"celsius\":70}\n",
        "{\"event\":\"health\",\"t\":25,\"rank\":2,\"battery\":0.5}\n",
        "{\"event\":\"health\",\"t\":26,\"rank\":2,\"battery\":0.5}\n",
    };
    static const char history[] = "SELECT group_concat(rank || '/' || t, ' ') FROM events"
                                  " WHERE kind = 'health'";
    static const char *const histories[] = {"0/0.0",
                                            "0/0.0 1/5.0",
                                            "0/0.0 1/5.0",
                                            "0/0.0 1/5.0 1/15.0",
                                            "0/0.0 1/5.0 1/15.0",
                                            "0/0.0 1/5.0 1/15.0 1/20.0",
                                            "0/0.0 1/5.0 1/15.0 1/20.0 2/25.0",
                                            "0/0.0 1/5.0 1/15.0 1/20.0 2/25.0"};
    assert_int_equal(rog_ingest_lines(f->ingest, stream, strlen(stream), &err), 0);
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        assert_int_equal(rog_ingest_lines(f->ingest, lines[i], strlen(lines[i]), &err), 0);
        expect(f->db, history, histories[i]);
        if (i == 2)
            expect(f->db,
                   "SELECT host || iteration || ' ' || mbps_up || ' ' || mbps_down || ' ' ||"
                   " battery || ' ' || celsius || ' ' || throttled FROM robots WHERE rank = 1",
                   "a1 1.5 2.5 0.91 61.5 0");
    }
    /* Iterations are in a separate stream. */
    static const char later[] = "{\"event\":\"iteration\",\"t\":21,\"rank\":1,\"iteration\":7}\n";
    struct rog_ingest *worker = NULL;
    assert_int_equal(rog_ingest_new(&worker, f->db, "r", "worker1/events.jsonl", &err), 0);
    assert_int_equal(rog_ingest_lines(worker, later, strlen(later), &err), 0);
    rog_ingest_free(worker);
    expect(f->db, "SELECT iteration || ' ' || battery FROM robots WHERE rank = 1", "7 0.89");
    struct rog_json *robots = NULL;
    assert_int_equal(rog_robots_json(f->db, "r", &robots, &err), 0);
    assert_int_equal(rog_json_size(robots), 3);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(rog_json_get_integer(rog_json_at(robots, i), "rank", -1), i);
    /* Not throttled, and unknown. */
    assert_false(rog_json_get_bool(rog_json_at(robots, 0), "throttled", true));
    assert_true(rog_json_is_null(rog_json_get(rog_json_at(robots, 2), "throttled")));
    const struct rog_json *one = rog_json_at(robots, 1);
    assert_true(rog_json_get_bool(one, "throttled", false));
    assert_true(rog_json_is_null(rog_json_get(one, "mbps_up")));
    assert_true(rog_json_get_integer(one, "silent_s", -1) >= 0);
    assert_true(rog_json_get_number(one, "celsius", 0) == 70);
    rog_json_free(robots);
    /* Away from when its worker leaves until it joins again. */
    static const char *const turns[] = {"{\"event\":\"leave\",\"t\":30,\"rank\":1}\n",
                                        "{\"event\":\"join\",\"t\":31,\"rank\":1}\n"};
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(rog_ingest_lines(f->ingest, turns[i], strlen(turns[i]), &err), 0);
        assert_int_equal(rog_robots_json(f->db, "r", &robots, &err), 0);
        assert_false(rog_json_get_bool(rog_json_at(robots, 0), "away", true));
        assert_int_equal(rog_json_get_bool(rog_json_at(robots, 1), "away", i == 1), i == 0);
        rog_json_free(robots);
    }
    assert_int_equal(rog_ingest_forget(f->db, "r", &err), 0);
    expect(f->db, "SELECT count(*) FROM robots", "0");
}

static void forgetting_leaves_the_run_alone(void **state)
{
    struct fixture *f = *state;
    struct rog_error err;
    assert_int_equal(rog_ingest_lines(f->ingest, stream, strlen(stream), &err), 0);
    assert_int_equal(rog_db_run(f->db, &err, "UPDATE checkpoints SET accuracy = 50", ""), 0);
    assert_int_equal(rog_ingest_rewind(f->db, "r", &err), 0);
    expect(f->db, "SELECT (SELECT count(*) FROM events) || accuracy FROM checkpoints", "050.0");
    assert_int_equal(rog_ingest_forget(f->db, "r", &err), 0);
    expect(f->db,
           "SELECT (SELECT count(*) FROM iterations) + (SELECT count(*) FROM bandwidth) +"
           " (SELECT count(*) FROM energy) + (SELECT count(*) FROM events) +"
           " (SELECT count(*) FROM checkpoints) + (SELECT count(*) FROM workers) +"
           " (SELECT count(*) FROM streams)",
           "0");
    expect(f->db, "SELECT id FROM runs", "r");
}

static void folders_are_beside_the_database(void **state)
{
    (void)state;
    static const char *const cases[][3] = {
        {"results.db", "results.runs/r", "./results.runs/r"},
        {"a/b.db", "b.runs/r", "a/b.runs/r"},
        {"/x/data", "data.runs/r", "/x/data.runs/r"},
        {".db", ".db.runs/r", "./.db.runs/r"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *folder = rog_run_folder_name(cases[i][0], "r");
        char *path = rog_store_path(cases[i][0], folder);
        assert_string_equal(folder, cases[i][1]);
        assert_string_equal(path, cases[i][2]);
        free(path);
        free(folder);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_stream_fills_the_tables),
        TEST(a_server_says_what_it_waits_for),
        TEST(a_resumed_server_says_from_where),
        TEST(one_worker_without_a_plan_leaves_it_open),
        TEST(a_deleted_run_stores_nothing),
        TEST(what_one_host_has_damaged_is_left_out),
        TEST(pieces_make_the_same_whole),
        TEST(a_bad_line_stores_nothing_of_its_batch),
        TEST(many_lines_keep_their_order),
        TEST(an_error_event_is_remembered),
        TEST(streams_are_counted_apart),
        TEST(an_iteration_that_is_done_again_replaces_the_first),
        TEST(accuracy_goes_to_its_checkpoint),
        TEST(hosts_are_heard_of),
        TEST(forgetting_leaves_the_run_alone),
        cmocka_unit_test(folders_are_beside_the_database),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
