/* SPDX-License-Identifier: Apache-2.0 */

/* Parameters of a strategy: given and default values are stored in its struct, values that are not
 * allowed are named, and a wrong table is rejected. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <common/parameters.h>

struct members {
    int64_t lower;
    double share;
    uint32_t way;
    bool eager;
};

#define AT(member) .offset = offsetof(struct members, member)
static const struct rog_parameter table[] = {
    {"lower", ROG_PARAMETER_INTEGER, AT(lower), "3", 0, 100, NULL, "iterations", "a bound"},
    {"share", ROG_PARAMETER_NUMBER, AT(share), "1", 0, 1, NULL, NULL, "of the rows"},
    {"way", ROG_PARAMETER_CHOICE, AT(way), "last", 0, 0, "mean|last|last_but_one", NULL, "a way"},
    {"eager", ROG_PARAMETER_BOOLEAN, AT(eager), "true", 0, 0, NULL, NULL, "at once"},
    {.name = NULL},
};

static int fill(const struct rog_parameter *rows, const char *given, struct rog_json **filled,
                struct rog_error *err)
{
    struct rog_json *object = NULL;
    if (given)
        assert_int_equal(rog_json_parse(given, strlen(given), "given", &object, NULL), 0);
    int code = rog_parameters_fill(rows, "DSSP", object, filled, err);
    rog_json_free(object);
    return code;
}

static void expect(const char *given, struct members wanted, const char *as_json)
{
    struct rog_json *filled = NULL;
    struct rog_json *object = NULL;
    void *made = NULL;
    if (given)
        assert_int_equal(rog_json_parse(given, strlen(given), "given", &object, NULL), 0);
    assert_int_equal(
        rog_parameters_make(table, sizeof(struct members), "DSSP", object, &filled, &made, NULL),
        0);
    rog_json_free(object);
    const struct members *members = made;
    assert_int_equal(members->lower, wanted.lower);
    assert_true(members->share == wanted.share);
    assert_int_equal(members->way, wanted.way);
    assert_true(members->eager == wanted.eager);
    free(made);
    char *text = rog_json_text(filled);
    assert_string_equal(text, as_json);
    free(text);
    rog_json_free(filled);
}

static void test_values_arrive(void **state)
{
    (void)state;
    static const char defaults[] = "{\"lower\":3,\"share\":1.0,\"way\":\"last\",\"eager\":true}";
    expect(NULL, (struct members){3, 1, 1, true}, defaults);
    expect("{}", (struct members){3, 1, 1, true}, defaults);
    /* A whole number is accepted as a number, and gives the same run as with a decimal point. */
    expect("{\"share\": 1}", (struct members){3, 1, 1, true}, defaults);
    expect("{\"lower\": 100, \"share\": 0.25, \"way\": \"last_but_one\", \"eager\": false}",
           (struct members){100, 0.25, 2, false},
           "{\"lower\":100,\"share\":0.25,\"way\":\"last_but_one\",\"eager\":false}");
    expect("{\"way\": \"mean\"}", (struct members){3, 1, 0, true},
           "{\"lower\":3,\"share\":1.0,\"way\":\"mean\",\"eager\":true}");
}

/* Choices that a command line or a file gives as numbers or booleans. */
static void test_choices_may_look_like_numbers(void **state)
{
    (void)state;
    static const struct rog_parameter rows[] = {
        {"way", ROG_PARAMETER_CHOICE, AT(way), "1", 0, 0, "1|2|0.5|true", NULL, "a way"},
        {.name = NULL},
    };
    static const struct rog_setting group = {.name = "parameters", .type = ROG_SETTING_GROUP};
    static const char *const given[] = {"way=1", "way=2", "way=0.5", "way=true"};
    for (uint32_t i = 0; i < sizeof given / sizeof *given; i++) {
        struct rog_json *object = NULL, *filled = NULL;
        struct rog_error err = {0};
        void *made = NULL;
        assert_int_equal(rog_setting_parse(&group, given[i], &object, NULL), 0);
        if (rog_parameters_make(rows, sizeof(struct members), "DSSP", object, &filled, &made, &err))
            fail_msg("%s", err.message);
        assert_int_equal(((const struct members *)made)->way, i);
        assert_string_equal(rog_json_get_string(filled, "way", ""), given[i] + strlen("way="));
        free(made);
        rog_json_free(filled);
        rog_json_free(object);
    }
}

static void test_errors_are_exact(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"{\"lowre\": 4}", "DSSP has no parameter lowre (did you mean lower?)"},
        {"{\"ceiling\": 4}", "DSSP has no parameter ceiling; it has lower, share, way, eager"},
        {"{\"lower\": 101}",
         "parameters of DSSP: lower must be a whole number from 0 to 100 iterations (found 101)"},
        {"{\"lower\": 4.5}",
         "parameters of DSSP: lower must be a whole number from 0 to 100 iterations (found 4.5)"},
        {"{\"share\": true}",
         "parameters of DSSP: share must be a number from 0 to 1 (found true)"},
        {"{\"way\": \"mea\"}",
         "parameters of DSSP: way must be one of mean, last, last_but_one (found \"mea\")"},
        {"{\"eager\": 1}", "parameters of DSSP: eager must be true or false (found 1)"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rog_json *filled = NULL;
        struct rog_error err = {0};
        assert_int_equal(fill(table, cases[i][0], &filled, &err), ROG_EINVAL);
        assert_string_equal(err.message, cases[i][1]);
        assert_null(filled);
    }
    struct rog_json *filled = NULL;
    struct rog_error err = {0};
    assert_int_equal(fill(NULL, "{\"x\": 1}", &filled, &err), ROG_EINVAL);
    assert_string_equal(err.message, "DSSP has no parameters (found x)");
    assert_int_equal(fill(NULL, NULL, &filled, &err), 0);
    assert_null(filled);
}

static void test_tables_are_checked(void **state)
{
    (void)state;
    assert_int_equal(rog_parameters_check_table(table, sizeof(struct members), "DSSP", NULL), 0);
    static const struct {
        struct rog_parameter row;
        const char *said;
    } wrong[] = {
        {{"Lower", 0, 0, "3", 0, 9, NULL, NULL, "x"}, "lower-case letters"},
        {{"lower", 9, 0, "3", 0, 9, NULL, NULL, "x"}, "no type that is known"},
        {{"lower", 0, 0, NULL, 0, 9, NULL, NULL, "x"}, "no default"},
        {{"lower", 0, 0, "3", 0, 9, NULL, NULL, NULL}, "no help"},
        {{"lower", ROG_PARAMETER_CHOICE, 0, "3", 0, 9, NULL, NULL, "x"}, "no choices"},
        {{"lower", 0, 4, "3", 0, 9, NULL, NULL, "x"}, "does not fit at offset 4"},
        {{"lower", 0, 24, "3", 0, 9, NULL, NULL, "x"}, "of a struct of 24 bytes"},
        {{"lower", 0, 0, "10", 0, 9, NULL, NULL, "x"}, "the default of parameter lower must be"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        const struct rog_parameter rows[] = {wrong[i].row, {.name = NULL}};
        struct rog_error err = {0};
        assert_int_equal(rog_parameters_check_table(rows, 24, "DSSP", &err), ROG_EABI);
        if (!strstr(err.message, wrong[i].said))
            fail_msg("\"%s\" does not say \"%s\"", err.message, wrong[i].said);
    }
    const struct rog_parameter twice[] = {table[0], table[0], {.name = NULL}};
    struct rog_error err = {0};
    assert_int_equal(rog_parameters_check_table(twice, 24, "DSSP", &err), ROG_EABI);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values_arrive),
        cmocka_unit_test(test_choices_may_look_like_numbers),
        cmocka_unit_test(test_errors_are_exact),
        cmocka_unit_test(test_tables_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
