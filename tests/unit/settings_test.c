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
    expect_message("{\"sede\":4}", "unknown setting sede (did you mean seed?)");
    expect_message("{\"qqqqqqqqqq\":4}", "unknown setting qqqqqqqqqq");
    expect_message("{\"epochs\":0}", "epochs must be a whole number from 1 to 100000 (found 0)");
    expect_message("{\"epochs\":2.5}",
                   "epochs must be a whole number from 1 to 100000 (found 2.5)");
    expect_message("{\"epochs\":\"4\"}",
                   "epochs must be a whole number from 1 to 100000 (found \"4\")");
    expect_message("{\"latency\":61}", "latency must be a number from 0 to 60 s (found 61)");
    expect_message("{\"threshold\":\"inf\"}", NULL);
    expect_message(
        "{\"threshold\":\"in\"}",
        "threshold must be a whole number from 0 to 2147483647 iterations, or inf (found \"in\")");
    expect_message("{\"workload\":\"play\"}",
                   "workload must be one of train, none, program (found \"play\")");
    expect_message("{\"workload\":\"tra\"}",
                   "workload must be one of train, none, program (found \"tra\")");
    expect_message("{\"workload\":\"train|none\"}",
                   "workload must be one of train, none, program (found \"train|none\")");
    expect_message(
        "{\"lr_halve_at\":[1,\"x\"]}",
        "lr_halve_at must be a list of numbers from 1 to 1000000000 iterations (found [1,\"x\"])");
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

static void test_derived_defaults(void **state)
{
    (void)state;
    struct rog_json *run = parse("{\"control\":\"indoors\",\"batch\":7}");
    assert_int_equal(rog_settings_derive(rog_run_settings, run, NULL, NULL), 0);
    assert_string_equal(rog_json_get_string(run, "trace", ""), "synth:indoors");
    struct rog_json *worker = parse("{\"decompress_s\":0.5}"), *own = parse("{\"batch\":3}");
    assert_int_equal(rog_settings_derive(rog_worker_settings, worker, run, NULL), 0);
    assert_int_equal(rog_json_get_integer(worker, "batch", 0), 7);
    assert_string_equal(rog_json_get_string(worker, "trace", ""), "synth:indoors");
    assert_true(rog_json_get_number(worker, "unpack_rows_s", 0) == 0.5);
    assert_int_equal(rog_settings_derive(rog_worker_settings, own, run, NULL), 0);
    assert_int_equal(rog_json_get_integer(own, "batch", 0), 3);
    assert_null(rog_json_get(own, "unpack_rows_s")); /* it has no default */
    assert_int_equal(rog_settings_fill(rog_worker_settings, own, NULL), 0);
    assert_null(rog_json_get(own, "unpack_rows_s"));
    rog_json_free(own);
    rog_json_free(worker);
    rog_json_free(run);
}

static void test_paths(void **state)
{
    (void)state;
    static const struct {
        const char *name, *value, *path; /* NULL: not a file */
    } cases[] = {
        {"trace", "t/{rank}.csv", "t/{rank}.csv"},
        {"trace", "constant:5", NULL},
        {"trace", "unlimited", NULL},
        {"trace", "./unlimited", "./unlimited"},
        {"trace", "/data/a:b.csv", "/data/a:b.csv"},
        {"initial_model", "m.safetensors", "m.safetensors"},
        {"data", "synth100", NULL},
        {"data", "cifar100:c", "c"},
        {"data", "fed-cifar100:/d:e", "/d:e"},
        {"library", "ROG", NULL},
        {"library", "./my.so", "./my.so"},
        {"note", "a/b", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct rog_setting *row = rog_setting_find(rog_run_settings, cases[i].name);
        const char *path = rog_setting_path(row, cases[i].value);
        assert_true(!path == !cases[i].path);
        if (!path)
            continue;
        assert_string_equal(path, cases[i].path);
        struct rog_json *object = rog_json_object();
        rog_json_put_string(object, row->name, cases[i].value);
        char before[64] = "";
        memcpy(before, cases[i].value, (size_t)(path - cases[i].value));
        assert_int_equal(rog_setting_put_path(row, object, "/x", NULL), 0);
        strcat(before, "/x");
        assert_string_equal(rog_json_get_string(object, row->name, ""), before);
        rog_json_free(object);
    }
}

static void test_some_of_a_table(void **state)
{
    (void)state;
    char *names =
        rog_settings_names(rog_run_settings, ROG_SETTING_OF_PROGRAMS, ROG_SETTING_FILLED_IN);
    assert_string_equal(names, "command, files, test, metric, options, ranks, program_threads, "
                               "workers_per_process, step_limit, memory_limit");
    free(names);
    struct rog_json *from = parse("{\"note\":\"n\",\"seed\":2,\"epochs\":3,\"other\":4}");
    struct rog_json *to = rog_json_object();
    rog_settings_copy(rog_run_settings, 0, ROG_SETTING_ASIDE, from, to);
    assert_int_equal(rog_json_size(to), 2);
    assert_int_equal(rog_json_get_integer(to, "epochs", 0), 3);
    assert_int_equal(rog_json_get_integer(to, "seed", 0), 2);
    rog_json_free(to);
    rog_json_free(from);
}

static void test_names_of_files(void **state)
{
    (void)state;
    expect_message("{\"control\":\"in-doors_2\"}", NULL);
    expect_message("{\"control\":\"in doors\"}",
                   "control becomes part of file names: letters, digits, '-', '_' and '.' are "
                   "allowed (found \"in doors\")");
}

static void test_describe(void **state)
{
    (void)state;
    char text[256];
    rog_setting_describe(rog_setting_find(rog_run_settings, "checkpoint_period"), text,
                         sizeof text);
    assert_string_equal(text, "a number from 0.001 to 1000000000 s; default 60");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_check),
        cmocka_unit_test(test_defaults_are_allowed),
        cmocka_unit_test(test_fill_keeps_what_is_given),
        cmocka_unit_test(test_derived_defaults),
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_some_of_a_table),
        cmocka_unit_test(test_names_of_files),
        cmocka_unit_test(test_describe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
