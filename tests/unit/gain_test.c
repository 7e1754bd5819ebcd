/* SPDX-License-Identifier: Apache-2.0 */
/* Gains of pairs of runs, compared with numbers computed by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <orchestrator/report/gain.h>

#include "figures_fixture.h"

static void assert_near(double value, double expected, double tolerance)
{
    if (!(fabs(value - expected) <= tolerance))
        fail_msg("%.15g is not within %g of %.15g", value, tolerance, expected);
}

/* Three seeds of BSP at 10 s per iteration, and of ROG at 5, 6 and 4 s. */
static int add_runs(void **state)
{
    int code = fixture_setup(state);
    struct fixture *f = *state;
    static const double rog_s[] = {5, 6, 4};
    if (code)
        return code;
    fixture_case(f, "case", "1", 56);
    for (int64_t seed = 1; seed <= 3; seed++) {
        char bsp[16], rog[16];
        snprintf(bsp, sizeof bsp, "bsp%d", (int)seed);
        snprintf(rog, sizeof rog, "rog%d", (int)seed);
        fixture_run_add(f,
                        &(struct fixture_run){"case", bsp, "BSP", "BSP", 0, seed, 1, 10, 100, 5});
        fixture_run_add(f, &(struct fixture_run){"case", rog, "ROG", "ROG 4", 4, seed, 1,
                                                 rog_s[seed - 1], 100, 5});
    }
    /* An iteration consists of its three parts. */
    fixture_sql(f, "UPDATE iterations SET compute_s = 1, push_s = 1, pull_s = 1, stall_s = 7");
    fixture_sql(f, "UPDATE iterations SET stall_s = 2 WHERE run_id = 'rog1'");
    fixture_sql(f, "UPDATE iterations SET stall_s = 3 WHERE run_id = 'rog2'");
    fixture_sql(f, "UPDATE iterations SET stall_s = 1 WHERE run_id = 'rog3'");
    return 0;
}

static void make(struct fixture *f, struct rog_case_data *data, struct rog_gains *gains)
{
    struct rog_error err = {0};
    if (rog_case_data_load(f->db, "case", data, &err) || rog_gains_make(data, gains, &err))
        fail_msg("%s", err.message);
}

/* 50, 40 and 60% less: 50 on average, deviation 10, interval 4.3026527297495 * 10 / sqrt(3). */
static void time_of_an_iteration(void **state)
{
    struct fixture *f = *state;
    fixture_sql(f, "DELETE FROM checkpoints");
    struct rog_case_data data = {0};
    struct rog_gains gains = {0};
    make(f, &data, &gains);
    assert_int_equal(gains.count, 1);
    assert_string_equal(gains.gain[0].series, "ROG 4");
    assert_string_equal(gains.gain[0].against, "BSP");
    assert_false(gains.gain[0].is_tested);
    assert_int_equal(gains.gain[0].gain.count, 3);
    assert_near(gains.gain[0].gain.mean, 50, 1e-6);
    assert_near(gains.gain[0].gain.half, 4.3026527297495 * 10 / sqrt(3), 1e-6);
    double width;
    assert_ptr_equal(rog_gains_widest(&gains, &width), &gains.gain[0]);
    assert_near(width, 2 * 4.3026527297495 * 10 / sqrt(3), 1e-6);
    rog_gains_release(&gains);
    rog_case_data_release(&data);
}

/* Runs with the same seed share its effects: 1, 1.5 and 2 points more on 60, 70 and 80%. */
static void accuracy_in_the_same_time(void **state)
{
    struct fixture *f = *state;
    fixture_sql(f, "DELETE FROM checkpoints");
    fixture_sql(f, "INSERT INTO checkpoints(run_id, t, iteration, path, accuracy)"
                   " SELECT id, 0, 0, 'a', 50 FROM runs");
    /* BSP ends later than ROG: at 500 s it is half done. */
    fixture_sql(f,
                "INSERT INTO checkpoints(run_id, t, iteration, path, accuracy)"
                " SELECT id, 1000, 9, 'b', 50 + 2 * (10.0 * seed) FROM runs WHERE library = 'BSP'");
    fixture_sql(f, "INSERT INTO checkpoints(run_id, t, iteration, path, accuracy)"
                   " SELECT id, 500, 9, 'b', 50 + 10.0 * seed + 0.5 + 0.5 * seed FROM runs"
                   " WHERE library = 'ROG'");
    struct rog_case_data data = {0};
    struct rog_gains gains = {0};
    make(f, &data, &gains);
    assert_int_equal(gains.count, 1);
    assert_true(gains.gain[0].is_tested);
    assert_near(gains.gain[0].gain.mean, 1.5, 1e-9);
    rog_gains_release(&gains);
    rog_case_data_release(&data);
    /* If less is better, less is a gain. */
    fixture_sql(f, "UPDATE runs SET config = json_set(config, '$.metric',"
                   " json('{\"name\":\"loss\",\"better\":\"lower\"}'))");
    make(f, &data, &gains);
    assert_near(gains.gain[0].gain.mean, -1.5, 1e-9);
    assert_near(gains.gain[0].gain.half, 4.3026527297495 * 0.5 / sqrt(3), 1e-6);
    rog_gains_release(&gains);
    rog_case_data_release(&data);
}

/* A run without a partner with the same seed forms no pair; nor does one with another control. */
static void only_what_compares(void **state)
{
    struct fixture *f = *state;
    fixture_sql(f, "DELETE FROM checkpoints");
    fixture_sql(f, "UPDATE runs SET seed = seed + 2 WHERE library = 'ROG'");
    struct rog_case_data data = {0};
    struct rog_gains gains = {0};
    double width;
    make(f, &data, &gains);
    assert_int_equal(gains.count, 1);
    assert_int_equal(gains.gain[0].gain.count, 1);
    assert_non_null(rog_gains_widest(&gains, &width));
    assert_true(isinf(width));
    rog_gains_release(&gains);
    rog_case_data_release(&data);

    fixture_sql(f, "UPDATE runs SET control = 'indoors' WHERE library = 'ROG'");
    make(f, &data, &gains);
    assert_int_equal(gains.count, 0);
    assert_null(rog_gains_widest(&gains, &width));
    rog_gains_release(&gains);
    rog_case_data_release(&data);
}

/* Checks "OF/OVER" of each pair of series in a report, all with the same control here. */
static void lists(struct rog_case_data *data, const char *wanted)
{
    struct rog_error err;
    struct rog_gain_pair *pairs = NULL;
    size_t count = 0;
    char found[256] = "";
    assert_int_equal(rog_gain_pairs(data, &pairs, &count, &err), 0);
    for (size_t i = 0; i < count; i++) {
        size_t used = strlen(found);
        snprintf(found + used, sizeof found - used, "%s%s/%s", used ? " " : "",
                 data->series[pairs[i].series].label, data->series[pairs[i].against].label);
    }
    assert_string_equal(found, wanted);
    free(pairs);
}

/* Checks "OF/OVER" of each gain, in order. */
static void compares(struct fixture *f, const char *contender, const char *baseline,
                     const char *wanted)
{
    struct rog_error err;
    struct rog_case_data data = {0};
    struct rog_gains gains = {0};
    char found[256] = "";
    assert_int_equal(rog_db_run(f->db, &err, "UPDATE case_settings SET contender = ?, baseline = ?",
                                "ss", contender, baseline),
                     0);
    make(f, &data, &gains);
    for (size_t i = 0; i < gains.count; i++) {
        size_t used = strlen(found);
        snprintf(found + used, sizeof found - used, "%s%s/%s", used ? " " : "",
                 gains.gain[i].series, gains.gain[i].against);
    }
    assert_string_equal(found, wanted);
    lists(&data, wanted);
    rog_gains_release(&gains);
    rog_case_data_release(&data);
}

/* Checks the number of pairs that decide, of all that are compared. */
static void decide(struct fixture *f, const char *contender, const char *baseline, size_t wanted)
{
    struct rog_error err;
    struct rog_case_data data = {0};
    struct rog_gain_pair *pairs = NULL;
    size_t count = 0, decides = 0;
    assert_int_equal(rog_db_run(f->db, &err, "UPDATE case_settings SET contender = ?, baseline = ?",
                                "ss", contender, baseline),
                     0);
    assert_int_equal(rog_case_data_load(f->db, "case", &data, &err), 0);
    assert_int_equal(rog_gain_pairs(&data, &pairs, &count, &err), 0);
    for (size_t i = 0; i < count; i++)
        decides += pairs[i].decides;
    assert_int_equal(decides, wanted);
    free(pairs);
    rog_case_data_release(&data);
}

/* Also over a baseline of the contender's own library. */
static void what_decides(void **state)
{
    struct fixture *f = *state;
    fixture_run_add(f, &(struct fixture_run){"case", "rogb", "ROG", "ROG 20", 20, 1, 1, 5, 100, 5});
    decide(f, "ROG", NULL, 2);
    decide(f, "ROG", "ROG 4", 1);
    decide(f, "BSP", NULL, 2);
    decide(f, NULL, NULL, 3);
}

/* A note is found by its text, even if the label of its series is generated or numbered. */
static void found_by_note(void **state)
{
    struct fixture *f = *state;
#define LONG_NOTE "ROG with a note that is longer than forty columns are"
    fixture_sql(f, "UPDATE runs SET note = '" LONG_NOTE "' WHERE library = 'ROG'");
    compares(f, "rog WITH a note that is longer than forty columns are", NULL,
             "ROG with a note that is longer than forty columns are/BSP");
    fixture_sql(f, "UPDATE runs SET note = 'mine, seed ' || seed WHERE library = 'ROG'");
    compares(f, "BSP", "mine, seed 2", "BSP/ROG 4");
}

/* The case defines what is compared, by a library or a run's note, in any case of letters. */
static void as_the_case_says(void **state)
{
    struct fixture *f = *state;
    fixture_run_add(f, &(struct fixture_run){"case", "ssp1", "SSP", "SSP 4", 4, 1, 1, 10, 100, 5});
    fixture_run_add(f, &(struct fixture_run){"case", "rogb", "ROG", "ROG 20", 20, 1, 1, 5, 100, 5});
    compares(f, "ROG", NULL, "ROG 4/BSP ROG 4/SSP 4 ROG 20/BSP ROG 20/SSP 4");
    compares(f, "ROG", "BSP", "ROG 4/BSP ROG 20/BSP");
    compares(f, "rog 20", "ssp 4", "ROG 20/SSP 4");
    compares(f, "ROG 4", "ROG 4", "BSP/ROG 4 SSP 4/ROG 4 ROG 20/ROG 4");
    compares(f, "BSP", NULL, "BSP/ROG 4 BSP/SSP 4 BSP/ROG 20");
    compares(f, NULL, "SSP 4", "BSP/SSP 4 ROG 4/SSP 4 ROG 20/SSP 4");
    /* Undefined, or naming nothing that exists: each over those before it. */
    static const char all[] =
        "ROG 4/BSP SSP 4/BSP SSP 4/ROG 4 ROG 20/BSP ROG 20/ROG 4 ROG 20/SSP 4";
    compares(f, NULL, NULL, all);
    compares(f, "DSSP", "FLOWN", all);
}

#define GAIN(test) cmocka_unit_test_setup_teardown(test, add_runs, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        GAIN(time_of_an_iteration), GAIN(accuracy_in_the_same_time),
        GAIN(only_what_compares),   GAIN(as_the_case_says),
        GAIN(what_decides),         GAIN(found_by_note),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
