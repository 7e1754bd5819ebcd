/* SPDX-License-Identifier: Apache-2.0 */
/* Repeats that are identical runs, in the series of a case, its curves and its bars. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <orchestrator/figures/curve.h>
#include <orchestrator/figures/repeats.h>

#include "figures_fixture.h"

/* Three seeds of one run; members that the fixture makes depend on the seed are made equal. */
static int add_runs(void **state)
{
    int code = fixture_setup(state);
    struct fixture *f = *state;
    if (code)
        return code;
    fixture_case(f, "case", "1", 56);
    for (int64_t seed = 1; seed <= 3; seed++) {
        char id[16];
        snprintf(id, sizeof id, "run%d", (int)seed);
        fixture_run_add(f, &(struct fixture_run){"case", id, "ROG", "ROG 4", 4, seed, 1, 5, 60, 6});
    }
    fixture_sql(f, "UPDATE checkpoints SET accuracy = 53 + t / 100");
    return 0;
}

static void assert_series(struct fixture *f, size_t different, const char *label,
                          const char *in_figure)
{
    struct rog_case_data data;
    struct rog_curve curve;
    struct rog_error err;
    assert_int_equal(rog_case_data_load(f->db, "case", &data, &err), 0);
    assert_int_equal(data.series_count, 1);
    assert_int_equal(data.series[0].different, different);
    char *found = rog_repeats_label(&data.series[0], data.series[0].different);
    assert_string_equal(found, label);
    free(found);
    found = rog_repeats_figure_label(&data.series[0], data.series[0].different);
    assert_string_equal(found, in_figure);
    free(found);
    assert_int_equal(rog_curve_make(&curve, &data, &data.series[0], ROG_QUANTITY_SECONDS, &err), 0);
    assert_int_equal(curve.runs, different);
    assert_true((curve.low != NULL) == (different > 1));
    rog_curve_release(&curve);
    rog_case_data_release(&data);
}

static void copies_count_once(void **state)
{
    struct fixture *f = *state;
    assert_series(f, 1, "ROG 4 (3 runs, identical)", "ROG 4 (3 runs, identical)");
    fixture_sql(f, "UPDATE checkpoints SET accuracy = accuracy + 1e-9 WHERE run_id = 'run3'");
    assert_series(f, 2, "ROG 4 (n = 2, 3 runs)", "ROG 4 (n = 2, 3 runs, range)");
    fixture_sql(f, "UPDATE iterations SET stall_s = stall_s + 1e-6 WHERE run_id = 'run1' AND"
                   " rank = 2 AND iteration = 7");
    assert_series(f, 3, "ROG 4 (n = 3)", "ROG 4 (n = 3, 95% CI)");
}

/* A mean of straight lines has all of their corners. */
static void means_keep_peaks(void **state)
{
    struct fixture *f = *state;
    struct rog_case_data data;
    struct rog_curve curve;
    struct rog_error err;
    fixture_sql(f, "UPDATE checkpoints SET t = t + substr(run_id, 4) / 7.0, accuracy ="
                   " 50 + iteration * 7919 % 11 + substr(run_id, 4) / 10.0");
    fixture_sql(f, "UPDATE case_settings SET options = '{\"smooth\":\"none\"}'");
    assert_int_equal(rog_case_data_load(f->db, "case", &data, &err), 0);
    assert_int_equal(rog_curve_make(&curve, &data, &data.series[0], ROG_QUANTITY_SECONDS, &err), 0);
    assert_int_equal(curve.runs, 3);
    for (size_t r = 0; r < curve.runs; r++)
        for (size_t i = 0; i < curve.run[r].count; i++) {
            double x = curve.run[r].x[i], mean = 0;
            if (x < curve.x[0] || x > curve.x[curve.count - 1])
                continue;
            for (size_t k = 0; k < curve.runs; k++)
                mean += rog_line_at(curve.run[k].x, curve.run[k].y, curve.run[k].count, x) / 3;
            assert_true(fabs(rog_line_at(curve.x, curve.y, curve.count, x) - mean) < 1e-9);
        }
    rog_curve_release(&curve);
    rog_case_data_release(&data);
}

/* A value that is not recorded does not equal another. */
static void missing_records_are_not_equal(void **state)
{
    struct fixture *f = *state;
    struct rog_case_data data;
    struct rog_error err;
    fixture_sql(f, "DELETE FROM checkpoints");
    fixture_sql(f, "DELETE FROM iterations");
    fixture_sql(f, "DELETE FROM energy");
    assert_int_equal(rog_case_data_load(f->db, "case", &data, &err), 0);
    assert_int_equal(data.series[0].different, 3);
    rog_case_data_release(&data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(copies_count_once, add_runs, fixture_teardown),
        cmocka_unit_test_setup_teardown(means_keep_peaks, add_runs, fixture_teardown),
        cmocka_unit_test_setup_teardown(missing_records_are_not_equal, add_runs, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
