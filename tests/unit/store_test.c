/* SPDX-License-Identifier: Apache-2.0 */
/* The database file and the queries of summaries. */
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
#include <orchestrator/store/energy.h>
#include <orchestrator/store/cases.h>
#include <orchestrator/store/db.h>
#include <orchestrator/store/iteration_columns.h>
#include <orchestrator/store/progress.h>
#include <orchestrator/store/schema.h>
#include <orchestrator/store/summary.h>

struct fixture {
    char folder[64];
    char *path;
    struct rog_db *db;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    struct rog_error err;
    if (!f)
        return -1;
    *state = f;
    strcpy(f->folder, "/tmp/rog-store-XXXXXX");
    if (!mkdtemp(f->folder))
        return -1;
    f->path = rog_path_join(f->folder, "results.db");
    return rog_db_open(&f->db, f->path, ROG_DB_WRITE, &err);
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    struct rog_error err;
    rog_db_close(f->db);
    rog_dir_remove(f->folder, &err);
    free(f->path);
    free(f);
    return 0;
}

static void add_run(struct rog_db *db, const char *id)
{
    struct rog_error err;
    assert_int_equal(
        rog_db_run(db, &err,
                   "INSERT INTO runs(id, library, threshold, control, batchsize, epochs, note,"
                   " seed, status, config, config_hash)"
                   " VALUES (?, 'ROG', 4, 'outdoors', 1, 2, 'a \"note\"', 1, 'done', '{}', 'h')",
                   "s", id),
        0);
}

static int64_t count(struct rog_db *db, const char *sql)
{
    struct rog_error err;
    struct rog_query *query = NULL;
    assert_int_equal(rog_query_new(&query, db, &err, sql, ""), 0);
    assert_int_equal(rog_query_step(query, &err), 1);
    int64_t number = rog_query_int(query, 0);
    rog_query_free(query);
    return number;
}

static void schema_is_the_contract(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(count(f->db, "PRAGMA user_version"), rog_schema_version());
    assert_int_equal(count(f->db, "SELECT journal_mode = 'wal' FROM pragma_journal_mode"), 1);
    assert_int_equal(count(f->db, "PRAGMA foreign_keys"), 1);
    static const char *const columns[][2] = {
        {"runs", "id,library,threshold,control,batchsize,epochs,note,seed,workload,cluster,status,"
                 "attempt,started_at,ended_at,error,config,config_hash,versions"},
        {"cases", "name,figure,created_at"},
        {"case_runs", "case_name,position,run_id"},
        {"workers", "run_id,rank,host,facts"},
        {"iterations", "run_id,rank,iteration,t,compute_s,push_s,pull_s,stall_s,rows_pushed,"
                       "rows_pulled,rows_total,bytes_pushed,bytes_pulled,loss,staleness"},
        {"bandwidth", "run_id,rank,t,mbps"},
        {"energy", "run_id,rank,t,joules,source"},
        {"checkpoints", "run_id,t,iteration,path,sha256,accuracy,tested_at"},
        {"events", "run_id,rank,t,kind,data"},
    };
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
        struct rog_error err;
        struct rog_query *query = NULL;
        assert_int_equal(rog_query_new(&query, f->db, &err,
                                       "SELECT group_concat(name) FROM pragma_table_info(?)", "s",
                                       columns[i][0]),
                         0);
        assert_int_equal(rog_query_step(query, &err), 1);
        /* Columns that were added later follow. */
        const char *found = rog_query_text(query, 0);
        size_t size = strlen(columns[i][1]);
        assert_memory_equal(found, columns[i][1], size);
        assert_true(found[size] == '\0' || found[size] == ',');
        rog_query_free(query);
    }
}

static void values_are_bound_not_pasted(void **state)
{
    struct fixture *f = *state;
    struct rog_error err;
    const char *evil = "x'); DROP TABLE runs; --";
    add_run(f->db, evil);
    struct rog_query *query = NULL;
    assert_int_equal(rog_query_new(&query, f->db, &err,
                                   "SELECT id, ?, ?, ?, NULL FROM runs WHERE id = ?", "idss",
                                   (int64_t)1 << 40, (double)NAN, NULL, evil),
                     0);
    assert_int_equal(rog_query_step(query, &err), 1);
    assert_string_equal(rog_query_text(query, 0), evil);
    assert_true(rog_query_int(query, 1) == (int64_t)1 << 40);
    assert_true(rog_query_is_null(query, 2));
    assert_true(isnan(rog_query_real(query, 2)));
    assert_null(rog_query_text(query, 3));
    assert_int_equal(rog_query_step(query, &err), 0);
    assert_int_equal(rog_query_rebind(query, &err, "idss", (int64_t)2, 0.5, "t", evil), 0);
    assert_int_equal(rog_query_step(query, &err), 1);
    assert_true(rog_query_real(query, 2) == 0.5);
    rog_query_free(query);
}

static void a_transaction_is_whole_or_nothing(void **state)
{
    struct fixture *f = *state;
    struct rog_error err;
    assert_int_equal(rog_db_begin(f->db, &err), 0);
    add_run(f->db, "one");
    rog_db_rollback(f->db);
    rog_db_rollback(f->db);
    assert_int_equal(count(f->db, "SELECT count(*) FROM runs"), 0);
    assert_int_equal(rog_db_begin(f->db, &err), 0);
    add_run(f->db, "two");
    assert_int_equal(rog_db_commit(f->db, &err), 0);
    assert_int_equal(count(f->db, "SELECT count(*) FROM runs"), 1);
}

static void foreign_files_are_left_alone(void **state)
{
    struct fixture *f = *state;
    struct rog_error err;
    struct rog_db *db = NULL;
    char *other = rog_path_join(f->folder, "other.db");

    assert_int_equal(rog_db_open(&db, other, ROG_DB_READ, &err), ROG_ENOTFOUND);
    assert_non_null(strstr(err.message, "no such database"));
    assert_null(db);

    static const char text[] = "this is a diary, not a database; it is longer than one header, "
                               "and that matters because short files are told apart otherwise";
    assert_int_equal(rog_file_write(other, text, sizeof text, &err), 0);
    assert_int_equal(rog_db_open(&db, other, ROG_DB_WRITE, &err), ROG_EFORMAT);
    assert_int_equal(rog_db_open(&db, other, ROG_DB_READ, &err), ROG_EFORMAT);
    char *data = NULL;
    size_t size = 0;
    assert_int_equal(rog_file_read(other, 1000, &data, &size, &err), 0);
    assert_int_equal(size, sizeof text);
    assert_memory_equal(data, text, size);
    free(data);

    assert_int_equal(rog_db_open(&db, f->folder, ROG_DB_WRITE, &err), ROG_EFORMAT);
    assert_non_null(strstr(err.message, "folder"));
    free(other);
}

static void what_it_wrote_it_opens_again(void **state)
{
    struct fixture *f = *state;
    struct rog_error err = {0};
    add_run(f->db, "a");
    for (int mode = ROG_DB_READ; mode <= ROG_DB_WRITE; mode++) {
        rog_db_close(f->db);
        f->db = NULL;
        if (rog_db_open(&f->db, f->path, (enum rog_db_mode)mode, &err))
            fail_msg("%s", err.message);
        assert_int_equal(count(f->db, "SELECT count(*) FROM runs WHERE id = 'a'"), 1);
    }
}

static void other_schemas_are_refused(void **state)
{
    struct fixture *f = *state;
    struct rog_error err;
    struct rog_db *db = NULL;
    char set[64], says[64];
    int next = rog_schema_version() + 1;
    snprintf(set, sizeof set, "PRAGMA user_version = %d", next);
    snprintf(says, sizeof says, "schema is version %d", next);
    assert_int_equal(rog_db_run(f->db, &err, set, ""), 0);
    for (int mode = ROG_DB_READ; mode <= ROG_DB_WRITE; mode++) {
        assert_int_equal(rog_db_open(&db, f->path, (enum rog_db_mode)mode, &err), ROG_EFORMAT);
        assert_non_null(strstr(err.message, says));
    }
    assert_int_equal(rog_db_run(f->db, &err, "PRAGMA user_version = 0", ""), 0);
    assert_int_equal(rog_db_open(&db, f->path, ROG_DB_WRITE, &err), ROG_EFORMAT);
    assert_non_null(strstr(err.message, "another program"));
}

/* What version 1 stored of a stream exists after the upgrade to the present version, and before it
 * for readers; its cases, one of them with a target, compare ROG with the others. */
static void an_older_schema_is_brought_up(void **state)
{
    struct fixture *f = *state;
    struct rog_error err;
    static const char stored[] = "SELECT sum(stored_bytes) FROM streams"
                                 " WHERE name = 'events.jsonl' AND run_id IN ('a', 'b')";
    static const char *const back[] = {
        "DROP TABLE progress",
        "DROP TABLE robots",
        "DROP TABLE inputs",
        "DROP TABLE identities",
        "DROP TABLE streams",
        ("CREATE TABLE streams(run_id TEXT PRIMARY KEY NOT NULL REFERENCES runs(id) ON DELETE"
         " CASCADE ON UPDATE CASCADE, stored_bytes INTEGER NOT NULL)"),
        "INSERT INTO streams VALUES('a', 17), ('b', 18)",
        "ALTER TABLE case_settings DROP COLUMN contender",
        "ALTER TABLE case_settings DROP COLUMN baseline",
        "ALTER TABLE case_settings DROP COLUMN options",
        "INSERT INTO cases VALUES('c', NULL, 'now'), ('d', NULL, 'now')",
        "INSERT INTO case_settings VALUES('d', 64)",
        "PRAGMA user_version = 1",
    };
    static const char compared[] = "SELECT count(contender = 'ROG') * 1000 + count(baseline) * 100"
                                   " + sum(target_accuracy) FROM case_settings";
    add_run(f->db, "a");
    add_run(f->db, "b");
    for (size_t i = 0; i < sizeof back / sizeof *back; i++)
        assert_int_equal(rog_db_run(f->db, &err, back[i], ""), 0);
    char *first = rog_iterations_create(rog_iteration_columns);
    assert_int_equal(rog_db_run(f->db, &err, "DROP TABLE iterations", ""), 0);
    assert_int_equal(rog_db_run(f->db, &err, first, ""), 0);
    free(first);
    rog_db_close(f->db);
    f->db = NULL;
    assert_int_equal(rog_db_open(&f->db, f->path, ROG_DB_READ, &err), 0);
    assert_int_equal(count(f->db, "PRAGMA user_version"), 1);
    assert_int_equal(count(f->db, stored), 35);
    assert_int_equal(count(f->db, compared), 2064);
    assert_int_equal(count(f->db, "SELECT count(throttled) FROM robots"), 0);
    rog_db_close(f->db);
    f->db = NULL;
    assert_int_equal(rog_db_open(&f->db, f->path, ROG_DB_WRITE, &err), 0);
    assert_int_equal(count(f->db, "PRAGMA user_version"), rog_schema_version());
    assert_int_equal(count(f->db, stored), 35);
    assert_int_equal(count(f->db, compared), 2064);
}

static void progress_is_a_row_until_the_end(void **state)
{
    struct fixture *f = *state;
    struct rog_error err;
    struct rog_run_progress written = {.state = "running",
                                       .t_s = 12.5,
                                       .done = 0.25,
                                       .iteration = 7,
                                       .accuracy = (double)NAN,
                                       .stall_share = 0.5,
                                       .wall_s = 3,
                                       .alone_s = 600},
                            read;
    bool stop = true;
    add_run(f->db, "a");
    assert_int_equal(rog_run_progress_load(f->db, "a", &read, &err), 0);
    assert_int_equal(rog_run_progress_ask_to_stop(f->db, "a", &err), ROG_ENOTFOUND);
    assert_int_equal(rog_run_progress_put(f->db, "a", &written, &stop, &err), 0);
    assert_false(stop);
    assert_int_equal(rog_run_progress_load(f->db, "a", &read, &err), 1);
    assert_string_equal(read.state, "running");
    assert_true(read.t_s == 12.5 && read.done == 0.25 && read.iteration == 7);
    assert_true(isnan(read.accuracy) && read.stall_share == 0.5 && read.wall_s == 3);
    assert_true(read.alone_s == 600 && read.age_s > -2 && read.age_s < 60);
    assert_string_equal(read.waiting, "");

    snprintf(written.waiting, sizeof written.waiting, "worker 3");
    written.waiting_s = 40;
    assert_int_equal(rog_run_progress_ask_to_stop(f->db, "a", &err), 0);
    assert_int_equal(rog_run_progress_put(f->db, "a", &written, &stop, &err), 0);
    assert_true(stop);
    assert_int_equal(rog_run_progress_load(f->db, "a", &read, &err), 1);
    assert_string_equal(read.waiting, "worker 3");
    assert_true(read.waiting_s > 38 && read.waiting_s < 100);

    assert_int_equal(rog_run_progress_end(f->db, "a", &err), 0);
    assert_int_equal(rog_run_progress_load(f->db, "a", &read, &err), 0);
    assert_int_equal(rog_run_progress_put(f->db, "a", &written, &stop, &err), 0);
    assert_false(stop); /* requests to an earlier execution do not apply */
    assert_int_equal(rog_run_progress_put(f->db, "no such run", &written, &stop, &err),
                     ROG_EFORMAT);
}

static void a_run_is_found_by_its_beginning(void **state)
{
    struct fixture *f = *state;
    struct rog_error err;
    char *id = NULL;
    add_run(f->db, "11-22-09-52-ROG-4-outdoors");
    add_run(f->db, "11-22-09-52-ROG-4-outdoors-2");
    add_run(f->db, "11-22-09-53-ROG-20-outdoors");
    static const char *const good[][2] = {
        {"11-22-09-52-ROG-4-outdoors", "11-22-09-52-ROG-4-outdoors"},
        {"11-22-09-53", "11-22-09-53-ROG-20-outdoors"},
        {"results.runs/11-22-09-52-ROG-4-outdoors-2/", "11-22-09-52-ROG-4-outdoors-2"},
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_int_equal(rog_run_find(f->db, good[i][0], &id, &err), 0);
        assert_string_equal(id, good[i][1]);
        free(id);
    }
    assert_int_equal(rog_run_find(f->db, "11-22-09-52", &id, &err), ROG_EINVAL);
    assert_non_null(strstr(err.message, "matches 2 runs: 11-22-09-52-ROG-4-outdoors, "
                                        "11-22-09-52-ROG-4-outdoors-2; give more"));
    assert_int_equal(rog_run_find(f->db, "11-22-%", &id, &err), ROG_ENOTFOUND);
    assert_int_equal(rog_run_find(f->db, "", &id, &err), ROG_ENOTFOUND);
    assert_int_equal(rog_run_find(f->db, "/", &id, &err), ROG_ENOTFOUND);
    assert_null(id);
    for (char c = 'a'; c <= 'j'; c++)
        add_run(f->db, (char[]){'x', c, '\0'});
    assert_int_equal(rog_run_find(f->db, "x", &id, &err), ROG_EINVAL);
    assert_string_equal(err.message, "x matches 10 runs: xa, xb, xc, xd, xe, xf, xg, xh and 2 more;"
                                     " give more of the name");
}

static void cases_know_their_runs_in_order(void **state)
{
    struct fixture *f = *state;
    struct rog_error err;
    add_run(f->db, "a");
    add_run(f->db, "b");
    assert_int_equal(
        rog_db_run(f->db, &err, "INSERT INTO cases VALUES ('t-case0', '10', 'now')", ""), 0);
    assert_int_equal(
        rog_db_run(f->db, &err,
                   "INSERT INTO case_settings VALUES ('t-case0', 64, 'ROG', 'SSP 4', NULL)", ""),
        0);
    assert_int_equal(rog_db_run(f->db, &err,
                                "INSERT INTO case_runs VALUES ('t-case0', 1, 'a'),"
                                " ('t-case0', 0, 'b')",
                                ""),
                     0);
    struct rog_names ids;
    assert_int_equal(rog_case_runs(f->db, "t-case0", &ids, &err), 0);
    assert_int_equal(ids.count, 2);
    assert_string_equal(ids.name[0], "b");
    rog_names_release(&ids);
    struct rog_case_row row;
    assert_int_equal(rog_case_row_load(f->db, "t-case0", &row, &err), 0);
    assert_string_equal(row.figure, "10");
    assert_true(row.target_accuracy == 64.0);
    assert_string_equal(row.contender, "ROG");
    assert_string_equal(row.baseline, "SSP 4");
    assert_int_equal(row.runs, 2);
    rog_case_row_release(&row);
    assert_int_equal(rog_case_runs(f->db, "t-case1", &ids, &err), ROG_ENOTFOUND);
    assert_non_null(strstr(err.message, "t-case0"));
    assert_int_equal(rog_db_run(f->db, &err, "INSERT INTO case_runs VALUES ('no', 1, 'a')", ""),
                     ROG_EFORMAT);
}

/* Runs with different metrics are not compared. */
static void cases_are_of_one_metric(void **state)
{
    struct fixture *f = *state;
    struct rog_error err;
    static const char *const ids[] = {"a", "b", "c", "d"};
    static const char *const configs[] = {
        "{}", "{\"metric\":{\"name\":\"mIoU\",\"unit\":\"\",\"better\":\"higher\"}}", "no JSON",
        "{\"metric\":{\"name\":\"mIoU\",\"unit\":\"\",\"better\":\"higher\"}}"};
    for (size_t i = 0; i < 4; i++) {
        add_run(f->db, ids[i]);
        assert_int_equal(rog_db_run(f->db, &err, "UPDATE runs SET config = ? WHERE id = ?", "ss",
                                    configs[i], ids[i]),
                         0);
    }
    assert_int_equal(rog_case_add_run(f->db, "one", "a", &err), 0);
    assert_int_equal(rog_case_add_run(f->db, "one", "c", &err), 0);
    assert_int_equal(rog_case_add_run(f->db, "one", "b", &err), ROG_EINVAL);
    assert_non_null(strstr(err.message, "b is tested for mIoU, and a of case one for accuracy"));
    assert_int_equal(rog_case_add_run(f->db, "two", "b", &err), 0);
    assert_int_equal(rog_case_add_run(f->db, "two", "d", &err), 0);
    assert_int_equal(rog_case_replace_run(f->db, "two", "b", "a", &err), ROG_EINVAL);
    assert_int_equal(rog_case_remove_run(f->db, "two", "d", &err), 0);
    assert_int_equal(rog_case_replace_run(f->db, "two", "b", "a", &err), 0);
    struct rog_run_row row;
    assert_int_equal(rog_run_row_load(f->db, "d", &row, &err), 0);
    assert_string_equal(row.metric.name, "mIoU");
    rog_run_row_release(&row);
}

/* Returns the ids as a list: each is a letter. */
static struct rog_json *letters(const char *text)
{
    struct rog_json *ids = rog_json_array();
    for (; *text; text++) {
        char id[2] = {*text, '\0'};
        rog_json_append(ids, rog_json_new_string(id));
    }
    return ids;
}

/* Runs that are added together follow the existing ones, each once, or none is added. */
static void many_runs_join_a_case(void **state)
{
    struct fixture *f = *state;
    struct rog_error err;
    static const struct {
        const char *ids;
        int code;
        const char *then;
    } rows[] = {
        {"b", 0, "b"},      {"", 0, "b"},
        {"dbad", 0, "bda"}, {"em", ROG_EINVAL, "bda"},
        {"ec", 0, "bdaec"}, {"m", ROG_EINVAL, "bdaec"},
    };
    for (const char *id = "abcdem"; *id; id++)
        add_run(f->db, (char[]){*id, '\0'});
    assert_int_equal(rog_db_run(f->db, &err,
                                "UPDATE runs SET config = '{\"metric\":{\"name\":\"mIoU\",\"unit\":"
                                "\"\",\"better\":\"higher\"}}' WHERE id = 'm'",
                                ""),
                     0);
    assert_int_equal(rog_case_make(f->db, "case", "6", "ROG", &err), 0);
    assert_int_equal(rog_case_make(f->db, "case", NULL, NULL, &err), 0);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct rog_json *ids = letters(rows[i].ids);
        struct rog_names names = {0};
        char text[32] = "";
        assert_int_equal(rog_case_append_runs(f->db, "case", ids, &err), rows[i].code);
        rog_json_free(ids);
        assert_int_equal(rog_case_runs(f->db, "case", &names, &err), 0);
        for (size_t k = 0; k < names.count; k++)
            strcat(text, names.name[k]);
        rog_names_release(&names);
        assert_string_equal(text, rows[i].then);
    }
}

/* Adds two workers with numbers that are easy to average by hand. */
static void add_iterations(struct rog_db *db)
{
    struct rog_error err;
    assert_int_equal(
        rog_db_run(db, &err,
                   "INSERT INTO iterations(run_id, rank, iteration, t, compute_s, push_s, pull_s,"
                   " stall_s, bytes_pushed, bytes_pulled) VALUES"
                   " ('r', 1, 1, 10, 1, 2, 3, 4, 100, 10), ('r', 1, 2, 20, 3, 2, 3, 0, 100, 10),"
                   " ('r', 2, 1, 30, 4, 1, 1, 6, 100, 10)",
                   ""),
        0);
    assert_int_equal(rog_db_run(db, &err,
                                "INSERT INTO energy VALUES ('r', 1, 10, 100, 'model'),"
                                " ('r', 1, 20, 300, 'model'), ('r', 2, 20, 100, 'model'),"
                                " ('r', 0, 20, 9999, 'model')",
                                ""),
                     0);
    assert_int_equal(rog_db_run(db, &err,
                                "INSERT INTO checkpoints(run_id, t, iteration, path, accuracy)"
                                " VALUES ('r', 0, 0, 'p', 50), ('r', 10, 1, 'p', 60),"
                                " ('r', 20, 2, 'p', NULL), ('r', 30, 2, 'p', 70)",
                                ""),
                     0);
}

static void summaries_average_over_workers(void **state)
{
    struct fixture *f = *state;
    struct rog_error err;
    add_run(f->db, "r");
    add_iterations(f->db);

    struct rog_totals totals;
    assert_int_equal(rog_totals_load(f->db, "r", &totals, NULL, NULL, &err), 0);
    const struct rog_composition c = totals.composition;
    assert_true(c.compute_s == 3 && c.communication_s == 3.5 && c.stall_s == 4 && c.workers == 2);
    const struct rog_extent e = totals.extent;
    assert_true(e.iterations == 2 && e.seconds == 30 && e.bytes_pushed == 300);
    assert_true(e.bytes_pulled == 30 && e.energy_j == 200);

    struct rog_accuracy a;
    assert_int_equal(rog_accuracy_load(f->db, "r", &a, &err), 0);
    assert_int_equal(a.count, 3);
    static const double points[][2] = {{0, 50}, {10, 60}, {30, 70}};
    for (size_t i = 0; i < a.count; i++)
        assert_true(a.point[i].t == points[i][0] && a.point[i].percent == points[i][1]);
    rog_accuracy_release(&a);

    struct rog_energy energy;
    assert_int_equal(rog_energy_load(f->db, "r", &energy, &err), 0);
    assert_int_equal(energy.count, 3);
    assert_true(rog_energy_at(&energy, 0) == 0 && rog_energy_at(&energy, 10) == 75);
    assert_true(rog_energy_at(&energy, 15) == (200 + 75) / 2.0);
    assert_true(rog_energy_at(&energy, 99) == 200);
    rog_energy_release(&energy);
    assert_true(isnan(rog_energy_at(&energy, 1)) && isnan(rog_energy_known_until(&energy)));
    /* Rank 1 is now measured by two sensors, which add up; the model no longer counts. Rank 2 only
     * has the model. */
    assert_int_equal(rog_db_run(f->db, &err,
                                "INSERT INTO energy VALUES ('r', 1, 10, 40, 'rail a'),"
                                " ('r', 1, 20, 60, 'rail a'), ('r', 1, 5, 10, 'rail b'),"
                                " ('r', 1, 15, 110, 'rail b')",
                                ""),
                     0);
    assert_int_equal(rog_energy_load(f->db, "r", &energy, &err), 0);
    assert_true(rog_energy_at(&energy, 10) == (40 + 60 + 50) / 2.0);
    assert_true(rog_energy_at(&energy, 15) == (50 + 110 + 75) / 2.0);
    assert_true(rog_energy_at(&energy, 99) == (60 + 110 + 100) / 2.0);
    assert_true(rog_energy_known_until(&energy) == 15);
    assert_true(rog_energy_mean_power(&energy, 1) == 60 / 20.0 + 110 / 15.0);
    assert_true(isnan(rog_energy_mean_power(&energy, 3)));
    rog_energy_release(&energy);
    assert_int_equal(rog_totals_load(f->db, "r", &totals, NULL, NULL, &err), 0);
    assert_true(totals.extent.energy_j == (60 + 110 + 100) / 2.0);
}

/* Worker 1 came back with a new process, whose meter began at 0; worker 2 did not. */
static void a_meter_continues_after_its_worker_came_back(void **state)
{
    struct fixture *f = *state;
    struct rog_error err;
    struct rog_energy energy;
    add_run(f->db, "r");
    assert_int_equal(rog_db_run(f->db, &err,
                                "INSERT INTO energy VALUES ('r', 1, 10, 100, 'model'),"
                                " ('r', 1, 20, 30, 'model'), ('r', 2, 10, 7, 'model'),"
                                " ('r', 2, 20, 9, 'model'), ('r', 3, 20, 4, 'model')",
                                ""),
                     0);
    assert_int_equal(rog_db_run(f->db, &err,
                                "INSERT INTO events(run_id, rank, t, kind, data) VALUES"
                                " ('r', 1, 15, 'join', '{\"iteration\": 3}')",
                                ""),
                     0);
    static const double joules[] = {100, 130, 7, 9, 4};
    assert_int_equal(rog_energy_load(f->db, "r", &energy, &err), 0);
    assert_int_equal(energy.count, 5);
    for (size_t i = 0; i < energy.count; i++)
        assert_true(energy.point[i].joules == joules[i]);
    rog_energy_release(&energy);
}

static void show_has_what_the_contract_names(void **state)
{
    struct fixture *f = *state;
    struct rog_error err;
    add_run(f->db, "r");
    add_iterations(f->db);
    struct rog_json *s = NULL;
    assert_int_equal(rog_run_summary(f->db, "r", &s, &err), 0);
    static const char *const names[] = {"id",
                                        "library",
                                        "threshold",
                                        "control",
                                        "batchsize",
                                        "epochs",
                                        "note",
                                        "seed",
                                        "status",
                                        "iterations",
                                        "seconds",
                                        "compute_s",
                                        "communication_s",
                                        "stall_s",
                                        "accuracy",
                                        "energy_j",
                                        "bytes_pushed",
                                        "bytes_pulled"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_non_null(rog_json_get(s, names[i]));
    assert_string_equal(rog_json_get_string(s, "note", ""), "a \"note\"");
    assert_true(rog_json_get_number(s, "stall_s", 0) == 4);
    const struct rog_json *metric = rog_json_get(s, "metric");
    assert_string_equal(rog_json_get_string(metric, "name", ""), "accuracy");
    assert_string_equal(rog_json_get_string(metric, "unit", ""), "%");
    const struct rog_json *accuracy = rog_json_get(s, "accuracy");
    assert_int_equal(rog_json_size(accuracy), 3);
    assert_true(rog_json_number(rog_json_at(rog_json_at(accuracy, 1), 2), 0) == 60);
    rog_json_free(s);
    assert_int_equal(rog_run_summary(f->db, "q", &s, &err), ROG_ENOTFOUND);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(schema_is_the_contract),
        TEST(values_are_bound_not_pasted),
        TEST(a_transaction_is_whole_or_nothing),
        TEST(foreign_files_are_left_alone),
        TEST(what_it_wrote_it_opens_again),
        TEST(other_schemas_are_refused),
        TEST(an_older_schema_is_brought_up),
        TEST(progress_is_a_row_until_the_end),
        TEST(a_run_is_found_by_its_beginning),
        TEST(cases_know_their_runs_in_order),
        TEST(cases_are_of_one_metric),
        TEST(many_runs_join_a_case),
        TEST(summaries_average_over_workers),
        TEST(a_meter_continues_after_its_worker_came_back),
        TEST(show_has_what_the_contract_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
