/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a line in place gives the same result as parsing it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/rng.h>
#include <orchestrator/store/event_line.h>

#define NUMBERS 200000

/* Reads in both ways; returns whether the line was read in place. */
static bool read_both(const char *text)
{
    struct rog_event_line line;
    struct rog_json *tree = NULL;
    struct rog_error err = {0};
    size_t length;
    int code = rog_json_parse(text, strlen(text), "event", &tree, &err);
    assert_int_equal(rog_event_line_read(&line, text, strlen(text), &err), code);
    for (size_t i = 0; code == 0 && line.plain && i < line.count; i++) {
        char key[64];
        snprintf(key, sizeof key, "%.*s", (int)line.member[i].key_length, line.member[i].key);
        double number = rog_json_get_number(tree, key, -7), found;
        found = rog_event_line_number(&line, key, -7);
        assert_memory_equal(&found, &number, sizeof number);
        assert_true(rog_event_line_integer(&line, key, -7) == rog_json_get_integer(tree, key, -7));
        assert_int_equal(rog_event_line_is_number(&line, key),
                         rog_json_is_number(rog_json_get(tree, key)));
        const char *wanted = rog_json_get_string(tree, key, NULL);
        const char *has = rog_event_line_text(&line, key, &length);
        assert_int_equal(has == NULL, wanted == NULL);
        if (has && wanted) {
            assert_int_equal(length, strlen(wanted));
            assert_memory_equal(has, wanted, length);
        }
    }
    if (code == 0) {
        assert_int_equal(line.plain ? line.count : rog_json_size(tree), rog_json_size(tree));
        char *wanted = rog_json_text(tree);
        const char *has = rog_event_line_json(&line, &length);
        assert_int_equal(length, strlen(wanted));
        assert_memory_equal(has, wanted, length);
        free(wanted);
    }
    bool plain = code == 0 && line.plain;
    rog_event_line_release(&line);
    rog_json_free(tree);
    return plain;
}

static void lines_of_a_trainer_are_plain(void **state)
{
    (void)state;
    assert_true(read_both("{}"));
    assert_true(read_both("{\"event\":\"admit\",\"t\":1.535031,\"rank\":2,\"iteration\":1}"));
    assert_true(read_both("{\"event\":\"energy\",\"t\":0,\"joules\":0.5,\"source\":\"model\"}"));
    assert_true(read_both("{\"t\":1e1}") == false);
    assert_true(read_both("{\"event\":\"rows\",\"pushed\":[1,2,16,0],\"pulled\":[]}"));
    assert_true(read_both("{\"waits_for\":[{\"rank\":1,\"version\":2},{}],\"a\":null,\"b\":true,"
                          "\"c\":false,\"d\":[[[1.5]]]}"));
    assert_true(read_both("{\"a\":-1,\"b\":-0.5,\"c\":0.0,\"d\":-0.0,\"e\":100,\"f\":1.0}"));
    assert_true(read_both("{\"a\":999999999999999999,\"b\":123456789012.0,\"c\":1234567890123.5,"
                          "\"d\":0.000012,\"e\":0.00012,\"f\":1.50,\"g\":0.10}"));
    assert_true(read_both("{\"a\":0.123456789012345,\"b\":1.23456789012345}"));
}

static void others_are_left_to_the_parser(void **state)
{
    static const char *const lines[] = {
        "",
        "{",
        "{}x",
        "{} ",
        "{\"a\": 1}",
        "{\"a\":1}\r",
        "{\"a\":01}",
        "{\"a\":-}",
        "{\"a\":-0}",
        "{\"a\":+1}",
        "{\"a\":1.}",
        "{\"a\":.5}",
        "{\"a\":00.5}",
        "{\"a\":1.5.5}",
        "{\"a\":1e5}",
        "{\"a\":1.5E+5}",
        "{\"a\":1234567890123456789}",
        "{\"a\":9223372036854775808}",
        "{\"a\":99999999999999999999999}",
        "{\"a\":1234567890.1234567}",
        "{\"a\":0.12345678901234567}",
        "{\"a\":NaN}",
        "{\"a\":nul}",
        "{\"a\":nullx}",
        "{\"a\":1,}",
        "{,\"a\":1}",
        "{\"a\":[1,]}",
        "{\"a\":[,]}",
        "{\"a\":[1}",
        "{\"a\":{\"b\":1]}",
        "{\"a\":1,\"a\":2}",
        "{\"ab\":1,\"cd\":3,\"ab\":2}",
        "{\"a\":{\"b\":1,\"b\":2}}",
        "{\"a\":\"\\u0041\"}",
        "{\"a\":\"\t\"}",
        "{\"a\":\"\x7f\"}",
        "{\"a\":\"\xc3\xa4\"}",
        "{\"a\":\"\xff\"}",
        "{\"a\":\"",
        "{\"a",
        "{\"a\":[[[[[1]]]]]}",
        "{\"a\":{\"1\":1,\"2\":1,\"3\":1,\"4\":1,\"5\":1,\"6\":1,\"7\":1,\"8\":1,\"9\":1}}",
        "[1]",
        "1",
        "null",
    };
    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        if (read_both(lines[i]))
            fail_msg("%s is taken for a plain line", lines[i]);
}

static void too_many_members_are_left_to_the_parser(void **state)
{
    char text[1024] = "{\"m0\":0";
    (void)state;
    for (int i = 1; i <= ROG_EVENT_LINE_MEMBERS; i++) {
        size_t length = strlen(text);
        snprintf(text + length, sizeof text - length, "}");
        assert_true(read_both(text));
        snprintf(text + length, sizeof text - length, ",\"m%d\":%d", i, i);
    }
    strcat(text, "}");
    assert_false(read_both(text));
}

/* The same doubles to the bit, and the same text when written. */
static void numbers_are_those_of_the_parser(void **state)
{
    struct rog_rng rng;
    (void)state;
    rog_rng_init(&rng, 1);
    size_t plain = 0;
    for (int i = 0; i < NUMBERS; i++) {
        char text[128] = "{\"t\":", *at = text + strlen(text);
        if (rog_rng_below(&rng, 4) == 0)
            *at++ = '-';
        uint32_t before = 1 + rog_rng_below(&rng, 14), behind = rog_rng_below(&rng, 17);
        before = rog_rng_below(&rng, 2) ? 1 : before;
        for (uint32_t k = 0; k < before; k++)
            *at++ = (char)('0' + (rog_rng_below(&rng, 3) ? rog_rng_below(&rng, 10) : 0));
        if (behind)
            *at++ = '.';
        for (uint32_t k = 0; k < behind; k++)
            *at++ = (char)('0' + (rog_rng_below(&rng, 3) ? rog_rng_below(&rng, 10) : 0));
        strcpy(at, "}");
        plain += read_both(text);
    }
    assert_true(plain > NUMBERS / 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_of_a_trainer_are_plain),
        cmocka_unit_test(others_are_left_to_the_parser),
        cmocka_unit_test(too_many_members_are_left_to_the_parser),
        cmocka_unit_test(numbers_are_those_of_the_parser),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
