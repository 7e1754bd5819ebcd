/* SPDX-License-Identifier: Apache-2.0 */
/* Curves drawn with characters match their numbers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <orchestrator/text/label.h>
#include <orchestrator/text/sketch.h>

static void expect_line(const double *value, size_t count, size_t columns, const char *expected)
{
    char text[ROG_SKETCH_LINE_BYTES];
    rog_sketch_line(value, count, columns, false, text);
    assert_string_equal(text, expected);
    rog_sketch_line(value, count, columns, true, text);
    assert_int_equal(rog_label_columns(text), strlen(expected));
}

static void a_line_follows_its_values(void **state)
{
    (void)state;
    const double rising[] = {0, 1, 2, 3, 4, 5, 6, 7}, same[] = {3, 3}, fall[] = {9, 1};
    char text[ROG_SKETCH_LINE_BYTES];
    expect_line(rising, 8, 8, "_.-~=+*#");
    expect_line(rising, 8, 20, "_.-~=+*#"); /* at most one per value */
    expect_line(rising, 8, 2, "-*");        /* means of four */
    expect_line(same, 2, 8, "==");
    expect_line(fall, 2, 8, "#_");
    expect_line(rising, 0, 8, "");
    rog_sketch_line(rising, 8, 8, true, text);
    assert_string_equal(text, "\xe2\x96\x81\xe2\x96\x82\xe2\x96\x83\xe2\x96\x84"
                              "\xe2\x96\x85\xe2\x96\x86\xe2\x96\x87\xe2\x96\x88");
}

/* However many values there are, the line stays within its columns and buffer. */
static void a_long_line_keeps_to_its_columns(void **state)
{
    (void)state;
    double *value = calloc(100000, sizeof *value);
    char text[ROG_SKETCH_LINE_BYTES];
    assert_non_null(value);
    for (size_t i = 0; i < 100000; i++)
        value[i] = (double)(i % 977);
    for (size_t columns = 0; columns < 60; columns++) {
        rog_sketch_line(value, 100000, columns, true, text);
        assert_int_equal(rog_label_columns(text), columns);
    }
    rog_sketch_line(value, 100000, 5000, true, text);
    assert_true(strlen(text) < ROG_SKETCH_LINE_BYTES);
    free(value);
}

static void a_curve_has_axes(void **state)
{
    (void)state;
    const double x[] = {0, 500, 1000}, y[] = {58.1, 60, 66.25};
    struct rog_sketch sketch = {
        .x = x, .y = y, .count = 3, .columns = 18, .rows = 6, .digits = 1, .x_unit = "s"};
    char *text = rog_sketch_curve(&sketch);
    assert_string_equal(text, "66.2 +          **\n"
                              "     |        **\n"
                              "     |   *****\n"
                              "58.1 +***\n"
                              "     +------------\n"
                              "      0     1000 s\n");
    free(text);
    sketch.utf8 = true; /* two times four dots per character */
    sketch.columns = 13;
    sketch.rows = 3;
    sketch.x = (const double[]){0, 1};
    sketch.y = (const double[]){0, 1};
    sketch.count = 2;
    sketch.digits = 0;
    text = rog_sketch_curve(&sketch);
    assert_string_equal(text, "");
    free(text);
    sketch.rows = 4;
    text = rog_sketch_curve(&sketch);
    assert_non_null(strstr(text, "1 \xe2\x94\xa4"));
    assert_non_null(strstr(text, "0 \xe2\x94\xa4\xe2"));
    free(text);
}

static void no_curve_is_wider_than_asked_for(void **state)
{
    (void)state;
    const double x[] = {0, 1, 2, 1e7}, y[] = {-1e6, 5, 5, 1e-3};
    for (size_t columns = 0; columns < 120; columns++)
        for (int utf8 = 0; utf8 < 2; utf8++) {
            struct rog_sketch sketch = {.x = x,
                                        .y = y,
                                        .count = 4,
                                        .columns = columns,
                                        .rows = 10,
                                        .utf8 = utf8,
                                        .digits = 2,
                                        .x_unit = "s"};
            char *text = rog_sketch_curve(&sketch), *rest = NULL;
            assert_non_null(text);
            size_t lines = 0;
            for (char *line = strtok_r(text, "\n", &rest); line;
                 line = strtok_r(NULL, "\n", &rest), lines++)
                assert_true(rog_label_columns(line) <= columns);
            assert_true(lines == 0 || lines == 10);
            free(text);
        }
    struct rog_sketch one = {.x = x, .y = y, .count = 1, .columns = 80, .rows = 10, .x_unit = "s"};
    char *text = rog_sketch_curve(&one);
    assert_string_equal(text, "");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_follows_its_values),
        cmocka_unit_test(a_long_line_keeps_to_its_columns),
        cmocka_unit_test(a_curve_has_axes),
        cmocka_unit_test(no_curve_is_wider_than_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
