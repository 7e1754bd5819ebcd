/* SPDX-License-Identifier: Apache-2.0 */
/* What verify finds in the record of a small run that was changed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <orchestrator/check/record.h>
#include <orchestrator/check/verify.h>
#include "figures_fixture.h"

/* A virtual run of 3 workers. The first one finishes 2 iterations of 1 s; its link carries 1 MB/s,
 * and 2 MB/s during the second iteration. */
static void add_run(struct fixture *f)
{
    fixture_sql(f, "INSERT INTO runs(id, library, threshold, control, batchsize, epochs, seed,"
                   " status, config, config_hash) VALUES ('r', 'SSP', 3, 'outdoors', 1, 1, 1,"
                   " 'done', '{\"learning_rate\": 0.5, \"momentum\": 0.25,"
                   " \"workers\": [{\"rank\": 1}, {\"rank\": 2}, {\"rank\": 3}]}', 'h')");
    fixture_sql(f, "INSERT INTO iterations(run_id, rank, iteration, t, compute_s, push_s, pull_s,"
                   " stall_s, bytes_pushed, bytes_pulled) VALUES"
                   " ('r', 1, 1, 1, 0.5, 0.125, 0.25, 0.125, 1000000, 0),"
                   " ('r', 1, 2, 2, 0.5, 0.125, 0.25, 0.125, 2000000, 0)");
    fixture_sql(f, "INSERT INTO bandwidth VALUES ('r', 1, 0, 8), ('r', 1, 1, 16)");
    fixture_sql(f, "INSERT INTO events(run_id, rank, t, kind, data) VALUES"
                   " ('r', NULL, 0, 'start', '{\"event\": \"start\"}')");
}

/* Checks the findings of one check, each on a line. */
static void finds(struct fixture *f, enum rog_verify_check check, const char *wanted)
{
    struct rog_verify verify;
    struct rog_error err;
    char found[1024] = "";
    if (rog_verify_run(f->db, "r", &verify, &err) != 0)
        fail_msg("%s", err.message);
    const struct rog_finding_list *list = &verify.check[check];
    assert_true(list->checked > 0);
    for (size_t i = 0; i < list->findings; i++)
        snprintf(found + strlen(found), sizeof found - strlen(found), "%s\n", list->finding[i]);
    assert_string_equal(found, wanted);
    rog_verify_release(&verify);
}

static void parts_of_an_iteration_may_take_no_time(void **state)
{
    struct fixture *f = *state;
    static const char *const parts[] = {"compute_s", "push_s", "pull_s", "stall_s"};
    add_run(f);
    for (size_t i = 0; i < 4; i++) {
        /* Another part takes longer by as much, so that they add up. */
        const char *part = parts[i], *other = parts[(i + 1) % 4];
        char *none = rog_format("UPDATE iterations SET %s = %s + %s, %s = 0 WHERE iteration = 2",
                                other, other, part, part);
        char *less = rog_format("UPDATE iterations SET %s = %s + 0.25, %s = -0.25"
                                " WHERE iteration = 2",
                                other, other, part);
        fixture_sql(f, none);
        finds(f, ROG_VERIFY_TIMES, "");
        fixture_sql(f, less);
        finds(f, ROG_VERIFY_TIMES, "rank 1 iteration 2 at 2.000000 s: a negative time\n");
        fixture_sql(f, "UPDATE iterations SET compute_s = 0.5, push_s = 0.125, pull_s = 0.25,"
                       " stall_s = 0.125");
        free(none);
        free(less);
    }
}

static void bytes_are_compared_with_the_link(void **state)
{
    struct fixture *f = *state;
    add_run(f);
    finds(f, ROG_VERIFY_BYTES, "");
    fixture_sql(f, "UPDATE iterations SET bytes_pushed = 4000000");
    finds(f, ROG_VERIFY_BYTES,
          "rank 1 iteration 2 at 2.000000 s: 8000000 bytes pushed so far, but the link could carry"
          " only 3000000\n");
    fixture_sql(f, "UPDATE iterations SET bytes_pulled = bytes_pushed, bytes_pushed = 1");
    finds(f, ROG_VERIFY_BYTES,
          "rank 1 iteration 2 at 2.000000 s: 8000000 bytes pulled so far, but the link could carry"
          " only 3000000\n");
}

static void a_finding_names_its_admission(void **state)
{
    struct fixture *f = *state;
    add_run(f);
    fixture_sql(f, "INSERT INTO events(run_id, rank, t, kind, data) VALUES ('r', 1, 1.75, 'admit',"
                   " '{\"iteration\": 2, \"oldest\": 0, \"needed\": 1}')");
    finds(f, ROG_VERIFY_BOUND,
          "admission of rank 1 to iteration 2 at 1.750000 s: version 1 was needed, the oldest row"
          " had 0\n");
}

static void a_setting_in_one_place_is_a_finding(void **state)
{
    static const struct {
        const char *config, *found;
    } cases[] = {
        {"{\"learning_rate\": 0.5, \"momentum\": 0.25, ", ""},
        {"{\"learning_rate\": 0.5, ",
         "momentum is 0.25 in results.db, nothing in config.json of its folder\n"},
        {"{\"learning_rate\": 0.5, \"momentum\": 0.25, \"compression\": \"sign\", ",
         "compression is nothing in results.db, \"sign\" in config.json of its folder\n"},
    };
    struct fixture *f = *state;
    struct rog_error err;
    add_run(f);
    char *folder = rog_path_join(f->folder, "results.runs/r");
    char *path = rog_path_join(folder, "config.json");
    assert_int_equal(rog_dir_make(folder, &err), 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *text = rog_format("%s\"workers\": [{\"rank\": 1}, {\"rank\": 2}, {\"rank\": 3}]}",
                                cases[i].config);
        assert_int_equal(rog_file_write(path, text, strlen(text), &err), 0);
        finds(f, ROG_VERIFY_SETTINGS, cases[i].found);
        free(text);
    }
    free(path);
    free(folder);
}

/* In real time workers are waited for that have joined, with or without iterations. */
static void all_workers_that_joined_are_waited_for(void **state)
{
    struct fixture *f = *state;
    struct rog_error err;
    struct rog_record record;
    add_run(f);
    fixture_sql(f, "INSERT INTO streams VALUES ('r', 'events.jsonl', 1),"
                   " ('r', 'worker1/events.jsonl', 1)");
    fixture_sql(f, "INSERT INTO events(run_id, rank, t, kind, data) VALUES"
                   " ('r', 1, 0, 'join', '{}'), ('r', 2, 0, 'join', '{}'),"
                   " ('r', 3, 0, 'join', '{}'), ('r', 4, 0, 'join', '{}')");
    assert_int_equal(rog_record_load(f->db, "r", &record, &err), 0);
    assert_int_equal(record.workers, 3); /* the run has no worker 4 */
    for (size_t w = 0; w < record.workers; w++) {
        assert_int_equal(record.worker[w].rank, w + 1);
        assert_int_equal(record.worker[w].steps, w == 0 ? 2 : 0);
    }
    rog_record_release(&record);
}

static void promises_of_the_strategy_are_checked(void **state)
{
    struct fixture *f = *state;
    add_run(f);
    fixture_sql(f, "INSERT INTO events(run_id, rank, t, kind, data) VALUES ('r', 1, 1.75, 'admit',"
                   " '{\"iteration\": 9, \"oldest\": 0, \"needed\": 0}')");
    finds(f, ROG_VERIFY_BOUND,
          "admission of rank 1 to iteration 9 at 1.750000 s: SSP 3 needs version 6, the oldest row"
          " had 0\n");
}

/* Without an end event nothing else can have arrived. */
static void pushes_that_the_end_interrupted_count(void **state)
{
    struct fixture *f = *state;
    add_run(f);
    fixture_sql(f, "INSERT INTO events(run_id, rank, t, kind, data) VALUES ('r', 1, 0.75, 'admit',"
                   " '{\"iteration\": 1, \"oldest\": 1, \"needed\": 0}')");
    finds(f, ROG_VERIFY_BOUND,
          "admission of rank 1 to iteration 1 at 0.750000 s: it records version 1 for all rows, but"
          " one worker had pushed only up to iteration 0\n");
    fixture_sql(f, "INSERT INTO events(run_id, rank, t, kind, data) VALUES"
                   " ('r', NULL, 2, 'end', '{\"iterations\": 2, \"seconds\": 2}')");
    finds(f, ROG_VERIFY_BOUND, "");
}

static void an_admission_is_found_missing(void **state)
{
    struct fixture *f = *state;
    add_run(f);
    fixture_sql(f, "INSERT INTO events(run_id, rank, t, kind, data) VALUES"
                   " ('r', 1, 0.75, 'admit', '{\"iteration\": 1}'),"
                   " ('r', 0, 3, 'resume', '{}'), ('r', 2, 3, 'join', '{\"iteration\": 2}')");
    finds(f, ROG_VERIFY_ADMISSIONS, "rank 1 iteration 2 at 2.000000 s: it has no admission\n");
    /* The killed server had saved the state of the worker that comes back. */
    fixture_sql(f, "UPDATE events SET rank = 1 WHERE kind = 'join'");
    finds(f, ROG_VERIFY_ADMISSIONS, "");
}

static void an_admission_may_be_lost_with_its_worker(void **state)
{
    struct fixture *f = *state;
    add_run(f);
    fixture_sql(f, "INSERT INTO events(run_id, rank, t, kind, data) VALUES"
                   " ('r', 1, 0.75, 'admit', '{\"iteration\": 1}'),"
                   " ('r', 1, 1.75, 'admit', '{\"iteration\": 2}'),"
                   " ('r', 1, 3.75, 'admit', '{\"iteration\": 4}')");
    finds(f, ROG_VERIFY_ADMISSIONS, "admission at 3.750000 s: rank 1 has no iteration 4\n");
    fixture_sql(f, "INSERT INTO events(run_id, rank, t, kind, data) VALUES"
                   " ('r', 1, 5, 'join', '{\"iteration\": 2}')");
    finds(f, ROG_VERIFY_ADMISSIONS, "");
}

static void a_run_that_is_done_has_an_end(void **state)
{
    struct fixture *f = *state;
    add_run(f);
    fixture_sql(f, "UPDATE iterations SET rows_pushed = 1, rows_pulled = 1");
    finds(f, ROG_VERIFY_COMPLETE, "the trainer's end event is missing\n");
    fixture_sql(f, "UPDATE runs SET status = 'running'");
    finds(f, ROG_VERIFY_COMPLETE, "");
}

static void a_checkpoint_is_not_ahead_of_the_pushes(void **state)
{
    struct fixture *f = *state;
    add_run(f);
    fixture_sql(f, "INSERT INTO checkpoints(run_id, iteration, t, path) VALUES"
                   " ('r', 2, 2, 'chkpt/2.ckpt')");
    finds(f, ROG_VERIFY_SAVED, "");
    fixture_sql(f, "UPDATE checkpoints SET iteration = 3");
    finds(f, ROG_VERIFY_SAVED,
          "chkpt/2.ckpt at 2.000000 s: it is recorded for iteration 3, but the fastest worker had"
          " pushed only up to 2\n");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(parts_of_an_iteration_may_take_no_time),
        TEST(bytes_are_compared_with_the_link),
        TEST(a_finding_names_its_admission),
        TEST(a_setting_in_one_place_is_a_finding),
        TEST(all_workers_that_joined_are_waited_for),
        TEST(promises_of_the_strategy_are_checked),
        TEST(pushes_that_the_end_interrupted_count),
        TEST(an_admission_is_found_missing),
        TEST(an_admission_may_be_lost_with_its_worker),
        TEST(a_run_that_is_done_has_an_end),
        TEST(a_checkpoint_is_not_ahead_of_the_pushes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
