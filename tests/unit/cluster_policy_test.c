/* SPDX-License-Identifier: Apache-2.0 */
/* What strategies other than the included ones can decide, on the virtual cluster: how much work,
 * nothing to send, for which workers to wait and how long. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cluster_fixture.h"
#include "policies.h"

/* H = 50 local steps under SSP 4 take the time of 50 steps and one exchange. */
static void fifty_steps_and_one_exchange(void **state)
{
    (void)state;
    struct trial one = {.library = "SSP",
                        .threshold = 4,
                        .settings = "\"trace\":\"constant:20\"",
                        .workers = 3,
                        .iterations = 4,
                        .wire_scale = 40,
                        .train = true};
    struct trial fifty = one;
    fifty.strategy = &policy_steps;
    trial_succeed(&one);
    trial_succeed(&fifty);
    struct trial_summary *of_one = trial_summarize(&one), *of_fifty = trial_summarize(&fifty);
    for (uint32_t i = 0; i < one.workers; i++) {
        assert_near(of_fifty[i].compute_s, 4 * 50 * 1.11, 1e-5);
        assert_near(of_one[i].compute_s, 4 * 1.11, 1e-5);
        assert_near(of_fifty[i].push_s, of_one[i].push_s, 1e-6);
        assert_near(of_fifty[i].pull_s, of_one[i].pull_s, 1e-6);
        assert_near(of_fifty[i].last_t, of_one[i].last_t + 4 * 49 * 1.11, 1e-5);
        assert_int_equal(of_fifty[i].bytes_pushed, of_one[i].bytes_pushed);
        assert_int_equal(of_fifty[i].bytes_pulled, of_one[i].bytes_pulled);
    }
    free(of_one);
    free(of_fifty);
    free(one.events);
    free(fifty.events);
}

/* Recorded step times are exact, also if steps overlap with an exchange. */
static void workers_know_their_times(void **state)
{
    (void)state;
    static const char *const settings[] = {"\"trace\":\"constant:20\"",
                                           "\"trace\":\"constant:1\",\"overlap\":true"};
    for (int i = 0; i < 4; i++) {
        struct trial trial = {.strategy = &policy_watchful,
                              .settings = settings[i % 2],
                              .workers = 2,
                              .iterations = 9,
                              .wire_scale = 40,
                              .train = i < 2};
        trial_succeed(&trial);
        free(trial.events);
    }
}

struct silence {
    uint32_t silent, others;
};

static void check_silence(const struct rog_json *event, void *user)
{
    struct silence *found = user;
    bool silent = rog_json_get_integer(event, "iteration", 0) % 5 != 0;
    double push_s = rog_json_get_number(event, "push_s", -1);
    double pull_s = rog_json_get_number(event, "pull_s", -1);
    int64_t bytes = rog_json_get_integer(event, "bytes_pushed", -1) +
                    rog_json_get_integer(event, "bytes_pulled", -1);
    int64_t rows = rog_json_get_integer(event, "rows_pushed", -1) +
                   rog_json_get_integer(event, "rows_pulled", -1);
    found->silent += silent;
    found->others += !silent;
    assert_near(rog_json_get_number(event, "compute_s", -1), 1.11, 1e-5);
    if (!silent) {
        assert_true(push_s > 0.39 + 0.3 && pull_s > 0.7 + 0.61 && bytes > 3000 && rows > 250);
        return;
    }
    /* In each direction a beginning and an end, one after the other: the time of a message and its
     * latency. */
    assert_int_equal(rows, 0);
    assert_true(bytes > 0 && bytes <= 100);
    assert_near(push_s, 0.1, 0.01);
    assert_near(pull_s, 0.1, 0.01);
}

static void silent_iterations_cost_nothing(void **state)
{
    (void)state;
    static const char worker[] =
        "\"step_s\":1.11,\"compress_s\":0.39,\"rank_s\":0.3,\"decompress_s\":0.61,\"unpack_rows_"
        "s\":0.61,"
        "\"server_compress_s\":0.4,\"server_rank_s\":0.3,\"server_unpack_s\":0.2,"
        "\"watts_compute\":1,\"watts_communicate\":1,\"watts_stall\":1";
    struct trial trial = {.strategy = &policy_seldom,
                          .settings = "\"trace\":\"constant:20\",\"latency\":0.1",
                          .worker = worker,
                          .workers = 2,
                          .iterations = 20,
                          .train = true};
    struct silence found = {0};
    trial_succeed(&trial);
    trial_each_event(&trial, "iteration", check_silence, &found);
    assert_int_equal(found.silent, 32);
    assert_int_equal(found.others, 8);
    free(trial.events);
}

static void check_tenth(const struct rog_json *event, void *user)
{
    uint32_t *count = user;
    int64_t total = rog_json_get_integer(event, "rows_total", 0);
    assert_int_equal(rog_json_get_integer(event, "rows_pushed", -1), total / 10);
    assert_int_equal(rog_json_get_integer(event, "rows_pulled", -1), total / 10);
    ++*count;
}

static void count_one(const struct rog_json *event, void *user)
{
    (void)event;
    ++*(uint32_t *)user;
}

static void check_ahead(const struct rog_json *event, void *user)
{
    uint32_t *most = user;
    int64_t ahead =
        rog_json_get_integer(event, "iteration", 0) - rog_json_get_integer(event, "slowest", 0);
    assert_true(ahead >= 0 && ahead <= 3);
    *most = ahead > *most ? (uint32_t)ahead : *most;
}

/* Waiting for iterations demands no rows: a tenth is a tenth, and workers stay together. */
static void a_tenth_is_a_tenth(void **state)
{
    (void)state;
    struct trial trial = {.strategy = &policy_top,
                          .threshold = 3,
                          .settings = "\"trace\":\"synth:outdoors\"",
                          .workers = 4,
                          .iterations = 30,
                          .wire_scale = 400,
                          .train = true};
    uint32_t iterations = 0, demands = 0, ahead = 0;
    trial_succeed(&trial);
    trial_each_event(&trial, "iteration", check_tenth, &iterations);
    trial_each_event(&trial, "must_update", count_one, &demands);
    trial_each_event(&trial, "admit", check_ahead, &ahead);
    assert_int_equal(iterations, 4 * 30);
    assert_int_equal(demands, 0);
    assert_int_equal(ahead, 3);
    free(trial.events);
}

static void check_patience(const struct rog_json *event, void *user)
{
    uint32_t *waited = user;
    double stall_s = rog_json_get_number(event, "stall_s", 0);
    assert_true(stall_s <= 2 + 1e-6);
    *waited += stall_s > 2 - 1e-6;
}

static void deadlines_end_waits(void **state)
{
    (void)state;
    struct trial trial = {.strategy = &policy_patient,
                          .settings = "\"trace\":\"constant:20\"",
                          .workers = 3,
                          .iterations = 6,
                          .train = true};
    uint32_t waited = 0;
    trial_succeed(&trial);
    trial_each_event(&trial, "iteration", check_patience, &waited);
    assert_in_range(waited, 2 * 4, 2 * 6); /* two workers, in nearly each iteration */
    free(trial.events);
}

static void check_company(const struct rog_json *event, void *user)
{
    int64_t active = rog_json_get_integer(event, "active", 0);
    assert_true(rog_json_get_integer(event, "reached", 0) >= (active < 3 ? active : 3));
    ++*(uint32_t *)user;
}

/* No worker waits for the slow one while enough others have pushed. */
static void a_quorum_leaves_one_out(void **state)
{
    (void)state;
    struct trial trial = {.strategy = &policy_backup,
                          .settings = "\"trace\":\"constant:20\"",
                          .workers = 4,
                          .iterations = 8,
                          .train = true};
    uint32_t admitted = 0;
    trial_succeed(&trial);
    trial_each_event(&trial, "admit", check_company, &admitted);
    assert_int_equal(admitted, 4 * 8);
    struct trial_summary *of = trial_summarize(&trial);
    for (uint32_t i = 1; i < 4; i++) {
        assert_true(of[i].last_t * 4 < of[0].last_t);
        assert_near(of[i].stall_s, 0, 1e-6);
    }
    free(of);
    free(trial.events);
}

static void asking_forever_is_an_error(void **state)
{
    (void)state;
    struct trial trial = {.strategy = &policy_stubborn,
                          .settings = "\"trace\":\"constant:20\"",
                          .workers = 2,
                          .iterations = 3,
                          .train = true};
    assert_int_equal(trial_run(&trial), ROG_EFAILED);
    assert_non_null(strstr(trial.err.message, "STUBBORN"));
    assert_non_null(strstr(trial.err.message, "asked 100000 times in a row"));
    free(trial.events);
    /* Also while a message is in flight, which takes very long. */
    struct trial slow = {.strategy = &policy_hasty,
                         .settings = "\"trace\":\"constant:0.001\"",
                         .workers = 2,
                         .iterations = 3,
                         .wire_scale = 1e4,
                         .train = true};
    assert_int_equal(trial_run(&slow), ROG_EFAILED);
    assert_non_null(strstr(slow.err.message, "HASTY was asked"));
    free(slow.events);
}

/* All decisions at once, in any order, with values and without: the run ends. */
static void everything_at_once(void **state)
{
    (void)state;
    for (uint32_t seed = 0; seed < 12; seed++) {
        char settings[100];
        snprintf(settings, sizeof settings, "\"trace\":\"synth:outdoors\",\"seed\":%u", seed);
        struct trial trial = {.strategy = &policy_everything,
                              .settings = settings,
                              .workers = 1 + seed % 5,
                              .iterations = 15,
                              .wire_scale = 100,
                              .train = seed % 2};
        trial_succeed(&trial);
        free(trial.events);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fifty_steps_and_one_exchange),
        cmocka_unit_test(workers_know_their_times),
        cmocka_unit_test(silent_iterations_cost_nothing),
        cmocka_unit_test(a_tenth_is_a_tenth),
        cmocka_unit_test(deadlines_end_waits),
        cmocka_unit_test(a_quorum_leaves_one_out),
        cmocka_unit_test(asking_forever_is_an_error),
        cmocka_unit_test(everything_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
