/* SPDX-License-Identifier: Apache-2.0 */
/* Metrics of tests: reading, the normal form, and what is rejected. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <common/metric.h>

static struct rog_json *parse(const char *text)
{
    struct rog_error err;
    struct rog_json *json = NULL;
    if (rog_json_parse(text, strlen(text), "test", &json, &err) != 0)
        fail_msg("%s", err.message);
    return json;
}

static struct rog_metric metric_of(const char *text)
{
    struct rog_error err;
    struct rog_metric metric;
    struct rog_json *json = parse(text);
    if (rog_metric_read(json, &metric, &err) != 0)
        fail_msg("%s", err.message);
    rog_json_free(json);
    return metric;
}

static void the_default_is_accuracy(void **state)
{
    (void)state;
    struct rog_metric metric;
    assert_int_equal(rog_metric_read(NULL, &metric, NULL), 0);
    assert_string_equal(metric.name, "accuracy");
    assert_true(rog_metric_is_percent(&metric) && !metric.less_is_better);
    struct rog_metric other = metric_of("{\"metric\":null}");
    assert_true(rog_metric_is_same(&metric, &other));
    char text[ROG_METRIC_TEXT_BYTES];
    rog_metric_title(&metric, text);
    assert_string_equal(text, "accuracy (%)");
    rog_metric_value(&metric, 64, text);
    assert_string_equal(text, "64%");
    rog_metric_range(&metric, text);
    assert_string_equal(text, "an accuracy from 0 to 100 percent");
}

static void members_are_read(void **state)
{
    (void)state;
    char text[ROG_METRIC_TEXT_BYTES];
    struct rog_metric metric =
        metric_of("{\"metric\":{\"better\":\"lower\",\"name\":\"test loss\",\"unit\":\"nat\"}}");
    assert_true(metric.less_is_better);
    rog_metric_title(&metric, text);
    assert_string_equal(text, "test loss (nat)");
    rog_metric_value(&metric, 0.25, text);
    assert_string_equal(text, "0.25 nat");
    rog_metric_range(&metric, text);
    assert_string_equal(text, "a number (test loss)");
    metric = metric_of("{\"metric\":{\"name\":\"mIoU\"}}");
    assert_false(metric.less_is_better);
    rog_metric_title(&metric, text);
    assert_string_equal(text, "mIoU");
}

static void values_are_checked(void **state)
{
    (void)state;
    struct rog_metric percent = metric_of("{}"),
                      reward = metric_of("{\"metric\":{\"name\":\"reward\"}}");
    static const double outside[] = {-0.01, 100.01, 1e300};
    for (size_t i = 0; i < 3; i++) {
        assert_false(rog_metric_may_be(&percent, outside[i]));
        assert_true(rog_metric_may_be(&reward, outside[i]));
    }
    assert_true(rog_metric_may_be(&percent, 0) && rog_metric_may_be(&percent, 100));
    assert_false(rog_metric_may_be(&reward, (double)NAN));
    assert_false(rog_metric_may_be(&reward, (double)INFINITY));
    assert_int_equal(rog_metric_digits(&percent, 0.01), 2);
    static const struct {
        double largest;
        int digits;
    } rows[] = {{12345, 0}, {99.9, 2}, {-3.2, 3}, {0.512, 4}, {0.00123, 6}, {1e-30, 9}, {0, 2}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(rog_metric_digits(&reward, rows[i].largest), rows[i].digits);
}

static void wrong_metrics_are_rejected(void **state)
{
    (void)state;
    static const char *const wrong[][2] = {
        {"{\"metric\":\"mIoU\"}", "must be a group"},
        {"{\"metric\":{}}", "needs a name"},
        {"{\"metric\":{\"unit\":\"%\"}}", "needs a name"},
        {"{\"metric\":{\"name\":\"\"}}", "name must be"},
        {"{\"metric\":{\"name\":7}}", "name must be"},
        {"{\"metric\":{\"name\":\"a|b\"}}", "name must be"},
        {"{\"metric\":{\"name\":\"lo\u202ess\"}}", "name must be"},
        {"{\"metric\":{\"name\":\"a\u2028b\"}}", "name must be"},
        {"{\"metric\":{\"name\":\"a\",\"unit\":\"\u00a0m\"}}", "unit must be"},
        {"{\"metric\":{\"name\":\" a\"}}", "name must be"},
        {"{\"metric\":{\"name\":\"a\\nb\"}}", "name must be"},
        {"{\"metric\":{\"name\":\"a'b\"}}", "name must be"},
        {"{\"metric\":{\"name\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}}", "name must be"},
        {"{\"metric\":{\"name\":\"a\",\"unit\":3}}", "unit must be"},
        {"{\"metric\":{\"name\":\"a\",\"unit\":\"a very long unit\"}}", "unit must be"},
        {"{\"metric\":{\"name\":\"a\",\"better\":\"more\"}}", "\"higher\" or \"lower\""},
        {"{\"metric\":{\"name\":\"a\",\"better\":true}}", "\"higher\" or \"lower\""},
        {"{\"metric\":{\"nam\":\"a\"}}", "unknown member nam"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct rog_error err;
        struct rog_metric metric;
        struct rog_json *json = parse(wrong[i][0]);
        assert_int_equal(rog_metric_read(json, &metric, &err), ROG_EINVAL);
        assert_memory_equal(err.message, "metric", 6);
        if (!strstr(err.message, wrong[i][1]))
            fail_msg("%s: %s", wrong[i][0], err.message);
        assert_string_equal(metric.name, "accuracy");
        rog_json_free(json);
    }
}

/* Every way to write it gives the same run. */
static void there_is_one_form(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"{\"a\":1}", "{\"a\":1}"},
        {"{\"metric\":{\"better\":\"higher\",\"unit\":\"%\",\"name\":\"accuracy\"}}", "{}"},
        {"{\"metric\":{\"name\":\"mIoU\"}}",
         "{\"metric\":{\"name\":\"mIoU\",\"unit\":\"\",\"better\":\"higher\"}}"},
        {"{\"metric\":{\"better\":\"lower\",\"name\":\"loss\"}}",
         "{\"metric\":{\"name\":\"loss\",\"unit\":\"\",\"better\":\"lower\"}}"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct rog_error err;
        struct rog_json *json = parse(rows[i][0]), *wanted = parse(rows[i][1]);
        assert_int_equal(rog_metric_resolve(json, &err), 0);
        char *text = rog_json_text(json), *right = rog_json_text(wanted);
        assert_string_equal(text, right);
        free(text);
        free(right);
        rog_json_free(wanted);
        rog_json_free(json);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_default_is_accuracy), cmocka_unit_test(members_are_read),
        cmocka_unit_test(values_are_checked), cmocka_unit_test(wrong_metrics_are_rejected),
        cmocka_unit_test(there_is_one_form)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
