/* SPDX-License-Identifier: Apache-2.0 */
/* Labels of the series of a case, and the styles of their lines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <orchestrator/figures/case_data.h>
#include <orchestrator/figures/distinct.h>
#include <orchestrator/figures/style.h>

#include "figures_fixture.h"

/* Adds a finished run of case "case" without records. */
static void add(struct fixture *f, const char *id, const char *library, int64_t threshold,
                const char *note, const char *config)
{
    fixture_run_add(f, &(struct fixture_run){"case", id, library, note, threshold, 1, 1, 1, 1, 0});
    struct rog_error err;
    assert_int_equal(
        rog_db_run(f->db, &err, "UPDATE runs SET config = ? WHERE id = ?", "ss", config, id), 0);
}

/* Checks the labels of a case, one per line. */
static void expect(struct fixture *f, const char *wanted)
{
    struct rog_error err;
    struct rog_case_data data;
    char text[4096] = "";
    if (rog_case_data_load(f->db, "case", &data, &err) != 0)
        fail_msg("%s", err.message);
    for (size_t i = 0; i < data.series_count; i++) {
        size_t used = strlen(text);
        snprintf(text + used, sizeof text - used, "%s\n", data.series[i].label);
    }
    rog_case_data_release(&data);
    assert_string_equal(text, wanted);
}

static void settings_that_differ_are_shown(void **state)
{
    struct fixture *f = *state;
    fixture_case(f, "case", "1", 64);
    add(f, "a", "BSP", 0, "BSP", "{\"epochs\":4,\"batch\":24,\"model\":\"x\",\"trace\":\"a.csv\"}");
    expect(f, "BSP\n");
    add(f, "b", "ROG", 4, "ROG 4",
        "{\"epochs\":4,\"batch\":48,\"model\":\"x\",\"trace\":\"a.csv\"}");
    expect(f, "BSP, batch 24\nROG 4, batch 48\n");
    /* A sweep's note has a part of the same information. */
    add(f, "c", "ROG", 4, "ROG 4, batch 48",
        "{\"epochs\":4,\"batch\":48,\"model\":\"x\",\"trace\":\"/long/way/to/the/folder/b.csv\"}");
    expect(f, "BSP, batch 24, trace a.csv\nROG 4, batch 48, trace a.csv\n"
              "ROG 4, batch 48, trace b.csv\n");
    /* Folders of files appear only as far as names do not distinguish them. */
    fixture_sql(f, "UPDATE runs SET note = 'ROG 4, batch 48, trace /x/b.csv',"
                   " config = json_set(config, '$.trace', '/x/b.csv') WHERE id = 'c'");
    expect(f, "BSP, batch 24, trace a.csv\nROG 4, batch 48, trace a.csv\n"
              "ROG 4, batch 48, trace b.csv\n");
    fixture_sql(f, "UPDATE runs SET config = json_set(config, '$.trace', '/x/a.csv')"
                   " WHERE id = 'b'");
    fixture_sql(f, "UPDATE runs SET note = 'ROG 4', config = json_set(config, '$.trace', "
                   "'/y/a.csv') WHERE id = 'c'");
    expect(f, "BSP, batch 24\nROG 4, batch 48, trace path /x/a.csv\n"
              "ROG 4, batch 48, trace path /y/a.csv\n");
    fixture_sql(f, "UPDATE runs SET config = json_set(config, '$.trace', 'a.csv')"
                   " WHERE id = 'b'");
    fixture_sql(f, "UPDATE runs SET config = json_set(config, '$.trace', '/x/b.csv')"
                   " WHERE id = 'c'");
    /* A note written by a user is not changed. */
    fixture_sql(f, "UPDATE runs SET note = 'ours' WHERE id = 'c'");
    expect(f, "BSP, batch 24, trace a.csv\nROG 4, batch 48, trace a.csv\nours\n");
}

/* A note given in a file is kept, even if a sweep could have generated it. */
static void given_notes_stay(void **state)
{
    struct fixture *f = *state;
    fixture_case(f, "case", "1", 64);
    add(f, "a", "BSP", 0, "BSP", "{\"batch\":24,\"note_given\":true}");
    add(f, "b", "ROG", 4, "ROG 4", "{\"batch\":48,\"note_given\":true}");
    expect(f, "BSP\nROG 4\n");
    add(f, "c", "ROG", 4, "ROG 4", "{\"batch\":48,\"x\":1}");
    expect(f, "BSP\nROG 4\nROG 4, batch 48\n");
}

/* A parameter of an optimizer or a codec that has the name of a setting is not mistaken for it. */
static void parameters_are_not_settings(void **state)
{
    struct fixture *f = *state;
    fixture_case(f, "case", "1", 64);
    add(f, "a", "BSP", 0, "BSP", "{\"learning_rate\":0.001}");
    add(f, "b", "ROG", 4, "ROG 4",
        "{\"learning_rate\":0.001,\"server_optimizer_parameters\":{\"learning_rate\":0.7}}");
    expect(f, "BSP\nROG 4\n");
    add(f, "c", "ROG", 4, "ROG 4",
        "{\"learning_rate\":0.001,\"server_optimizer_parameters\":{\"learning_rate\":0.9}}");
    expect(f, "BSP\nROG 4, server_optimizer learning_rate 0.7\n"
              "ROG 4, server_optimizer learning_rate 0.9\n");
    fixture_sql(f, "DELETE FROM case_runs WHERE run_id = 'b' OR run_id = 'c'");
    add(f, "d", "ROG", 4, "ROG 4",
        "{\"learning_rate\":0.001,\"local_optimizer_parameters\":{\"beta\":0.5},"
        "\"server_optimizer_parameters\":{\"beta\":0.75}}");
    add(f, "e", "ROG", 4, "ROG 4",
        "{\"learning_rate\":0.001,\"local_optimizer_parameters\":{\"beta\":0.75},"
        "\"server_optimizer_parameters\":{\"beta\":0.75}}");
    expect(f, "BSP\nROG 4, local_optimizer beta 0.5\nROG 4, local_optimizer beta 0.75\n");
    fixture_sql(f, "DELETE FROM case_runs WHERE run_id = 'd' OR run_id = 'e'");
    for (int share = 1; share < 3; share++) {
        char id[8], config[200];
        snprintf(id, sizeof id, "f%d", share);
        snprintf(config, sizeof config,
                 "{\"learning_rate\":0.001,\"compression_parameters\":{\"share\":%d},"
                 "\"pull_compression_parameters\":{\"share\":%d}}",
                 share, share);
        add(f, id, "ROG", 4, "ROG 4", config);
    }
    expect(f, "BSP\nROG 4, share 1\nROG 4, share 2\n");
}

static void equal_notes_are_parted(void **state)
{
    struct fixture *f = *state;
    fixture_case(f, "case", "1", 64);
    add(f, "a", "ROG", 4, "ours", "{\"batch\":24,\"seconds\":600,\"parameters\":{\"range\":3}}");
    add(f, "b", "ROG", 4, "ours", "{\"batch\":24,\"seconds\":900,\"parameters\":{\"range\":3}}");
    add(f, "c", "ROG", 4, "theirs", "{\"batch\":48,\"seconds\":900,\"parameters\":{\"range\":5}}");
    expect(f, "ours, seconds 600\nours, seconds 900\ntheirs\n");
    fixture_sql(f, "UPDATE runs SET note = 'ours'");
    expect(f, "ours, batch 24, seconds 600, range 3\nours, batch 24, seconds 900, range 3\n"
              "ours, batch 48, seconds 900, range 5\n");
    /* Values that are not settings are named if nothing else differs. */
    fixture_sql(f, "UPDATE runs SET config = json_set(config, '$.batch', 1, '$.seconds', 1,"
                   " '$.parameters.range', 1, '$.workers',"
                   " json('[{\"rank\":1,\"host\":\"' || id || '\"}]'))");
    expect(f, "ours, worker 1 host a\nours, worker 1 host b\nours, worker 1 host c\n");
    fixture_sql(f, "UPDATE runs SET config = json_remove(config, '$.workers')");
    fixture_sql(f, "UPDATE runs SET cluster = id || '.conf' WHERE id < 'c'");
    expect(f, "ours, cluster a.conf\nours, cluster b.conf\nours\n");
    /* The same run twice: nothing differs. */
    fixture_sql(f, "UPDATE runs SET cluster = NULL");
    expect(f, "ours\nours #2\nours #3\n");
}

/* The names of published runs do not contain their planned durations. */
static void imported_notes_stay(void **state)
{
    struct fixture *f = *state;
    fixture_case(f, "case", "1", 64);
    add(f, "a", "BSP", 0, "BSP", "{\"epochs\":3}");
    add(f, "b", "ROG", 4, "ROG 4", "{\"epochs\":2}");
    expect(f, "BSP, epochs 3\nROG 4, epochs 2\n");
    fixture_sql(f, "UPDATE runs SET workload = 'imported'");
    expect(f, "BSP\nROG 4\n");
    /* Equal ones are distinguished like all others. */
    fixture_sql(f, "UPDATE runs SET note = 'ours'");
    expect(f, "ours, epochs 3\nours, epochs 2\n");
    fixture_sql(f, "UPDATE runs SET note = ''");
    expect(f, "BSP, epochs 3\nROG 4, epochs 2\n");
}

static void real_and_virtual_time_are_told_apart(void **state)
{
    struct fixture *f = *state;
    fixture_case(f, "case", "1", 64);
    add(f, "a", "ROG", 4, "ROG 4", "{}");
    add(f, "b", "ROG", 4, "ROG 4", "{\"x\":1}");
    fixture_sql(f, "INSERT INTO streams VALUES ('a', 'events.jsonl', 1)");
    expect(f, "ROG 4, virtual time\nROG 4, real time\n");
}

static void what_is_common_is_dropped(void **state)
{
    struct fixture *f = *state;
    fixture_case(f, "case", "1", 64);
    add(f, "a", "ROG", 4, "A, night, first robot", "{}");
    expect(f, "A, night, first robot\n"); /* alone, all of it is kept */
    add(f, "b", "ROG", 8, "B, night, second robot", "{}");
    add(f, "c", "ROG", 9, "A, second robot, night", "{}");
    expect(f, "A, first robot\nB, second robot\nA, second robot\n");
    /* The name is kept, also if all have the same. */
    fixture_sql(f, "UPDATE runs SET note = 'A, ' || id");
    expect(f, "A, a\nA, b\nA, c\n");
    /* Too long for a legend: common words are dropped. What differs is never truncated. */
    fixture_sql(f, "UPDATE runs SET note = 'the long series of measurements in the hall with ' ||"
                   " id || ' robots on the wet floor of the year 2026'");
    expect(f, "the long series of measurements in… a…\n"
              "the long series of measurements in… b…\n"
              "the long series of measurements in… c…\n");
}

/* A value is not separated from its name. */
static void settings_stay_whole(void **state)
{
    struct fixture *f = *state;
    fixture_case(f, "case", "1", 64);
#define SAME "a note that is the same and much longer than a legend has room for"
    add(f, "a", "ROG", 4, SAME, "{\"batch\":24,\"mixup\":0.5}");
    add(f, "b", "ROG", 4, SAME, "{\"batch\":48,\"mixup\":0.5}");
    expect(f, "a note that is the same and… batch 24\na note that is the same and… batch 48\n");
    fixture_sql(f, "UPDATE runs SET config = json_set(config, '$.mixup', 0) WHERE id = 'b'");
    expect(f, "a note that is the… batch 24, mixup 0.5\na note that is the… batch 48, mixup 0\n");
}

/* The middle of a long text is dropped, unless only that differs. */
static void texts_without_middle(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"abcdefghijklmnopqrstuvwxyz", "abcdef\u2026vwxyz"},
        {"the same beginning 1 and the same end", "the same beginning 1 and the same end"},
        {"the same beginning 2 and the same end", "the same beginning 2 and the same end"},
        {"\u6570\u636e\u96c6\u6570\u636e\u96c6\u6570", "\u6570\u636e\u96c6\u2026\u96c6\u6570"},
        {"twelve chars", "twelve chars"},
    };
    enum { COUNT = sizeof rows / sizeof *rows };
    char *texts[COUNT];
    struct rog_error err;
    for (size_t i = 0; i < COUNT; i++)
        texts[i] = rog_strdup(rows[i][0]);
    assert_int_equal(rog_distinct_cut(texts, COUNT, 12, &err), 0);
    for (size_t i = 0; i < COUNT; i++) {
        assert_string_equal(texts[i], rows[i][1]);
        free(texts[i]);
    }
}

static void shorter_texts(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"alpha beta gamma delta 1", "alpha beta… 1"},
        {"alpha beta gamma delta 2", "alpha beta… 2"},
        {"alpha beta gamma epsilon 2", "alpha… epsilon 2"},
        {"short", "short"},
    };
    enum { COUNT = sizeof rows / sizeof *rows };
    char *texts[COUNT];
    struct rog_error err;
    for (size_t i = 0; i < COUNT - 1; i++)
        texts[i] = rog_strdup(rows[i][0]);
    assert_int_equal(rog_distinct_shorten(texts, 2, 15, &err), 0);
    assert_string_equal(texts[0], rows[0][1]);
    assert_string_equal(texts[1], rows[1][1]);
    free(texts[0]);
    free(texts[1]);
    free(texts[2]);
    for (size_t i = 0; i < COUNT; i++)
        texts[i] = rog_strdup(rows[i][0]);
    assert_int_equal(rog_distinct_shorten(texts, COUNT, 10, &err), 0);
    /* "short" has no words in common with them: all of their words distinguish them from it. */
    for (size_t i = 0; i < COUNT; i++) {
        assert_string_equal(texts[i], rows[i][0]);
        free(texts[i]);
    }
    texts[0] = rog_strdup("alone with its words");
    assert_int_equal(rog_distinct_shorten(texts, 1, 12, &err), 0);
    assert_string_equal(texts[0], "alone with…");
    free(texts[0]);
}

/* Returns the style of the run's series in a case. */
static size_t style_of(struct fixture *f, const char *name, const char *id)
{
    struct rog_error err;
    struct rog_case_data data;
    size_t style = 1000;
    assert_int_equal(rog_case_data_load(f->db, name, &data, &err), 0);
    for (size_t i = 0; i < data.series_count; i++)
        if (strcmp(data.run[data.series[i].run[0]].row.id, id) == 0)
            style = data.series[i].style;
    rog_case_data_release(&data);
    return style;
}

static void a_strategy_keeps_its_style(void **state)
{
    struct fixture *f = *state;
    fixture_case(f, "case", "1", 64);
    fixture_case(f, "other", "1", 64);
    add(f, "bsp", "BSP", 0, "BSP", "{\"parameters\":{}}");
    add(f, "rog4", "ROG", 4, "ROG 4", "{\"parameters\":{\"range\":3}}");
    add(f, "rog8", "ROG", 8, "ROG 8", "{\"parameters\":{\"range\":3}}");
    add(f, "rog4b", "ROG", 4, "ROG 4", "{\"parameters\":{\"range\":4}}");
    fixture_sql(f, "INSERT INTO case_runs VALUES ('other', 0, 'rog4b'), ('other', 1, 'rog4'),"
                   " ('other', 2, 'bsp')");
    static const char *const all[] = {"bsp", "rog4", "rog8", "rog4b"};
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(style_of(f, "case", all[i]), i);
    assert_int_equal(style_of(f, "other", "rog4b"), 3);
    assert_int_equal(style_of(f, "other", "rog4"), 1);
    assert_int_equal(style_of(f, "other", "bsp"), 0);
    /* Independent of the order, and of later runs. */
    fixture_sql(f, "UPDATE case_runs SET position = 9 - position");
    add(f, "new", "SSP", 4, "SSP 4", "{}");
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(style_of(f, "case", all[i]), i);
    /* Two series of one strategy: the first recorded keeps its style, the other one gets another.
     */
    add(f, "twin", "BSP", 0, "BSP", "{\"batch\":1}");
    fixture_sql(f, "UPDATE runs SET config = '{\"batch\":2}' WHERE id = 'bsp'");
    assert_int_equal(style_of(f, "case", "bsp"), 0);
    assert_int_equal(style_of(f, "case", "twin"), 5);
}

static void styles_differ(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROG_LINE_STYLES; i++)
        for (size_t k = 0; k < i; k++) {
            struct rog_line_style a = rog_line_style(i, false), b = rog_line_style(k, false);
            assert_true(a.mark != b.mark || strcmp(a.color, b.color) != 0);
            assert_true((i % ROG_LINE_COLORS == k % ROG_LINE_COLORS) == !strcmp(a.color, b.color));
        }
    struct rog_line_style contender = rog_line_style(3, true), other = rog_line_style(3, false);
    assert_int_equal(contender.mark, other.mark);
    assert_string_equal(contender.color, other.color);
    assert_string_not_equal(contender.dash, other.dash);
}

#define LABELS(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LABELS(settings_that_differ_are_shown),
        LABELS(given_notes_stay),
        LABELS(parameters_are_not_settings),
        LABELS(equal_notes_are_parted),
        LABELS(imported_notes_stay),
        LABELS(real_and_virtual_time_are_told_apart),
        LABELS(what_is_common_is_dropped),
        LABELS(settings_stay_whole),
        cmocka_unit_test(texts_without_middle),
        cmocka_unit_test(shorter_texts),
        LABELS(a_strategy_keeps_its_style),
        cmocka_unit_test(styles_differ),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
