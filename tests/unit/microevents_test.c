/* SPDX-License-Identifier: Apache-2.0 */
/* One worker's microevents: the values, and what is rejected. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <common/process.h>
#include <orchestrator/figures/figures.h>
#include <orchestrator/figures/microevents.h>
#include <orchestrator/figures/row_shares.h>

#include "figures_fixture.h"

#define RUN "01-02-03-04-ROG-4-outdoors"

static int add_runs(void **state)
{
    int code = fixture_setup(state);
    if (code)
        return code;
    struct fixture *f = *state;
    fixture_case(f, "case0", "10", 64);
    fixture_run_add(f, &(struct fixture_run){"case0", RUN, "ROG", "ROG 4", 4, 1, 1, 7, 60, 9});
    fixture_run_add(f, &(struct fixture_run){"case0", "blind", "ROG", "x", 4, 2, 1, 7, 60, 9});
    fixture_sql(f, "DELETE FROM bandwidth WHERE run_id = 'blind'");
    return 0;
}

/* Returns the value at t. */
static double value_at(const struct rog_microevent_list *list, double t)
{
    double value = (double)NAN;
    for (size_t i = 0; i < list->count && list->item[i].t <= t; i++)
        value = list->item[i].value;
    return value;
}

static int64_t reached(struct fixture *f, const char *rank_condition, double t)
{
    struct rog_error err;
    struct rog_query *query = NULL;
    char *sql = rog_format("SELECT coalesce(max(iteration), 0) FROM iterations WHERE run_id = ?"
                           " AND t <= ? AND %s",
                           rank_condition);
    assert_int_equal(rog_query_new(&query, f->db, &err, sql, "sd", RUN, t), 0);
    assert_int_equal(rog_query_step(query, &err), 1);
    int64_t iteration = rog_query_int(query, 0);
    rog_query_free(query);
    free(sql);
    return iteration;
}

static void values_are_those_recorded(void **state)
{
    struct fixture *f = *state;
    struct rog_error err;
    struct rog_microevents events;
    /* One worker falls behind, and catches up. */
    assert_int_equal(rog_db_run(f->db, &err,
                                "UPDATE iterations SET t = t + 20 WHERE rank = 2 AND"
                                " iteration BETWEEN 20 AND 25 AND run_id = ?",
                                "s", RUN),
                     0);
    assert_int_equal(rog_microevents_load(f->db, "01-02", 2, 105, 150, false, &events, &err), 0);
    assert_string_equal(events.run_id, RUN);
    double most = 0;
    for (double t = 105; t <= 255; t += 0.05) {
        double behind = (double)(reached(f, "rank > 0", t) - reached(f, "rank = 2", t));
        assert_true(value_at(&events.staleness, t) == behind);
        assert_true(
            fabs(value_at(&events.bandwidth, t) - (50 + 40 * sin(floor(t / 20) * 20 / 50))) < 1e-9);
        most = fmax(most, behind);
    }
    assert_true(most >= 3);
    /* Iteration i of rank 2 ends at 7 i + 0.2; its push ended pull_s + stall_s = 3.5 s before. */
    assert_int_equal(events.pull.count, 22);
    assert_true(fabs(events.pull.item[0].t - 105.2) < 1e-9);
    assert_true(events.pull.item[0].value == 70);
    assert_true(events.push.item[0].t >= 105 && events.push.item[0].t < 112);
    assert_true(fabs(events.push.item[0].t - (112.2 - 3.5)) < 1e-9);
    assert_true(events.push.item[0].value == 41.6);
    rog_microevents_release(&events);
}

static void window_ends_with_the_run(void **state)
{
    struct fixture *f = *state;
    struct rog_error err;
    struct rog_microevents events;
    assert_int_equal(rog_microevents_load(f->db, RUN, 1, 400, 300, false, &events, &err), 0);
    assert_true(fabs(events.to_s - 420.4) < 1e-9);
    assert_true(events.bandwidth.item[events.bandwidth.count - 1].t == events.to_s);
    rog_microevents_release(&events);
}

static void refused(struct fixture *f, const char *run, int64_t rank, double start_s, double span_s,
                    int expected, const char *says)
{
    struct rog_error err;
    struct rog_figures_options options = {.plots = f->plots};
    assert_int_equal(
        rog_figures_draw_microevents(f->db, run, rank, start_s, span_s, false, &options, &err),
        expected);
    if (!strstr(err.message, says))
        fail_msg("\"%s\" does not say \"%s\"", err.message, says);
    assert_false(rog_file_exists(f->plots));
}

static void refusals_say_what_is_possible(void **state)
{
    struct fixture *f = *state;
    refused(f, RUN, 0, 0, 300, ROG_EINVAL, "workers of " RUN " are 1, 2, 3, 4");
    refused(f, RUN, 5, 0, 300, ROG_EINVAL, "1, 2, 3, 4");
    refused(f, RUN, -1, 0, 300, ROG_EINVAL, "1, 2, 3, 4");
    refused(f, RUN, 1, 421, 300, ROG_EINVAL, "ends at 420 s");
    refused(f, RUN, 1, -1, 300, ROG_EINVAL, "ends at 420 s");
    refused(f, RUN, 1, (double)NAN, 300, ROG_EINVAL, "ends at 420 s");
    refused(f, RUN, 1, 0, 0, ROG_EINVAL, "span");
    refused(f, "nothing", 1, 0, 300, ROG_ENOTFOUND, "nothing");
    refused(f, "blind", 1, 0, 300, ROG_ENOTFOUND, RUN);
    fixture_sql(f, "DELETE FROM iterations WHERE run_id = 'blind'");
    refused(f, "blind", 1, 0, 300, ROG_ENOTFOUND, RUN);
}

/* Layers a (4 rows) and b.c (10 rows); some iterations have counts. */
static void add_rows_events(struct fixture *f)
{
    fixture_sql(f, "INSERT INTO events(run_id, rank, t, kind, data) VALUES"
                   " ('" RUN "', NULL, 0, 'start', '{\"layers\": [[\"a\", 4], [\"b.c\", 10]]}'),"
                   " ('" RUN "', 2, 70.2, 'rows',"
                   "  '{\"iteration\": 10, \"pushed\": [4, 5], \"pulled\": [0, 10]}'),"
                   " ('" RUN "', 1, 70.1, 'rows',"
                   "  '{\"iteration\": 10, \"pushed\": [1, 1], \"pulled\": [1, 1]}')");
    fixture_sql(f, "UPDATE iterations SET rows_pushed = 1000, rows_pulled = 1000 WHERE run_id ="
                   " '" RUN "' AND iteration = 11");
}

static void shares_of_rows_are_those_recorded(void **state)
{
    struct fixture *f = *state;
    struct rog_error err = {0};
    struct rog_microevents events;
    struct rog_row_shares shares;
    assert_int_equal(rog_microevents_load(f->db, RUN, 2, 65, 20, false, &events, &err), 0);
    assert_int_equal(rog_row_shares_load(f->db, &events, &shares, &err), ROG_ENOTFOUND);
    assert_non_null(strstr(err.message, "no recorded run has one"));
    add_rows_events(f);
    assert_int_equal(rog_row_shares_load(f->db, &events, &shares, &err), 0);
    assert_int_equal(shares.layers, 2);
    assert_string_equal(shares.layer[1], "b.c");
    /* Pushes of rank 2 end at 7 i + 0.2 - 3.5: 66.7, 73.7, 80.7, 87.7, the last beyond 85. */
    assert_int_equal(shares.way[ROG_ROWS_PUSHED].count, 4);
    const struct rog_row_exchange *push = shares.way[ROG_ROWS_PUSHED].item;
    assert_float_equal(push[0].from_s, 65, 1e-9);
    assert_float_equal(push[0].to_s, 66.7, 1e-9);
    assert_float_equal(push[0].percent[0], 100, 1e-9);
    assert_float_equal(push[0].percent[1], 50, 1e-9);
    assert_float_equal(push[1].percent[1], 100, 1e-9); /* all rows, no counts */
    assert_true(isnan(push[2].percent[0]));            /* not all rows, no counts */
    assert_float_equal(push[3].from_s, 80.7, 1e-9);
    assert_float_equal(push[3].to_s, 85, 1e-9);
    /* Pulls end at 70.2, 77.2, 84.2 and beyond. */
    const struct rog_row_exchange *pull = shares.way[ROG_ROWS_PULLED].item;
    assert_int_equal(shares.way[ROG_ROWS_PULLED].count, 4);
    assert_float_equal(pull[0].to_s, 70.2, 1e-9);
    assert_float_equal(pull[0].percent[0], 0, 1e-9);
    assert_float_equal(pull[0].percent[1], 100, 1e-9);
    rog_row_shares_release(&shares);
    fixture_sql(f, "UPDATE events SET data = '{\"iteration\": 10, \"pushed\": [4]}'"
                   " WHERE kind = 'rows'");
    assert_int_equal(rog_row_shares_load(f->db, &events, &shares, &err), ROG_EFORMAT);
    assert_non_null(strstr(err.message, "has 1 layers, the model 2"));
    rog_microevents_release(&events);
    fixture_sql(f, "UPDATE runs SET started_at = '2026-01-01T00:00:00Z'");
    assert_int_equal(rog_microevents_load(f->db, RUN, 1, 65, 20, false, &events, &err), 0);
    free(events.run_id);
    events.run_id = rog_strdup("blind");
    assert_int_equal(rog_row_shares_load(f->db, &events, &shares, &err), ROG_ENOTFOUND);
    assert_non_null(strstr(err.message, "these have one: " RUN));
    rog_microevents_release(&events);
}

static void drawing(void **state)
{
    struct fixture *f = *state;
    struct rog_error err;
    if (!rog_program_exists("gnuplot")) {
        print_message("gnuplot is not installed: nothing is drawn\n");
        skip();
    }
    struct rog_figures_options options = {.plots = f->plots};
    assert_int_equal(rog_figures_draw_microevents(f->db, RUN, 3, 60, 300, false, &options, &err),
                     0);
    static const char *const extensions[] = {"pdf", "svg", "png", "gp", "dat"};
    for (size_t i = 0; i < 5; i++) {
        char *path = rog_format("%s/case0-microevents-" RUN "-3-60.%s", f->plots, extensions[i]);
        assert_true(rog_file_exists(path));
        free(path);
    }
    add_rows_events(f);
    assert_int_equal(rog_figures_draw_microevents(f->db, RUN, 2, 60, 300, true, &options, &err), 0);
    char *rows = rog_format("%s/case0-microevents-" RUN "-2-60-rows.svg", f->plots);
    assert_true(rog_file_exists(rows));
    free(rows);
    /* A threshold without limit, and a run that is in no case. */
    fixture_sql(f, "UPDATE runs SET threshold = 2147483647");
    fixture_sql(f, "DELETE FROM case_runs");
    assert_int_equal(rog_figures_draw_microevents(f->db, RUN, 3, 60.5, 300, false, &options, &err),
                     0);
    char *path = rog_format("%s/microevents-" RUN "-3-60.5.png", f->plots);
    assert_true(rog_file_exists(path));
    free(path);
}

#define MICRO(test) cmocka_unit_test_setup_teardown(test, add_runs, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        MICRO(values_are_those_recorded),
        MICRO(window_ends_with_the_run),
        MICRO(refusals_say_what_is_possible),
        MICRO(shares_of_rows_are_those_recorded),
        MICRO(drawing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
