/* SPDX-License-Identifier: Apache-2.0 */

/* The table `iterations`: a value stored under a name is returned under it, and columns of a later
 * version are added to existing tables. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <common/file.h>
#include <orchestrator/store/iterations.h>
#include <orchestrator/store/summary.h>

struct fixture {
    char folder[64];
    struct rog_db *db;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    struct rog_error err;
    if (!f)
        return -1;
    *state = f;
    strcpy(f->folder, "/tmp/rog-iterations-XXXXXX");
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
    return code;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    rog_db_close(f->db);
    rog_dir_remove(f->folder, NULL);
    free(f);
    return 0;
}

/* Checks the first column of a query's first row as text. */
static void expect(struct rog_db *db, const char *sql, const char *wanted)
{
    struct rog_query *query = NULL;
    struct rog_error err = {0};
    if (rog_query_new(&query, db, &err, sql, "") != 0)
        fail_msg("%s: %s", sql, err.message);
    assert_int_equal(rog_query_step(query, &err), 1);
    const char *found = rog_query_text(query, 0);
    assert_string_equal(found ? found : "NULL", wanted);
    rog_query_free(query);
}

static void run_script(struct rog_db *db, char *sql)
{
    struct rog_error err = {0};
    assert_non_null(sql);
    if (*sql && rog_db_run(db, &err, sql, ""))
        fail_msg("%s: %s", sql, err.message);
    free(sql);
}

static void insert(struct rog_db *db, const struct rog_iteration *row)
{
    struct rog_batch *batch = NULL;
    struct rog_error err = {0};
    assert_int_equal(rog_iterations_insert_new(&batch, db, &err), 0);
    if (rog_iterations_insert(batch, "r", row, &err) || rog_batch_flush(batch, &err))
        fail_msg("%s", err.message);
    rog_batch_free(batch);
}

static void values_keep_their_names(void **state)
{
    struct fixture *f = *state;
    static const char text[] =
        "{\"rank\":2,\"iteration\":3,\"t\":17.5,\"compute_s\":5.5,\"push_s\":7.5,\"pull_s\":6.5,"
        "\"stall_s\":8.5,\"rows_pushed\":11,\"rows_pulled\":12,\"rows_total\":10,"
        "\"bytes_pushed\":5000000000,\"bytes_pulled\":14,\"loss\":1.5,\"staleness\":4}";
    struct rog_event_line event;
    struct rog_iteration row, seen;
    struct rog_query *query = NULL;
    struct rog_error err = {0};
    assert_int_equal(rog_event_line_read(&event, text, strlen(text), &err), 0);
    rog_iterations_from_event(&event, &row);
    rog_event_line_release(&event);
    insert(f->db, &row);
    expect(f->db,
           "SELECT json_array(run_id, rank, iteration, t, compute_s, push_s, pull_s, stall_s,"
           " rows_pushed, rows_pulled, rows_total, bytes_pushed, bytes_pulled, loss, staleness)"
           " FROM iterations",
           "[\"r\",2,3,17.5,5.5,7.5,6.5,8.5,11,12,10,5000000000,14,1.5,4]");
    assert_int_equal(rog_iterations_query(&query, f->db, "r", ROG_ABSENT, &err), 0);
    assert_int_equal(rog_iterations_step(query, &seen, &err), 1);
    assert_true(seen.rank == 2 && seen.iteration == 3 && seen.t == 17.5);
    assert_true(seen.compute_s == 5.5 && seen.push_s == 7.5);
    assert_true(seen.pull_s == 6.5 && seen.stall_s == 8.5);
    assert_true(seen.rows_pushed == 11 && seen.rows_pulled == 12 && seen.rows_total == 10);
    assert_true(seen.bytes_pushed == 5000000000 && seen.bytes_pulled == 14);
    assert_true(seen.loss == 1.5 && seen.staleness == 4);
    assert_int_equal(rog_iterations_step(query, &seen, &err), 0);
    rog_query_free(query);
}

/* Members that an event does not have are NULL, and unknown to readers. */
static void what_is_missing_stays_unknown(void **state)
{
    struct fixture *f = *state;
    static const char text[] = "{\"rank\":1,\"iteration\":1,\"t\":2,\"loss\":null}";
    struct rog_event_line event;
    struct rog_iteration row, seen;
    struct rog_query *query = NULL;
    struct rog_error err = {0};
    assert_int_equal(rog_event_line_read(&event, text, strlen(text), &err), 0);
    rog_iterations_from_event(&event, &row);
    rog_event_line_release(&event);
    insert(f->db, &row);
    for (const struct rog_iteration_column *c = rog_iteration_columns; c->name; c++) {
        char *sql = rog_format("SELECT %s IS NULL FROM iterations", c->name);
        expect(f->db, sql, c->required ? "0" : "1");
        free(sql);
    }
    assert_int_equal(rog_iterations_query(&query, f->db, "r", 1, &err), 0);
    assert_int_equal(rog_iterations_step(query, &seen, &err), 1);
    for (const struct rog_iteration_column *c = rog_iteration_columns; c->name; c++)
        assert_true(rog_iteration_has(&seen, c) == c->required);
    rog_query_free(query);
}

static void rows_of_one_rank_or_of_all_workers(void **state)
{
    struct fixture *f = *state;
    static const struct {
        int64_t asked;
        const char *found; /* ranks and iterations in order */
    } cases[] = {{ROG_ABSENT, "11 12 21 "}, {1, "11 12 "}, {2, "21 "}, {3, ""}, {0, "01 "}};
    static const int64_t keys[][2] = {{2, 1}, {1, 2}, {0, 1}, {1, 1}};
    struct rog_iteration row;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        rog_iteration_init(&row);
        row.rank = keys[i][0];
        row.iteration = keys[i][1];
        row.t = 1;
        insert(f->db, &row);
    }
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char found[64] = "";
        struct rog_query *query = NULL;
        struct rog_error err;
        assert_int_equal(rog_iterations_query(&query, f->db, "r", cases[i].asked, &err), 0);
        while (rog_iterations_step(query, &row, &err) == 1)
            snprintf(found + strlen(found), 8, "%d%d ", (int)row.rank, (int)row.iteration);
        rog_query_free(query);
        assert_string_equal(found, cases[i].found);
    }
}

/* Workers count equally, however many iterations they made; the server does not count. */
static void means_are_of_workers(void **state)
{
    struct fixture *f = *state;
    static const struct {
        int64_t rank, iteration, staleness;
    } rows[] = {{0, 1, 100}, {1, 1, 2}, {1, 2, 2}, {1, 3, 5}, {2, 1, 7}};
    struct rog_json *means = rog_json_object();
    struct rog_totals totals;
    struct rog_error err;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct rog_iteration row;
        rog_iteration_init(&row);
        row.rank = rows[i].rank;
        row.iteration = rows[i].iteration;
        row.t = 1;
        row.staleness = rows[i].staleness;
        insert(f->db, &row);
    }
    assert_int_equal(rog_totals_load(f->db, "r", &totals, means, NULL, &err), 0);
    assert_true(rog_json_get_number(means, "staleness", -1) == 5);
    assert_true(rog_json_get_number(means, "loss", -1) == -1);
    assert_null(rog_json_get(means, "rows_total"));
    rog_json_free(means);
}

/* The table of columns with two of later versions. */
#define COLUMNS_MAX 64
static void add_columns(struct rog_iteration_column columns[COLUMNS_MAX])
{
    size_t count = 0;
    while (rog_iteration_columns[count].name)
        count++;
    assert_true(count + 3 <= COLUMNS_MAX);
    memset(columns, 0, COLUMNS_MAX * sizeof *columns);
    memcpy(columns, rog_iteration_columns, count * sizeof *columns);
    int version = rog_iterations_version(rog_iteration_columns);
    columns[count] = (struct rog_iteration_column){
        .name = "odd", .type = ROG_COLUMN_INTEGER, .since = version + 2};
    columns[count + 1] = (struct rog_iteration_column){
        .name = "even", .type = ROG_COLUMN_REAL, .since = version + 3};
}

static void older_tables_are_extended(void **state)
{
    struct fixture *f = *state;
    struct rog_iteration_column columns[COLUMNS_MAX];
    struct rog_iteration row;
    add_columns(columns);
    int version = rog_iterations_version(rog_iteration_columns);
    assert_int_equal(rog_iterations_version(columns), version + 3);
    rog_iteration_init(&row);
    row.rank = row.iteration = 1;
    row.t = 2.5;
    insert(f->db, &row);

    /* For readers. */
    run_script(f->db, rog_iterations_view(columns, version + 2));
    expect(f->db, "SELECT t || ifnull(even, '-') FROM iterations", "2.5-");
    run_script(f->db, rog_strdup("DROP VIEW temp.iterations"));
    run_script(f->db, rog_iterations_view(columns, version));
    expect(f->db, "SELECT t || ifnull(odd, '-') || ifnull(even, '-') FROM iterations", "2.5--");
    run_script(f->db, rog_strdup("DROP VIEW temp.iterations"));
    char *none = rog_iterations_view(columns, version + 3);
    assert_string_equal(none, "");
    free(none);

    /* And for writers, step by step. */
    for (int next = version + 1; next <= version + 3; next++)
        run_script(f->db, rog_iterations_extend(columns, next));
    expect(f->db,
           "SELECT group_concat(name || type || \"notnull\") FROM (SELECT * FROM"
           " pragma_table_info('iterations') ORDER BY cid DESC LIMIT 2)",
           "evenREAL0,oddINTEGER0");
    expect(f->db, "SELECT t || ifnull(odd, '-') || ifnull(even, '-') FROM iterations", "2.5--");
}

/* A new table has the first version's columns, whatever was added later; those without a version
 * belong to the first. */
static void the_first_version_is_what_it_was(void **state)
{
    struct fixture *f = *state;
    struct rog_iteration_column columns[COLUMNS_MAX];
    add_columns(columns);
    run_script(f->db, rog_strdup("DROP TABLE iterations"));
    run_script(f->db, rog_iterations_create(columns));
    expect(f->db, "SELECT group_concat(name) FROM pragma_table_info('iterations')",
           "run_id,rank,iteration,t,compute_s,push_s,pull_s,stall_s,rows_pushed,rows_pulled,"
           "rows_total,bytes_pushed,bytes_pulled,loss,staleness");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(values_keep_their_names),
        TEST(what_is_missing_stays_unknown),
        TEST(rows_of_one_rank_or_of_all_workers),
        TEST(means_are_of_workers),
        TEST(older_tables_are_extended),
        TEST(the_first_version_is_what_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
