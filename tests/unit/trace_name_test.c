/* SPDX-License-Identifier: Apache-2.0 */
/* Which workers share a recording, and where in it each starts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <string.h>

#include <common/trace_name.h>

static struct rog_json *parse(const char *text)
{
    struct rog_json *value = NULL;
    struct rog_error err = {0};
    if (rog_json_parse(text, strlen(text), "test", &value, &err) != 0)
        fail_msg("%s", err.message);
    return value;
}

static double phase_of(const struct rog_json *config, size_t index)
{
    return rog_json_get_number(rog_json_at(rog_json_get(config, "workers"), index), "trace_phase",
                               -1);
}

static struct rog_json *filled(const char *text)
{
    struct rog_json *config = parse(text);
    struct rog_error err = {0};
    if (rog_trace_start_fill(config, &err) != 0)
        fail_msg("%s", err.message);
    return config;
}

#define WORKERS                                                                 \
    "\"workers\":[{\"rank\":1},{\"rank\":2},{\"rank\":3,\"trace_offset\":5.0}," \
    "{\"rank\":4,\"trace_phase\":0.9},{\"rank\":5,\"trace\":\"b{rank}.csv\"},"  \
    "{\"rank\":6,\"trace\":\"synth:outdoors\"},{\"rank\":7}]"

static void those_that_share_a_file_start_evenly_apart(void **state)
{
    (void)state;
    struct rog_json *config =
        filled("{\"trace\":\"a.csv\",\"trace_start\":\"spread\"," WORKERS "}");
    static const double wanted[] = {0, 0.333333, 0, 0.9, 0, -1, 0.666666};
    for (size_t i = 0; i < 7; i++)
        assert_true(fabs(phase_of(config, i) - wanted[i]) < 1e-9);
    rog_json_free(config);

    config = filled("{\"trace\":\"a.csv\"," WORKERS "}");
    assert_true(phase_of(config, 1) < 0);
    rog_json_free(config);
}

static void a_seed_moves_all_by_one_share(void **state)
{
    (void)state;
    struct rog_json *one =
        filled("{\"trace\":\"a.csv\",\"trace_start\":\"seed\",\"seed\":1," WORKERS "}");
    struct rog_json *two =
        filled("{\"trace\":\"a.csv\",\"trace_start\":\"seed\",\"seed\":2," WORKERS "}");
    double moved = phase_of(one, 4);
    assert_true(moved > 0 && moved < 1);
    assert_true(fabs(phase_of(one, 2) - moved) < 1e-9);
    double apart = phase_of(one, 1) - phase_of(one, 0);
    assert_true(fabs(apart - floor(apart) - 1.0 / 3) < 2e-6);
    assert_true(fabs(phase_of(one, 3) - 0.9) < 1e-9);
    assert_true(fabs(phase_of(two, 4) - moved) > 1e-6);
    /* Filling again changes nothing. */
    struct rog_error err = {0};
    assert_int_equal(rog_trace_start_fill(one, &err), 0);
    assert_true(fabs(phase_of(one, 4) - moved) < 1e-12);
    rog_json_free(one);
    rog_json_free(two);
}

static void sharers_are_found(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t count;
    } cases[] = {
        {"{\"trace\":\"a.csv\"," WORKERS "}", 3},
        {"{\"trace\":\"a{rank}.csv\"," WORKERS "}", 1},
        {"{\"trace\":\"a.csv\",\"trace_start\":\"spread\"," WORKERS "}", 1},
        {"{\"trace\":\"a.csv\",\"trace_start\":\"seed\"," WORKERS "}", 1},
        {"{\"trace\":\"a.csv\",\"trace_blocks\":60.0," WORKERS "}", 3},
        {"{\"trace\":\"a.csv\",\"trace_blocks\":60.0,\"trace_blocks_by\":\"worker\"," WORKERS "}",
         1},
        {"{\"trace\":\"a.csv\",\"trace_blocks\":0.0,\"trace_blocks_by\":\"worker\"," WORKERS "}",
         3},
        {"{\"trace\":\"constant:5\"," WORKERS "}", 1},
        {"{\"trace\":\"synth:outdoors\"," WORKERS "}", 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rog_json *config = parse(cases[i].text);
        struct rog_error err = {0};
        size_t count = 0;
        int64_t rank = -1;
        assert_int_equal(rog_trace_sharers(config, &count, &rank, &err), 0);
        if (count != cases[i].count)
            fail_msg("%s: %zu", cases[i].text, count);
        rog_json_free(config);
    }
}

static void sources_that_depend_on_the_seed(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool seeded, file;
    } cases[] = {
        {"{\"trace\":\"synth:outdoors\",\"workers\":[{\"rank\":1}]}", true, false},
        {"{\"trace\":\"a.csv\",\"workers\":[{\"rank\":1}]}", false, true},
        {"{\"trace\":\"a.csv\",\"trace_start\":\"spread\",\"workers\":[{\"rank\":1}]}", false,
         true},
        {"{\"trace\":\"a.csv\",\"trace_start\":\"seed\",\"workers\":[{\"rank\":1}]}", true, true},
        {"{\"trace\":\"a.csv\",\"trace_blocks\":60.0,\"workers\":[{\"rank\":1}]}", true, true},
        {"{\"trace\":\"a.csv\",\"trace_blocks\":0.0,\"workers\":[{\"rank\":1}]}", false, true},
        {"{\"trace\":\"constant:5\",\"trace_blocks\":60.0,\"workers\":[{\"rank\":1}]}", false,
         false},
        {"{\"trace\":\"constant:5\",\"trace_start\":\"seed\",\"workers\":[{\"rank\":1}]}", false,
         false},
        {"{\"trace\":\"constant:5\",\"workers\":[{\"rank\":1},{\"rank\":2,\"trace\":\"synth:x\"}]}",
         true, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rog_json *config = parse(cases[i].text);
        if (rog_trace_is_seeded(config) != cases[i].seeded ||
            rog_trace_has_file(config) != cases[i].file)
            fail_msg("%s", cases[i].text);
        rog_json_free(config);
    }
}

static void no_limit_is_named_once(void **state)
{
    (void)state;
    static const struct {
        const char *text, *control, *trace; /* "": unset */
        bool limited;                       /* the worker of rank 2 */
    } cases[] = {
        {"{\"trace\":\"unlimited\"}", "unlimited", "unlimited", false},
        {"{\"control\":\"unlimited\"}", "unlimited", "unlimited", false},
        {"{\"control\":\"lab\",\"trace\":\"unlimited\"}", "lab", "unlimited", false},
        {"{\"control\":\"unlimited\",\"trace\":\"a.csv\"}", "unlimited", "a.csv", true},
        {"{\"trace\":\"./unlimited\"}", "", "./unlimited", true},
        {"{\"trace\":\"unlimited\",\"workers\":[{\"rank\":1},{\"rank\":2,\"trace\":\"b.csv\"}]}",
         "unlimited", "unlimited", true},
        {"{\"trace\":\"a.csv\",\"workers\":[{\"rank\":1},{\"rank\":2,\"trace\":\"unlimited\"}]}",
         "", "a.csv", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rog_json *config = parse(cases[i].text);
        rog_trace_fill_unlimited(config);
        if (strcmp(rog_json_get_string(config, "control", ""), cases[i].control) != 0 ||
            strcmp(rog_json_get_string(config, "trace", ""), cases[i].trace) != 0 ||
            rog_trace_is_limited(config, 2) != cases[i].limited)
            fail_msg("%s", cases[i].text);
        rog_json_free(config);
    }
}

static void control_and_trace_agree_about_a_limit(void **state)
{
    (void)state;
    static const struct {
        const char *text, *fault; /* NULL: none */
    } cases[] = {
        {"{\"trace\":\"unlimited\"}", NULL},
        {"{\"control\":\"unlimited\"}", NULL},
        {"{\"control\":\"unlimited\",\"trace\":\"unlimited\"}", NULL},
        {"{\"control\":\"wired\",\"trace\":\"unlimited\"}", NULL},
        {"{\"control\":\"outdoors\",\"trace\":\"constant:10\"}", NULL},
        {"{\"control\":\"unlimited\",\"trace\":\"constant:10\"}",
         "control unlimited contradicts trace constant:10, which has a limit; remove one of them"},
        {"{\"control\":\"indoors\",\"trace\":\"unlimited\"}",
         "control indoors contradicts trace unlimited, which has no limit; remove one of them"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rog_json *config = parse(cases[i].text);
        struct rog_error err = {0};
        int code = rog_trace_check(config, &err);
        assert_int_equal(code, cases[i].fault ? ROG_EINVAL : 0);
        assert_string_equal(err.message, cases[i].fault ? cases[i].fault : "");
        rog_json_free(config);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(those_that_share_a_file_start_evenly_apart),
        cmocka_unit_test(a_seed_moves_all_by_one_share),
        cmocka_unit_test(sharers_are_found),
        cmocka_unit_test(sources_that_depend_on_the_seed),
        cmocka_unit_test(control_and_trace_agree_about_a_limit),
        cmocka_unit_test(no_limit_is_named_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
