/* SPDX-License-Identifier: Apache-2.0 */
/* Tables have their full width in a file, and are adapted to a narrow terminal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <orchestrator/terminal/output.h>
#include <orchestrator/text/label.h>

/* Returns the output of a table for a screen with `columns` columns; 0: a file. */
static char *written(struct rog_table *table, size_t columns)
{
    const struct rog_screen screen = {.terminal = columns > 0, .columns = columns, .rows = 24};
    struct rog_error err;
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);
    assert_non_null(file);
    assert_int_equal(rog_table_write(table, &screen, ROG_TABLE_REMARKS, file, &err), 0);
    assert_int_equal(fclose(file), 0);
    return text;
}

static void expect(struct rog_table *table, size_t columns, const char *expected)
{
    char *text = written(table, columns);
    assert_string_equal(text, expected);
    free(text);
}

static struct rog_table *runs(void)
{
    struct rog_table *table = rog_table_new("run|~?9note|>?1seed|>seconds");
    static const char *const notes[] = {"ROG 4", "a note of several words that takes its room"};
    for (int i = 0; i < 2; i++) {
        rog_table_cell(table, "11-28-ROG-%d", 4 + 16 * i);
        rog_table_cell(table, "%s", notes[i]);
        rog_table_cell(table, "%d", i + 1);
        rog_table_number(table, i ? (double)NAN : 300.25, 1);
    }
    return table;
}

static void a_file_has_the_full_width(void **state)
{
    (void)state;
    expect(runs(), 0,
           "run           note                                         seed  seconds\n"
           "11-28-ROG-4   ROG 4                                           1    300.2\n"
           "11-28-ROG-20  a note of several words that takes its room     2        -\n");
    expect(rog_table_new("run|>seconds"), 0, "run  seconds\n");
}

static void less_important_columns_are_omitted(void **state)
{
    (void)state;
    /* Texts are broken first, then columns are omitted, and named. */
    expect(runs(), 60,
           "run           note                             seed  seconds\n"
           "11-28-ROG-4   ROG 4                               1    300.2\n"
           "11-28-ROG-20  a note of several words that        2        -\n"
           "              takes its room\n");
    expect(runs(), 48,
           "run           note                       seconds\n"
           "11-28-ROG-4   ROG 4                        300.2\n"
           "11-28-ROG-20  a note of several words          -\n"
           "              that takes its room\n"
           "not shown: seed; a wider terminal shows more\n");
    expect(runs(), 30,
           "run           seed  seconds\n"
           "11-28-ROG-4      1    300.2\n"
           "11-28-ROG-20     2        -\n"
           "not shown: note; a wider\n"
           "terminal shows more\n");
    expect(runs(), 20,
           "run      11-28-ROG-4\nnote     ROG 4\nseed     1\nseconds  300.2\n\n"
           "run      11-28-ROG-20\nnote     a note of\n         several\n         words that\n"
           "         takes its\n         room\nseed     2\nseconds  -\n");
}

static void a_table_of_numbers_continues_below(void **state)
{
    (void)state;
    struct rog_table *table = rog_table_new("run|>compute s|>stall s");
    for (int i = 0; i < 3; i++)
        rog_table_cell(table, "%d.5", i);
    expect(table, 20, "run  compute s\n0.5        1.5\n\nrun  stall s\n0.5      2.5\n");
}

static void texts_of_users_stay_in_their_columns(void **state)
{
    (void)state;
    struct rog_table *table = rog_table_new("");
    rog_table_column(table, "", "a|b");
    rog_table_column(table, ">", ">c");
    rog_table_cell(table, "\xe6\x9c\xba\xe5\x99\xa8");
    rog_table_cell(table, "e\xcc\x81");
    rog_table_cell(table, "x\x1b[2J\n");
    rog_table_note(table, "\x1b]0;title\x07 of a host");
    rog_table_cell(table, "1");
    expect(table, 0,
           "a|b       >c\n"
           "\xe6\x9c\xba\xe5\x99\xa8       e\xcc\x81\n"
           "x\\x1b[2J   1\n");
    table = rog_table_new("name");
    rog_table_cell(table, "x");
    rog_table_note(table, "\x1b]0;title\x07 of a host");
    expect(table, 12, "name\nx\n  \\x1b]0;ti\xe2\x80\xa6\n");
}

/* Whatever a table with breakable texts contains: no line is too long. */
static void no_line_is_too_long(void **state)
{
    (void)state;
    for (size_t columns = 30; columns <= 200; columns++) {
        struct rog_table *table = rog_table_new("run|~?5note|>?1compute s|>?2stall s|~why");
        for (int i = 0; i < 10; i++) {
            rog_table_cell(table, "run %d", i);
            rog_table_cell(table, "%.*s", 3 * i,
                           "\xe6\x9c\xba\xe5\x99\xa8\xe4\xba\xba word "
                           "\xe6\x9c\xba\xe5\x99\xa8\xe4\xba\xba");
            rog_table_number(table, i * 1e5, 2);
            rog_table_number(table, i, 3);
            rog_table_cell(table, "%.*s", 12 * i,
                           "a-word-may-be-long and others are not so long "
                           "that all of them are broken somewhere");
        }
        char *text = written(table, columns), *rest = NULL;
        for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
            assert_true(rog_label_columns(line) <= columns);
        free(text);
    }
}

static void colors_are_only_where_they_are_wanted(void **state)
{
    (void)state;
    struct rog_screen screen = {.terminal = true, .columns = 40, .colors = true};
    struct rog_table *table = rog_table_new("run|status");
    struct rog_error err;
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);
    rog_table_cell(table, "a");
    rog_table_cell(table, "failed");
    rog_table_paint(table, ROG_RED);
    assert_int_equal(rog_table_write(table, &screen, ROG_TABLE_SILENT, file, &err), 0);
    assert_int_equal(fclose(file), 0);
    assert_string_equal(text, "\033[1mrun\033[0m  \033[1mstatus\033[0m\n"
                              "a    \033[31mfailed\033[0m\n");
    free(text);
}

/* TERM, NO_COLOR and the others decide; a file has no columns. */
static void a_file_is_not_a_terminal(void **state)
{
    (void)state;
    static const char *const names[] = {"NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "LC_ALL"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        unsetenv(names[i]);
    FILE *file = tmpfile();
    assert_non_null(file);
    setenv("LC_ALL", "en_US.UTF-8", 1);
    struct rog_screen screen = rog_screen_of(fileno(file));
    assert_false(screen.terminal || screen.moves || screen.colors || screen.columns);
    assert_true(screen.utf8);
    setenv("LC_ALL", "C", 1);
    setenv("CLICOLOR_FORCE", "1", 1);
    screen = rog_screen_of(fileno(file));
    assert_true(screen.colors && !screen.utf8 && !screen.terminal);
    setenv("NO_COLOR", "1", 1);
    assert_false(rog_screen_of(fileno(file)).colors);
    fclose(file);
}

static void lines_are_broken_between_words(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t columns;
        const char *expected;
    } rows[] = {
        {"one two three", 0, "one two three"},
        {"one two three", 13, "one two three"},
        {"one two three", 8, "one two\nthree"},
        {"one\ntwo three\n", 6, "one\ntwo\nthree\n"},
        {"/a/long/path is whole", 6, "/a/long/path\nis\nwhole"},
        {"\x1b[2J and more", 8, "\\x1b[2J\nand more"},
        {"", 8, ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *text = rog_wrapped(rows[i].text, rows[i].columns);
        assert_string_equal(text, rows[i].expected);
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_has_the_full_width),
        cmocka_unit_test(less_important_columns_are_omitted),
        cmocka_unit_test(a_table_of_numbers_continues_below),
        cmocka_unit_test(texts_of_users_stay_in_their_columns),
        cmocka_unit_test(no_line_is_too_long),
        cmocka_unit_test(colors_are_only_where_they_are_wanted),
        cmocka_unit_test(a_file_is_not_a_terminal),
        cmocka_unit_test(lines_are_broken_between_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
