/* SPDX-License-Identifier: Apache-2.0 */
/* What users wrote stays text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <orchestrator/figures/label.h>

/* Two mothers and a daughter, drawn as one; a flag of two letters. */
#define FAMILY "\xF0\x9F\x91\xA9\xE2\x80\x8D\xF0\x9F\x91\xA9\xE2\x80\x8D\xF0\x9F\x91\xA7"
#define FLAG "\xF0\x9F\x87\xA9\xF0\x9F\x87\xAA"

static void assert_clean(const char *text, size_t most, const char *expected)
{
    char *clean = rog_label_clean(text, most);
    assert_non_null(clean);
    assert_string_equal(clean, expected);
    free(clean);
}

static void clean_is_one_line_of_utf8(void **state)
{
    (void)state;
    assert_clean("ROG 4", 40, "ROG 4");
    assert_clean("  a\n\tb \r\n c  ", 40, "a b c");
    assert_clean("\x1b[31mred\x07", 40, "[31mred");
    assert_clean("é 中 \xF0\x9F\x98\x80", 40, "é 中 \xF0\x9F\x98\x80");
    /* Damaged: a lone byte, an overlong form, a surrogate, a cut end. */
    assert_clean("a\xFF"
                 "b",
                 40,
                 "a\xEF\xBF\xBD"
                 "b");
    assert_clean("\xC0\xAF", 40, "\xEF\xBF\xBD\xEF\xBF\xBD");
    assert_clean("\xED\xA0\x80", 40, "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
    assert_clean("x\xE4\xB8", 40, "x\xEF\xBF\xBD\xEF\xBF\xBD");
    /* The mark that turns the direction of writing around. */
    assert_clean("a\xE2\x80\xAE"
                 "b",
                 40, "a b");
    assert_clean("", 40, "");
}

static void clean_is_cut(void **state)
{
    (void)state;
    assert_clean("abcdef", 6, "abcdef");
    assert_clean("abcdefg", 6, "abcde…");
    assert_clean("éééé", 3, "éé…");
    assert_clean("ab cdef", 4, "ab…");
    /* By columns, and never through a grapheme. */
    assert_clean("中中中", 6, "中中中");
    assert_clean("中中中", 5, "中中…");
    assert_clean("中中中", 4, "中…");
    assert_clean("e\xCC\x81"
                 "e\xCC\x81",
                 2,
                 "e\xCC\x81"
                 "e\xCC\x81");
    assert_clean("e\xCC\x81"
                 "e\xCC\x81xy",
                 3,
                 "e\xCC\x81"
                 "e\xCC\x81…");
    assert_clean("ab" FAMILY "c", 4, "ab…");
    assert_clean("ab" FAMILY "cd", 5, "ab" FAMILY "…");
    assert_clean(FLAG FLAG, 3, FLAG "…");
    /* Marks that take no column have an end, too. */
    char accents[2 * 4000 + 2] = "x";
    for (size_t i = 1; i + 1 < sizeof accents; i += 2)
        memcpy(accents + i, "\xCC\x81", 2);
    accents[sizeof accents - 1] = '\0';
    char *clean = rog_label_clean(accents, 20);
    assert_true(strlen(clean) <= 20 * 8);
    free(clean);
}

static void widths(void **state)
{
    (void)state;
    assert_int_equal(rog_label_columns("abc"), 3);
    assert_int_equal(rog_label_columns("é中"), 3);
    assert_int_equal(rog_label_columns("e\xCC\x81"), 1);
    assert_int_equal(rog_label_columns(FAMILY "x"), 3);
    assert_int_equal(rog_label_columns(FLAG), 2);
    assert_int_equal(rog_label_columns("한글ｗ"), 6);
    assert_int_equal(rog_label_columns("नि"), 2);
    assert_int_equal(rog_label_columns(""), 0);
    assert_int_equal(rog_label_fit("a中b", 2), 1);
    assert_int_equal(rog_label_fit("a中b", 3), 4);
    assert_int_equal(rog_label_fit("a中b", 4), 5);
    assert_int_equal(rog_label_fit("a", 0), 0);
    assert_true(rog_label_em(FAMILY) == rog_label_em("中"));
    assert_true(rog_label_em("e\xCC\x81") == rog_label_em("e"));
    assert_true(rog_label_em("WWW") > rog_label_em("iii"));
}

static char *quoted(void (*quote)(FILE *, const char *), const char *text)
{
    char *out = NULL;
    size_t size;
    FILE *file = open_memstream(&out, &size);
    assert_non_null(file);
    quote(file, text);
    fclose(file);
    return out;
}

static void assert_quoted(void (*quote)(FILE *, const char *), const char *text,
                          const char *expected)
{
    char *out = quoted(quote, text);
    assert_string_equal(out, expected);
    free(out);
}

static void gnuplot_sees_a_string(void **state)
{
    (void)state;
    assert_quoted(rog_label_quote, "ROG 4", "\"ROG 4\"");
    assert_quoted(rog_label_quote, "'\"`$@\\{}^#[]%é",
                  "\"\\047\\042\\140\\044\\100\\134\\173\\175\\136\\043\\133\\135%é\"");
    assert_quoted(rog_label_quote_tic, "50%", "\"50%%\"");
    /* Whatever the byte, nothing ends the string or begins a substitution. */
    for (int byte = 1; byte < 256; byte++) {
        char text[2] = {(char)byte, 0};
        char *out = quoted(rog_label_quote, text);
        size_t size = strlen(out);
        assert_true(size >= 3 && out[0] == '"' && out[size - 1] == '"');
        out[size - 1] = '\0';
        assert_null(strpbrk(out + 1, "\"'`\n\r$@"));
        free(out);
    }
}

static void html_is_escaped(void **state)
{
    (void)state;
    assert_quoted(rog_label_escape_html, "<script>alert(\"1\")&'</script>",
                  "&lt;script&gt;alert(&quot;1&quot;)&amp;&#39;&lt;/script&gt;");
    assert_quoted(rog_label_escape_html, "a\x01\xFF中", "a \xEF\xBF\xBD中");
}

static void stems_are_safe_and_distinct(void **state)
{
    (void)state;
    static const char *const hostile[] = {"../../etc/passwd",
                                          "a/b",
                                          "a_b",
                                          "",
                                          ".",
                                          "..",
                                          "-rf",
                                          "a b",
                                          "a\nb",
                                          "`x`",
                                          "$(x)",
                                          "a'b",
                                          "a\"b",
                                          "\xFF"};
    enum { COUNT = sizeof hostile / sizeof *hostile };
    char *stem[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        stem[i] = rog_label_stem(hostile[i]);
        assert_non_null(stem[i]);
        assert_true(strlen(stem[i]) > 0);
        assert_null(strpbrk(stem[i], "/ \n'\"`$()\\\xFF"));
        assert_true(stem[i][0] != '.');
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(stem[i], stem[k]);
    }
    for (size_t i = 0; i < COUNT; i++)
        free(stem[i]);
    char *plain = rog_label_stem("threshold-case0"), *letters = rog_label_stem("été中");
    assert_string_equal(plain, "threshold-case0");
    assert_string_equal(letters, "été中");
    free(plain);
    free(letters);
    char longest[3000];
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    char *cut = rog_label_stem(longest);
    assert_true(strlen(cut) < 128);
    free(cut);
}

static void thousands(void **state)
{
    (void)state;
    static const struct {
        double number;
        const char *text;
    } rows[] = {
        {0, "0"},        {999, "999"}, {1000, "1,000"}, {-21600, "-21,600"}, {1234567, "1,234,567"},
        {999.6, "1,000"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[ROG_THOUSANDS_BYTES];
        rog_label_thousands(rows[i].number, text);
        assert_string_equal(text, rows[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clean_is_one_line_of_utf8),
        cmocka_unit_test(clean_is_cut),
        cmocka_unit_test(widths),
        cmocka_unit_test(gnuplot_sees_a_string),
        cmocka_unit_test(html_is_escaped),
        cmocka_unit_test(stems_are_safe_and_distinct),
        cmocka_unit_test(thousands),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
