/* SPDX-License-Identifier: Apache-2.0 */
/* A killed run of a virtual cluster resumes from its saved state: with the same events and the same
 * model, to the byte, as an undisturbed one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <common/rng.h>
#include <librog/codecs/codecs.h>

#include "cluster_fixture.h"
#include "policies.h"

/* Times of the published system: the server's processor, a send buffer, requests that are received
 * late. */
static const char artifact[] =
    "\"step_s\":1.11,\"compress_s\":0.39,\"decompress_s\":0.61,\"watts_compute\":12.7,"
    "\"watts_communicate\":4.2,\"watts_stall\":3.85,\"rank_s\":0.3,\"server_compress_s\":1.5,"
    "\"server_unpack_s\":0.3,\"packet_headers\":0.0456,\"send_buffer\":4e4,\"drains\":true,"
    "\"answers\":\"waiting\"";

static void trial_free(struct trial *trial)
{
    free(trial->events);
    free(trial->state);
}

/* Copies the inputs of a trial, without its results. */
static struct trial copy_of(const struct trial *trial)
{
    struct trial copy = *trial;
    copy.events = NULL;
    copy.state = NULL;
    copy.state_size = copy.events_size = 0;
    copy.looks = copy.checkpoints = copy.evaluated = 0;
    copy.resume = NULL;
    copy.snapshot_at = copy.looks_max = 0;
    return copy;
}

/* Kills a trial at the given check. False: it had ended before. */
static bool killed_at(const struct trial *whole, uint32_t look, struct trial *killed)
{
    *killed = copy_of(whole);
    killed->snapshot_at = look;
    int code = trial_run(killed);
    if (!code)
        return false;
    assert_int_equal(code, ROG_EINTR);
    assert_true(killed->state_events <= whole->events_size);
    assert_memory_equal(killed->events, whole->events, killed->state_events);
    return true;
}

static void goes_on(const struct trial *whole, const struct trial *killed)
{
    struct trial rest = copy_of(whole);
    rest.resume = killed;
    if (trial_run(&rest))
        fail_msg("%s", rest.err.message);
    assert_int_equal(killed->state_events + rest.events_size, whole->events_size);
    assert_memory_equal(rest.events, whole->events + killed->state_events, rest.events_size);
    assert_string_equal(rest.model, whole->model);
    assert_string_equal(rest.saved, whole->saved);
    assert_memory_equal(&rest.result, &whole->result, sizeof rest.result);
    trial_free(&rest);
}

/* Kills a trial at about `kills` checks, spread evenly over the run. */
static void check(struct trial *trial, uint32_t kills)
{
    struct trial whole = copy_of(trial);
    if (trial_run(&whole))
        fail_msg("%s", whole.err.message);
    uint32_t step = whole.looks / kills + 1;
    uint32_t done = 0;
    for (uint32_t look = 1; look <= whole.looks; look += step, done++) {
        struct trial killed;
        assert_true(killed_at(&whole, look, &killed));
        goes_on(&whole, &killed);
        trial_free(&killed);
    }
    assert_true(done >= kills / 2);
    trial_free(&whole);
}

static const struct {
    const char *library;
    int32_t threshold;
} strategies[] = {{"BSP", 0}, {"SSP", 4}, {"ROG", 1}, {"ROG", 4}, {"ROG", 20}, {"FLOWN", 2}};

static void every_strategy_and_codec(void **state)
{
    (void)state;
    for (size_t s = 0; s < sizeof strategies / sizeof *strategies; s++) {
        for (size_t c = 0; rog_codecs[c]; c++) {
            struct trial trial = {.library = strategies[s].library,
                                  .threshold = strategies[s].threshold,
                                  .compression = rog_codecs[c]->name,
                                  .settings = "\"trace\":\"synth:outdoors\","
                                              "\"checkpoint_period\":7.5",
                                  .workers = 4,
                                  .iterations = 12,
                                  .wire_scale = 40,
                                  .train = true};
            trial.own_iterations[1] = 7; /* one worker leaves early */
            check(&trial, c < 2 ? 6 : 2);
        }
    }
}

static void without_gradients(void **state)
{
    (void)state;
    for (size_t s = 0; s < sizeof strategies / sizeof *strategies; s++) {
        struct trial trial = {.library = strategies[s].library,
                              .threshold = strategies[s].threshold,
                              .settings = "\"trace\":\"synth:outdoors\",\"seconds\":150",
                              .workers = 5,
                              .iterations = 1000,
                              .wire_scale = 60};
        check(&trial, 12);
    }
}

/* A single worker, in a run that is ended by the clock. */
static void one_worker(void **state)
{
    (void)state;
    struct trial trial = {.library = "BSP",
                          .settings = "\"trace\":\"synth:outdoors\",\"seconds\":400",
                          .workers = 1,
                          .iterations = 1000,
                          .wire_scale = 60};
    check(&trial, 4);
}

static void with_all_that_takes_time(void **state)
{
    (void)state;
    for (size_t s = 0; s < sizeof strategies / sizeof *strategies; s++) {
        struct trial trial = {.library = strategies[s].library,
                              .threshold = strategies[s].threshold,
                              .settings = "\"trace\":\"synth:indoors\",\"seconds\":100,"
                                          "\"latency\":0.3",
                              .worker = artifact,
                              .workers = 6,
                              .iterations = 1000,
                              .wire_scale = 60,
                              .train = true};
        check(&trial, 12);
    }
}

/* Many events at the same time, whose order must not change. */
static void equal_workers(void **state)
{
    (void)state;
    for (size_t s = 0; s < sizeof strategies / sizeof *strategies; s++) {
        struct trial trial = {.library = strategies[s].library,
                              .threshold = strategies[s].threshold,
                              .settings = "\"trace\":\"constant:20\"",
                              .workers = 6,
                              .iterations = 12,
                              .wire_scale = 40,
                              .train = true};
        check(&trial, 6);
    }
}

/* In the middle of rounds, and of pushes that are kept until they are complete. */
static void every_server_optimizer(void **state)
{
    (void)state;
    static const struct {
        const char *library, *settings;
        int32_t threshold;
    } cases[] = {
        {"BSP", "\"server_optimizer\":\"nesterov\"", 0},
        {"SSP", "\"server_optimizer\":\"buffer\",\"server_optimizer_parameters\":{\"every\":3}", 4},
        {"ROG", "\"server_optimizer\":\"adam\",\"server_optimizer_parameters\":{\"every\":2}", 4},
        {"ROG", "\"server_optimizer\":\"majority\",\"server_optimizer_parameters\":{\"every\":9}",
         20},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int train = 0; train < 2; train++) {
            char settings[256];
            snprintf(settings, sizeof settings,
                     "\"trace\":\"synth:outdoors\",\"checkpoint_period\":7.5,%s",
                     cases[i].settings);
            struct trial trial = {.library = cases[i].library,
                                  .threshold = cases[i].threshold,
                                  .settings = settings,
                                  .workers = 4,
                                  .iterations = 12,
                                  .wire_scale = 40,
                                  .train = train};
            trial.own_iterations[1] = 7;
            check(&trial, 6);
        }
}

/* All decisions of a strategy: deadlines, a quorum, empty pushes, weights, reports. */
static void every_decision_of_a_strategy(void **state)
{
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct trial trial = {.strategy = i < 3 ? &policy_everything : &policy_patient,
                              .settings = i ? "\"trace\":\"synth:outdoors\",\"seed\":5"
                                            : "\"trace\":\"constant:20\",\"seed\":6",
                              .worker = i == 2 ? artifact : NULL,
                              .workers = 5,
                              .iterations = 12,
                              .wire_scale = 60,
                              .train = i != 1};
        check(&trial, 25);
    }
}

/* Strategies with a state, and those not covered by the tests above, once each. */
static void every_other_strategy(void **state)
{
    (void)state;
    static const struct {
        const char *library;
        int32_t threshold;
        const char *parameters;
    } others[] = {{"BITS", 2, NULL},
                  {"DECO", 0, NULL},
                  {"DSSP", 1, "{\"range\": 3}"},
                  {"FEDAVG", 0, "{\"share\": 0.5}"},
                  {"GAIA", 2, NULL},
                  {"QUORUM", 0, "{\"deadline\": 2}"},
                  {"QUORUM", 1, "{\"backups\": 2, \"late\": \"counted\"}"},
                  {"STREAM", 0, "{\"fragments\": 2}"},
                  {"TOPK", 1, NULL}};
    for (size_t s = 0; s < sizeof others / sizeof *others; s++) {
        struct trial trial = {.library = others[s].library,
                              .threshold = others[s].threshold,
                              .parameters = others[s].parameters,
                              .settings = "\"trace\":\"synth:outdoors\",\"latency\":0.1",
                              .workers = 4,
                              .iterations = 12,
                              .wire_scale = 40,
                              .train = true};
        trial.own_iterations[1] = 7;
        check(&trial, 8);
    }
}

static void with_work_of_its_own(void **state)
{
    (void)state;
    static const char *const kinds[] = {
        "\"contribution\":\"delta\"",
        "\"contribution\":\"delta\",\"overlap\":true",
        "\"contribution\":\"delta\",\"overlap\":true,\"merge\":0.5",
        "\"overlap\":true,\"error_feedback\":0.5,\"clip_norm\":0.1",
    };
    for (size_t s = 0; s < sizeof strategies / sizeof *strategies; s++) {
        for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
            char *settings = rog_format("%s,\"trace\":\"synth:outdoors\"", kinds[k]);
            struct trial trial = {.library = strategies[s].library,
                                  .threshold = strategies[s].threshold,
                                  .settings = settings,
                                  .workers = 3,
                                  .iterations = 10,
                                  .wire_scale = 40,
                                  .train = true};
            trial.own_iterations[1] = 6;
            check(&trial, 6);
            free(settings);
        }
    }
}

/* With an average of the model in checkpoints, which changes nothing else. */
static void an_average(void **state)
{
    (void)state;
    struct trial with = {.library = "ROG",
                         .threshold = 4,
                         .settings = "\"trace\":\"synth:outdoors\",\"checkpoint_period\":7.5,"
                                     "\"checkpoint_average\":3",
                         .workers = 4,
                         .iterations = 12,
                         .wire_scale = 40,
                         .train = true};
    check(&with, 12);
    struct trial without = with;
    without.settings = "\"trace\":\"synth:outdoors\",\"checkpoint_period\":7.5";
    assert_int_equal(trial_run(&with), 0);
    assert_int_equal(trial_run(&without), 0);
    assert_int_equal(with.events_size, without.events_size);
    assert_memory_equal(with.events, without.events, with.events_size);
    assert_string_equal(with.model, without.model);
    assert_string_equal(without.saved, without.model);
    assert_string_not_equal(with.saved, with.model);
    trial_free(&with);
    trial_free(&without);
}

/* Twice in a row: a loaded state is saved unchanged. */
static void killed_twice(void **state)
{
    (void)state;
    struct trial trial = {.library = "ROG",
                          .threshold = 4,
                          .settings = "\"trace\":\"synth:outdoors\"",
                          .workers = 4,
                          .iterations = 12,
                          .wire_scale = 40,
                          .train = true};
    struct trial whole = copy_of(&trial), first, second;
    assert_int_equal(trial_run(&whole), 0);
    assert_true(killed_at(&whole, whole.looks / 3, &first));
    second = copy_of(&trial);
    second.resume = &first;
    second.snapshot_at = 1; /* before any event */
    assert_int_equal(trial_run(&second), ROG_EINTR);
    assert_int_equal(second.state_size, first.state_size);
    second.state_events = first.state_events;
    second.checkpoints = first.checkpoints;
    goes_on(&whole, &second);
    trial_free(&second);
    trial_free(&first);
    trial_free(&whole);
}

/* ---- a strategy with a state ---- */

/* Every third push is complete; the others send the first half of the rows, or slightly less,
 * depending on the history. */
struct memory {
    uint32_t pushes;
};

static int create(const struct rog_strategy_config *config, void **state, char *message,
                  uint32_t message_bytes)
{
    (void)config, (void)message, (void)message_bytes;
    *state = calloc(1, sizeof(struct memory));
    return *state ? 0 : -1;
}

static void plan(void *state, const struct rog_strategy_config *config,
                 const struct rog_send_view *view, struct rog_send_plan *plan)
{
    struct memory *memory = state;
    uint32_t less = (uint32_t)(view->history.mean_s * 1e4) % (config->rows / 4);
    plan->count = memory->pushes++ % 3 ? config->rows / 2 - less : config->rows;
    plan->mandatory = plan->count;
    for (uint32_t row = 0; row < plan->count; row++)
        plan->order[row] = row;
}

static void admit(void *state, const struct rog_strategy_config *config,
                  const struct rog_admit_view *view, struct rog_admission *admission)
{
    struct memory *memory = state;
    if (view->iteration > 4 && memory->pushes % 2)
        for (uint32_t i = 0; i < config->workers; i++)
            admission->needed[i] = view->iteration - 4 + i % 3;
}

static uint32_t save(const void *state, const struct rog_strategy_config *config, uint8_t *bytes,
                     uint32_t room)
{
    (void)config;
    if (room >= sizeof(struct memory))
        memcpy(bytes, state, sizeof(struct memory));
    return sizeof(struct memory);
}

static int load(void *state, const struct rog_strategy_config *config, const uint8_t *bytes,
                uint32_t size)
{
    (void)config;
    if (size != sizeof(struct memory))
        return -1;
    memcpy(state, bytes, size);
    return 0;
}

static const struct rog_strategy remembering = {
    .abi_version = ROG_STRATEGY_ABI,
    .struct_size = sizeof(struct rog_strategy),
    .name = "REMEMBERING",
    .create = create,
    .destroy = free,
    .plan_push = plan,
    .admit = admit,
    .plan_pull = plan,
    .save = save,
    .load = load,
};

static void a_strategy_that_remembers(void **state)
{
    (void)state;
    struct trial trial = {.strategy = &remembering,
                          .settings = "\"trace\":\"synth:outdoors\"",
                          .workers = 5,
                          .iterations = 20,
                          .wire_scale = 40,
                          .train = true};
    check(&trial, 20);
}

/* ---- invalid states ---- */

/* Loads the state: it is rejected, or the run continues for a while. */
static int run_made_up(const struct trial *whole, struct trial *killed)
{
    struct trial rest = copy_of(whole);
    rest.resume = killed;
    rest.made_up = true;
    rest.looks_max = 20;
    int code = trial_run(&rest);
    trial_free(&rest);
    return code;
}

static void cut_off(void **state)
{
    (void)state;
    struct trial trial = {.library = "ROG",
                          .threshold = 4,
                          .settings = "\"trace\":\"synth:outdoors\"",
                          .worker = artifact,
                          .workers = 4,
                          .iterations = 8,
                          .wire_scale = 40};
    struct trial whole = copy_of(&trial), killed;
    assert_int_equal(trial_run(&whole), 0);
    assert_true(killed_at(&whole, whole.looks / 2, &killed));
    size_t size = killed.state_size;
    for (size_t length = 0; length < size; length += 1 + length / 50) {
        killed.state_size = length;
        assert_int_equal(run_made_up(&whole, &killed), ROG_EFORMAT);
    }
    killed.state_size = size;
    killed.state = realloc(killed.state, size + 1);
    killed.state[size] = 0;
    killed.state_size = size + 1;
    assert_int_equal(run_made_up(&whole, &killed), ROG_EFORMAT);
    killed.state_size = size;
    assert_true(run_made_up(&whole, &killed) != ROG_EFORMAT);
    trial_free(&killed);
    trial_free(&whole);
}

/* States of another cluster: fewer workers, no values. */
static void of_another_run(void **state)
{
    (void)state;
    struct trial trial = {.library = "ROG",
                          .threshold = 4,
                          .settings = "\"trace\":\"synth:outdoors\"",
                          .workers = 4,
                          .iterations = 8,
                          .wire_scale = 40};
    struct trial whole = copy_of(&trial), killed;
    assert_int_equal(trial_run(&whole), 0);
    assert_true(killed_at(&whole, whole.looks / 2, &killed));
    struct trial fewer = trial, training = trial;
    fewer.workers = 3;
    training.train = true;
    assert_int_equal(run_made_up(&fewer, &killed), ROG_EFORMAT);
    assert_int_equal(run_made_up(&training, &killed), ROG_EFORMAT);
    trial_free(&killed);
    trial_free(&whole);
}

/* In the end of a state, which has the server's processor and the queue of events: makes each value
 * that could be the length of a list of one job 0, in turn; each is rejected. Returns true if one
 * was because an event in the queue is about the job. */
static bool misses_its_job(const struct trial *whole, const struct trial *killed)
{
    static const uint32_t one = 1, none = 0;
    const size_t job_bytes = sizeof(uint32_t) + sizeof(double);
    bool missed = false;
    assert_true(killed->state_size > 700);
    for (size_t at = killed->state_size - 700; at + sizeof one + job_bytes <= killed->state_size;
         at++) {
        if (memcmp(killed->state + at, &one, sizeof one) != 0)
            continue;
        struct trial forged = *killed, rest = copy_of(whole);
        size_t behind = at + sizeof one + job_bytes;
        forged.state = malloc(killed->state_size);
        assert_non_null(forged.state);
        forged.state_size = killed->state_size - job_bytes;
        memcpy(forged.state, killed->state, at);
        memcpy(forged.state + at, &none, sizeof none);
        memcpy(forged.state + at + sizeof none, killed->state + behind,
               killed->state_size - behind);
        rest.resume = &forged;
        rest.made_up = true;
        assert_int_equal(trial_run(&rest), ROG_EFORMAT);
        missed = missed || strstr(rest.err.message, "the queue of events");
        free(forged.state);
        trial_free(&rest);
    }
    return missed;
}

static void an_event_about_no_job(void **state)
{
    (void)state;
    char worker[512];
    snprintf(worker, sizeof worker, "%s,\"server_unpack_s\":3", trial_jetson);
    struct trial trial = {.library = "BSP",
                          .settings = "\"trace\":\"synth:outdoors\"",
                          .worker = worker,
                          .workers = 2,
                          .iterations = 20};
    struct trial whole = copy_of(&trial);
    bool missed = false;
    assert_int_equal(trial_run(&whole), 0);
    for (uint32_t look = 1; look <= whole.looks; look++) {
        struct trial killed;
        assert_true(killed_at(&whole, look, &killed));
        missed = misses_its_job(&whole, &killed) || missed;
        trial_free(&killed);
    }
    assert_true(missed);
    trial_free(&whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_strategy_and_codec),
        cmocka_unit_test(without_gradients),
        cmocka_unit_test(one_worker),
        cmocka_unit_test(with_all_that_takes_time),
        cmocka_unit_test(killed_twice),
        cmocka_unit_test(equal_workers),
        cmocka_unit_test(every_server_optimizer),
        cmocka_unit_test(every_decision_of_a_strategy),
        cmocka_unit_test(every_other_strategy),
        cmocka_unit_test(with_work_of_its_own),
        cmocka_unit_test(an_average),
        cmocka_unit_test(a_strategy_that_remembers),
        cmocka_unit_test(cut_off),
        cmocka_unit_test(of_another_run),
        cmocka_unit_test(an_event_about_no_job),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
