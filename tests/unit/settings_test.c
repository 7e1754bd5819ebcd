/* SPDX-License-Identifier: Apache-2.0 */
/* Tables of settings: checks, defaults, descriptions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <common/settings.h>

static struct rog_json *parse(const char *text)
{
    struct rog_json *value = NULL;
    assert_int_equal(rog_json_parse(text, strlen(text), "test", &value, NULL), 0);
    return value;
}

static void expect_message(const char *object, const char *message)
{
    struct rog_json *value = parse(object);
    struct rog_error err = {0};
    int code = rog_settings_check(rog_run_settings, value, "workers", &err);
    if (message) {
        assert_int_equal(code, ROG_EINVAL);
        assert_string_equal(err.message, message);
    } else {
        assert_int_equal(code, 0);
    }
    rog_json_free(value);
}

static void test_check(void **state)
{
    (void)state;
    expect_message("{\"threshold\":4,\"note\":\"x\",\"workers\":[]}", NULL);
    expect_message("{\"treshold\":4}", "unknown setting treshold (did you mean threshold?)");
    expect_message("{\"qqqqqqqqqq\":4}", "unknown setting qqqqqqqqqq");
    expect_message("{\"epochs\":0}", "epochs must be a whole number from 1 to 100000 (found 0)");
    expect_message("{\"epochs\":2.5}",
                   "epochs must be a whole number from 1 to 100000 (found 2.5)");
    expect_message("{\"epochs\":\"4\"}",
                   "epochs must be a whole number from 1 to 100000 (found \"4\")");
    expect_message("{\"threshold\":\"inf\"}", NULL);
    expect_message("{\"threshold\":\"in\"}",
                   "threshold must be a whole number from 0 to 2147483647, or inf (found \"in\")");
    expect_message("{\"workload\":\"play\"}",
                   "workload must be one of train, none, program (found \"play\")");
    expect_message("{\"workload\":\"tra\"}",
                   "workload must be one of train, none, program (found \"tra\")");
    expect_message("{\"workload\":\"train|none\"}",
                   "workload must be one of train, none, program (found \"train|none\")");
    expect_message("{\"lr_halve_at\":[1,\"x\"]}",
                   "lr_halve_at must be a list of numbers from 1 to 1000000000 (found [1,\"x\"])");
}

/* Every default passes its own row's check, in both tables. */
static void test_defaults_are_allowed(void **state)
{
    (void)state;
    const struct rog_setting *tables[] = {rog_run_settings, rog_worker_settings};
    for (size_t i = 0; i < 2; i++) {
        struct rog_json *object = rog_json_object();
        struct rog_error err = {0};
        assert_int_equal(rog_settings_fill(tables[i], object, &err), 0);
        assert_int_equal(rog_settings_check(tables[i], object, NULL, &err), 0);
        assert_true(rog_json_size(object) > 0);
        rog_json_free(object);
    }
}

static void test_fill_keeps_what_is_given(void **state)
{
    (void)state;
    struct rog_json *object = parse("{\"epochs\":9}");
    assert_int_equal(rog_settings_fill(rog_run_settings, object, NULL), 0);
    assert_int_equal(rog_json_get_integer(object, "epochs", 0), 9);
    assert_int_equal(rog_json_get_integer(object, "batchsize", 0), 1);
    assert_int_equal(rog_json_size(rog_json_get(object, "lr_halve_at")), 4);
    assert_null(rog_json_get(object, "threshold"));
    rog_json_free(object);
}

static void test_describe(void **state)
{
    (void)state;
    char text[256];
    rog_setting_describe(rog_setting_find(rog_run_settings, "checkpoint_period"), text,
                         sizeof text);
    assert_string_equal(text, "a number from 0.001 to 1000000000, s; default 60");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_check),
        cmocka_unit_test(test_defaults_are_allowed),
        cmocka_unit_test(test_fill_keeps_what_is_given),
        cmocka_unit_test(test_describe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
