/* SPDX-License-Identifier: Apache-2.0 */
/* Figures of generated cases: they show what the database has, and texts of users are only text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/clock.h>
#include <common/file.h>
#include <common/process.h>
#include <orchestrator/figures/bar_layout.h>
#include <orchestrator/figures/figures.h>
#include <orchestrator/store/summary.h>

#include "figures_fixture.h"

#define TIME_PANEL "training-accuracy-against-wall-clock-time"
#define SENT_PANEL "training-accuracy-against-bytes-sent"
#define ITERATION_PANEL "statistical-efficiency"
#define ENERGY_PANEL "energy-consumption-against-training-accuracy"
#define BARS_PANEL "average-time-composition"
#define MANY_BYTES (1u << 24)

static void need_gnuplot(void)
{
    if (rog_program_exists("gnuplot"))
        return;
    print_message("gnuplot is not installed: nothing is drawn\n");
    skip();
}

static void count_drawn(void *user, const char *path)
{
    assert_true(rog_file_exists(path));
    ++*(size_t *)user;
}

static int draw(struct fixture *f, const char *name, size_t *drawn, struct rog_error *err)
{
    *drawn = 0;
    struct rog_figures_options options = {.plots = f->plots, .drawn = count_drawn, .user = drawn};
    return rog_figures_draw_case(f->db, name, &options, err);
}

/* Draws in one format: for tests that read scripts and data. */
static int draw_quickly(struct fixture *f, const char *name, struct rog_error *err)
{
    struct rog_figures_options options = {.plots = f->plots, .formats = "svg"};
    return rog_figures_draw_case(f->db, name, &options, err);
}

static char *plot_path(const struct fixture *f, const char *name, const char *panel,
                       const char *extension)
{
    char *path = rog_format("%s/%s-%s.%s", f->plots, name, panel, extension);
    assert_non_null(path);
    return path;
}

static char *plot_text(const struct fixture *f, const char *name, const char *panel,
                       const char *extension)
{
    struct rog_error err;
    size_t size;
    char *text = NULL, *path = plot_path(f, name, panel, extension);
    if (rog_file_read(path, MANY_BYTES, &text, &size, &err) != 0)
        fail_msg("%s", err.message);
    free(path);
    return text;
}

/* Reads the numbers of block `index` (blocks are separated by two blank lines), row by row. */
static size_t read_block(const char *text, size_t index, double *numbers, size_t room)
{
    size_t count = 0;
    for (size_t i = 0; i < index; i++) {
        text = strstr(text, "\n\n\n");
        assert_non_null(text);
        text += 3;
    }
    const char *end = strstr(text, "\n\n\n");
    while (*text && (!end || text < end)) {
        size_t line = strcspn(text, "\n");
        const char *stop = text + line;
        while (text < stop && *text != '#') {
            char *after;
            double number = strtod(text, &after);
            if (after == text)
                break;
            assert_true(count < room);
            numbers[count++] = number;
            text = after;
        }
        text = *stop ? stop + 1 : stop;
    }
    return count;
}

static void add_outdoors(struct fixture *f, const char *name, const char *figure)
{
    fixture_case(f, name, figure, 64);
    fixture_run_add(f, &(struct fixture_run){name, "bsp", "BSP", "BSP", 0, 1, 1, 13, 300, 50});
    fixture_run_add(f, &(struct fixture_run){name, "ssp", "SSP", "SSP 4", 4, 1, 1, 12, 300, 50});
    fixture_run_add(f, &(struct fixture_run){name, "rog", "ROG", "ROG 4", 4, 1, 1, 8, 300, 50});
}

/* Returns a program's output about a picture, or NULL if it is not installed. */
static char *ask(const char *program, const char *option, const char *path)
{
    struct rog_error err;
    char *output = NULL;
    const char *const argv[] = {program, option ? option : path, option ? path : NULL, NULL};
    if (!rog_program_exists(program))
        return NULL;
    if (rog_process_run(argv, 30, &output, &err) != 0)
        fail_msg("%s", err.message);
    return output;
}

static void check_pictures(const struct fixture *f, const char *name, const char *panel)
{
    char *pdf = plot_path(f, name, panel, "pdf"), *svg = plot_path(f, name, panel, "svg");
    char *png = plot_text(f, name, panel, "png");
    assert_memory_equal(png, "\x89PNG\r\n\x1a\n", 8);
    char *fonts = ask("pdffonts", NULL, pdf);
    if (fonts) {
        /* Two lines of heading, then one line per font: name, type, encoding, emb sub uni. */
        char *line = strchr(strchr(fonts, '\n') + 1, '\n') + 1;
        assert_true(*line);
        for (; *line; line = strchr(line, '\n') + 1) {
            *strchr(line, '\n') = '\0';
            if (!strstr(line, " yes yes "))
                fail_msg("%s: font not embedded: %s", pdf, line);
            line[strlen(line)] = '\n';
        }
    }
    free(ask("xmllint", "--noout", svg));
    free(fonts);
    free(png);
    free(svg);
    free(pdf);
}

static void figure_1_has_four_panels(void **state)
{
    struct fixture *f = *state;
    struct rog_error err;
    size_t drawn;
    need_gnuplot();
    add_outdoors(f, "outdoors-case0", "1");
    assert_int_equal(draw(f, "outdoors-case0", &drawn, &err), 0);
    assert_int_equal(drawn, 4 * 3);
    static const char *const panels[] = {TIME_PANEL, ITERATION_PANEL, ENERGY_PANEL, BARS_PANEL};
    for (size_t i = 0; i < 4; i++)
        check_pictures(f, "outdoors-case0", panels[i]);
    char *script = plot_text(f, "outdoors-case0", ENERGY_PANEL, "gp");
    assert_non_null(strstr(script, "\"64%\""));
    assert_null(strstr(script, f->folder));
    free(script);
    script = plot_text(f, "outdoors-case0", TIME_PANEL, "gp");
    /* The line at which the table's seconds are read; published figures have none. */
    assert_non_null(strstr(script, "\"64%\""));
    assert_non_null(strstr(script, "point pt 6 "));
    assert_non_null(strstr(script, "'1,800' 1800"));
    assert_non_null(strstr(script, "set grid xtics"));
    free(script);
}

static void figures_choose_their_panels(void **state)
{
    struct fixture *f = *state;
    struct rog_error err;
    size_t drawn;
    static const struct {
        const char *figure;
        size_t panels;
        const char *one;
    } rows[] = {{"6", 4, BARS_PANEL},
                {"9", 3, ENERGY_PANEL},
                {"10", 2, ITERATION_PANEL},
                {"77", 5, SENT_PANEL},
                {NULL, 5, TIME_PANEL}};
    need_gnuplot();
    add_outdoors(f, "case", "1");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(
            rog_db_run(f->db, &err, "UPDATE cases SET figure = ?", "s", rows[i].figure), 0);
        assert_int_equal(draw(f, "case", &drawn, &err), 0);
        assert_int_equal(drawn, 3 * rows[i].panels);
        char *path = plot_path(f, "case", rows[i].one, "pdf");
        assert_true(rog_file_exists(path));
        free(path);
        assert_int_equal(rog_dir_remove(f->plots, &err), 0);
    }
}

/* The measured points in the data beside a picture are exactly the rows of the query. */
static void data_are_the_rows_of_the_query(void **state)
{
    struct fixture *f = *state;
    struct rog_error err;
    size_t drawn;
    double numbers[4000];
    need_gnuplot();
    add_outdoors(f, "case", "1");
    assert_int_equal(draw(f, "case", &drawn, &err), 0);
    static const struct {
        const char *panel, *x;
    } rows[] = {{TIME_PANEL, "t"}, {ITERATION_PANEL, "iteration"}, {ENERGY_PANEL, "10 * t"}};
    static const char *const runs[] = {"bsp", "ssp", "rog"};
    for (size_t i = 0; i < 3; i++) {
        char *data = plot_text(f, "case", rows[i].panel, "dat");
        char *sql = rog_format("SELECT %s, accuracy FROM checkpoints WHERE run_id = ? ORDER BY t",
                               rows[i].x);
        for (size_t r = 0; r < 3; r++) {
            struct rog_query *query = NULL;
            size_t count = read_block(data, 3 * r + 2, numbers, 4000), at = 0;
            assert_int_equal(rog_query_new(&query, f->db, &err, sql, "s", runs[r]), 0);
            for (; rog_query_step(query, &err) == 1; at += 2) {
                assert_true(at + 1 < count);
                assert_true(fabs(numbers[at] - rog_query_real(query, 0)) < 1e-6);
                assert_true(numbers[at + 1] == rog_query_real(query, 1));
            }
            assert_int_equal(at, count);
            assert_int_equal(count, 2 * 50);
            rog_query_free(query);
        }
        free(sql);
        free(data);
    }
    char *bars = plot_text(f, "case", BARS_PANEL, "dat");
    assert_int_equal(read_block(bars, 0, numbers, 4000), 3 * 8);
    for (size_t r = 0; r < 3; r++) {
        struct rog_totals totals;
        assert_int_equal(rog_totals_load(f->db, runs[r], &totals, NULL, NULL, &err), 0);
        const struct rog_composition c = totals.composition;
        assert_true(fabs(numbers[8 * r + 1] - c.compute_s) < 1e-9);
        assert_true(fabs(numbers[8 * r + 2] - c.communication_s) < 1e-9);
        assert_true(fabs(numbers[8 * r + 3] - c.stall_s) < 1e-9);
    }
    free(bars);
}

/* Lines stay within the measured range, and run forwards. */
static void lines_stay_within_the_data(void **state)
{
    struct fixture *f = *state;
    struct rog_error err;
    size_t drawn;
    double line[4000], measured[4000];
    need_gnuplot();
    fixture_case(f, "case", "10", 64);
    static const size_t checkpoints[] = {1, 3, 8, 24, 25, 60};
    char id[8];
    for (size_t i = 0; i < 6; i++) {
        snprintf(id, sizeof id, "r%zu", i);
        fixture_run_add(f, &(struct fixture_run){"case", id, "ROG", id, (int64_t)i + 2, 1, 1, 6,
                                                 250, checkpoints[i]});
    }
    assert_int_equal(draw(f, "case", &drawn, &err), 0);
    char *data = plot_text(f, "case", TIME_PANEL, "dat");
    for (size_t i = 0; i < 6; i++) {
        /* The line has x, accuracy and checkpoint; measured points have x and accuracy. */
        assert_int_equal(read_block(data, 3 * i, line, 4000), 3 * checkpoints[i]);
        size_t count = read_block(data, 3 * i + 2, measured, 4000);
        assert_int_equal(count, 2 * checkpoints[i]);
        assert_true(line[0] == measured[0] && line[1] == measured[1]);
        for (size_t k = 0; k < checkpoints[i]; k++) {
            assert_true(line[3 * k + 2] == (double)k);
            line[2 * k] = line[3 * k];
            line[2 * k + 1] = line[3 * k + 1];
        }
        double low = INFINITY, high = -INFINITY;
        for (size_t k = 1; k < count; k += 2) {
            low = fmin(low, measured[k]);
            high = fmax(high, measured[k]);
        }
        for (size_t k = 0; k < count; k += 2) {
            assert_true(line[k] >= measured[0] - 1e-6 && line[k] <= measured[count - 2] + 1e-6);
            assert_true(k == 0 || line[k] >= line[k - 2]);
            assert_true(line[k + 1] >= low - 1e-6 && line[k + 1] <= high + 1e-6);
        }
    }
    free(data);
}

/* Accuracies close together have long numbers beside the axis, and a target may be beyond its end:
 * both get enough space (a truncated label is an error), and the target is still shown. */
static void labels_of_axes_have_room(void **state)
{
    struct fixture *f = *state;
    struct rog_error err;
    static const struct {
        double target;
        const char *says;
        bool line;
    } rows[] = {{64.001, "\"64.001%\"", true},
                {71.125, "\"71.125% ↑\"", false},
                {0.5, "\"0.5% ↓\"", false}};
    size_t drawn;
    need_gnuplot();
    add_outdoors(f, "case", "1");
    fixture_sql(f, "UPDATE checkpoints SET accuracy = 64 + accuracy / 20000");
    fixture_sql(f, "UPDATE iterations SET compute_s = 123456 + compute_s");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(rog_db_run(f->db, &err, "UPDATE case_settings SET target_accuracy = ?",
                                    "d", rows[i].target),
                         0);
        if (draw(f, "case", &drawn, &err) != 0)
            fail_msg("%s", err.message);
        char *script = plot_text(f, "case", ENERGY_PANEL, "gp");
        assert_non_null(strstr(script, rows[i].says));
        assert_true((strstr(script, "set arrow 1 ") != NULL) == rows[i].line);
        free(script);
    }
}

static void repeats_are_a_line_with_a_band(void **state)
{
    struct fixture *f = *state;
    struct rog_error err;
    size_t drawn;
    double numbers[4000];
    need_gnuplot();
    fixture_case(f, "case", "1", 64);
    for (int64_t seed = 1; seed <= 3; seed++) {
        char id[8];
        snprintf(id, sizeof id, "r%d", (int)seed);
        fixture_run_add(f, &(struct fixture_run){"case", id, "ROG", "ROG 4", 4, seed, 1,
                                                 7 + (double)seed / 10, 250, 40});
    }
    fixture_run_add(f, &(struct fixture_run){"case", "other", "BSP", "BSP", 0, 1, 1, 9, 250, 40});
    assert_int_equal(draw(f, "case", &drawn, &err), 0);
    char *script = plot_text(f, "case", TIME_PANEL, "gp");
    assert_non_null(strstr(script, "\"ROG 4 (n = 3, 95% CI)\""));
    assert_non_null(strstr(script, "\"BSP\""));
    free(script);
    char *data = plot_text(f, "case", TIME_PANEL, "dat");
    size_t count = read_block(data, 0, numbers, 4000);
    assert_int_equal(count % 5, 0);
    assert_true(count >= 5 * 50);
    for (size_t k = 0; k < count; k += 5) {
        assert_true(numbers[k + 2] <= numbers[k + 1] && numbers[k + 1] <= numbers[k + 3]);
        /* A mean exists only where all three runs have data. */
        assert_true(numbers[k] <= 7.1 * 250 + 1e-6);
    }
    free(data);
    script = plot_text(f, "case", BARS_PANEL, "gp");
    assert_non_null(strstr(script, "\"ROG 4 (n = 3)\""));
    assert_non_null(strstr(script, "\"Whiskers: 95% CI\""));
    free(script);
}

static void collect_note(void *user, const char *text)
{
    char **notes = user;
    char *more = rog_format("%s%s\n", *notes ? *notes : "", text);
    free(*notes);
    *notes = more;
}

static void what_is_missing_is_said(void **state)
{
    struct fixture *f = *state;
    struct rog_error err;
    char *notes = NULL;
    need_gnuplot();
    fixture_case(f, "case", "1", 64);
    fixture_run_add(f,
                    &(struct fixture_run){"case", "done-run", "ROG", "ROG 4", 4, 1, 1, 7, 250, 40});
    fixture_sql(f, "DELETE FROM energy");
    fixture_run_add(f,
                    &(struct fixture_run){"case", "broken-run", "BSP", "BSP", 0, 1, 1, 7, 250, 40});
    fixture_sql(f, "UPDATE runs SET status = 'failed' WHERE id = 'broken-run'");
    struct rog_figures_options options = {
        .plots = f->plots, .formats = "svg", .log = collect_note, .user = &notes};
    assert_int_equal(rog_figures_draw_case(f->db, "case", &options, &err), 0);
    assert_non_null(strstr(notes, "broken-run"));
    assert_non_null(strstr(notes, ENERGY_PANEL));
    assert_null(strstr(notes, "done-run"));
    free(notes);
    char *data = plot_text(f, "case", TIME_PANEL, "dat");
    assert_null(strstr(data, "BSP"));
    free(data);
    char *svg = plot_path(f, "case", TIME_PANEL, "svg"),
         *pdf = plot_path(f, "case", TIME_PANEL, "pdf");
    assert_true(rog_file_exists(svg));
    assert_false(rog_file_exists(pdf));
    free(svg);
    free(pdf);
}

static size_t entries_of(const char *folder)
{
    DIR *directory = opendir(folder);
    size_t count = 0;
    while (directory && readdir(directory))
        count++;
    if (directory)
        closedir(directory);
    return count;
}

static void errors_say_what_is_possible(void **state)
{
    struct fixture *f = *state;
    struct rog_error err;
    size_t drawn;
    fixture_case(f, "empty-case0", "10", 64);
    assert_int_equal(draw(f, "empty-case0", &drawn, &err), ROG_ENOTFOUND);
    assert_non_null(strstr(err.message, "no finished run"));
    assert_int_equal(draw(f, "nothing", &drawn, &err), ROG_ENOTFOUND);
    assert_non_null(strstr(err.message, "empty-case0"));
    fixture_run_add(f,
                    &(struct fixture_run){"empty-case0", "r", "ROG", "ROG 4", 4, 1, 1, 7, 50, 9});
    static const char *const wrong[] = {"jpg", "pdf,", ",pdf", "", "pdf;svg", "pd"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct rog_figures_options options = {.plots = f->plots, .formats = wrong[i]};
        assert_int_equal(rog_figures_draw_case(f->db, "empty-case0", &options, &err), ROG_EINVAL);
        assert_non_null(strstr(err.message, "pdf, svg or png"));
    }
    assert_int_equal(entries_of(f->plots), 0);
}

static void without_gnuplot(void **state)
{
    struct fixture *f = *state;
    struct rog_error err;
    size_t drawn;
    add_outdoors(f, "case", "10");
    assert_int_equal(rog_dir_make(f->plots, &err), 0);
    char *old = plot_path(f, "case", TIME_PANEL, "pdf");
    assert_int_equal(rog_file_write(old, "old", 3, &err), 0);
    char *path = rog_strdup(getenv("PATH"));
    setenv("PATH", f->folder, 1);
    int code = draw(f, "case", &drawn, &err);
    setenv("PATH", path, 1);
    free(path);
    assert_int_equal(code, ROG_EFAILED);
    assert_non_null(strstr(err.message, "gnuplot-nox"));
    /* The old files are still there, and no others. */
    assert_int_equal(entries_of(f->plots), 3);
    char *text = plot_text(f, "case", TIME_PANEL, "pdf");
    assert_string_equal(text, "old");
    free(text);
    free(old);
}

/* Names and notes that would have an effect if shell, gnuplot, SQL or SVG interpreted them. Each
 * tries to create a file `owned`. */
static void hostile_texts_are_harmless(void **state)
{
    struct fixture *f = *state;
    struct rog_error err;
    size_t drawn;
    need_gnuplot();
    char *name =
        rog_format("'; `touch %s/owned` \n é 中 \U00012000 ../\"; system('touch %s/owned')",
                   f->folder, f->folder);
    fixture_case(f, name, "1", 64);
    const char *const notes[] = {
        name,
        "'''; `touch owned`",
        "\"; system(\"touch owned\") #",
        "$(touch owned) @macro $var {/Symbol a}_b^c",
        "x' with lines; !touch owned\n!touch owned",
        "%s %d %n 100%",
        "</text><script>alert(1)</script>&amp;<!--",
        "'); DROP TABLE runs; --",
        "back\\slash \\n \\",
        "\xFF\xFE broken \x01\x02",
    };
    enum { COUNT = sizeof notes / sizeof *notes };
    for (size_t i = 0; i < COUNT; i++) {
        char id[8];
        snprintf(id, sizeof id, "r%zu", i);
        fixture_run_add(
            f, &(struct fixture_run){name, id, "ROG", notes[i], (int64_t)i, 1, 1, 7, 60, 30});
    }
    if (draw(f, name, &drawn, &err) != 0)
        fail_msg("%s", err.message);
    assert_int_equal(drawn, 4 * 3);
    assert_true(fixture_number(f, "SELECT count(*) FROM runs") == COUNT);
    char *owned = rog_format("%s/owned", f->folder), *near = rog_format("%s/owned", f->plots);
    assert_false(rog_file_exists(owned));
    assert_false(rog_file_exists(near));
    assert_false(rog_file_exists("owned"));
    /* All files are in the folder of plots, under plain names, and can be drawn again by hand. */
    assert_int_equal(entries_of(f->plots), 2 + 4 * 5);
    const char *const by_hand[] = {
        "sh",
        "-c",
        "cd \"$1\" && rm -- *.pdf *.svg *.png && for s in *.gp; do gnuplot -d \"$s\" || exit; done "
        "&& ls -- *.pdf *.svg *.png | wc -l && for s in *.svg; do "
        "! command -v xmllint >/dev/null || xmllint --noout \"$s\" || exit; done",
        "sh",
        f->plots,
        NULL};
    char *output = NULL;
    if (rog_process_run(by_hand, 60, &output, &err) != 0)
        fail_msg("%s", err.message);
    assert_string_equal(output, "12\n");
    assert_false(rog_file_exists(owned));
    assert_false(rog_file_exists(near));
    free(output);
    free(owned);
    free(near);
    free(name);
}

/* Reads the width and height in a script, in inches. */
static void script_size(struct fixture *f, const char *name, const char *panel, double size[2])
{
    char *script = plot_text(f, name, panel, "gp");
    assert_int_equal(sscanf(strstr(script, "\nwidth = "), "\nwidth = %lf", &size[0]), 1);
    assert_int_equal(sscanf(strstr(script, "\nheight = "), "\nheight = %lf", &size[1]), 1);
    free(script);
}

/* Letters have the same size in a paper in which all panels have the same width. */
static void panels_are_of_one_width(void **state)
{
    struct fixture *f = *state;
    struct rog_error err;
    double size[2];
    static const char *const panels[] = {TIME_PANEL, ITERATION_PANEL, ENERGY_PANEL, BARS_PANEL};
    need_gnuplot();
    fixture_case(f, "case", "1", 64);
    for (int64_t i = 0; i < 20; i++) {
        char id[8], note[200];
        snprintf(id, sizeof id, "r%d", (int)i);
        snprintf(note, sizeof note, "%d%s", (int)i,
                 i < 18 ? ""
                        : " with a note that is much longer than a legend is wide, and longer "
                          "than two of its lines are, all of it told apart from the others");
        fixture_run_add(f, &(struct fixture_run){"case", id, "ROG", note, i, 1, 1, 8, 60, 20});
        if (i == 1 || i == 11 || i == 19) {
            assert_int_equal(draw_quickly(f, "case", &err), 0);
            for (size_t k = 0; k < 4; k++) {
                script_size(f, "case", panels[k], size);
                assert_true(size[0] == 3.5);
            }
        }
    }
    struct rog_figures_options options = {
        .plots = f->plots, .formats = "svg", .size = "7x4", .font = "DejaVu Sans,6"};
    assert_int_equal(rog_figures_draw_case(f->db, "case", &options, &err), 0);
    for (size_t k = 0; k < 4; k++) {
        script_size(f, "case", panels[k], size);
        assert_true(size[0] == 7 && size[1] == 4);
    }
    char *script = plot_text(f, "case", TIME_PANEL, "gp");
    assert_non_null(strstr(script, "font = 'DejaVu Sans'"));
    assert_non_null(strstr(script, "large = 6 "));
    free(script);
    options.size = "3x1.2";
    assert_int_equal(rog_figures_draw_case(f->db, "case", &options, &err), ROG_EINVAL);
    assert_non_null(strstr(err.message, "does not fit into 3.00x1.20 inches"));
    options.size = "3by4";
    assert_int_equal(rog_figures_draw_case(f->db, "case", &options, &err), ROG_EINVAL);
}

/* Names never take more of a panel of bars than the plot does. */
static void bars_have_more_room_than_names(void **state)
{
    struct fixture *f = *state;
    struct rog_error err;
    const char *names[8];
    struct rog_look look;
    struct rog_bar_layout layout;
    for (size_t i = 0; i < 8; i++)
        names[i] = "a name of forty columns that says little";
    assert_int_equal(rog_look_parse(NULL, NULL, &look, &err), 0);
    assert_int_equal(rog_bar_layout_make(&layout, names, 8, NULL, 0, 0, 1.82, &look, "bars", &err),
                     0);
    assert_true(rog_canvas_plot_height(&layout.canvas) > 0.549 * layout.canvas.height);
    assert_true(rog_canvas_plot_width(&layout.canvas) > 0.549 * layout.canvas.width);
    rog_bar_layout_release(&layout);
    need_gnuplot();
    fixture_case(f, "case", "1", 64);
    for (int64_t i = 0; i < 8; i++) {
        char id[8], note[160];
        snprintf(id, sizeof id, "r%d", (int)i);
        snprintf(note, sizeof note, "series %d%s", (int)i,
                 i ? " of quite some words"
                   : " of an endless name that says what nobody reads, and"
                     " goes on with more words to a hundred and twenty");
        fixture_run_add(f, &(struct fixture_run){"case", id, "ROG", note, i + 1, 1, 1, 8, 60, 12});
    }
    assert_int_equal(draw_quickly(f, "case", &err), 0);
    char *script = plot_text(f, "case", BARS_PANEL, "gp");
    assert_non_null(strstr(script, "0 of an"));
    assert_null(strstr(script, "nobody"));
    free(script);
}

/* A case sets how its figures look, and options may override this. */
/* With letters of two bytes each: gnuplot cuts some texts by bytes. */
static void long_names_of_bars_are_whole(void **state)
{
    struct fixture *f = *state;
    struct rog_error err;
    size_t drawn;
    need_gnuplot();
    enum { BARS = 25 };
    fixture_case(f, "case", "1", 64);
    fixture_sql(f, "UPDATE case_settings SET options = '{\"format\":\"svg\"}'");
    for (int i = 0; i < BARS; i++) {
        char id[8], note[80];
        snprintf(id, sizeof id, "r%d", i);
        snprintf(note, sizeof note, "Στατιστικήμακράςδοκιμής%d", 10 + i);
        fixture_run_add(f, &(struct fixture_run){"case", id, "ROG", note, i + 1, 1, 1, 7, 60, 30});
    }
    if (draw(f, "case", &drawn, &err) != 0)
        fail_msg("%s", err.message);
    char *text = plot_text(f, "case", BARS_PANEL, "svg");
    for (int i = 0; i < BARS; i++) {
        char name[80];
        snprintf(name, sizeof name, ">Στατιστικήμακράςδοκιμής%d<", 10 + i);
        if (!strstr(text, name))
            fail_msg("%s is not in the figure", name);
    }
    free(text);
}

static void cases_have_looks(void **state)
{
    struct fixture *f = *state;
    struct rog_error err;
    size_t drawn;
    double size[2];
    need_gnuplot();
    add_outdoors(f, "case", "10");
    fixture_sql(f, "UPDATE case_settings SET options ="
                   " '{\"size\":\"4x3\",\"font\":\"DejaVu Serif,7\",\"format\":\"svg\"}'");
    assert_int_equal(draw(f, "case", &drawn, &err), 0);
    assert_int_equal(drawn, 2);
    script_size(f, "case", TIME_PANEL, size);
    assert_true(size[0] == 4 && size[1] == 3);
    struct rog_figures_options options = {.plots = f->plots, .size = "5"};
    assert_int_equal(rog_figures_draw_case(f->db, "case", &options, &err), 0);
    script_size(f, "case", TIME_PANEL, size);
    assert_true(size[0] == 5 && size[1] < 3);
    char *script = plot_text(f, "case", TIME_PANEL, "gp");
    assert_non_null(strstr(script, "font = 'DejaVu Serif'"));
    free(script);
}

/* The metric names its axis, and runs with different metrics are not compared. */
static void other_metrics_have_axes_of_their_own(void **state)
{
    struct fixture *f = *state;
    struct rog_error err;
    need_gnuplot();
    add_outdoors(f, "case", "1");
    fixture_sql(f, "UPDATE checkpoints SET accuracy = (75 - accuracy) / 1000");
    fixture_sql(f, "UPDATE runs SET config = json_set(config, '$.metric', json("
                   "'{\"name\":\"test loss\",\"unit\":\"nat\",\"better\":\"lower\"}'))");
    fixture_sql(f, "UPDATE case_settings SET target_accuracy = 0.012");
    assert_int_equal(draw_quickly(f, "case", &err), 0);
    char *script = plot_text(f, "case", ENERGY_PANEL, "gp");
    assert_non_null(strstr(script, "\"test loss (nat)\""));
    assert_non_null(strstr(script, "\"0.012 nat"));
    assert_null(strstr(script, "accuracy ("));
    free(script);
    char *data = plot_text(f, "case", ENERGY_PANEL, "dat");
    assert_non_null(strstr(data, "It reaches 0.012 nat at "));
    assert_non_null(strstr(data, "joules  test loss"));
    free(data);
    /* Without a target none is mentioned. */
    fixture_sql(f, "UPDATE case_settings SET target_accuracy = NULL");
    assert_int_equal(draw_quickly(f, "case", &err), 0);
    data = plot_text(f, "case", ENERGY_PANEL, "dat");
    assert_null(strstr(data, "reach"));
    free(data);
    script = plot_text(f, "case", ENERGY_PANEL, "gp");
    assert_null(strstr(script, "nan"));
    free(script);
    fixture_sql(f, "UPDATE runs SET config = json_remove(config, '$.metric') WHERE id = 'ssp'");
    assert_int_equal(draw_quickly(f, "case", &err), ROG_EINVAL);
    assert_non_null(strstr(err.message, "they cannot be compared"));
}

static void axes_say_whose_time(void **state)
{
    struct fixture *f = *state;
    struct rog_error err;
    need_gnuplot();
    add_outdoors(f, "case", "10");
    static const struct {
        const char *sql, *title;
    } rows[] = {
        {"DELETE FROM streams", "\"Time (s)\""},
        {"INSERT INTO streams VALUES ('rog', 'events.jsonl', 1)", "\"Time (s), virtual and real\""},
        {"INSERT INTO streams VALUES ('bsp', 'events.jsonl', 1),"
         " ('ssp', 'events.jsonl', 1)",
         "\"Virtual time (s)\""},
        {"INSERT INTO streams VALUES ('ssp', 'worker1/events.jsonl', 1)",
         "\"Time (s), virtual and real\""}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        fixture_sql(f, rows[i].sql);
        assert_int_equal(draw_quickly(f, "case", &err), 0);
        char *script = plot_text(f, "case", TIME_PANEL, "gp");
        assert_non_null(strstr(script, rows[i].title));
        assert_non_null(strstr(script, "\"Test accuracy (%)\""));
        free(script);
    }
}

/* Prints how long nine runs take; machines differ, so there is no limit. */
static void nine_runs(void **state)
{
    struct fixture *f = *state;
    struct rog_error err;
    size_t drawn;
    need_gnuplot();
    fixture_case(f, "batchsize-case0", "9", 64);
    static const char *const libraries[] = {"BSP", "SSP", "ROG"};
    for (int64_t i = 0; i < 9; i++) {
        char id[8], note[16];
        snprintf(id, sizeof id, "r%d", (int)i);
        snprintf(note, sizeof note, "%s-Bx%d", libraries[i / 3], 1 << i % 3);
        fixture_run_add(f, &(struct fixture_run){"batchsize-case0", id, libraries[i / 3], note,
                                                 i / 3, 1, 1 << i % 3, 8 + (double)i, 1000, 50});
    }
    double began_s = rog_clock_s();
    assert_int_equal(draw(f, "batchsize-case0", &drawn, &err), 0);
    print_message("nine runs, three panels, three formats: %.2f s\n", rog_clock_s() - began_s);
    assert_int_equal(drawn, 3 * 3);
}

#define DRAWS(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        DRAWS(figure_1_has_four_panels),
        DRAWS(figures_choose_their_panels),
        DRAWS(data_are_the_rows_of_the_query),
        DRAWS(lines_stay_within_the_data),
        DRAWS(repeats_are_a_line_with_a_band),
        DRAWS(labels_of_axes_have_room),
        DRAWS(what_is_missing_is_said),
        DRAWS(errors_say_what_is_possible),
        DRAWS(without_gnuplot),
        DRAWS(hostile_texts_are_harmless),
        DRAWS(nine_runs),
        DRAWS(panels_are_of_one_width),
        DRAWS(axes_say_whose_time),
        DRAWS(other_metrics_have_axes_of_their_own),
        DRAWS(long_names_of_bars_are_whole),
        DRAWS(cases_have_looks),
        DRAWS(bars_have_more_room_than_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
