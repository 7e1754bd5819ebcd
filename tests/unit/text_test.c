/* SPDX-License-Identifier: Apache-2.0 */
/* Texts of users are only text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/rng.h>
#include <orchestrator/text/fonts.h>
#include <orchestrator/text/label.h>
#include <orchestrator/text/quote.h>

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
    assert_clean("\x1b[31mred\x07", 40, "\\x1b[31mred\\x07");
    assert_clean("é 中 \xF0\x9F\x98\x80", 40, "é 中 \xF0\x9F\x98\x80");
    /* Damaged: a lone byte, an overlong form, a surrogate, a truncated end. */
    assert_clean("a\xFF"
                 "b",
                 40,
                 "a\xEF\xBF\xBD"
                 "b");
    assert_clean("\xC0\xAF", 40, "\xEF\xBF\xBD\xEF\xBF\xBD");
    assert_clean("\xED\xA0\x80", 40, "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
    assert_clean("x\xE4\xB8", 40, "x\xEF\xBF\xBD\xEF\xBF\xBD");
    /* The mark that reverses the direction of writing. */
    assert_clean("a\xE2\x80\xAE"
                 "b",
                 40, "a\\u202eb");
    /* Invisible characters, code points that are not characters, spaces of other widths. */
    assert_clean("a\u200bb\xC2\xAD"
                 "c\xEF\xBF\xBF",
                 40, "a\\u200bb\\xadc\\uffff");
    assert_clean("a\xC2\xA0 \u3000b\u2028", 40, "a b");
    /* Marks without a letter, and too many of them. */
    assert_clean("\u0301 \u0301", 40, "\u25cc\u0301 \u25cc\u0301");
    assert_clean("e\u0301\u0301\u0301\u0301\u0301x", 40, "e\u0301\u0301\u0301\uFFFDx");
    assert_clean("", 40, "");
}

static void clean_is_cut(void **state)
{
    (void)state;
    assert_clean("abcdef", 6, "abcdef");
    assert_clean("abcdefg", 6, "abcde…");
    assert_clean("éééé", 3, "éé…");
    assert_clean("ab cdef", 4, "ab…");
    /* By columns, never within a grapheme. */
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
    /* Marks that take no column are limited, too. */
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
    assert_quoted(rog_quote_gnuplot, "ROG 4", "\"ROG 4\"");
    assert_quoted(rog_quote_gnuplot, "'\"`$@\\{}^#[]%é",
                  "\"\\047\\042\\140\\044\\100\\134\\173\\175\\136\\043\\133\\135%é\"");
    /* With any byte, nothing ends the string or begins a substitution. */
    for (int byte = 1; byte < 256; byte++) {
        char text[2] = {(char)byte, 0};
        char *out = quoted(rog_quote_gnuplot, text);
        size_t size = strlen(out);
        assert_true(size >= 3 && out[0] == '"' && out[size - 1] == '"');
        out[size - 1] = '\0';
        assert_null(strpbrk(out + 1, "\"'`\n\r$@"));
        free(out);
    }
}

/* Reads a string in double quotes like gnuplot: parse_esc() of its util.c, which reads octal
 * numbers of up to four digits if the first is 0, in other versions of three. */
static void gnuplot_reads(const char *string, int digits_after_zero, char *out)
{
    assert_int_equal(*string++, '"');
    for (; *string != '"'; string++) {
        assert_true(*string != '\0' && *string != '`' && *string != '\n');
        if (*string == '\\') {
            int most = string[1] == '0' ? digits_after_zero : 3, number = 0, digits = 0;
            while (digits < most && string[1] >= '0' && string[1] <= '7') {
                number = 8 * number + *++string - '0';
                digits++;
            }
            assert_true(digits > 0);
            *out++ = (char)number;
        } else {
            *out++ = *string;
        }
    }
    assert_int_equal(string[1], '\0');
    *out = '\0';
}

static void assert_same_but_joiners(char *text, const char *expected)
{
    for (char *joiner; (joiner = strstr(text, "]\u200c>"));)
        memmove(joiner + 1, joiner + 4, strlen(joiner + 4) + 1);
    assert_string_equal(text, expected);
}

/* Both versions of gnuplot read the path; the text as far as there are fonts for it. */
static void assert_gnuplot(const char *text)
{
    bool ascii = true;
    for (const char *c = text; *c; c++)
        ascii = ascii && (unsigned char)*c < 0x80;
    for (int digits = 3; digits <= 4; digits++) {
        char back[1024], *string = quoted(rog_quote_gnuplot_path, text);
        gnuplot_reads(string, digits, back);
        assert_string_equal(back, text);
        free(string);
        if (!ascii)
            continue;
        string = quoted(rog_quote_gnuplot, text);
        gnuplot_reads(string, digits, back);
        assert_null(strstr(back, "]]>"));
        assert_same_but_joiners(back, text);
        free(string);
    }
}

static void assert_xml(const char *text)
{
    static const struct {
        const char *name;
        char character;
    } names[] = {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&#39;", '\''}};
    char back[1024], *out = back, *xml = quoted(rog_quote_xml, text);
    for (const char *at = xml; *at;) {
        assert_null(strchr("<>\"'", *at));
        size_t i = 0;
        while (i < 5 && strncmp(at, names[i].name, strlen(names[i].name)) != 0)
            i++;
        assert_true(i < 5 || *at != '&');
        *out++ = i < 5 ? names[i].character : *at;
        at += i < 5 ? strlen(names[i].name) : 1;
    }
    *out = '\0';
    assert_string_equal(back, text);
    free(xml);
}

static void assert_csv(const char *text)
{
    char back[1024], *out = back, *csv = quoted(rog_quote_csv, text);
    const char *at = csv;
    if (*csv == '"') {
        for (at++; *at != '"' || *++at == '"'; at++) {
            assert_true(*at != '\0');
            *out++ = *at;
        }
        assert_int_equal(*at, '\0');
    } else {
        assert_null(strpbrk(csv, "\",\r\n"));
        assert_true(*csv != '\0'); /* which means NULL */
        while (*at)
            *out++ = *at++;
    }
    *out = '\0';
    const char *what = back + strspn(back, "'");
    bool is_formula = *back == '\'' && (strchr("=+-@\t\r\n", *what) || strncmp(what, "＝", 3) == 0);
    assert_null(*back && *back != '\'' ? strchr("=+-@\t\r\n", *back) : NULL);
    assert_string_equal(back + (is_formula && *what), text);
    free(csv);
}

/* A formula for spreadsheets is exported as text. */
static void formulas_are_texts(void **state)
{
    (void)state;
    static const char *const texts[][2] = {
        {"=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"},
        {"-1", "'-1"},
        {"@SUM(1)", "'@SUM(1)"},
        {"+1,2", "\"'+1,2\""},
        {"\t=1", "'\t=1"},
        {"＝1", "'＝1"},
        {"'=1", "''=1"},
        {"'a", "'a"},
        {"a=1", "a=1"},
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        char *csv = quoted(rog_quote_csv, texts[i][0]);
        assert_string_equal(csv, texts[i][1]);
        free(csv);
        assert_csv(texts[i][0]);
    }
}

static void assert_everywhere(const char *text)
{
    assert_gnuplot(text);
    assert_xml(text);
    assert_csv(text);
    assert_clean(text, 1000, text);
}

/* Combining and wide characters, a family, a flag, right-to-left text, the astral plane. */
static const char *const pieces[] = {"e\u0301", "中", FAMILY, FLAG, "שלום",
                                     "مرحبا",   "𝛼",  "ﬁ",    "Щ",  "नि"};
#define PIECES (sizeof pieces / sizeof *pieces)

static void every_character_arrives_before_every_digit(void **state)
{
    (void)state;
    for (char c = '!'; c <= '~'; c++) {
        char all[64], *out = all;
        for (char digit = '0'; digit <= '9'; digit++) {
            char text[] = {c, digit, '\0'}, thrice[] = {digit, c, digit, c, c, digit, '\0'};
            assert_everywhere(text);
            assert_everywhere(thrice);
            out = stpcpy(out, text);
        }
        assert_everywhere(all);
    }
    for (size_t i = 0; i < PIECES; i++)
        assert_everywhere(pieces[i]);
    assert_everywhere("a]]>b]]]>1");
}

/* Random texts of up to 200 characters, every third with bytes of any kind. */
static void random_texts_arrive(void **state)
{
    (void)state;
    struct rog_rng rng;
    rog_rng_init(&rng, 13);
    for (int round = 0; round < 5000; round++) {
        char text[200 * 20], *out = text;
        size_t characters = 1 + rog_rng_below(&rng, 200);
        bool any = round % 3 == 0;
        for (size_t i = 0; i < characters && out - text < 900; i++) {
            bool piece = rog_rng_below(&rng, 20) == 0;
            if (piece)
                out = stpcpy(out, pieces[rog_rng_below(&rng, PIECES)]);
            else
                *out++ = (char)(any ? 1 + rog_rng_below(&rng, 255) : '!' + rog_rng_below(&rng, 94));
        }
        *out = '\0';
        assert_gnuplot(text);
        char *clean = rog_label_clean(text, 100000);
        assert_everywhere(clean);
        free(clean);
        clean = rog_label_clean(text, 40);
        assert_true(rog_label_columns(clean) <= 40);
        free(clean);
    }
}

/* A machine may have few fonts, but none has the last private-use character. */
static void only_what_fonts_have_is_drawn(void **state)
{
    (void)state;
    char *drawable = rog_fonts_drawable("a\U0010FFFDb\xFF\u200d");
    assert_non_null(drawable);
    char *damaged = strchr(drawable, 'b');
    assert_memory_equal(drawable, "a\\U10fffdb", 10);
    assert_true(strcmp(damaged, "b\uFFFD\u200d") == 0 || strcmp(damaged, "b\\ufffd\u200d") == 0);
    free(drawable);
    assert_quoted(rog_quote_gnuplot, "\U0010FFFD1", "\"\\134U10fffd1\"");
}

static void comments_are_one_line(void **state)
{
    (void)state;
    assert_quoted(rog_quote_gnuplot_comment, "a\n\n\n0 99", "a 0 99");
    assert_quoted(rog_quote_gnuplot_comment, "a\\", "a\\ ");
}

static void assert_key(const char *text, const char *expected)
{
    char *key = rog_quote_mlflow_key(text);
    if (strchr(expected, '*')) { /* the hash is not compared */
        size_t size = strcspn(expected, "*");
        assert_memory_equal(key, expected, size);
        assert_int_equal(strlen(key), size + 8);
    } else {
        assert_string_equal(key, expected);
    }
    free(key);
}

static void mlflow_keys_are_taken_and_distinct(void **state)
{
    (void)state;
    assert_key("energy_j/worker1/model", "energy_j/worker1/model");
    assert_key("a.b c-d", "a.b c-d");
    assert_key("a:b", "a_b-*");
    assert_key("../x", "__/x-*");
    assert_key("a//b", "a_/b-*");
    assert_key("a/", "a_-*");
    assert_key("", "-*");
    assert_key("é", "_-*");
    char longest[600], *value;
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    value = rog_quote_mlflow_key(longest);
    assert_true(strlen(value) < 128);
    free(value);
    memcpy(longest + 495, "中中", 6); /* never truncated within a character */
    value = rog_quote_mlflow_value(longest);
    assert_int_equal(strlen(value), 495 + 3);
    assert_string_equal(value + 495, "...");
    free(value);
    value = rog_quote_mlflow_value("a\xFF"
                                   "b");
    assert_string_equal(value, "a\uFFFDb");
    free(value);
}

static void html_is_escaped(void **state)
{
    (void)state;
    assert_quoted(rog_quote_xml, "<script>alert(\"1\")&'</script>",
                  "&lt;script&gt;alert(&quot;1&quot;)&amp;&#39;&lt;/script&gt;");
    assert_quoted(rog_quote_xml, "a\x01\xFF中", "a\\x01\xEF\xBF\xBD中");
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
        stem[i] = rog_quote_file_name(hostile[i]);
        assert_non_null(stem[i]);
        assert_true(strlen(stem[i]) > 0);
        assert_null(strpbrk(stem[i], "/ \n'\"`$()\\\xFF"));
        assert_true(stem[i][0] != '.');
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(stem[i], stem[k]);
    }
    for (size_t i = 0; i < COUNT; i++)
        free(stem[i]);
    char *plain = rog_quote_file_name("threshold-case0"), *letters = rog_quote_file_name("été中");
    assert_string_equal(plain, "threshold-case0");
    assert_string_equal(letters, "été中");
    free(plain);
    free(letters);
    char longest[3000];
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    char *cut = rog_quote_file_name(longest);
    assert_true(strlen(cut) < 128);
    free(cut);
}

static char *markup(void (*quote)(FILE *, const char *), const char *text)
{
    char *found = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&found, &size);
    quote(file, text);
    fclose(file);
    return found;
}

static void latex_and_markdown_are_text(void **state)
{
    (void)state;
    static const struct {
        const char *text, *latex, *markdown;
    } rows[] = {
        {"ROG 4 (n = 3)", "ROG 4 (n = 3)", "ROG 4 (n = 3)"},
        {"a_b&c", "a\\_b\\&c", "a\\_b&amp;c"},
        {"50% ±2", "50\\% \\ensuremath{\\pm}2", "50% ±2"},
        {"\\x{y}^~", "\\textbackslash{}x\\{y\\}\\textasciicircum{}\\textasciitilde{}",
         "\\\\x\\{y\\}\\^\\~"},
        {"a|b", "a\\textbar{}b", "a\\|b"},
        {"<b>", "\\textless{}b\\textgreater{}", "&lt;b\\>"},
        {"[1]*", "{[}1{]}{*}", "\\[1\\]\\*"},
        {"a--b, c", "a-{}-b, c", "a--b, c"},
        {"\"q\"", "\\symbol{34}q\\symbol{34}", "\\\"q\\\""},
        {"http://x :", "http://x :", "http\\://x :"},
        {"savgol:23-25:3", "savgol:23-25:3", "savgol:23-25:3"},
        {"a:tada:100:", "a:tada:100:", "a\\:tada\\:100:"},
        {"one\ntwo", "one two", "one two"},
        {"é漢", "é\\rogchar{漢}{6F22}", "é漢"},
        {"\x1b", "\\textbackslash{}x1b", "\\x1b"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *latex = markup(rog_quote_latex, rows[i].text);
        char *markdown = markup(rog_quote_markdown, rows[i].text);
        assert_string_equal(latex, rows[i].latex);
        assert_string_equal(markdown, rows[i].markdown);
        free(latex);
        free(markdown);
    }
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
        cmocka_unit_test(formulas_are_texts),
        cmocka_unit_test(clean_is_one_line_of_utf8),
        cmocka_unit_test(clean_is_cut),
        cmocka_unit_test(widths),
        cmocka_unit_test(gnuplot_sees_a_string),
        cmocka_unit_test(every_character_arrives_before_every_digit),
        cmocka_unit_test(random_texts_arrive),
        cmocka_unit_test(only_what_fonts_have_is_drawn),
        cmocka_unit_test(comments_are_one_line),
        cmocka_unit_test(mlflow_keys_are_taken_and_distinct),
        cmocka_unit_test(html_is_escaped),
        cmocka_unit_test(stems_are_safe_and_distinct),
        cmocka_unit_test(latex_and_markdown_are_text),
        cmocka_unit_test(thousands),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
