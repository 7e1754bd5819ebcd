/* SPDX-License-Identifier: Apache-2.0 */
/* Errors on their way up: what is put before them, and what is cut off. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include <rog/error.h>

static void handed_on_whole(void **state)
{
    (void)state;
    struct rog_error why, err = {0};
    rog_fail(&why, ROG_EBUSY, "%s is locked", "x.db");
    assert_int_equal(rog_fail_again(&err, &why), ROG_EBUSY);
    assert_int_equal(err.code, ROG_EBUSY);
    assert_string_equal(err.message, "x.db is locked");
    assert_int_equal(rog_fail_again(NULL, &why), ROG_EBUSY);
}

static void handed_on_with_a_prefix(void **state)
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(handed_on_whole),
        cmocka_unit_test(handed_on_with_a_prefix),
        cmocka_unit_test(too_long_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
