/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <common/settings.h>
#include <trainer/config.h>

#define DEVICE                                                                             \
    "\"step_s\": 1.1, \"compress_s\": 0.4, \"decompress_s\": 0.6, \"watts_compute\": 13, " \
    "\"watts_communicate\": 4.2, \"watts_stall\": 3.9"

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
        {"{\"workers\": [{}]}", "run.json: workers[0]: rank must be a whole number from 1 on",
         ROG_EINVAL},
        {"{\"workers\": [{\"rank\": 1}]}",
         "run.json: workers[0]: step_s is not given; take it from the device's profile",
         ROG_EINVAL},
        {"{\"workers\": [{\"rank\": 2, " DEVICE "}]}",
         "run.json: workers[0]: rank must be 1 to 1, the number of workers (found 2)", ROG_EINVAL},
        {"{\"workers\": [{\"rank\": 1, " DEVICE "}, {\"rank\": 1, " DEVICE "}]}",
         "run.json: workers[1]: rank 1 is given twice", ROG_EINVAL},
        {"{\"workers\": [{\"rank\": 1, \"wats\": 1, " DEVICE "}]}", "run.json: workers[0]: unknown",
         ROG_EINVAL},
        {"{\"workers\": [{\"rank\": 1, \"batch\": 0, " DEVICE "}]}",
         "run.json: workers[0]: batch must be ", ROG_EINVAL},
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

/* Every setting arrives: a row of the table that config.c does not know would stay at its default.
 */
static void test_every_setting_arrives(void **state)
{
    (void)state;
    struct rog_run_config *defaults = parse("{}");
    for (const struct rog_setting *row = rog_run_settings; row->name; row++) {
        char text[256], choice[64] = "other";
        if (row->choices) { /* the last one, or where that is the default, the first */
            snprintf(choice, sizeof choice, "%s", strrchr(row->choices, '|') + 1);
            if (row->fallback && !strcmp(choice, row->fallback))
                snprintf(choice, sizeof choice, "%.*s", (int)strcspn(row->choices, "|"),
                         row->choices);
        }
        switch (row->type) {
        case ROG_SETTING_STRING:
            snprintf(text, sizeof text, "{\"%s\": \"%s\"}", row->name, choice);
            break;
        case ROG_SETTING_REALS:
            snprintf(text, sizeof text, "{\"%s\": [77]}", row->name);
            break;
        default:
            snprintf(text, sizeof text, "{\"%s\": %.17g}", row->name,
                     row->type == ROG_SETTING_INT ? row->max
                                                  : row->min + 0.53125 * (row->max - row->min));
            break;
        }
        struct rog_run_config *given = parse(text);
        /* Compare the numbers; strings are compared by what they say. */
        bool same = true;
        const char *a[] = {defaults->library,      defaults->control,  defaults->trace,
                           defaults->note,         defaults->workload, defaults->model,
                           defaults->wire_model,   defaults->data,     defaults->noise,
                           defaults->initial_model};
        const char *b[] = {given->library,  given->control,      given->trace,      given->note,
                           given->workload, given->model,        given->wire_model, given->data,
                           given->noise,    given->initial_model};
        for (size_t i = 0; i < sizeof a / sizeof *a; i++)
            same = same && !strcmp(a[i] ? a[i] : "", b[i] ? b[i] : "");
        const double x[] = {(double)defaults->threshold,
                            defaults->batchsize,
                            defaults->epochs,
                            defaults->seconds,
                            (double)defaults->seed,
                            defaults->image_size,
                            defaults->test_images,
                            defaults->batch,
                            defaults->learning_rate,
                            defaults->lr_halve_at[0],
                            defaults->momentum,
                            defaults->weight_decay,
                            defaults->label_smoothing,
                            defaults->mixup,
                            defaults->pretrain_epochs,
                            defaults->pretrain_batch,
                            defaults->pretrain_learning_rate,
                            (double)defaults->pretrain_seed,
                            defaults->checkpoint_period,
                            defaults->checkpoint_count,
                            defaults->checkpoint_growth,
                            defaults->latency};
        const double y[] = {(double)given->threshold,
                            given->batchsize,
                            given->epochs,
                            given->seconds,
                            (double)given->seed,
                            given->image_size,
                            given->test_images,
                            given->batch,
                            given->learning_rate,
                            given->lr_halve_at[0],
                            given->momentum,
                            given->weight_decay,
                            given->label_smoothing,
                            given->mixup,
                            given->pretrain_epochs,
                            given->pretrain_batch,
                            given->pretrain_learning_rate,
                            (double)given->pretrain_seed,
                            given->checkpoint_period,
                            given->checkpoint_count,
                            given->checkpoint_growth,
                            given->latency};
        for (size_t i = 0; i < sizeof x / sizeof *x; i++)
            same = same && x[i] == y[i];
        if (same)
            fail_msg("%s does not arrive in the configuration", row->name);
        rog_run_config_free(given);
    }
    rog_run_config_free(defaults);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_given),
        cmocka_unit_test(test_errors_are_exact),
        cmocka_unit_test(test_every_setting_arrives),
    };
    return cmocka_run_group_tests_name("run_config", tests, NULL, NULL);
}
