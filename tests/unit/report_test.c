/* SPDX-License-Identifier: Apache-2.0 */
/* The report's numbers against numbers made by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <common/process.h>
#include <orchestrator/report/report.h>

#include "figures_fixture.h"

static void assert_near(double value, double expected, double tolerance)
{
    if (!(fabs(value - expected) <= tolerance))
        fail_msg("%.15g is not within %g of %.15g", value, tolerance, expected);
}

/* Two runs with straight accuracies from 50% on, 1 and 2 points per 1000 s; and one that failed. */
static int add_runs(void **state)
{
    int code = fixture_setup(state);
    if (code)
        return code;
    struct fixture *f = *state;
    fixture_case(f, "case", "1", 56);
    fixture_run_add(f, &(struct fixture_run){"case", "slow", "BSP", "BSP", 0, 1, 1, 10, 700, 8});
    fixture_run_add(f, &(struct fixture_run){"case", "fast", "ROG", "ROG 4", 4, 1, 1, 5, 800, 5});
    fixture_run_add(f, &(struct fixture_run){"case", "broken", "SSP", "SSP 4", 4, 1, 1, 5, 10, 5});
    fixture_sql(f, "UPDATE runs SET status = 'failed' WHERE id = 'broken'");
    fixture_sql(f, "UPDATE checkpoints SET accuracy = 50 + t / 1000 WHERE run_id = 'slow'");
    fixture_sql(f, "UPDATE checkpoints SET accuracy = 50 + t / 500 WHERE run_id = 'fast'");
    return 0;
}

static void numbers(void **state)
{
    struct fixture *f = *state;
    struct rog_error err;
    struct rog_report report;
    assert_int_equal(rog_report_make(f->db, "case", false, NULL, &report, &err), 0);
    assert_int_equal(report.data.series_count, 2);
    const struct rog_interval *slow = report.run[0].value, *fast = report.run[1].value;
    assert_near(slow[ROG_MEASURE_AT_1800].mean, 51.8, 1e-9);
    assert_near(slow[ROG_MEASURE_AT_5400].mean, 55.4, 1e-9);
    assert_near(slow[ROG_MEASURE_AT_END].mean, 57, 1e-9);
    assert_near(slow[ROG_MEASURE_SECONDS_TO_TARGET].mean, 6000, 1e-6);
    assert_near(slow[ROG_MEASURE_JOULES_TO_TARGET].mean, 60000, 1e-4);
    assert_near(slow[ROG_MEASURE_COMPUTE_S].mean, 2, 1e-9);
    assert_near(slow[ROG_MEASURE_COMMUNICATION_S].mean, 5, 1e-9);
    assert_near(slow[ROG_MEASURE_STALL_S].mean, 3, 1e-9);
    assert_near(fast[ROG_MEASURE_AT_3600].mean, 57.2, 1e-9);
    assert_true(isnan(fast[ROG_MEASURE_AT_5400].mean)); /* it ended at 4000 s */
    assert_near(fast[ROG_MEASURE_SECONDS_TO_TARGET].mean, 3000, 1e-6);
    for (int m = 0; m < ROG_MEASURES; m++)
        assert_true(isnan(report.run[2].value[m].mean));

    assert_int_equal(report.gains, 1);
    assert_near(report.gain[0].value[ROG_MEASURE_AT_1800].mean, 1.8, 1e-9);
    assert_near(report.gain[0].value[ROG_MEASURE_SECONDS_TO_TARGET].mean, 50, 1e-9);
    assert_near(report.gain[0].value[ROG_MEASURE_JOULES_TO_TARGET].mean, 50, 1e-9);
    assert_true(isnan(report.gain[0].value[ROG_MEASURE_AT_5400].mean));

    assert_true(rog_report_is_best(&report, 1, ROG_MEASURE_AT_1800));
    assert_false(rog_report_is_best(&report, 0, ROG_MEASURE_AT_1800));
    assert_true(rog_report_is_best(&report, 1, ROG_MEASURE_STALL_S));
    assert_false(rog_report_is_best(&report, 0, ROG_MEASURE_AT_5400)); /* alone in its column */

    /* What reads the same is as good. */
    double *compute_s = &report.series[0].value[ROG_MEASURE_COMPUTE_S].mean;
    *compute_s = fast[ROG_MEASURE_COMPUTE_S].mean;
    for (size_t i = 0; i < 2; i++, *compute_s += 0.001)
        assert_false(rog_report_is_best(&report, 1, ROG_MEASURE_COMPUTE_S));
    *compute_s += 0.01;
    assert_true(rog_report_is_best(&report, 1, ROG_MEASURE_COMPUTE_S));
    rog_report_release(&report);
}

static void target_not_reached_and_energy_not_known(void **state)
{
    struct fixture *f = *state;
    struct rog_error err;
    struct rog_report report;
    fixture_sql(f, "UPDATE case_settings SET target_accuracy = 57.5");
    /* The energy of one worker ends early: from there on the mean is not known. */
    fixture_sql(f, "DELETE FROM energy WHERE run_id = 'fast' AND rank = 2 AND t > 2000");
    assert_int_equal(rog_report_make(f->db, "case", false, NULL, &report, &err), 0);
    assert_true(isnan(report.run[0].value[ROG_MEASURE_SECONDS_TO_TARGET].mean));
    assert_true(isnan(report.run[0].value[ROG_MEASURE_JOULES_TO_TARGET].mean));
    assert_near(report.run[1].value[ROG_MEASURE_SECONDS_TO_TARGET].mean, 3750, 1e-6);
    assert_true(isnan(report.run[1].value[ROG_MEASURE_JOULES_TO_TARGET].mean));
    assert_true(isnan(report.gain[0].value[ROG_MEASURE_SECONDS_TO_TARGET].mean));
    rog_report_release(&report);
}

/* The published table: computation of rank 3, stall of everybody, communication what is left of
 * rank 3's exchange. */
static void composition_as_published(void **state)
{
    struct fixture *f = *state;
    struct rog_error err;
    struct rog_report report;
    fixture_sql(f, "UPDATE iterations SET compute_s = rank, push_s = 10 * rank, pull_s = rank,"
                   " stall_s = 0.5 * rank WHERE run_id = 'slow'");
    fixture_sql(f, "DELETE FROM iterations WHERE run_id = 'slow' AND rank = 4"
                   " AND iteration > 350");
    assert_int_equal(rog_report_make(f->db, "case", true, NULL, &report, &err), 0);
    const struct rog_interval *value = report.run[0].value;
    double stall = 0.5 * (700 * (1 + 2 + 3) + 350 * 4) / (3 * 700 + 350);
    assert_near(value[ROG_MEASURE_COMPUTE_S].mean, 3, 1e-9);
    assert_near(value[ROG_MEASURE_STALL_S].mean, stall, 1e-9);
    assert_near(value[ROG_MEASURE_COMMUNICATION_S].mean, 30 + 3 + 1.5 - stall, 1e-9);
    rog_report_release(&report);
}

static void repeats_are_means(void **state)
{
    struct fixture *f = *state;
    struct rog_error err;
    struct rog_report report;
    fixture_run_add(f, &(struct fixture_run){"case", "again", "BSP", "BSP", 0, 2, 1, 10, 700, 8});
    fixture_sql(f, "UPDATE checkpoints SET accuracy = 51 + t / 1000 WHERE run_id = 'again'");
    assert_int_equal(rog_report_make(f->db, "case", false, NULL, &report, &err), 0);
    assert_int_equal(report.data.series_count, 2);
    const struct rog_interval *value = report.series[0].value;
    assert_int_equal(report.data.series[0].runs, 2);
    assert_near(value[ROG_MEASURE_AT_1800].mean, 52.3, 1e-9);
    assert_true(isnan(value[ROG_MEASURE_AT_1800].half));
    assert_near(value[ROG_MEASURE_AT_1800].low, 51.8, 1e-9);
    assert_near(value[ROG_MEASURE_AT_1800].high, 52.8, 1e-9);
    char *label = rog_report_label(&report, 0);
    assert_string_equal(label, "BSP (n = 2)");
    free(label);
    rog_report_release(&report);
    /* The same seed twice is no repeat, and the two are told apart. */
    fixture_sql(f, "UPDATE runs SET seed = 1");
    assert_int_equal(rog_report_make(f->db, "case", false, NULL, &report, &err), 0);
    assert_int_equal(report.data.series_count, 3);
    assert_string_equal(report.data.series[2].label, "BSP #2");
    rog_report_release(&report);
}

/* Runs of one seed are compared with each other: what both have in common is no doubt. */
static void gains_are_over_pairs(void **state)
{
    struct fixture *f = *state;
    struct rog_error err;
    struct rog_report report;
    char text[ROG_GAIN_TEXT_BYTES];
    fixture_run_add(f, &(struct fixture_run){"case", "slow2", "BSP", "BSP", 0, 2, 1, 10, 700, 8});
    fixture_run_add(f, &(struct fixture_run){"case", "fast2", "ROG", "ROG 4", 4, 2, 1, 10, 700, 8});
    fixture_sql(f, "UPDATE checkpoints SET accuracy = 60 + t / 1000 WHERE run_id = 'slow2'");
    fixture_sql(f, "UPDATE checkpoints SET accuracy = 62 + t / 1000 WHERE run_id = 'fast2'");
    assert_int_equal(rog_report_make(f->db, "case", false, NULL, &report, &err), 0);
    assert_int_equal(report.gains, 1);
    assert_int_equal(report.gain[0].pairs, 2);
    const struct rog_interval *value = &report.gain[0].value[ROG_MEASURE_AT_1800];
    assert_near(value->mean, (1.8 + 2) / 2, 1e-9);
    assert_true(isnan(value->half));
    rog_report_gain_text(&report.gain[0], ROG_MEASURE_AT_1800, text);
    assert_string_equal(text, "+1.90 [1.80, 2.00]");
    rog_report_release(&report);
}

static void json_is_the_contract(void **state)
{
    struct fixture *f = *state;
    struct rog_error err;
    struct rog_report report;
    assert_int_equal(rog_report_make(f->db, "case", false, NULL, &report, &err), 0);
    struct rog_json *json = rog_report_json(&report);
    const struct rog_json *runs = rog_json_get(json, "runs");
    assert_near(rog_json_get_number(json, "target", 0), 56, 0);
    assert_int_equal(rog_json_size(runs), 3);
    const struct rog_json *slow = rog_json_at(runs, 0), *fast = rog_json_at(runs, 1);
    assert_string_equal(rog_json_get_string(slow, "id", ""), "slow");
    assert_string_equal(rog_json_get_string(slow, "note", ""), "BSP");
    static const char *const members[] = {"seconds_to_target", "joules_to_target", "compute_s",
                                          "communication_s", "stall_s"};
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        assert_true(rog_json_is_number(rog_json_get(slow, members[i])));
    const struct rog_json *at = rog_json_get(fast, "accuracy_at");
    assert_near(rog_json_get_number(at, "1800", 0), 53.6, 1e-9);
    assert_near(rog_json_get_number(at, "3600", 0), 57.2, 1e-9);
    assert_non_null(rog_json_get(at, "5400"));
    assert_false(rog_json_is_number(rog_json_get(at, "5400"))); /* null */
    assert_near(rog_json_get_number(at, "end", 0), 58, 1e-9);
    rog_json_free(json);
    rog_report_release(&report);
}

static void page_is_whole_and_harmless(void **state)
{
    struct fixture *f = *state;
    struct rog_error err;
    struct rog_report report;
    char *text = NULL;
    size_t size;
    if (!rog_program_exists("gnuplot")) {
        print_message("gnuplot is not installed: a page has no figures\n");
        skip();
    }
    fixture_sql(f, "UPDATE runs SET note = '<script>alert(1)</script>\"&''' , versions ="
                   " '{\"<b>\": \"</table><img src=http://x>\"}'");
    assert_int_equal(rog_report_make(f->db, "case", false, NULL, &report, &err), 0);
    FILE *page = open_memstream(&text, &size);
    assert_int_equal(rog_report_html(&report, f->db, page, &err), 0);
    fclose(page);
    rog_report_release(&report);
    assert_null(strstr(text, "<script"));
    assert_null(strstr(text, "<img"));
    assert_non_null(strstr(text, "&lt;script&gt;"));
    /* Four pictures whose names do not meet, and no address beside those of XML name spaces. */
    size_t pictures = 0;
    for (const char *at = text; (at = strstr(at, "<svg")); at++)
        pictures++;
    assert_int_equal(pictures, 4);
    assert_non_null(strstr(text, "'#f0-gpPt"));
    assert_null(strstr(text, "'#gpPt"));
    for (const char *at = text; (at = strstr(at, "http")); at++)
        assert_true(strncmp(at, "http://www.w3.org/", 18) == 0 ||
                    strncmp(at, "http://x&gt;", 12) == 0);
    assert_non_null(strstr(text, "</html>"));
    free(text);
}

#define REPORTS(test) cmocka_unit_test_setup_teardown(test, add_runs, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        REPORTS(numbers),
        REPORTS(target_not_reached_and_energy_not_known),
        REPORTS(composition_as_published),
        REPORTS(repeats_are_means),
        REPORTS(gains_are_over_pairs),
        REPORTS(json_is_the_contract),
        REPORTS(page_is_whole_and_harmless),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
