/* SPDX-License-Identifier: Apache-2.0 */
/* Errors passed to callers: prefixes, and truncation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include <rog/error.h>

static void errors_are_passed_on_unchanged(void **state)
{
    (void)state;
    struct rog_error why, err = {0};
    rog_fail(&why, ROG_EBUSY, "%s is locked", "x.db");
    assert_int_equal(rog_fail_again(&err, &why), ROG_EBUSY);
    assert_int_equal(err.code, ROG_EBUSY);
    assert_string_equal(err.message, "x.db is locked");
    assert_int_equal(rog_fail_again(NULL, &why), ROG_EBUSY);
}

static void errors_are_passed_on_with_a_prefix(void **state)
{
    (void)state;
    struct rog_error why, err = {0};
    rog_fail(&why, ROG_EIO, "100%% full");
    assert_int_equal(rog_fail_from(&err, &why, "host %d", 3), ROG_EIO);
    assert_int_equal(err.code, ROG_EIO);
    assert_string_equal(err.message, "host 3: 100% full");
    assert_string_equal(why.message, "100% full");
    assert_int_equal(rog_fail_from(NULL, &why, "host"), ROG_EIO);
    assert_int_equal(rog_fail_from(&why, &why, "disk"), ROG_EIO); /* the same one */
    assert_string_equal(why.message, "disk: 100% full");
    assert_int_equal(rog_fail_prefix(&err, "cluster %s", "lab"), ROG_EIO);
    assert_string_equal(err.message, "cluster lab: host 3: 100% full");
}

static void too_long_is_cut(void **state)
{
    (void)state;
    char text[ROG_ERROR_MESSAGE_BYTES];
    struct rog_error why, err;
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    rog_fail(&why, ROG_EIO, "%s", text);
    rog_fail_from(&err, &why, "%s", "before");
    assert_int_equal(strlen(err.message), ROG_ERROR_MESSAGE_BYTES - 1);
    assert_memory_equal(err.message, "before: xx", 10);
}

/* A path of the maximum length does not push the cause out, at any level. */
static void the_cause_stays(void **state)
{
    (void)state;
    char path[4096];
    struct rog_error err;
    memset(path, 'd', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    rog_fail(&err, ROG_EIO, "cannot rename %s to %s: no space left", path, path);
    for (int level = 0; level < 3; level++) {
        assert_int_equal(strlen(err.message), ROG_ERROR_MESSAGE_BYTES - 1);
        assert_non_null(strstr(err.message, "ddd[...]ddd"));
        assert_string_equal(err.message + strlen(err.message) - 17, "dd: no space left");
        rog_fail_prefix(&err, "%s", path);
    }
    /* Characters of three bytes are not split wherever the text is truncated. */
    for (size_t shift = 0; shift < 3; shift++) {
        char text[4096];
        size_t used = shift;
        memset(text, 'a', shift);
        for (; used + 4 < sizeof text; used += 3)
            memcpy(text + used, "\xe2\x82\xac", 3);
        text[used] = '\0';
        rog_fail(&err, ROG_EIO, "%s", text);
        const char *mark = strstr(err.message, "[...]");
        assert_non_null(mark);
        assert_int_equal((size_t)(mark - err.message) % 3, shift);
        assert_memory_equal(mark + 5, "\xe2\x82\xac", 3);
        assert_int_equal(strlen(mark + 5) % 3, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(errors_are_passed_on_unchanged),
        cmocka_unit_test(errors_are_passed_on_with_a_prefix),
        cmocka_unit_test(too_long_is_cut),
        cmocka_unit_test(the_cause_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
