/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Programs that train locally, through <rog/rog.h>: three workers, each with its own quadratic
 * objective, compared with DiLoCo computed in double, and what is rejected. Local steps are of
 * AdamW.
 */

#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <rog/rog.h>
#include "librog_run.h"

#define WORKERS 3
#define PARAMS 12
#define ROUNDS 8
#define STEPS 5

/* A worker's objective: sum of 1/2 a_i (w_i - c_i)^2. */
static double slope(unsigned worker, unsigned i, double w)
{
    double a = 1 + 0.1 * i + 0.3 * worker, c = sin(i + 2.0 * worker);
    return a * (w - c);
}

/* Loshchilov and Hutter, ICLR 2019, algorithm 2, in double. */
struct adamw {
    double m[PARAMS], v[PARAMS];
    int t;
};

static double adamw(struct adamw *state, unsigned i, double w, double g)
{
    const double rate = 0.02, decay = 0.01, beta1 = 0.9, beta2 = 0.99;
    state->m[i] = beta1 * state->m[i] + (1 - beta1) * g;
    state->v[i] = beta2 * state->v[i] + (1 - beta2) * g * g;
    double m = state->m[i] / (1 - pow(beta1, state->t));
    double v = state->v[i] / (1 - pow(beta2, state->t));
    return w - rate * decay * w - rate * m / (sqrt(v) + 1e-8);
}

static void local_float(struct adamw *state, unsigned worker, float *w)
{
    for (int step = 0; step < STEPS; step++) {
        state->t++;
        for (unsigned i = 0; i < PARAMS; i++)
            w[i] = (float)adamw(state, i, w[i], slope(worker, i, w[i]));
    }
}

static void local_double(struct adamw *state, unsigned worker, double *w)
{
    for (int step = 0; step < STEPS; step++) {
        state->t++;
        for (unsigned i = 0; i < PARAMS; i++)
            w[i] = adamw(state, i, w[i], slope(worker, i, w[i]));
    }
}

static void begin_values(float *w)
{
    for (unsigned i = 0; i < PARAMS; i++)
        w[i] = 0.2f * (float)i - 1;
}

/* ---- librog ---- */

static void options_of(struct rog_options *options, const struct run *run, unsigned rank,
                       unsigned workers)
{
    rog_options_init(options);
    options->server = run->server;
    options->key = run_key;
    options->rank = rank;
    options->workers = workers;
    options->strategy = "BSP";
    options->compression = "none";
    options->settings = "{\"contribution\": \"delta\"}";
    options->local_steps = STEPS;
}

static struct rog *open_worker(const struct rog_options *options, float *w)
{
    struct rog *rog;
    struct rog_error err;
    const uint32_t shape[] = {PARAMS / 3, 3};
    if (rog_open(&rog, options, &err))
        fail_msg("%s", err.message);
    assert_true(rog_takes_deltas(rog));
    assert_int_equal(rog_tensor(rog, "w", 2, shape, w, ROG_TENSOR_TRAINED, &err), 0);
    assert_int_equal(rog_start_begin(rog, &err), 0);
    return rog;
}

static void check(int code, const struct rog_error *err)
{
    if (code)
        fail_msg("%s", err->message);
}

/* ---- DiLoCo (Douillard et al., arXiv:2311.08105, algorithm 1) ---- */

static void diloco(double *w)
{
    static struct adamw inner[WORKERS];
    double momentum[PARAMS] = {0}, mean[PARAMS], own[PARAMS];
    memset(inner, 0, sizeof inner);
    for (int round = 0; round < ROUNDS; round++) {
        memset(mean, 0, sizeof mean);
        for (unsigned k = 0; k < WORKERS; k++) {
            memcpy(own, w, sizeof own);
            local_double(&inner[k], k, own);
            for (unsigned i = 0; i < PARAMS; i++)
                mean[i] += (w[i] - own[i]) / WORKERS;
        }
        for (unsigned i = 0; i < PARAMS; i++) {
            momentum[i] = 0.9 * momentum[i] + mean[i];
            w[i] -= 0.7 * (mean[i] + 0.9 * momentum[i]);
        }
    }
}

static void test_diloco(void **state)
{
    (void)state;
    struct run run = {.settings = "\"contribution\":\"delta\",\"server_optimizer\":\"nesterov\","};
    struct rog_error err;
    struct rog_options options;
    struct rog *rogs[WORKERS];
    struct rog_step step = {.loss = NAN};
    struct adamw inner[WORKERS] = {0};
    float values[WORKERS][PARAMS];
    double wanted[PARAMS];
    begin_values(values[0]);
    for (unsigned i = 0; i < PARAMS; i++)
        wanted[i] = values[0][i];
    diloco(wanted);
    open_run(&run, "BSP", "none", WORKERS);
    for (unsigned k = 0; k < WORKERS; k++) {
        options_of(&options, &run, k + 1, WORKERS);
        begin_values(values[k]);
        rogs[k] = open_worker(&options, values[k]);
    }
    for (unsigned k = 0; k < WORKERS; k++)
        check(rog_start_wait(rogs[k], 30, &err), &err);
    for (int round = 0; round < ROUNDS; round++) {
        for (unsigned k = 0; k < WORKERS; k++) {
            assert_int_equal(rog_local_steps(rogs[k]), STEPS);
            local_float(&inner[k], k, values[k]);
            check(rog_exchange_begin(rogs[k], &step, &err), &err);
        }
        for (unsigned k = 0; k < WORKERS; k++)
            check(rog_exchange_wait(rogs[k], 30, &err), &err);
    }
    for (unsigned k = 0; k < WORKERS; k++)
        for (unsigned i = 0; i < PARAMS; i++)
            assert_true(fabs(values[k][i] - wanted[i]) < 1e-6);
    assert_true(fabs(wanted[0] + 1) > 0.1);
    for (unsigned k = 0; k < WORKERS; k++)
        assert_int_equal(rog_finish_begin(rogs[k], NULL), 0);
    for (unsigned k = 0; k < WORKERS; k++) {
        assert_int_equal(rog_exchange_wait(rogs[k], 30, NULL), 0);
        rog_close(rogs[k]);
    }
    close_run(&run, 0);
}

/* One worker, the mean, nothing omitted: equals local training alone, also in the background. */
static void test_alone(void **state)
{
    (void)state;
    for (int background = 0; background < 2; background++) {
        struct run run = {.settings = "\"contribution\":\"delta\","};
        struct rog_error err;
        struct rog_options options;
        struct adamw inner = {0}, alone = {0};
        float values[PARAMS], wanted[PARAMS], *momentum, *residual;
        struct rog_step step = {.loss = NAN};
        begin_values(values);
        begin_values(wanted);
        open_run(&run, "BSP", "none", 1);
        options_of(&options, &run, 1, 1);
        options.background = background;
        struct rog *rog = open_worker(&options, values);
        check(rog_start_wait(rog, 30, &err), &err);
        for (int round = 0; round < ROUNDS; round++) {
            local_float(&inner, 0, values);
            local_float(&alone, 0, wanted);
            check(rog_exchange(rog, &step, &err), &err);
            for (unsigned i = 0; i < PARAMS; i++)
                assert_true(fabsf(values[i] - wanted[i]) < 1e-6f);
        }
        check(rog_exchange_wait(rog, 30, &err), &err);
        check(rog_state(rog, 0, &momentum, &residual, &err), &err);
        assert_null(momentum);
        for (unsigned i = 0; i < PARAMS; i++)
            assert_true(residual[i] == 0);
        check(rog_finish(rog, &err), &err);
        rog_close(rog);
        close_run(&run, 0);
    }
}

/* ---- wrong use ---- */

static void assert_says(int code, int expected, const struct rog_error *err, const char *part)
{
    assert_int_equal(code, expected);
    if (!strstr(err->message, part))
        fail_msg("\"%s\" does not say \"%s\"", err->message, part);
}

static void test_invalid_steps(void **state)
{
    (void)state;
    struct run run = {.settings = "\"contribution\":\"delta\","};
    struct rog_error err;
    struct rog_options options;
    float values[PARAMS];
    const float *gradients[] = {values};
    const struct rog_rule rule = {0.1, 0, 0, ROG_RULE_HEAVY_BALL};
    begin_values(values);
    open_run(&run, "BSP", "none", 1);
    options_of(&options, &run, 1, 1);
    struct rog *rog = open_worker(&options, values);
    check(rog_start_wait(rog, 30, &err), &err);
    struct rog_step step = {.gradients = gradients, .rules = &rule, .rule_count = 1};
    assert_says(rog_exchange(rog, &step, &err), ROG_EINVAL, &err, "gradients in a run");
    step.gradients = NULL;
    assert_says(rog_exchange(rog, &step, &err), ROG_EINVAL, &err, "a delta has none");
    values[7] = NAN;
    step.rule_count = 0;
    assert_says(rog_exchange(rog, &step, &err), ROG_EFAILED, &err, "tensor 0, w");
    rog_close(rog);
    kill(run.process, SIGTERM);
    close_run(&run, ROG_EINTR);
}

static void test_unknown_settings(void **state)
{
    (void)state;
    static const struct run nowhere = {.server = "127.0.0.1:1"};
    static const struct {
        const char *settings, *says;
    } wrong[] = {
        {"{", "settings"},
        {"[]", "settings: an object is expected"},
        {"{\"merg\": 1}", "settings: unknown setting merg"},
        {"{\"merge\": 3}", "settings: merge must be"},
        {"{\"merge\": 0.5}", "merge = 0.5 requires contribution = \"delta\""},
        {"{\"server_optimizer\": \"adam\"}", "server_optimizer is an option of rog-trainer serve"},
        {"{\"momentum_kind\": \"block\"}", "momentum_kind is not a setting"},
        {"{\"compression_parameters\": {\"density\": 1}}", "compression_parameters"},
        {"{\"parameters\": {\"x\": 1}}", "x"},
    };
    struct rog_options options;
    struct rog_error err;
    struct rog *rog;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        options_of(&options, &nowhere, 1, 1);
        options.settings = wrong[i].settings;
        assert_says(rog_open(&rog, &options, &err) < 0, 1, &err, wrong[i].says);
        assert_null(rog);
    }
    options_of(&options, &nowhere, 1, 1);
    options.local_steps = 2000000;
    assert_says(rog_open(&rog, &options, &err), ROG_EINVAL, &err, "local_steps is 2000000");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_diloco),
        cmocka_unit_test(test_alone),
        cmocka_unit_test(test_invalid_steps),
        cmocka_unit_test(test_unknown_settings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
