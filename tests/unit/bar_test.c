/* SPDX-License-Identifier: Apache-2.0 */
/* The progress line of a download. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <orchestrator/terminal/bar.h>

static void test_lines(void **state)
{
    (void)state;
    static const struct {
        int64_t have, total, fresh;
        double seconds;
        size_t width;
        const char *line;
    } cases[] = {
        {0, 168500000, 0, 0, 60, "a.tar.gz [...........................]   0%  0.0 of 168.5 MB"},
        {84250000, 168500000, 84250000, 10, 79,
         "a.tar.gz [############............]  50%  84.2 of 168.5 MB  8.4 MB/s  0:10 left"},
        /* Bytes that existed before do not count for the speed. */
        {84250000, 168500000, 1000000, 10, 79,
         "a.tar.gz [###########............]  50%  84.2 of 168.5 MB  0.1 MB/s  14:03 left"},
        {168500000, 168500000, 168500000, 10, 79,
         "a.tar.gz [#################################] 100%  168.5 of 168.5 MB  16.9 MB/s"},
        {84250000, 168500000, 84250000, 10, 40, "a.tar.gz  50%  84.2 of 168.5 MB"},
        {84250000, 168500000, 84250000, 10, 20, "a.tar.gz  50%  84.2 "},
        {12000000, 0, 12000000, 4, 79, "a.tar.gz  12.0 MB  3.0 MB/s"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char line[256];
        rog_bar_line("a.tar.gz", cases[i].have, cases[i].total, cases[i].fresh, cases[i].seconds,
                     cases[i].width, line, sizeof line);
        assert_string_equal(line, cases[i].line);
        assert_true(strlen(line) <= cases[i].width);
    }
    /* A name of wide characters takes two columns for each character, and no character is split. */
    char line[256];
    rog_bar_line("数据集", 12000000, 0, 0, 0, 79, line, sizeof line);
    assert_string_equal(line, "数据集  12.0 MB");
    rog_bar_line("数据集", 12000000, 0, 0, 0, 5, line, sizeof line);
    assert_string_equal(line, "数据");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_lines)};
    return cmocka_run_group_tests_name("bar", tests, NULL, NULL);
}
