/* SPDX-License-Identifier: Apache-2.0 */
/* JSON values: round trips, damage, fallbacks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <common/json.h>
#include <common/ran_out.h>

static void test_round_trip(void **state)
{
    (void)state;
    static const char text[] = "{\"b\":[1,2.5,true,null,\"x\\\"y\"],\"a\":{\"n\":-3}}";
    struct rog_json *value = NULL;
    assert_int_equal(rog_json_parse(text, strlen(text), "test", &value, NULL), 0);
    char *same = rog_json_text(value), *sorted = rog_json_text_sorted(value);
    assert_string_equal(same, text);
    assert_string_equal(sorted, "{\"a\":{\"n\":-3},\"b\":[1,2.5,true,null,\"x\\\"y\"]}");
    free(same);
    free(sorted);
    rog_json_free(value);
}

static void test_damaged_text(void **state)
{
    (void)state;
    static const char *const damaged[] = {
        "", "{", "{\"a\":1", "{\"a\":1}x", "{\"a\":1,\"a\":2}", "{\"a\":\"\xff\"}", "nul", "1e999"};
    for (size_t i = 0; i < sizeof damaged / sizeof *damaged; i++) {
        struct rog_json *value = NULL;
        struct rog_error err;
        assert_int_equal(rog_json_parse(damaged[i], strlen(damaged[i]), "run.json", &value, &err),
                         ROG_EFORMAT);
        assert_non_null(strstr(err.message, "run.json, line "));
    }
}

static void test_getters_fall_back(void **state)
{
    (void)state;
    struct rog_json *object = rog_json_object();
    rog_json_put_string(object, "s", "text");
    rog_json_put_integer(object, "i", 7);
    rog_json_put_number(object, "d", 0.1);
    rog_json_put_bool(object, "t", true);
    assert_string_equal(rog_json_get_string(object, "s", "-"), "text");
    assert_string_equal(rog_json_get_string(object, "i", "-"), "-");
    assert_int_equal(rog_json_get_integer(object, "i", -1), 7);
    assert_int_equal(rog_json_get_integer(object, "d", -1), -1);
    assert_true(rog_json_get_number(object, "i", -1) == 7.0);
    assert_true(rog_json_get_number(object, "missing", -1) == -1.0);
    assert_true(rog_json_get_bool(object, "t", false));
    rog_json_free(object);
}

static void test_values_without_a_json_form(void **state)
{
    (void)state;
    struct rog_json *object = rog_json_object();
    rog_json_put_number(object, "nan", NAN);
    rog_json_put_number(object, "inf", INFINITY);
    rog_json_put_string(object, "none", NULL);
    rog_json_put_string(object, "latin", "caf\xe9 \xe4\xb8\xad");
    char *text = rog_json_text(object);
    assert_string_equal(text, "{\"nan\":null,\"inf\":null,\"none\":null,"
                              "\"latin\":\"caf\xef\xbf\xbd \xe4\xb8\xad\"}");
    free(text);
    rog_json_free(object);
}

static void test_members_are_copied(void **state)
{
    (void)state;
    struct rog_json *to = NULL, *from = NULL;
    struct rog_error err;
    assert_int_equal(rog_json_parse("{\"a\":1,\"b\":2}", 13, "to", &to, &err), 0);
    assert_int_equal(rog_json_parse("{\"c\":[3],\"b\":\"x\"}", 17, "from", &from, &err), 0);
    rog_json_put_all(to, NULL);
    rog_json_put_all(to, from);
    rog_json_free(from);
    char *text = rog_json_text(to);
    assert_string_equal(text, "{\"a\":1,\"b\":\"x\",\"c\":[3]}");
    free(text);
    rog_json_free(to);
}

/* In its own thread, since the state cannot be reset. */
static struct rog_json *parse(const char *text)
{
    struct rog_json *value = NULL;
    struct rog_error err;
    assert_int_equal(rog_json_parse(text, strlen(text), "", &value, &err), 0);
    return value;
}

static void test_shared_values_do_not_change(void **state)
{
    (void)state;
    static const char text[] = "{\"b\":[1,{\"x\":0.5}],\"a\":\"one\",\"c\":0.0,\"d\":1,\"e\":2}";
    struct rog_json *one = parse(text);
    struct rog_json *two = parse("{\"a\":\"one\",\"b\":[1,{\"x\":0.5}],\"c\":-0.0,\"d\":1.0}");
    rog_json_share(one, two);
    assert_ptr_equal(rog_json_get(one, "b"), rog_json_get(two, "b"));
    assert_ptr_equal(rog_json_get(one, "a"), rog_json_get(two, "a"));
    rog_json_free(two);
    char *again = rog_json_text(one);
    assert_string_equal(again, text);
    free(again);
    rog_json_free(one);
}

static void *run_out(void *value)
{
    rog_ran_out_note();
    char *text = rog_json_text(value);
    return text ? text : value;
}

static void test_incomplete_values_have_no_text(void **state)
{
    (void)state;
    struct rog_error err;
    struct rog_json *object = rog_json_object();
    rog_json_put(object, "none", NULL);
    rog_json_put_integer(object, "not \xff text", 1);
    rog_json_put_integer(object, "a", 1);
    assert_int_equal(rog_ran_out_check(&err), 0);

    pthread_t thread;
    void *result = NULL;
    assert_int_equal(pthread_create(&thread, NULL, run_out, object), 0);
    assert_int_equal(pthread_join(thread, &result), 0);
    assert_ptr_equal(result, object); /* the text is missing */
    char *text = rog_json_text(object);
    assert_string_equal(text, "{\"a\":1}");
    free(text);
    rog_json_free(object);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_damaged_text),
        cmocka_unit_test(test_getters_fall_back),
        cmocka_unit_test(test_values_without_a_json_form),
        cmocka_unit_test(test_members_are_copied),
        cmocka_unit_test(test_shared_values_do_not_change),
        cmocka_unit_test(test_incomplete_values_have_no_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
