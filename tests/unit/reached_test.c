/* SPDX-License-Identifier: Apache-2.0 */
/* A report's time and energy to a target equal what its figures show: 200 random cases of noisy
 * curves, read from the data beside the figures. */
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
#include <common/rng.h>
#include <orchestrator/figures/panel.h>
#include <orchestrator/report/report.h>

#include "figures_fixture.h"

#define CASES 200
#define POINTS_MAX 512
#define WORKERS 2

static const char *const smoothings[] = {"savgol:25:3", "none",       "mean:5",
                                         "ema:0.6",     "savgol:7:2", "published"};
static const int sustains[] = {5, 0, 1, 12};

static void run_sql(struct fixture *f, const char *sql, const char *text, const char *id)
{
    struct rog_error err;
    if (rog_db_run(f->db, &err, sql, "ss", text, id) != 0)
        fail_msg("%s", err.message);
}

/* Adds a run with rising and noisy accuracy; its checkpoints become less dense. */
static void add_run(struct fixture *f, struct rog_rng *rng, const char *case_name, int strategy,
                    int seed)
{
    static const char *const libraries[] = {"BSP", "SSP", "ROG"};
    struct rog_error err;
    char id[64];
    double t = 0, slow = 500 + 4000 * rog_rng_uniform(rng), noise = 3 * rog_rng_uniform(rng);
    double watts = 3 + 10 * rog_rng_uniform(rng);
    int points = 3 + (int)(70 * rog_rng_uniform(rng));
    snprintf(id, sizeof id, "%s-%s-%d", case_name, libraries[strategy], seed);
    char *config = rog_format("{\"seed\": %d, \"threshold\": %d}", seed, strategy);
    assert_int_equal(rog_db_run(f->db, &err,
                                "INSERT INTO runs(id, library, threshold, control, batchsize,"
                                " epochs, note, seed, status, config, config_hash)"
                                " VALUES (?, ?, ?, 'outdoors', 1, 4, ?, ?, 'done', ?, ?)",
                                "ssisiss", id, libraries[strategy], (int64_t)strategy,
                                libraries[strategy], (int64_t)seed, config, id),
                     0);
    free(config);
    run_sql(f, "INSERT INTO case_runs SELECT ?1, count(*), ?2 FROM case_runs WHERE case_name = ?1",
            case_name, id);
    for (int i = 0; i < points; i++) {
        double percent = 50 + 20 * (1 - exp(-t / slow)) + noise * (2 * rog_rng_uniform(rng) - 1);
        assert_int_equal(rog_db_run(f->db, &err,
                                    "INSERT INTO checkpoints VALUES (?, ?, ?, 'x', '', ?, NULL)",
                                    "sdid", id, t, (int64_t)(t / 7), percent),
                         0);
        t += (i < 20 ? 60 : i < 40 ? 180 : 540) + rog_rng_uniform(rng);
    }
    for (int64_t rank = 1; rank <= WORKERS; rank++)
        for (int i = 0; i <= 8; i++)
            assert_int_equal(rog_db_run(f->db, &err,
                                        "INSERT INTO energy VALUES (?, ?, ?, ?, 'model')", "sidd",
                                        id, rank, t * i / 8, watts * t * i * i / 64),
                             0);
}

static void add_case(struct fixture *f, struct rog_rng *rng, const char *name, size_t number)
{
    struct rog_error err;
    int repeats = 1 + (int)(3 * rog_rng_uniform(rng));
    fixture_case(f, name, "9", floor(52 + 17 * rog_rng_uniform(rng)));
    char *options = rog_format("{\"smooth\": \"%s\", \"sustain\": %d}",
                               smoothings[number % (sizeof smoothings / sizeof *smoothings)],
                               sustains[number / 7 % (sizeof sustains / sizeof *sustains)]);
    run_sql(f, "UPDATE case_settings SET options = ? WHERE case_name = ?", options, name);
    free(options);
    assert_int_equal(rog_db_begin(f->db, &err), 0);
    for (int strategy = 0; strategy < 3; strategy++)
        for (int seed = 1; seed <= repeats; seed++)
            add_run(f, rng, name, strategy, seed);
    assert_int_equal(rog_db_commit(f->db, &err), 0);
}

/* ---- reads a figure's data with no more knowledge than the manual has ---- */

struct figure_line {
    double x[POINTS_MAX], y[POINTS_MAX], place[POINTS_MAX];
    size_t count;
};

/* The lines of the blocks 0, 3, 6...: x, accuracy, (low, high,) checkpoint. */
static size_t read_lines(const char *text, struct figure_line *lines)
{
    size_t block = 0, count = 0;
    struct figure_line *line = NULL;
    for (; *text; text += strcspn(text, "\n") + 1) {
        if (strncmp(text, "\n\n", 2) == 0) {
            block++;
            text++;
            line = NULL;
            continue;
        }
        double n[5];
        char row[256];
        snprintf(row, sizeof row, "%.*s", (int)strcspn(text, "\n"), text);
        int columns = sscanf(row, "%lf %lf %lf %lf %lf", &n[0], &n[1], &n[2], &n[3], &n[4]);
        if (*text == '#' || block % 3 != 0 || columns < 3)
            continue;
        if (!line) {
            line = &lines[count++];
            line->count = 0;
        }
        assert_true(line->count < POINTS_MAX);
        line->x[line->count] = n[0];
        line->y[line->count] = n[1];
        line->place[line->count++] = n[columns - 1];
    }
    return count;
}

/* NaN if the line does not reach it. */
static double read_crossing(const struct figure_line *line, double target, double sustain)
{
    double since_x = (double)NAN, since_place = (double)NAN;
    for (size_t i = 0; i < line->count; i++) {
        bool above = line->y[i] >= target, was = !isnan(since_x);
        if (above == was)
            continue;
        double share = i ? (target - line->y[i - 1]) / (line->y[i] - line->y[i - 1]) : 0;
        double x = i ? line->x[i - 1] + share * (line->x[i] - line->x[i - 1]) : line->x[0];
        double place =
            i ? line->place[i - 1] + share * (line->place[i] - line->place[i - 1]) : line->place[0];
        if (!above && place - since_place >= sustain)
            return since_x;
        since_x = above ? x : (double)NAN;
        since_place = place;
    }
    return since_x;
}

static size_t compare_panel(const struct fixture *f, const struct rog_case_data *data,
                            const struct rog_json *report, int quantity, const char *member)
{
    static struct figure_line lines[8];
    const struct rog_panel panel = {"panel", "panel", rog_panel_write_curves, quantity};
    struct rog_look look;
    struct rog_error err;
    bool drawn = false;
    char *text = NULL;
    size_t size, reached = 0;
    assert_int_equal(rog_look_parse(NULL, NULL, &look, &err), 0);
    if (panel.write(&panel, data, &look, ROG_ENDS_DATA, f->folder, "panel", &drawn, &err) != 0)
        fail_msg("%s", err.message);
    assert_true(drawn);
    char *path = rog_path_join(f->folder, "panel.dat");
    assert_int_equal(rog_file_read(path, 1 << 24, &text, &size, &err), 0);
    free(path);
    size_t count = read_lines(text, lines);
    const struct rog_json *series = rog_json_get(report, "series");
    assert_int_equal(count, rog_json_size(series));
    for (size_t i = 0; i < count; i++) {
        const struct rog_json *said =
            rog_json_get(rog_json_get(rog_json_at(series, i), "target_reached"), member);
        double read = read_crossing(&lines[i], rog_case_target(data), data->rule.sustain);
        double at = rog_json_get_number(said, "at", (double)NAN);
        const char *state = rog_json_get_string(said, "state", "");
        if (isnan(read)) {
            assert_string_equal(state, "not reached");
            assert_true(isnan(at));
            assert_true(
                fabs(rog_json_get_number(said, "seen_to", 0) - lines[i].x[lines[i].count - 1]) <
                1e-6 * (1 + fabs(lines[i].x[lines[i].count - 1])));
            continue;
        }
        assert_string_equal(state, "reached");
        if (!(fabs(at - read) <= 1e-9 * fabs(read)))
            fail_msg("%s: the report says %.12g, the figure shows %.12g", data->row.name, at, read);
        reached++;
    }
    free(text);
    return reached;
}

static void reports_say_what_figures_show(void **state)
{
    struct fixture *f = *state;
    struct rog_rng rng;
    size_t reached = 0, not_reached = 0;
    rog_rng_init(&rng, 7);
    fixture_sql(f, "PRAGMA synchronous = OFF");
    for (size_t i = 0; i < CASES; i++) {
        char name[32];
        struct rog_error err;
        struct rog_report report;
        snprintf(name, sizeof name, "case%zu", i);
        add_case(f, &rng, name, i);
        if (rog_report_make(f->db, name, &(struct rog_report_options){0}, &report, &err) != 0)
            fail_msg("%s", err.message);
        struct rog_json *json = rog_report_json(&report);
        size_t seconds = compare_panel(f, &report.data, json, ROG_QUANTITY_SECONDS, "seconds");
        size_t joules = compare_panel(f, &report.data, json, ROG_QUANTITY_JOULES, "joules");
        if (report.data.row.runs == (int64_t)report.data.series_count)
            assert_int_equal(seconds, joules); /* the same checkpoint in both */
        reached += seconds + joules;
        not_reached += 2 * report.data.series_count - seconds - joules;
        rog_json_free(json);
        rog_report_release(&report);
    }
    /* Both must occur often for the test to be meaningful. */
    assert_true(reached > 300 && not_reached > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(reports_say_what_figures_show, fixture_setup,
                                        fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
