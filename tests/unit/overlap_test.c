/* SPDX-License-Identifier: Apache-2.0 */
/* Local steps between two exchanges, and computing while exchanging: how long that takes on the
 * virtual cluster, its energy, and that models still converge. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cluster_fixture.h"

/* A step takes 1 s, and nothing else on the device takes time. */
#define DEVICE                                                                          \
    "\"compress_s\":0,\"decompress_s\":0,\"watts_compute\":10,\"watts_communicate\":4," \
    "\"watts_stall\":3"
static const char quick[] = "\"step_s\":1," DEVICE;
static const char fifty[] = "\"step_s\":1,\"local_steps\":50," DEVICE;
static const char slow[] = "\"step_s\":9," DEVICE;

#define TRACE "\"latency\":0,\"trace\":\"constant:1\""
#define DELTA "\"contribution\":\"delta\""

static struct trial_summary first_worker(struct trial *trial)
{
    trial_succeed(trial);
    struct trial_summary *all = trial_summarize(trial);
    struct trial_summary first = all[0];
    free(all);
    return first;
}

static struct trial of_one(const char *settings, const char *worker, uint32_t iterations)
{
    return (struct trial){.library = "SSP",
                          .threshold = 4,
                          .settings = settings,
                          .worker = worker,
                          .workers = 1,
                          .iterations = iterations,
                          .wire_scale = 40,
                          .train = true};
}

/* Returns the time of push and pull of one iteration, s. */
static double exchange_s(void)
{
    struct trial trial = of_one(TRACE, quick, 4);
    struct trial_summary of = first_worker(&trial);
    free(trial.events);
    return of.last_t / 4 - 1;
}

/* 50 local steps take the time of 50 steps and of one exchange. */
static void test_local_steps(void **state)
{
    (void)state;
    struct trial trial = of_one(TRACE "," DELTA, fifty, 4);
    trial.workers = 3;
    double exchange = exchange_s();
    assert_true(exchange > 0.5 && exchange < 8);
    struct trial_summary of = first_worker(&trial);
    assert_near(of.last_t, 4 * (50 + exchange), 1e-3);
    free(trial.events);
}

static struct trial_summary overlapping(const char *worker, uint32_t iterations)
{
    struct trial trial = of_one(TRACE ",\"overlap\":true", worker, iterations);
    struct trial_summary of = first_worker(&trial);
    free(trial.events);
    return of;
}

/* The shorter one of computing and exchanging takes no time. */
static void test_overlap_takes_the_longer(void **state)
{
    (void)state;
    double exchange = exchange_s();
    struct trial_summary bound = overlapping(quick, 10), free_link = overlapping(slow, 10);
    assert_true(exchange > 1 && exchange < 9);
    assert_near(bound.last_t, 1 + 10 * exchange, 1e-3);
    assert_near(bound.compute_s, 1, 1e-3);
    assert_near(free_link.last_t, 10 * 9 + exchange, 1e-3);
    assert_near(free_link.compute_s, 10 * 9 - 9 * exchange, 1e-3);
    /* Both at once: plus what communicating takes beyond waiting. */
    assert_near(free_link.joules, 10 * 9 * 10 + 9 * exchange * 1 + exchange * 4, 0.05);
}

/* A device does not compute while it decompresses. */
static void test_one_device(void **state)
{
    (void)state;
    static const char device[] = "\"step_s\":9,\"compress_s\":0.5,\"decompress_s\":0.25,"
                                 "\"watts_compute\":10,\"watts_communicate\":4,\"watts_stall\":3";
    double exchange = exchange_s();
    struct trial_summary of = overlapping(device, 10);
    assert_near(of.last_t, 9 + 9 * (0.5 + 9 + 0.25) + 0.5 + exchange + 0.25, 1e-3);
}

/* What is computed ahead is of a model one iteration older, and is recorded so. */
static void count_staleness(const struct rog_json *event, void *user)
{
    int64_t iteration = rog_json_get_integer(event, "iteration", 0);
    assert_int_equal(rog_json_get_integer(event, "staleness", -1), iteration > 1);
    ++*(uint32_t *)user;
}

static void test_staleness(void **state)
{
    (void)state;
    struct trial trial = of_one(TRACE ",\"overlap\":true", quick, 6);
    uint32_t count = 0;
    trial_succeed(&trial);
    trial_each_event(&trial, "iteration", count_staleness, &count);
    assert_int_equal(count, 6);
    free(trial.events);
}

/* ---- models ---- */

static void last_loss(const struct rog_json *event, void *user)
{
    double *losses = user;
    double loss = rog_json_get_number(event, "loss", NAN);
    if (rog_json_get_integer(event, "iteration", 0) == 1)
        losses[0] = loss;
    losses[1] = loss;
}

/* With any exchange: the loss falls about as far as without. */
static void test_models_converge_anyway(void **state)
{
    (void)state;
    static const char *const kinds[] = {
        DELTA,
        DELTA ",\"overlap\":true",
        DELTA ",\"merge\":0.5",
        DELTA ",\"merge\":0.5,\"overlap\":true",
    };
    static const struct {
        const char *library;
        int32_t threshold;
    } strategies[] = {{"BSP", 0}, {"SSP", 4}, {"ROG", 4}};
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        for (size_t s = 0; s < sizeof strategies / sizeof *strategies; s++) {
            char settings[200];
            double losses[2] = {NAN, NAN};
            snprintf(settings, sizeof settings, "\"trace\":\"synth:outdoors\",%s", kinds[k]);
            struct trial trial = {.library = strategies[s].library,
                                  .threshold = strategies[s].threshold,
                                  .settings = settings,
                                  .worker = "\"step_s\":1,\"local_steps\":10," DEVICE,
                                  .workers = 3,
                                  .iterations = 40,
                                  .wire_scale = 40,
                                  .train = true};
            trial_succeed(&trial);
            trial_each_event(&trial, "iteration", last_loss, losses);
            /* Bowls of three workers with different minima: this much remains. */
            if (!(losses[1] < 0.55 * losses[0]))
                fail_msg("%s with %s: the loss falls from %g to %g", strategies[s].library,
                         kinds[k], losses[0], losses[1]);
            free(trial.events);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_local_steps),
        cmocka_unit_test(test_overlap_takes_the_longer),
        cmocka_unit_test(test_one_device),
        cmocka_unit_test(test_staleness),
        cmocka_unit_test(test_models_converge_anyway),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
