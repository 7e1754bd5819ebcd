/* SPDX-License-Identifier: Apache-2.0 */
/* A database with generated runs in its own folder. */
#include "figures_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>

#define WORKERS 4

int fixture_setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    if (!f)
        return -1;
    *state = f;
    strcpy(f->folder, "/tmp/rog-figures-XXXXXX");
    if (!mkdtemp(f->folder))
        return -1;
    f->plots = rog_path_join(f->folder, "plots");
    char *path = rog_path_join(f->folder, "results.db");
    int code = rog_db_open(&f->db, path, ROG_DB_WRITE, NULL);
    free(path);
    return code;
}

int fixture_teardown(void **state)
{
    struct fixture *f = *state;
    rog_db_close(f->db);
    rog_dir_remove(f->folder, NULL);
    free(f->plots);
    free(f);
    return 0;
}

void fixture_case(struct fixture *f, const char *name, const char *figure, double target)
{
    struct rog_error err;
    assert_int_equal(rog_db_run(f->db, &err,
                                "INSERT INTO cases VALUES (?, ?, '2026-01-01T00:00:00Z')", "ss",
                                name, figure),
                     0);
    assert_int_equal(rog_db_run(f->db, &err,
                                "INSERT INTO case_settings VALUES (?, ?, 'ROG', NULL, NULL)", "sd",
                                name, target),
                     0);
}

static void add_worker(struct fixture *f, const struct fixture_run *run, int rank)
{
    struct rog_error err;
    double end_s = 0;
    for (int64_t i = 1; i <= run->iterations; i++) {
        end_s = (double)i * run->iteration_s + rank / 10.0;
        assert_int_equal(
            rog_db_run(f->db, &err,
                       "INSERT INTO iterations(run_id, rank, iteration, t, compute_s, push_s,"
                       " pull_s, stall_s, rows_pushed, rows_pulled, rows_total, bytes_pushed,"
                       " bytes_pulled, loss, staleness) VALUES (?1, ?2, ?3, ?4, ?5 * 0.2, ?5 * 0.3,"
                       " ?5 * 0.2, ?5 * 0.3, 400 + ?3 % 100, 700, 1000, 5000, 6000, 3.0, NULL)",
                       "siidd", run->id, (int64_t)rank, i, end_s, run->iteration_s),
            0);
    }
    for (double t = 0; t < end_s + 60; t += 60)
        assert_int_equal(rog_db_run(f->db, &err, "INSERT INTO energy VALUES (?, ?, ?, ?, 'model')",
                                    "sidd", run->id, (int64_t)rank, t, 10 * t),
                         0);
    for (double t = 0; t < end_s; t += 20)
        assert_int_equal(rog_db_run(f->db, &err, "INSERT INTO bandwidth VALUES (?, ?, ?, ?)",
                                    "sidd", run->id, (int64_t)rank, t, 50 + 40 * sin(t / 50)),
                         0);
    assert_int_equal(rog_db_run(f->db, &err, "INSERT INTO workers VALUES (?, ?, 'host', '{}')",
                                "si", run->id, (int64_t)rank),
                     0);
}

void fixture_run_add(struct fixture *f, const struct fixture_run *run)
{
    struct rog_error err;
    char *config = rog_format("{\"seed\": %lld, \"note\": \"x\", \"threshold\": %lld}",
                              (long long)run->seed, (long long)run->threshold);
    assert_int_equal(rog_db_begin(f->db, &err), 0);
    assert_int_equal(rog_db_run(f->db, &err,
                                "INSERT INTO runs(id, library, threshold, control, batchsize,"
                                " epochs, note, seed, status, config, config_hash)"
                                " VALUES (?, ?, ?, 'outdoors', ?, 4, ?, ?, 'done', ?, 'h')",
                                "ssiisis", run->id, run->library, run->threshold,
                                run->batchsize ? run->batchsize : 1, run->note, run->seed, config),
                     0);
    assert_int_equal(rog_db_run(f->db, &err,
                                "INSERT INTO case_runs SELECT ?1, count(*), ?2 FROM case_runs"
                                " WHERE case_name = ?1",
                                "ss", run->case_name, run->id),
                     0);
    free(config);
    double last_s = (double)run->iterations * run->iteration_s;
    for (size_t i = 0; i < run->checkpoints; i++) {
        double t = run->checkpoints > 1 ? last_s * (double)i / (double)(run->checkpoints - 1) : 0;
        double iteration = floor(t / run->iteration_s);
        double percent = 53 + 17 * (1 - exp(-iteration / 200)) + 0.1 * (double)run->seed +
                         0.3 * sin((double)(i * 7 + (size_t)run->seed));
        assert_int_equal(rog_db_run(f->db, &err,
                                    "INSERT INTO checkpoints VALUES (?, ?, ?, 'x', '', ?, NULL)",
                                    "sdid", run->id, t, (int64_t)iteration, percent),
                         0);
    }
    for (int rank = 1; rank <= WORKERS; rank++)
        add_worker(f, run, rank);
    assert_int_equal(rog_db_commit(f->db, &err), 0);
}

void fixture_sql(struct fixture *f, const char *sql)
{
    struct rog_error err;
    if (rog_db_run(f->db, &err, sql, "") != 0)
        fail_msg("%s", err.message);
}

double fixture_number(struct fixture *f, const char *sql)
{
    struct rog_error err;
    struct rog_query *query = NULL;
    assert_int_equal(rog_query_new(&query, f->db, &err, sql, ""), 0);
    assert_int_equal(rog_query_step(query, &err), 1);
    double number = rog_query_real(query, 0);
    rog_query_free(query);
    return number;
}

void fixture_expect(struct rog_json *value, const char *text)
{
    char *found = rog_json_text(value);
    assert_string_equal(found, text);
    free(found);
    rog_json_free(value);
}
