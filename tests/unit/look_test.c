/* SPDX-License-Identifier: Apache-2.0 */
/* Sizes, fonts and formats of figures, as users write them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include <orchestrator/conf/look.h>

static void sizes(void **state)
{
    (void)state;
    struct rog_error err;
    struct rog_look look;
    assert_int_equal(rog_look_parse(NULL, NULL, &look, &err), 0);
    assert_true(look.width == ROG_LOOK_WIDTH && look.height == 0 && look.pt == ROG_LOOK_PT);
    assert_int_equal(rog_look_parse("7x2.5", NULL, &look, &err), 0);
    assert_true(look.width == 7 && look.height == 2.5);
    assert_int_equal(rog_look_parse("2.25", NULL, &look, &err), 0);
    assert_true(look.width == 2.25 && look.height == 0);
    static const char *const wrong[] = {
        "",    "x",     "3x",    "x3",    "3x2x1", "0x10",    "3 x 2", "nan",   "inf",  "-3x2",
        "3,5", "100x2", "3x0.5", "3x2in", "1e300", "3x1e300", " 3",    "3.5x ", "0x1p3"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(rog_look_parse(wrong[i], NULL, &look, &err), ROG_EINVAL);
        assert_memory_equal(err.message, "size must", 9);
    }
}

static void fonts(void **state)
{
    (void)state;
    struct rog_error err;
    struct rog_look look;
    assert_int_equal(rog_look_parse(NULL, "Times New Roman,7.5", &look, &err), 0);
    assert_string_equal(look.font, "Times New Roman");
    assert_true(look.pt == 7.5);
    assert_int_equal(rog_look_parse(NULL, "Source Han Sans 源", &look, &err), 0);
    assert_string_equal(look.font, "Source Han Sans 源");
    assert_true(look.pt == ROG_LOOK_PT);
    static const char *const wrong[] = {
        "",      ",9",     "A,",    "A,9,9", "A'b",    "A\"b,9", "A\\b", "A,3",   "A,41", "A,nan",
        "A,9pt", "A\nb,9", "A`id`", "A{b}",  "A,0x10", " A,9",   "A ,9", "A%s,9", "A$b"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(rog_look_parse(NULL, wrong[i], &look, &err), ROG_EINVAL);
        assert_memory_equal(err.message, "font must", 9);
    }
    char name[80];
    memset(name, 'a', sizeof name);
    name[sizeof name - 1] = '\0';
    assert_int_equal(rog_look_parse(NULL, name, &look, &err), ROG_EINVAL);
}

static void formats(void **state)
{
    (void)state;
    struct rog_error err;
    char *formats = NULL;
    static const char *const right[][2] = {
        {NULL, "pdf svg png"}, {"png", "png"}, {"svg,pdf", "svg pdf"}, {" png , svg ", "png svg"}};
    for (size_t i = 0; i < sizeof right / sizeof *right; i++) {
        assert_int_equal(rog_look_parse_formats(right[i][0], &formats, &err), 0);
        assert_string_equal(formats, right[i][1]);
        free(formats);
    }
    static const char *const wrong[] = {"",    ",",        "pdf,", "pdf svg",
                                        "gif", "pdf,,svg", "pd",   "pdfsvg"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(rog_look_parse_formats(wrong[i], &formats, &err), ROG_EINVAL);
        assert_null(formats);
        assert_memory_equal(err.message, "format", 6);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(sizes), cmocka_unit_test(fonts),
                                       cmocka_unit_test(formats)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
