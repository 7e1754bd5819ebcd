/* SPDX-License-Identifier: Apache-2.0 */
/* What is quoted from a log: its last line, and where an error of Python occurred. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include <common/last_words.h>

static void test_lines(void **state)
{
    static const struct {
        const char *text, *words;
    } cases[] = {
        {"", ""},
        {" \n\t\n", ""},
        {"one", "one"},
        {"one\n  two \n\n", "two"},
        {"one\rtwo\r\n", "two"},
        {"a\x1b[31m\tb", "a\\x1b[31m b"},
        {"  File \"/a/b/train.py\", line 3\n    print(\n         ^\nSyntaxError: '(' was never "
         "closed\n",
         "SyntaxError: '(' was never closed (train.py, line 3)"},
        {"Traceback (most recent call last):\n  File \"train.py\", line 3, in <module>\n    f()\n"
         "  File \"lib.py\", line 12, in f\n    x\nNameError: name 'x' is not defined",
         "NameError: name 'x' is not defined (lib.py, line 12)"},
        {"  File \"train.py\", line 3, in <module>\n  File \"/usr/lib/a.py\", line 12, in f\nE: x",
         "E: x (train.py, line 3)"},
        {"  File \"/usr/lib/a.py\", line 12, in f\nE: x", "E: x (a.py, line 12)"},
        /* Not of this error. */
        {"  File \"train.py\", line 3\nreads data\nKilled", "Killed"},
        {"  File \"train.py\", unreadable\nKilled", "Killed"},
        {"  File \"train.py\nKilled", "Killed"},
        {"  File \"\n", "File \""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char words[128];
        rog_last_words(cases[i].text, words, sizeof words);
        assert_string_equal(words, cases[i].words);
    }
}

/* The place is kept when the message is truncated. */
static void test_room(void **state)
{
    const char *text = "  File \"t.py\", line 3\nSyntaxError: a very long message without an end";
    (void)state;
    for (size_t bytes = 1; bytes < 64; bytes++) {
        char words[64];
        memset(words, 'x', sizeof words);
        rog_last_words(text, words, bytes);
        assert_true(strlen(words) < bytes);
        if (bytes == 48)
            assert_non_null(strstr(words, " (t.py, line 3)"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
