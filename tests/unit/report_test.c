/* SPDX-License-Identifier: Apache-2.0 */
/* The report's numbers, compared with numbers computed by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <common/process.h>
#include <orchestrator/figures/figures.h>
#include <orchestrator/report/table.h>

#include "figures_fixture.h"

static void assert_near(double value, double expected, double tolerance)
{
    if (!(fabs(value - expected) <= tolerance))
        fail_msg("%.15g is not within %g of %.15g", value, tolerance, expected);
}

static const struct rog_report_options plain, as_published = {.as_published = true};

/* The measures of a report with its default times. */
enum {
    AT_1800,
    AT_3600,
    AT_5400,
    AT_END,
    SECONDS,
    JOULES,
    COMPUTE,
    COMMUNICATION,
    STALL,
    ITERATION,
    ROUGHNESS,
    WORST_DROP,
    SENT,
    RECEIVED,
    LOCAL_STEPS,
    AGE_PUSHED,
    AGE_PULLED,
    STALENESS
};

static double of_run(const struct rog_report *report, size_t run, size_t measure)
{
    return rog_report_run(report, run, measure)->value;
}

static double gain_of(const struct rog_report *report, size_t measure)
{
    return report->gain[0].value[measure].gain.mean;
}

/* Makes the report of a case and, unless NULL, its tables. */
static void make(struct fixture *f, const char *case_name, const struct rog_report_options *options,
                 struct rog_report *report, struct rog_report_tables *tables)
{
    struct rog_error err = {0};
    if (rog_report_make(f->db, case_name, options, report, &err) < 0 ||
        (tables && rog_report_tables_make(report, tables, &err) < 0))
        fail_msg("%s", err.message);
}

static void unmake(struct rog_report *report, struct rog_report_tables *tables)
{
    rog_report_tables_release(tables);
    rog_report_release(report);
}

/* Returns the text of a table's cell. */
static const char *cell(const struct rog_report_tables *tables, size_t table, size_t row,
                        const char *column)
{
    const struct rog_report_table *of = &tables->table[table];
    for (size_t c = 0; c < of->columns; c++)
        if (strcmp(of->column[c].title, column) == 0)
            return of->cell[row * of->columns + c].text;
    return NULL;
}

/* Adds two runs with straight accuracies from 50% on, 1 and 2 points per 1000 s; and one that
 * failed. */
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

/* Adds further seeds of the two, up to `seeds`: slightly better with each. */
static void add_pairs(struct fixture *f, int64_t seeds)
{
    for (int64_t seed = 2; seed <= seeds; seed++) {
        char slow[16], fast[16];
        snprintf(slow, sizeof slow, "slow%d", (int)seed);
        snprintf(fast, sizeof fast, "fast%d", (int)seed);
        fixture_run_add(f,
                        &(struct fixture_run){"case", slow, "BSP", "BSP", 0, seed, 1, 10, 700, 8});
        fixture_run_add(f,
                        &(struct fixture_run){"case", fast, "ROG", "ROG 4", 4, seed, 1, 5, 800, 5});
    }
    fixture_sql(f, "UPDATE checkpoints SET accuracy = 50 + t / 1000 + (SELECT (seed - 1) / 2.0"
                   " FROM runs WHERE id = run_id) WHERE run_id LIKE 'slow%'");
    fixture_sql(f, "UPDATE checkpoints SET accuracy = 50 + t / 500 + (SELECT (seed - 1) / 4.0"
                   " FROM runs WHERE id = run_id) WHERE run_id LIKE 'fast%'");
}

static void numbers(void **state)
{
    struct fixture *f = *state;
    struct rog_report report;
    make(f, "case", &plain, &report, NULL);
    assert_int_equal(report.data.series_count, 2);
    assert_int_equal(report.measures.count, STALENESS + 1);
    assert_near(of_run(&report, 0, AT_1800), 51.8, 1e-9);
    assert_near(of_run(&report, 0, AT_5400), 55.4, 1e-9);
    assert_near(of_run(&report, 0, AT_END), 57, 1e-9);
    assert_near(of_run(&report, 0, SECONDS), 6000, 1e-6);
    assert_near(of_run(&report, 0, JOULES), 60000, 1e-4);
    assert_near(of_run(&report, 0, COMPUTE), 2, 1e-9);
    assert_near(of_run(&report, 0, COMMUNICATION), 5, 1e-9);
    assert_near(of_run(&report, 0, STALL), 3, 1e-9);
    assert_near(of_run(&report, 0, ITERATION), 10, 1e-9);
    assert_near(of_run(&report, 1, AT_3600), 57.2, 1e-9);
    assert_true(isnan(of_run(&report, 1, AT_5400))); /* it ended at 4000 s */
    assert_near(of_run(&report, 1, SECONDS), 3000, 1e-6);
    for (size_t m = 0; m < report.measures.count; m++)
        assert_true(isnan(of_run(&report, 2, m)));

    assert_int_equal(report.gains, 1);
    assert_near(gain_of(&report, AT_1800), 1.8, 1e-9);
    assert_near(gain_of(&report, SECONDS), 50, 1e-9);
    assert_near(gain_of(&report, JOULES), 50, 1e-9);
    assert_near(gain_of(&report, ITERATION), 50, 1e-9);
    assert_true(isnan(gain_of(&report, AT_5400)));

    assert_true(rog_report_is_best(&report, 1, AT_1800));
    assert_false(rog_report_is_best(&report, 0, AT_1800));
    assert_true(rog_report_is_best(&report, 1, STALL));
    assert_false(rog_report_is_best(&report, 0, AT_5400)); /* the only one in its column */

    /* Values that are displayed equal are equally good. */
    double *compute_s = &report.series[COMPUTE].shown;
    *compute_s = of_run(&report, 1, COMPUTE);
    for (size_t i = 0; i < 2; i++, *compute_s += 0.001)
        assert_false(rog_report_is_best(&report, 1, COMPUTE));
    *compute_s += 0.01;
    assert_true(rog_report_is_best(&report, 1, COMPUTE));
    rog_report_release(&report);
}

static void target_not_reached_and_energy_not_known(void **state)
{
    struct fixture *f = *state;
    struct rog_report report;
    struct rog_report_tables tables;
    fixture_sql(f, "UPDATE case_settings SET target_accuracy = 57.5");
    /* The energy of one worker ends early: from there on the mean is unknown. */
    fixture_sql(f, "DELETE FROM energy WHERE run_id = 'fast' AND rank = 2 AND t > 2000");
    make(f, "case", &plain, &report, &tables);
    assert_true(isnan(of_run(&report, 0, SECONDS)));
    assert_true(rog_report_run(&report, 0, SECONDS)->censored);
    assert_true(isnan(of_run(&report, 0, JOULES)));
    assert_near(of_run(&report, 1, SECONDS), 3750, 1e-6);
    assert_true(isnan(of_run(&report, 1, JOULES)));
    assert_false(rog_report_run(&report, 1, JOULES)->censored);
    assert_true(isnan(gain_of(&report, SECONDS)));
    /* Not reached within 7000 s is later than 3750 s: there is no number, but a text. */
    assert_string_equal(cell(&tables, 2, 0, "less time to 57.5%"), "ahead");
    assert_string_equal(cell(&tables, 2, 0, "less energy to 57.5%"), "unknown");
    struct rog_json *json = rog_report_json(&report);
    const struct rog_json *gain = rog_json_at(rog_json_get(json, "gains"), 0);
    const struct rog_json *states = rog_json_get(gain, "state");
    assert_int_equal(rog_json_size(rog_json_get(gain, "differences")), 0);
    assert_string_equal(rog_json_get_string(states, "seconds_percent_less", ""), "ahead");
    assert_string_equal(rog_json_get_string(states, "joules_percent_less", ""), "unknown");
    assert_string_equal(rog_json_get_string(rog_json_get(states, "accuracy_points"), "1800", ""),
                        "ahead");
    rog_json_free(json);
    unmake(&report, &tables);
    /* The same if neither reached it. */
    fixture_sql(f, "UPDATE case_settings SET target_accuracy = 99");
    make(f, "case", &plain, &report, &tables);
    assert_string_equal(cell(&tables, 2, 0, "less time to 99%"), "neither reached");
    unmake(&report, &tables);
}

/* Three pairs with different outcomes, which are counted by kind. */
static void pairs_of_all_kinds(void **state)
{
    struct fixture *f = *state;
    struct rog_report report;
    struct rog_report_tables tables;
    add_pairs(f, 3);
    /* 53%: slow at 3000, 2500 and 2000 s, fast at 1500, 1375 and 1250 s. */
    fixture_sql(f, "UPDATE case_settings SET target_accuracy = 53");
    fixture_sql(f, "UPDATE checkpoints SET accuracy = 50 WHERE run_id IN ('fast2', 'fast3', "
                   "'slow3')");
    make(f, "case", &plain, &report, &tables);
    assert_string_equal(cell(&tables, 2, 0, "less time to 53%"),
                        "ahead 1, behind 1, neither reached 1");
    assert_string_equal(rog_gain_state(&report.gain[0].value[SECONDS]), "mixed");
    unmake(&report, &tables);
    /* The slow one reaches it after the end of the fast one, which did not. */
    fixture_sql(f, "DELETE FROM checkpoints WHERE run_id = 'fast2' AND t > 2000");
    make(f, "case", &plain, &report, &tables);
    assert_string_equal(cell(&tables, 2, 0, "less time to 53%"),
                        "ahead 1, neither reached 1, unknown 1");
    unmake(&report, &tables);
    fixture_sql(f, "UPDATE case_settings SET target_accuracy = 99");
    make(f, "case", &plain, &report, &tables);
    assert_string_equal(cell(&tables, 2, 0, "less time to 99%"), "neither reached");
    unmake(&report, &tables);
}

/* The number of the mean line beside the range of the single runs, which may exclude it. */
static void ranges_are_the_runs(void **state)
{
    struct fixture *f = *state;
    struct rog_report report;
    struct rog_report_tables tables;
    add_pairs(f, 3);
    make(f, "case", &plain, &report, &tables);
    assert_non_null(strstr(cell(&tables, 0, 0, "s to 56%"), " (runs 5000 to 6000)"));
    assert_non_null(strstr(tables.table[0].caption, "(runs a to b): the range of the single"));
    /* Three pairs are too few for a test. */
    assert_string_equal(tables.remark[0], "p cannot be below 0.25 with 3 pairs: these tests cannot "
                                          "give p < 0.05, even where the 95% interval excludes 0");
    unmake(&report, &tables);
}

/* Everything 10,000 times as fast: three digits remain. */
static void small_times(void **state)
{
    struct fixture *f = *state;
    struct rog_report report;
    struct rog_report_tables tables;
    fixture_sql(f, "UPDATE checkpoints SET t = t / 10000");
    fixture_sql(f, "UPDATE iterations SET t = t / 10000, compute_s = compute_s / 10000,"
                   " push_s = push_s / 10000, pull_s = pull_s / 10000, stall_s = stall_s / 10000");
    make(f, "case", &plain, &report, &tables);
    assert_string_equal(cell(&tables, 0, 0, "s to 56%"), "0.600");
    assert_string_equal(cell(&tables, 0, 1, "s to 56%"), "0.300");
    assert_string_equal(cell(&tables, 0, 0, "iteration s"), "0.001000");
    assert_string_equal(cell(&tables, 0, 0, "stall s"), "0.000300");
    assert_true(rog_report_is_best(&report, 1, SECONDS));
    unmake(&report, &tables);
}

/* The published table: computation of rank 3, stall of all workers, communication as the rest of
 * rank 3's exchange. */
static void composition_as_published(void **state)
{
    struct fixture *f = *state;
    struct rog_report report;
    fixture_sql(f, "UPDATE iterations SET compute_s = rank, push_s = 10 * rank, pull_s = rank,"
                   " stall_s = 0.5 * rank WHERE run_id = 'slow'");
    fixture_sql(f, "DELETE FROM iterations WHERE run_id = 'slow' AND rank = 4"
                   " AND iteration > 350");
    make(f, "case", &as_published, &report, NULL);
    double stall = 0.5 * (700 * (1 + 2 + 3) + 350 * 4) / (3 * 700 + 350);
    assert_near(of_run(&report, 0, COMPUTE), 3, 1e-9);
    assert_near(of_run(&report, 0, STALL), stall, 1e-9);
    assert_near(of_run(&report, 0, COMMUNICATION), 30 + 3 + 1.5 - stall, 1e-9);
    rog_report_release(&report);
}

static void repeats_are_means(void **state)
{
    struct fixture *f = *state;
    struct rog_report report;
    struct rog_report_tables tables;
    fixture_run_add(f, &(struct fixture_run){"case", "again", "BSP", "BSP", 0, 2, 1, 10, 700, 8});
    fixture_sql(f, "UPDATE checkpoints SET accuracy = 51 + t / 1000 WHERE run_id = 'again'");
    make(f, "case", &plain, &report, &tables);
    assert_int_equal(report.data.series_count, 2);
    const struct rog_interval *value = &rog_report_series(&report, 0, AT_1800)->runs;
    assert_int_equal(report.data.series[0].runs, 2);
    assert_near(value->mean, 52.3, 1e-9);
    assert_true(isnan(value->half));
    assert_near(value->low, 51.8, 1e-9);
    assert_near(value->high, 52.8, 1e-9);
    assert_string_equal(cell(&tables, 0, 0, "run"), "BSP (n = 2)");
    assert_string_equal(cell(&tables, 0, 0, "% at 1800 s"), "52.30 [51.80, 52.80]");
    assert_string_equal(cell(&tables, 0, 0, "compute s"), "2.00"); /* it does not vary */
    unmake(&report, &tables);
    /* The same seed twice is not a repeat, and the two are distinguished. */
    fixture_sql(f, "UPDATE runs SET seed = 1");
    make(f, "case", &plain, &report, NULL);
    assert_int_equal(report.data.series_count, 3);
    assert_string_equal(report.data.series[2].label, "BSP #2");
    rog_report_release(&report);
}

/* Runs of one seed are compared with each other: what they have in common does not widen the
 * interval. */
static void gains_are_over_pairs(void **state)
{
    struct fixture *f = *state;
    struct rog_report report;
    struct rog_report_tables tables;
    fixture_run_add(f, &(struct fixture_run){"case", "slow2", "BSP", "BSP", 0, 2, 1, 10, 700, 8});
    fixture_run_add(f, &(struct fixture_run){"case", "fast2", "ROG", "ROG 4", 4, 2, 1, 10, 700, 8});
    fixture_sql(f, "UPDATE checkpoints SET accuracy = 60 + t / 1000 WHERE run_id = 'slow2'");
    fixture_sql(f, "UPDATE checkpoints SET accuracy = 62 + t / 1000 WHERE run_id = 'fast2'");
    make(f, "case", &plain, &report, &tables);
    assert_int_equal(report.gains, 1);
    assert_int_equal(report.gain[0].pairs, 2);
    const struct rog_interval *value = &report.gain[0].value[AT_1800].gain;
    assert_near(value->mean, (1.8 + 2) / 2, 1e-9);
    assert_true(isnan(value->half));
    assert_int_equal(report.gain[0].value[AT_1800].test, ROG_TEST_NONE);
    assert_string_equal(cell(&tables, 2, 0, "points at 1800 s"), "+1.90 [1.80, 2.00]");
    unmake(&report, &tables);
}

static void json_is_the_contract(void **state)
{
    struct fixture *f = *state;
    struct rog_report report;
    make(f, "case", &plain, &report, NULL);
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
    fixture_sql(f, "UPDATE runs SET note = '<script>alert(1)</script>\" id=\"me&''' , versions ="
                   " '{\"<b>\": \"</table><img src=http://x>\"}'");
    make(f, "case", &plain, &report, NULL);
    FILE *page = open_memstream(&text, &size);
    assert_int_equal(rog_report_html(&report, f->db, page, &err), 0);
    fclose(page);
    /* The case's name does not determine what a picture shows. */
    char *caption =
        rog_figures_caption("x/statistical-efficiency-average-time-composition.svg", &report.data);
    assert_string_equal(caption, "Average time composition of an iteration");
    free(caption);
    /* The smoothing for so few points. */
    caption = rog_figures_caption("x/case-statistical-efficiency.svg", &report.data);
    assert_string_equal(caption, "Test accuracy against iterations; smoothed: savgol:5:3");
    free(caption);
    rog_report_release(&report);
    assert_null(strstr(text, "<script"));
    assert_null(strstr(text, "<img"));
    assert_non_null(strstr(text, "&lt;script&gt;"));
    /* Four pictures with distinct names, and no addresses other than XML namespaces. */
    size_t pictures = 0;
    for (const char *at = text; (at = strstr(at, "<svg")); at++)
        pictures++;
    assert_int_equal(pictures, 4);
    assert_non_null(strstr(text, "'#f0-gpPt"));
    assert_null(strstr(text, "'#gpPt"));
    assert_non_null(strstr(text, " id=\"me"));
    assert_null(strstr(text, "-me&"));
    for (const char *at = text; (at = strstr(at, "http")); at++)
        assert_true(strncmp(at, "http://www.w3.org/", 18) == 0 ||
                    strncmp(at, "http://x&gt;", 12) == 0);
    assert_non_null(strstr(text, "</html>"));
    free(text);
}

/* Three seeds each, all of which end above 56% except one of the slow ones: there is no mean, and
 * pairs are ahead or behind. */
static void not_all_reach_the_target(void **state)
{
    struct fixture *f = *state;
    struct rog_report report;
    struct rog_report_tables tables;
    add_pairs(f, 3);
    fixture_sql(f, "UPDATE checkpoints SET accuracy = 50 + t / 2000 WHERE run_id = 'slow2'");
    make(f, "case", &plain, &report, &tables);
    const struct rog_report_value *slow = rog_report_series(&report, 0, SECONDS);
    assert_int_equal(slow->counted, 3);
    assert_int_equal(slow->known, 2);
    assert_int_equal(slow->censored, 1);
    assert_true(isnan(slow->runs.mean));
    assert_near(slow->median, 6000, 1e-6); /* of 5000, 6000 and one later than 7000 */
    const struct rog_gain_value *gain = &report.gain[0].value[SECONDS];
    assert_int_equal(gain->ahead, 3);
    assert_int_equal(gain->test, ROG_TEST_SIGN);
    assert_near(gain->p, 0.25, 1e-12);
    assert_true(isnan(gain->gain.mean));
    assert_int_equal(report.gain[0].value[AT_1800].test, ROG_TEST_PERMUTATION);
    assert_non_null(strstr(cell(&tables, 0, 0, "s to 56%"), "(2 of 3, median 6000)"));
    assert_string_equal(cell(&tables, 2, 0, "less time to 56%"), "ahead in 3 of 3");
    assert_string_equal(cell(&tables, 3, 0, "in"), "accuracy at 1800 s (points)");
    unmake(&report, &tables);
    /* Two of three did not reach it: the median is one of them, and unknown. */
    fixture_sql(f, "UPDATE checkpoints SET accuracy = 50 + t / 2000 WHERE run_id = 'slow'");
    make(f, "case", &plain, &report, NULL);
    assert_true(isnan(rog_report_series(&report, 0, SECONDS)->median));
    assert_true(rog_report_is_best(&report, 1, SECONDS));
    rog_report_release(&report);
}

/* A run that ends at the very moment at which its partner reaches the target is behind it: it would
 * have been seen to reach the target then. */
static void ends_when_the_other_reaches_the_target(void **state)
{
    struct fixture *f = *state;
    struct rog_report report;
    add_pairs(f, 3);
    fixture_sql(f, "UPDATE checkpoints SET accuracy = 50 + t * 1.5 / 1000 WHERE run_id = 'slow2'");
    fixture_sql(f, "UPDATE checkpoints SET accuracy = 50 + t / 4000 WHERE run_id = 'fast2'");
    make(f, "case", &plain, &report, NULL);
    const struct rog_gain_value *gain = &report.gain[0].value[SECONDS];
    assert_int_equal(gain->ahead, 2);
    assert_int_equal(gain->behind, 1);
    assert_int_equal(gain->unknown, 0);
    rog_report_release(&report);
}

/* ROG is compared with two others, so p is doubled (Holm 1979). */
static void p_is_corrected_for_the_comparisons(void **state)
{
    struct fixture *f = *state;
    struct rog_report report;
    add_pairs(f, 3);
    for (int64_t seed = 1; seed <= 3; seed++) {
        char id[16];
        snprintf(id, sizeof id, "mid%d", (int)seed);
        fixture_run_add(f,
                        &(struct fixture_run){"case", id, "SSP", "SSP 8", 8, seed, 1, 10, 700, 8});
    }
    fixture_sql(f, "UPDATE checkpoints SET accuracy = 50 + t / 900 + (SELECT (seed - 1) / 3.0"
                   " FROM runs WHERE id = run_id) WHERE run_id LIKE 'mid%'");
    make(f, "case", &plain, &report, NULL);
    assert_int_equal(report.gains, 2);
    for (size_t i = 0; i < report.gains; i++) {
        const struct rog_gain_value *gain = &report.gain[i].value[AT_1800];
        assert_near(gain->p, 0.25, 1e-12);
        assert_int_equal(gain->compared, 2);
        assert_near(gain->p_holm, 0.5, 1e-12);
    }
    rog_report_release(&report);
}

/* Four seeds without an influence of the seed: counted as one run, without intervals or tests. */
static void identical_runs_are_one(void **state)
{
    struct fixture *f = *state;
    struct rog_report report;
    struct rog_report_tables tables;
    add_pairs(f, 4);
    fixture_sql(f, "UPDATE checkpoints SET accuracy = 50 + t / 1000 WHERE run_id LIKE 'slow%'");
    fixture_sql(f, "UPDATE checkpoints SET accuracy = 50 + t / 500 WHERE run_id LIKE 'fast%'");
    make(f, "case", &plain, &report, &tables);
    assert_int_equal(report.gain[0].pairs, 1);
    assert_true(isnan(report.gain[0].value[AT_1800].gain.half));
    assert_near(gain_of(&report, AT_1800), 1.8, 1e-9);
    assert_int_equal(report.gain[0].value[AT_1800].test, ROG_TEST_NONE);
    assert_string_equal(cell(&tables, 0, 0, "run"), "BSP (4 runs, identical)");
    assert_string_equal(cell(&tables, 0, 0, "% at 1800 s"), "51.80");
    assert_string_equal(cell(&tables, 2, 0, "points at 1800 s"), "+1.80");
    assert_string_equal(cell(&tables, 0, 1, "5400 s"), "ended"); /* at 4000 s */
    assert_int_equal(tables.remarks, 3);
    assert_non_null(strstr(tables.remark[0], "of 4 runs only 1 differs"));
    assert_string_equal(tables.remark[2], "ended: the run ended before that time");
    unmake(&report, &tables);
}

/* Times chosen by the user; those that no run reached are no columns. */
static void chosen_times(void **state)
{
    struct fixture *f = *state;
    struct rog_error err;
    struct rog_report report;
    struct rog_report_tables tables;
    static const struct rog_report_options chosen = {.times = "2500, 600,9000"};
    make(f, "case", &chosen, &report, &tables);
    assert_string_equal(cell(&tables, 0, 1, "% at 2500 s"), "55.00");
    assert_string_equal(cell(&tables, 0, 0, "600 s"), "50.60");
    assert_null(cell(&tables, 0, 0, "9000 s"));
    assert_string_equal(tables.remark[0], "no run has a result at 9000 s");
    unmake(&report, &tables);
    static const char *const wrong[] = {"",
                                        ",",
                                        "1800,",
                                        "600,,900",
                                        "abc",
                                        "-1",
                                        "nan",
                                        "inf",
                                        "1e10",
                                        "600,600",
                                        "600 s",
                                        "1;2",
                                        "1,2,3,4,5,6,7,8,9,10,11,12,13"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        const struct rog_report_options options = {.times = wrong[i]};
        assert_int_equal(rog_report_make(f->db, "case", &options, &report, &err), ROG_EINVAL);
        assert_non_null(strstr(err.message, "--at"));
    }
}

/* A loss: less is better, its numbers are small, and no target was set. */
static void other_metrics(void **state)
{
    struct fixture *f = *state;
    struct rog_report report;
    struct rog_report_tables tables;
    fixture_sql(f, "UPDATE runs SET config = json_set(config, '$.metric', json("
                   "'{\"name\":\"loss\",\"unit\":\"\",\"better\":\"lower\"}'))");
    fixture_sql(f, "UPDATE checkpoints SET accuracy = (100 - accuracy) / 1000");
    fixture_sql(f, "UPDATE case_settings SET target_accuracy = 0.044"); /* 56%, inverted */
    make(f, "case", &plain, &report, &tables);
    assert_near(of_run(&report, 0, AT_1800), 0.0482, 1e-12);
    assert_near(of_run(&report, 0, SECONDS), 6000, 1e-6);
    assert_near(of_run(&report, 1, SECONDS), 3000, 1e-6);
    assert_near(gain_of(&report, AT_1800), 0.0018, 1e-12);
    assert_true(rog_report_is_best(&report, 1, AT_1800));
    assert_false(rog_report_is_best(&report, 0, AT_1800));
    assert_string_equal(cell(&tables, 0, 0, "loss at 1800 s"), "0.04820");
    assert_string_equal(cell(&tables, 0, 1, "s to 0.044"), "3000");
    assert_string_equal(cell(&tables, 2, 0, "loss at 1800 s"), "+0.00180");
    assert_non_null(strstr(tables.table[0].caption, "loss, lower is better"));
    struct rog_json *json = rog_report_json(&report);
    assert_string_equal(rog_json_get_string(rog_json_get(json, "metric"), "better", ""), "lower");
    rog_json_free(json);
    unmake(&report, &tables);

    fixture_sql(f, "UPDATE case_settings SET target_accuracy = NULL");
    make(f, "case", &plain, &report, &tables);
    assert_true(isnan(report.target));
    for (size_t t = 0; t < tables.count; t++)
        for (size_t c = 0; c < tables.table[t].columns; c++)
            assert_null(strstr(tables.table[t].column[c].title, "nan"));
    unmake(&report, &tables);

    /* Training may diverge; columns keep their form. */
    fixture_sql(f, "UPDATE checkpoints SET accuracy = 2.5e38 WHERE run_id = 'slow'");
    make(f, "case", &plain, &report, &tables);
    assert_string_equal(cell(&tables, 0, 0, "loss at 1800 s"), "2.5000e+38");
    assert_string_equal(cell(&tables, 2, 0, "loss at 1800 s"), "+2.5000e+38");
    unmake(&report, &tables);
}

/* A case without finished runs is a line of text, never a table without rows. */
static void nothing_to_compare(void **state)
{
    struct fixture *f = *state;
    struct rog_report report;
    struct rog_report_tables tables;
    char *text = NULL;
    size_t size = 0;
    fixture_sql(f, "DELETE FROM case_runs");
    make(f, "case", &plain, &report, &tables);
    assert_int_equal(tables.count, 1);
    assert_int_equal(tables.table[0].cells, 0);
    assert_false(tables.table[0].marks_best);
    FILE *file = open_memstream(&text, &size);
    rog_report_latex(&tables, file);
    rog_report_markdown(&tables, file);
    fclose(file);
    assert_null(strstr(text, "tabular}{"));
    assert_null(strstr(text, "|---"));
    assert_non_null(strstr(text, "case: 0 runs"));
    free(text);
    unmake(&report, &tables);
}

/* Means over workers; values that a run did not record are omitted. */
static void what_was_exchanged(void **state)
{
    struct fixture *f = *state;
    struct rog_report report;
    struct rog_report_tables tables;
    fixture_sql(f, "UPDATE iterations SET bytes_pushed = rank * 1000000, bytes_pulled = NULL,"
                   " staleness = 2, local_steps = 50, age_pushed = iteration, age_pulled = NULL"
                   " WHERE run_id = 'fast'");
    fixture_sql(f, "UPDATE iterations SET bytes_pushed = NULL, bytes_pulled = NULL, staleness ="
                   " NULL, local_steps = NULL, age_pushed = NULL WHERE run_id = 'slow'");
    make(f, "case", &plain, &report, &tables);
    double ranks = (double)fixture_number(f, "SELECT sum(DISTINCT rank) * 1.0 / count(DISTINCT"
                                             " rank) FROM iterations WHERE run_id = 'fast'");
    double each = (double)fixture_number(f, "SELECT count(*) * 1.0 / count(DISTINCT rank)"
                                            " FROM iterations WHERE run_id = 'fast'");
    assert_near(of_run(&report, 1, SENT), ranks * each, 1e-9);
    assert_true(isnan(of_run(&report, 1, RECEIVED)));
    assert_near(of_run(&report, 1, LOCAL_STEPS), 50, 1e-12);
    assert_near(of_run(&report, 1, AGE_PUSHED), (each + 1) / 2, 1e-9);
    assert_near(of_run(&report, 1, STALENESS), 2, 1e-12);
    assert_true(isnan(of_run(&report, 0, SENT)));
    size_t last = tables.count - 1;
    assert_string_equal(cell(&tables, last, 1, "local steps"), "50.0");
    assert_string_equal(cell(&tables, last, 0, "sent MB"), "-");
    assert_false(tables.table[last].marks_best);
    unmake(&report, &tables);
}

/* Seconds per iteration are not compared between runs with different local steps. */
static void iterations_of_more_steps_are_not_compared(void **state)
{
    struct fixture *f = *state;
    struct rog_report report;
    struct rog_report_tables tables;
    for (int steps = 1; steps <= 16; steps += 15) {
        fixture_sql(f, "UPDATE iterations SET local_steps = 1");
        fixture_sql(f, steps > 1
                           ? "UPDATE iterations SET local_steps = 16 WHERE run_id = 'slow'"
                           : "UPDATE iterations SET local_steps = NULL WHERE run_id = 'slow'");
        make(f, "case", &plain, &report, &tables);
        assert_true(isnan(gain_of(&report, ITERATION)) == (steps > 1));
        assert_false(isnan(gain_of(&report, SECONDS)));
        for (size_t m = COMPUTE; m <= ITERATION; m++) {
            bool best = rog_report_is_best(&report, 0, m) || rog_report_is_best(&report, 1, m);
            assert_true(best == (steps == 1));
        }
        unmake(&report, &tables);
    }
}

/* Adds a run of each series, and a second, rougher one. */
static void add_rough(struct fixture *f)
{
    fixture_case(f, "rough", "1", 56);
    fixture_run_add(f, &(struct fixture_run){"rough", "calm", "BSP", "BSP", 0, 1, 1, 10, 300, 31});
    fixture_run_add(f, &(struct fixture_run){"rough", "wild", "ROG", "ROG", 4, 1, 1, 10, 300, 31});
    fixture_run_add(f, &(struct fixture_run){"rough", "mild", "ROG", "ROG", 4, 2, 1, 10, 300, 31});
    /* Steps of +0.2 and -0.1; of the wild one +4 and -2; of the mild one +2 and -1. */
    fixture_sql(f, "UPDATE checkpoints SET accuracy = CASE run_id WHEN 'wild' THEN 20 WHEN 'mild'"
                   " THEN 10 ELSE 1 END * (0.05 * (t / 100 - t / 100 % 2) + 0.2 * (t / 100 % 2))"
                   " WHERE run_id IN ('calm', 'wild', 'mild')");
    fixture_sql(f, "UPDATE checkpoints SET accuracy = accuracy - 1 WHERE run_id = 'wild'"
                   " AND t = 1400");
}

static void roughness_has_its_table(void **state)
{
    struct fixture *f = *state;
    struct rog_report report;
    struct rog_report_tables tables;
    add_rough(f);
    make(f, "rough", &plain, &report, &tables);
    /* 24 steps between 600 and 3000 s, half of them up by 0.2 and half down by 0.1 */
    assert_near(of_run(&report, 0, ROUGHNESS), 0.15 * sqrt(24.0 / 23), 1e-9);
    assert_near(of_run(&report, 0, WORST_DROP), 0.1, 1e-9);
    assert_near(of_run(&report, 2, ROUGHNESS), 1.5 * sqrt(24.0 / 23), 1e-9);
    assert_near(of_run(&report, 1, WORST_DROP), 3, 1e-9);
    assert_non_null(strstr(tables.table[1].caption, "the worst drop of any run, in points"));
    assert_string_equal(cell(&tables, 1, 0, "roughness"), "0.15");
    assert_string_equal(cell(&tables, 1, 1, "worst drop"), "3.00 at 1400 s");
    assert_true(tables.table[1].cell[1].is_best && tables.table[1].cell[2].is_best);
    assert_string_equal(cell(&tables, 2, 2, "roughness"), "1.53");
    assert_null(cell(&tables, 0, 0, "roughness"));
    struct rog_json *json = rog_report_json(&report);
    const struct rog_json *wild = rog_json_at(rog_json_get(json, "runs"), 1);
    assert_near(rog_json_get_number(wild, "worst_drop", 0), 3, 1e-9);
    assert_near(rog_json_get_number(wild, "worst_drop_s", 0), 1400, 0);
    const struct rog_json *rog = rog_json_at(rog_json_get(json, "series"), 1);
    assert_near(rog_json_get_number(rog_json_get(rog, "roughness"), "mean", 0),
                (of_run(&report, 1, ROUGHNESS) + of_run(&report, 2, ROUGHNESS)) / 2, 1e-9);
    assert_near(rog_json_get_number(rog_json_get(rog, "worst_drop"), "most", 0), 3, 1e-9);
    rog_json_free(json);
    unmake(&report, &tables);

    fixture_sql(f, "UPDATE runs SET config = json_set(config, '$.metric', json("
                   "'{\"name\":\"loss\",\"unit\":\"nat\",\"better\":\"lower\"}'))");
    make(f, "rough", &plain, &report, &tables);
    assert_non_null(strstr(tables.table[1].caption, "the worst rise of any run, in nat"));
    assert_near(of_run(&report, 1, WORST_DROP), 5, 1e-9);
    unmake(&report, &tables);

    /* Too few checkpoints: no number, and no table of dashes. */
    fixture_sql(f, "DELETE FROM checkpoints WHERE t >= 1600");
    make(f, "rough", &plain, &report, &tables);
    assert_true(isnan(of_run(&report, 0, ROUGHNESS)) && isnan(of_run(&report, 0, WORST_DROP)));
    assert_null(strstr(tables.table[1].caption, "Roughness"));
    unmake(&report, &tables);
}

#define REPORTS(test) cmocka_unit_test_setup_teardown(test, add_runs, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        REPORTS(numbers),
        REPORTS(other_metrics),
        REPORTS(target_not_reached_and_energy_not_known),
        REPORTS(pairs_of_all_kinds),
        REPORTS(ranges_are_the_runs),
        REPORTS(small_times),
        REPORTS(composition_as_published),
        REPORTS(repeats_are_means),
        REPORTS(gains_are_over_pairs),
        REPORTS(not_all_reach_the_target),
        REPORTS(ends_when_the_other_reaches_the_target),
        REPORTS(p_is_corrected_for_the_comparisons),
        REPORTS(identical_runs_are_one),
        REPORTS(chosen_times),
        REPORTS(roughness_has_its_table),
        REPORTS(what_was_exchanged),
        REPORTS(iterations_of_more_steps_are_not_compared),
        REPORTS(nothing_to_compare),
        REPORTS(json_is_the_contract),
        REPORTS(page_is_whole_and_harmless),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
