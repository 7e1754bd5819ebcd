/* SPDX-License-Identifier: Apache-2.0 */
/* Lines are the same whatever system wrote them, and the last one is included. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include <common/text_lines.h>

/* Joins the lines, each followed by a bar, and by "..." if it has no end. */
static const char *joined(const char *text, size_t size, char found[256])
{
    struct rog_text_lines lines;
    struct rog_text_line line;
    uint32_t number = 0;
    found[0] = '\0';
    assert_int_equal(rog_text_lines_begin(&lines, text, size, NULL), ROG_OK);
    while (rog_text_lines_next(&lines, &line)) {
        size_t used = strlen(found);
        assert_int_equal(line.number, ++number);
        snprintf(found + used, 256 - used, "%.*s%s|", (int)line.length, line.text,
                 line.ended ? "" : "...");
    }
    assert_false(rog_text_lines_next(&lines, &line));
    return found;
}

static void test_ends(void **state)
{
    static const struct {
        const char *text, *lines;
    } cases[] = {
        {"", ""},
        {"a", "a...|"},
        {"a\n", "a|"},
        {"a\r\nb\r\n", "a|b|"},
        {"a\rb\r", "a|b|"},
        {"a\r\rb", "a||b...|"},
        {"\n\r\n\r", "|||"},
        {"a\n\nb\r", "a||b|"},
        {"\xef\xbb\xbf"
         "a\n",
         "a|"},
        {"\xef\xbb\xbf", ""},
        {"\xef\xbb", "\xef\xbb...|"},
        {" a\t\n", " a\t|"},
    };
    char found[256];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(joined(cases[i].text, strlen(cases[i].text), found), cases[i].lines);
    assert_string_equal(joined("a\0b\nc", 5, found), "a|c...|"); /* %s ends at the zero byte */
}

static void test_foreign(void **state)
{
    static const char *const texts[] = {"\x1f\x8b\b",
                                        "\xff\xfe"
                                        "a",
                                        "\xfe\xff"
                                        "a",
                                        "\xfd\x37zXZ",
                                        "PK\x03\x04",
                                        "\x28\xb5\x2f\xfd"};
    struct rog_text_lines lines;
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct rog_error err = {0};
        assert_int_equal(rog_text_lines_begin(&lines, texts[i], strlen(texts[i]), &err),
                         ROG_EFORMAT);
        assert_non_null(strstr(err.message, "hint: "));
    }
}

static void test_numbers(void **state)
{
    static const char *const numbers[] = {"0", "-1.5", "+2", "1e3", ".5", "5."};
    static const char *const others[] = {"",   "nan",   "inf", "0x10", "1 ",
                                         " 1", "1e999", "1,5", "-",    "e"};
    static const char *const integers[] = {"0", "-7", "9007199254740992"};
    static const char *const no_integers[] = {
        "", "-", "+1", "1.0", "9007199254740993", "99999999999999999999", "1 "};
    double number;
    int64_t integer;
    (void)state;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        assert_true(rog_text_number(numbers[i], &number));
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_false(rog_text_number(others[i], &number));
    for (size_t i = 0; i < sizeof integers / sizeof *integers; i++)
        assert_true(rog_text_integer(integers[i], &integer));
    assert_true(integer == INT64_C(9007199254740992));
    for (size_t i = 0; i < sizeof no_integers / sizeof *no_integers; i++)
        assert_false(rog_text_integer(no_integers[i], &integer));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_ends), cmocka_unit_test(test_foreign),
                                       cmocka_unit_test(test_numbers)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
