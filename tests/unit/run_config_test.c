/* SPDX-License-Identifier: Apache-2.0 */
/* Configurations of runs: every setting is read, errors are exact. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <common/run_config.h>
#include <common/settings.h>

#define DEVICE                                                                             \
    "\"step_s\": 1.1, \"compress_s\": 0.4, \"decompress_s\": 0.6, \"watts_compute\": 13, " \
    "\"watts_communicate\": 4.2, \"watts_stall\": 3.9"

#define MEASURED                                                             \
    "\"step_s\": \"measured\", \"compress_s\": 0.4, \"decompress_s\": 0.6, " \
    "\"watts_compute\": 13, \"watts_communicate\": 4.2, \"watts_stall\": 3.9"

static struct rog_run_config *parse(const char *text)
{
    struct rog_run_config *config = NULL;
    struct rog_error err;
    if (rog_run_config_parse(&config, text, strlen(text), "run.json", &err))
        fail_msg("%s", err.message);
    return config;
}

static void test_defaults(void **state)
{
    (void)state;
    struct rog_run_config *c = parse("{}");
    assert_string_equal(c->library, "ROG");
    assert_int_equal(c->threshold, -1);
    assert_string_equal(c->trace, "synth:outdoors");
    assert_null(c->note);
    assert_null(c->initial_model);
    assert_int_equal(c->batch, 24);
    assert_int_equal(c->lr_halve_count, 4);
    assert_true(c->lr_halve_at[3] == 3200);
    assert_true(c->checkpoint_growth == 3);
    assert_int_equal(c->worker_count, 0);
    assert_null(c->workers);
    rog_run_config_free(c);
}

/* From each named iteration on, and once for each time that it is named. */
static void test_learning_rate(void **state)
{
    (void)state;
    struct rog_run_config *c = parse("{\"learning_rate\": 8, \"lr_halve_at\": [3, 5, 5]}");
    static const double rates[] = {8, 8, 8, 4, 4, 1, 1};
    for (uint32_t i = 0; i < sizeof rates / sizeof *rates; i++)
        assert_true(rog_run_config_learning_rate(c, i) == rates[i]);
    rog_run_config_free(c);
}

static void test_given(void **state)
{
    (void)state;
    struct rog_run_config *c =
        parse("{\"library\": \"SSP\", \"threshold\": 4, \"control\": \"indoors\", \"batchsize\": 3,"
              " \"seed\": 9007199254740991, \"lr_halve_at\": [], \"latency\": 0,"
              " \"workers\": [{\"rank\": 2, \"local_steps\": 2, \"batch\": 16, \"host\": \"b\","
              " \"trace\": \"constant:8\", " DEVICE "}, {\"rank\": 1, " DEVICE "}]}");
    assert_string_equal(c->library, "SSP");
    assert_int_equal(c->threshold, 4);
    assert_true(c->seed == UINT64_C(9007199254740991));
    assert_int_equal(c->lr_halve_count, 0);
    assert_true(c->latency == 0);
    assert_int_equal(c->worker_count, 2);
    const struct rog_run_worker *a = &c->workers[0], *b = &c->workers[1];
    assert_int_equal(a->rank, 1);
    assert_null(a->host);
    assert_string_equal(a->profile, "jetson-nx");
    assert_int_equal(a->batch, 24);
    assert_int_equal(a->local_steps, 3);
    assert_string_equal(a->trace, "synth:indoors");
    assert_int_equal(b->rank, 2);
    assert_string_equal(b->host, "b");
    assert_int_equal(b->batch, 16);
    assert_int_equal(b->local_steps, 6);
    assert_string_equal(b->trace, "constant:8");
    assert_true(b->step_s == 1.1 && b->compress_s == 0.4 && b->decompress_s == 0.6);
    assert_true(b->watts_compute == 13 && b->watts_communicate == 4.2 && b->watts_stall == 3.9);
    rog_run_config_free(c);
}

static void test_measured_steps(void **state)
{
    (void)state;
    struct rog_run_config *c =
        parse("{\"workload\": \"program\", \"ranks\": [3, 2], \"workers_per_process\": 2,"
              " \"workers\": [{\"rank\": 1, " DEVICE "}, {\"rank\": 2, " MEASURED "},"
              " {\"rank\": 3, \"speed\": 0.25, " MEASURED "}]}");
    assert_int_equal(c->workers_per_process, 2);
    assert_false(c->workers[0].step_measured);
    assert_true(c->workers[1].step_measured && c->workers[1].step_s == 0);
    assert_true(c->workers[1].speed == 1);
    assert_true(c->workers[2].step_measured && c->workers[2].speed == 0.25);
    rog_run_config_free(c);
}

static void test_errors_are_exact(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
        int code;
    } cases[] = {
        {"[]", "run.json: must be one JSON object of run settings", ROG_EINVAL},
        {"{\"tresh\": 1}", "run.json: unknown setting", ROG_EINVAL},
        {"{\"threshold\": \"4\"}", "run.json: threshold must be ", ROG_EINVAL},
        {"{\"batch\": 0}", "run.json: batch must be ", ROG_EINVAL},
        {"{\"noise\": \"fog\"}", "run.json: noise must be ", ROG_EINVAL},
        {"{\"lr_halve_at\": [800, \"x\"]}", "run.json: lr_halve_at must be ", ROG_EINVAL},
        {"{\"workers\": 4}", "run.json: workers must be a list of at most 65536 objects",
         ROG_EINVAL},
        {"{\"workers\": [4]}",
         "run.json: workers[0]: must be an object with \"rank\" and worker settings", ROG_EINVAL},
        {"{\"workers\": [{}]}", "run.json: workers[0]: rank must be a whole number of at least 1",
         ROG_EINVAL},
        {"{\"workers\": [{\"rank\": 1}]}",
         "run.json: workers[0]: step_s is missing; take it from the device's profile", ROG_EINVAL},
        {"{\"workers\": [{\"rank\": 2, " DEVICE "}]}",
         "run.json: workers[0]: rank must be 1 to 1, the number of workers (found 2)", ROG_EINVAL},
        {"{\"workers\": [{\"rank\": 1, " DEVICE "}, {\"rank\": 1, " DEVICE "}]}",
         "run.json: workers[1]: rank 1 is given twice", ROG_EINVAL},
        {"{\"workers\": [{\"rank\": 1, \"wats\": 1, " DEVICE "}]}", "run.json: workers[0]: unknown",
         ROG_EINVAL},
        {"{\"workers\": [{\"rank\": 1, \"batch\": 0, " DEVICE "}]}",
         "run.json: workers[0]: batch must be ", ROG_EINVAL},
        {"{\"workload\": \"program\", \"ranks\": [2], \"workers\": [{\"rank\": 1, " DEVICE "}]}",
         "run.json: ranks: no worker has rank 2; ranks are 1 to 1", ROG_EINVAL},
        {"{\"workload\": \"program\", \"ranks\": [1, 1], \"workers\": [{\"rank\": 1, " DEVICE "}]}",
         "run.json: ranks: 1 is listed twice", ROG_EINVAL},
        {"{\"workload\": \"program\", \"ranks\": [3, 1], \"workers_per_process\": 2, \"workers\": "
         "[{\"rank\": 1, " DEVICE "}, {\"rank\": 2, " DEVICE "}, {\"rank\": 3, " DEVICE "}]}",
         "run.json: ranks: with workers_per_process = 2 a process hosts consecutive ranks, but "
         "ranks between 1 and 3 are missing",
         ROG_EINVAL},
        {"{\"workers\": [{\"rank\": 1, \"speed\": 0.5, " DEVICE "}]}",
         "run.json: worker 1: speed applies only with step_s", ROG_EINVAL},
        {"{\"workers\": [{\"rank\": 1, \"speed\": 0, " DEVICE "}]}",
         "run.json: workers[0]: speed must be a number from 1e-06", ROG_EINVAL},
        {"{\"workload\": \"none\", \"workers\": [{\"rank\": 1, " MEASURED "}]}",
         "run.json: worker 1: step_s = \"measured\" needs a training program, which this worker "
         "does not run (workload none): give step_s in seconds",
         ROG_EINVAL},
        {"{\"workload\": \"program\", \"ranks\": [], \"workers\": [{\"rank\": 1, " MEASURED "}]}",
         "run.json: worker 1: step_s = \"measured\" needs a training program, which this worker "
         "does not run (workload program with other ranks)",
         ROG_EINVAL},
        {"{\"workload\": \"program\", \"workers\": [{\"rank\": 1, \"step_times\": \"/t\", " MEASURED
         "}]}",
         "run.json: worker 1: step_s = \"measured\" and step_times cannot be used together",
         ROG_EINVAL},
        {"{\"workers\": [{\"rank\": 1, \"step_s\": \"guessed\"}]}",
         "run.json: workers[0]: step_s must be a number from 0 to 1000000 s, or measured (found "
         "\"guessed\")",
         ROG_EINVAL},
        {"{\"batch\": 24", "run.json", ROG_EFORMAT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rog_run_config *config = NULL;
        struct rog_error err = {0};
        int code =
            rog_run_config_parse(&config, cases[i].text, strlen(cases[i].text), "run.json", &err);
        assert_null(config);
        if (code != cases[i].code ||
            strncmp(err.message, cases[i].message, strlen(cases[i].message)))
            fail_msg("%s\n  gives %d %s\n  expected %d %s", cases[i].text, code, err.message,
                     cases[i].code, cases[i].message);
    }
    struct rog_run_config *config = NULL;
    struct rog_error err;
    assert_int_equal(rog_run_config_read(&config, "/nonexistent.json", &err), ROG_ENOTFOUND);
    assert_non_null(strstr(err.message, "/nonexistent.json"));
}

/* Returns whether the setting's member differs. */
static bool differs(const struct rog_setting *row, const struct rog_run_config *a,
                    const struct rog_run_config *b)
{
    const char *x = (const char *)a + row->offset, *y = (const char *)b + row->offset;
    if (strcmp(row->name, "lr_halve_at") == 0) /* parsed into a list */
        return a->lr_halve_at[0] != b->lr_halve_at[0];
    if (!row->bytes) /* a setting of programs, which read it in the JSON */
        return !rog_json_get(a->json, row->name) && rog_json_get(b->json, row->name);
    if (row->type != ROG_SETTING_STRING)
        return memcmp(x, y, row->bytes) != 0;
    const char *one = *(const char *const *)x, *other = *(const char *const *)y;
    return strcmp(one ? one : "", other ? other : "") != 0;
}

/* Writes one setting with a value other than its default. */
static void write_config(const struct rog_setting *row, char *text, size_t bytes)
{
    char choice[64] = "other";
    if (row->choices) { /* the last one, or if that is the default, the first */
        const char *last = strrchr(row->choices, '|');
        snprintf(choice, sizeof choice, "%s", last ? last + 1 : row->choices);
        if (row->fallback && !strcmp(choice, row->fallback))
            snprintf(choice, sizeof choice, "%.*s", (int)strcspn(row->choices, "|"), row->choices);
    }
    double number =
        row->type == ROG_SETTING_INT ? row->max : row->min + 0.53125 * (row->max - row->min);
    if (row->type == ROG_SETTING_STRING)
        snprintf(text, bytes, "{\"%s\": \"%s\"}", row->name, choice);
    else if (row->type == ROG_SETTING_FLAG)
        snprintf(text, bytes, "{\"%s\": %s}", row->name,
                 row->fallback && !strcmp(row->fallback, "true") ? "false" : "true");
    else if (row->type == ROG_SETTING_REALS)
        snprintf(text, bytes, "{\"%s\": [77]}", row->name);
    else if (row->type == ROG_SETTING_GROUP)
        snprintf(text, bytes, "{\"%s\": {\"name\": 4}}", row->name);
    else if (row->type == ROG_SETTING_TEXTS)
        snprintf(text, bytes, "{\"%s\": [\"x\"]}", row->name);
    else
        snprintf(text, bytes, "{\"%s\": %.17g}", row->name, number);
}

/* Every setting is read: a row without a member, or with another's, would keep its default. */
static void test_every_setting_arrives(void **state)
{
    (void)state;
    struct rog_run_config *defaults = parse("{}");
    for (const struct rog_setting *row = rog_run_settings; row->name; row++) {
        char text[256];
        write_config(row, text, sizeof text);
        struct rog_run_config *given = parse(text);
        if (!differs(row, defaults, given))
            fail_msg("%s does not arrive in the configuration", row->name);
        rog_run_config_free(given);
    }
    rog_run_config_free(defaults);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_learning_rate),
        cmocka_unit_test(test_given),
        cmocka_unit_test(test_measured_steps),
        cmocka_unit_test(test_errors_are_exact),
        cmocka_unit_test(test_every_setting_arrives),
    };
    return cmocka_run_group_tests_name("run_config", tests, NULL, NULL);
}
