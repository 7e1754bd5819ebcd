/* SPDX-License-Identifier: Apache-2.0 */
/* Code that computes for a virtual cluster has control from the start of local steps to their end,
 * for any real time, with the model in its own memory: the bytes are the same as when computing at
 * once. Here a stand-in for training programs computes as early as possible and, if deltas are
 * pushed, overwrites the model while it has control. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <trainer/run/exchange.h>

#include "cluster_fixture.h"

#define WORKERS 3

/* The stand-in of one worker. */
struct computer {
    float *values;   /* the model of the cluster */
    float *received; /* the model when control was given */
    float *moved;    /* the model after the local steps */
    float *gradient;
    double loss;
    uint32_t last; /* finishes after this iteration; 0: never */
    uint32_t iteration, steps;
    bool has_control, taken; /* the result has been read */
    bool is_through;
    struct rog_statistics told;
};

struct computers {
    struct computer of[WORKERS];
    struct rog_rule rule;
    uint32_t begun, ended, over;
    uint32_t meanwhile, meanwhile_max; /* fails after this many calls; 0: never */
};

/* Deltas are computed in the memory itself. */
static bool may_spoil(const struct trial *trial)
{
    return strstr(trial->settings, "delta") != NULL;
}

static void compute(struct trial *trial, uint32_t worker)
{
    struct computer *computer = &((struct computers *)trial->computer)->of[worker];
    uint64_t count = trial->rows->params;
    size_t bytes = count * sizeof(float);
    memcpy(computer->moved, computer->received, bytes);
    if (may_spoil(trial))
        computer->loss =
            trial_steps_down(worker, computer->steps, computer->moved, count, computer->gradient);
    else
        computer->loss =
            trial_bowl(worker, computer->steps, computer->received, count, computer->gradient);
}

static void spoil(const struct trial *trial, struct computer *computer)
{
    for (uint64_t i = 0; i < trial->rows->params; i++)
        computer->values[i] = (float)NAN;
}

static float *values(void *user, uint32_t worker)
{
    struct trial *trial = user;
    return ((struct computers *)trial->computer)->of[worker].values;
}

static int begin(void *user, const struct rog_cluster_turn *turn,
                 const struct rog_statistics *statistics, struct rog_error *err)
{
    struct trial *trial = user;
    struct computers *computers = trial->computer;
    struct computer *computer = &computers->of[turn->worker];
    (void)err;
    assert_false(computer->has_control);
    assert_ptr_equal(turn->params, computer->values);
    assert_int_equal(turn->iteration, computer->iteration + 1);
    computer->has_control = true;
    computer->taken = false;
    computer->iteration = turn->iteration;
    computer->steps = turn->steps;
    computer->told = *statistics;
    memcpy(computer->received, computer->values, trial->rows->params * sizeof(float));
    compute(trial, turn->worker);
    if (may_spoil(trial))
        spoil(trial, computer);
    computers->begun++;
    return 0;
}

static int ended(void *user, struct rog_sim_cluster *cluster, const struct rog_cluster_turn *turn,
                 struct rog_cluster_ending *ending, struct rog_error *err)
{
    struct trial *trial = user;
    struct computers *computers = trial->computer;
    struct computer *computer = &computers->of[turn->worker];
    float *momentum, *update;
    (void)err;
    assert_true(computer->has_control);
    assert_int_equal(turn->iteration, computer->iteration);
    assert_int_equal(turn->steps, computer->steps);
    for (uint64_t i = 0; i < trial->rows->params && may_spoil(trial); i++)
        assert_true(isnan(computer->values[i]));
    if (!may_spoil(trial))
        assert_memory_equal(computer->values, computer->received,
                            trial->rows->params * sizeof(float));
    rog_cluster_state(cluster, turn->worker, 1, &momentum, &update);
    assert_non_null(update);
    computer->has_control = false;
    computer->taken = true;
    computer->is_through = computer->last && turn->iteration > computer->last;
    if (computer->is_through)
        ending->kind = ROG_CLUSTER_THROUGH;
    memcpy(computer->values, computer->is_through ? computer->received : computer->moved,
           trial->rows->params * sizeof(float));
    if (turn->worker == 0) /* the same as with the following push */
        rog_cluster_settle(cluster, turn->worker);
    computers->ended++;
    return 0;
}

static int meanwhile(void *user, struct rog_error *err)
{
    struct computers *computers = ((struct trial *)user)->computer;
    if (++computers->meanwhile == computers->meanwhile_max)
        return rog_fail(err, ROG_EFAILED, "who computes has gone");
    return 0;
}

/* Checks that everything that it has pulled is in its model. */
static void assert_nothing_is_aside(const struct trial *trial, struct rog_sim_cluster *cluster,
                                    uint32_t worker)
{
    struct computer *computer = &((struct computers *)trial->computer)->of[worker];
    size_t bytes = trial->rows->params * sizeof(float);
    memcpy(computer->received, computer->values, bytes);
    rog_cluster_settle(cluster, worker);
    assert_memory_equal(computer->received, computer->values, bytes);
}

static int over(void *user, struct rog_sim_cluster *cluster, struct rog_error *err)
{
    struct trial *trial = user;
    struct computers *computers = trial->computer;
    (void)err;
    for (uint32_t i = 0; i < trial->workers; i++) {
        struct rog_statistics last;
        float *momentum, *update;
        rog_cluster_statistics(cluster, i, &last);
        assert_true(last.over && last.t_s > computers->of[i].told.t_s);
        assert_int_equal(last.iteration, computers->of[i].iteration - computers->of[i].is_through);
        rog_cluster_state(cluster, i, 0, &momentum, &update);
        assert_non_null(update);
        if (computers->of[i].is_through)
            assert_nothing_is_aside(trial, cluster, i);
    }
    computers->over++;
    return 0;
}

static int work(void *user, const struct rog_cluster_turn *turn, struct rog_cluster_work *given,
                struct rog_error *err)
{
    struct trial *trial = user;
    struct computers *computers = trial->computer;
    struct computer *computer = &computers->of[turn->worker];
    (void)err;
    assert_true(computer->taken && !computer->is_through);
    assert_int_equal(turn->iteration, computer->iteration);
    given->loss = computer->loss;
    if (!given->gradients)
        return 0;
    for (uint32_t i = 0; i < trial->rows->tensor_count; i++)
        given->gradients[i] = computer->gradient + trial->rows->tensors[i].offset;
    computers->rule = rog_exchange_rule(trial->config, turn->iteration);
    given->rules = &computers->rule;
    return 0;
}

/* ---- creating and freeing ---- */

static float *floats(const struct trial *trial)
{
    float *made = calloc(trial->rows->params, sizeof *made);
    assert_non_null(made);
    return made;
}

static void prepare(struct trial *trial)
{
    struct computers *computers = trial->computer;
    for (uint32_t i = 0; i < trial->workers; i++) {
        struct computer *computer = &computers->of[i];
        uint32_t last = computer->last;
        *computer = (struct computer){.values = floats(trial),
                                      .received = floats(trial),
                                      .moved = floats(trial),
                                      .gradient = floats(trial),
                                      .last = last};
    }
}

static void release(struct computers *computers)
{
    for (uint32_t i = 0; i < WORKERS; i++) {
        free(computers->of[i].values);
        free(computers->of[i].received);
        free(computers->of[i].moved);
        free(computers->of[i].gradient);
    }
}

/* Saves the model when control was given, and the result if it has been read: a worker with control
 * when the state is loaded computes again. */
static void archive(struct trial *trial, struct rog_archive *archive)
{
    struct computers *computers = trial->computer;
    size_t bytes = trial->rows->params * sizeof(float);
    for (uint32_t i = 0; i < trial->workers; i++) {
        struct computer *computer = &computers->of[i];
        rog_archive_u32(archive, &computer->iteration);
        rog_archive_u32(archive, &computer->steps);
        rog_archive_flag(archive, &computer->taken);
        rog_archive_flag(archive, &computer->is_through);
        rog_archive_bytes(archive, computer->received, bytes);
        rog_archive_bytes(archive, computer->values, bytes);
        if (!archive->loading)
            continue;
        compute(trial, i);
        computer->has_control = !computer->taken;
        if (computer->has_control && may_spoil(trial))
            spoil(trial, computer);
    }
}

static const struct trial_computing computing = {.values = values,
                                                 .begin = begin,
                                                 .ended = ended,
                                                 .work = work,
                                                 .meanwhile = meanwhile,
                                                 .over = over,
                                                 .prepare = prepare,
                                                 .archive = archive};

static const char *const kinds[] = {
    "\"contribution\":\"gradient\"",
    "\"contribution\":\"delta\"",
    "\"contribution\":\"gradient\",\"overlap\":true",
    "\"contribution\":\"delta\",\"overlap\":true",
    "\"contribution\":\"delta\",\"overlap\":true,\"merge\":0.5",
};

static const struct {
    const char *library, *parameters;
    int32_t threshold;
} strategies[] = {
    {"BSP", NULL, 0}, {"SSP", NULL, 2}, {"ROG", NULL, 4}, {"FEDAVG", "{\"share\": 0.5}", 0}};

static struct trial trial_of(size_t strategy, size_t kind, char *settings, size_t room)
{
    snprintf(settings, room, "%s,\"trace\":\"synth:outdoors\",\"checkpoint_period\":7.5",
             kinds[kind]);
    return (struct trial){.library = strategies[strategy].library,
                          .threshold = strategies[strategy].threshold,
                          .parameters = strategies[strategy].parameters,
                          .settings = settings,
                          .workers = WORKERS,
                          .iterations = 8,
                          .wire_scale = 40,
                          .train = true};
}

static void run(struct trial *trial)
{
    if (trial_run(trial))
        fail_msg("%s", trial->err.message);
}

static void assert_same(const struct trial *a, const struct trial *b)
{
    assert_int_equal(a->events_size, b->events_size);
    assert_memory_equal(a->events, b->events, a->events_size);
    assert_string_equal(a->saved, b->saved);
}

/* ---- tests ---- */

static void the_same_bytes_as_computing_at_once(void **state)
{
    (void)state;
    for (size_t s = 0; s < sizeof strategies / sizeof *strategies; s++)
        for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
            char settings[256];
            struct trial at_once = trial_of(s, k, settings, sizeof settings), apart = at_once;
            struct computers computers = {0};
            apart.computing = &computing;
            apart.computer = &computers;
            at_once.own_iterations[1] = apart.own_iterations[1] = 5;
            run(&at_once);
            run(&apart);
            assert_same(&at_once, &apart);
            assert_int_equal(computers.begun, 8 + 5 + 8);
            assert_int_equal(computers.ended, 8 + 5 + 8);
            assert_int_equal(computers.over, 1);
            release(&computers);
            free(at_once.events);
            free(apart.events);
        }
}

struct ends {
    double left_s[WORKERS];
    uint32_t iterations[WORKERS];
};

static void take_leave(const struct rog_json *event, void *user)
{
    struct ends *ends = user;
    ends->left_s[rog_json_get_integer(event, "rank", 0) - 1] = rog_json_get_number(event, "t", NAN);
}

/* A worker that finishes by itself leaves when its local steps would have ended, and the others
 * continue without it. */
static void one_ends_early(void **state)
{
    (void)state;
    for (size_t s = 0; s < sizeof strategies / sizeof *strategies; s++)
        for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
            char settings[256];
            struct trial trial = trial_of(s, k, settings, sizeof settings);
            struct computers computers = {.of[1].last = 3};
            bool overlaps = strstr(settings, "overlap") != NULL;
            trial.computing = &computing;
            trial.computer = &computers;
            trial.own_iterations[1] = UINT32_MAX;
            run(&trial);
            struct trial_summary *of = trial_summarize(&trial);
            struct ends ends = {0};
            trial_each_event(&trial, "leave", take_leave, &ends);
            assert_int_equal(of[0].iterations, 8);
            assert_int_equal(of[1].iterations, 3);
            assert_int_equal(of[2].iterations, 8);
            /* If they overlap, the steps may already have ended when the exchange ends. */
            double after_s = ends.left_s[1] - of[1].last_t;
            if (overlaps)
                assert_true(after_s > -1e-6 && after_s <= 1.11 + 1e-6);
            else
                assert_near(after_s, 1.11, 2e-6);
            assert_true(ends.left_s[0] > ends.left_s[1]);
            free(of);
            release(&computers);
            free(trial.events);
        }
}

/* Without a last iteration, the time limit ends the run. */
static void without_a_last_iteration(void **state)
{
    (void)state;
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        char settings[256];
        struct trial many = trial_of(2, k, settings, sizeof settings - 32);
        strcat(settings, ",\"seconds\":40");
        many.iterations = 100000;
        struct trial endless = many;
        endless.iterations = UINT32_MAX;
        run(&many);
        run(&endless);
        assert_same(&many, &endless);
        free(many.events);
        free(endless.events);
    }
}

/* The code that computes is called before each event, and can end the run there. */
static void time_between_events(void **state)
{
    (void)state;
    char settings[256];
    struct trial whole = trial_of(0, 0, settings, sizeof settings), ended = whole;
    struct computers computers = {0}, gone = {0};
    whole.computing = ended.computing = &computing;
    whole.computer = &computers;
    ended.computer = &gone;
    run(&whole);
    assert_true(computers.meanwhile > computers.begun + computers.ended);
    gone.meanwhile_max = computers.meanwhile / 2;
    assert_int_equal(trial_run(&ended), ROG_EFAILED);
    assert_string_equal(ended.err.message, "who computes has gone");
    assert_int_equal(gone.meanwhile, gone.meanwhile_max);
    release(&computers);
    release(&gone);
    free(whole.events);
    free(ended.events);
}

struct last_row {
    const struct computers *computers;
    uint32_t compared;
};

static void compare_row(const struct rog_json *event, void *user)
{
    struct last_row *last = user;
    const struct computer *of = &last->computers->of[rog_json_get_integer(event, "rank", 0) - 1];
    const struct rog_statistics *told = &of->told;
    if (rog_json_get_integer(event, "iteration", 0) != told->iteration)
        return;
    last->compared++;
    assert_near(rog_json_get_number(event, "compute_s", NAN), told->compute_s, 1e-6);
    assert_near(rog_json_get_number(event, "push_s", NAN), told->push_s, 1e-6);
    assert_near(rog_json_get_number(event, "stall_s", NAN), told->stall_s, 1e-6);
    assert_near(rog_json_get_number(event, "pull_s", NAN), told->pull_s, 1e-6);
    assert_int_equal(rog_json_get_integer(event, "bytes_pushed", 0), told->bytes_pushed);
    assert_int_equal(rog_json_get_integer(event, "rows_pulled", -1), told->rows_pulled);
}

/* The statistics at a worker's last turn are those recorded for the iteration before. */
static void statistics_equal_the_record(void **state)
{
    (void)state;
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        char settings[256];
        struct trial trial = trial_of(2, k, settings, sizeof settings);
        struct computers computers = {0};
        trial.computing = &computing;
        trial.computer = &computers;
        run(&trial);
        struct last_row last = {.computers = &computers};
        trial_each_event(&trial, "iteration", compare_row, &last);
        assert_int_equal(last.compared, WORKERS);
        struct trial_summary *of = trial_summarize(&trial);
        for (uint32_t i = 0; i < WORKERS; i++) {
            const struct rog_statistics *told = &computers.of[i].told;
            assert_true(told->all_bytes_pushed < (uint64_t)of[i].bytes_pushed);
            assert_true(told->all_bytes_pushed >= told->bytes_pushed);
            assert_true(told->t_s > 0 && told->t_s < of[i].last_t && !told->over);
            assert_true(told->largest_iteration >= told->iteration);
            assert_true(told->rows_total > 0);
        }
        free(of);
        release(&computers);
        free(trial.events);
    }
}

static void check_kill(const struct trial *whole, uint32_t look)
{
    struct computers first = {.of[1].last = 3}, second = {.of[1].last = 3};
    struct trial killed = *whole, rest = *whole;
    killed.computer = &first;
    killed.snapshot_at = look;
    killed.looks = 0;
    killed.events = NULL;
    killed.checkpoints = 0;
    assert_int_equal(trial_run(&killed), ROG_EINTR);
    rest.computer = &second;
    rest.resume = &killed;
    rest.looks = 0;
    rest.events = NULL;
    rest.checkpoints = 0;
    run(&rest);
    assert_int_equal(killed.state_events + rest.events_size, whole->events_size);
    assert_memory_equal(rest.events, whole->events + killed.state_events, rest.events_size);
    assert_string_equal(rest.saved, whole->saved);
    for (uint32_t i = 0; i < WORKERS; i++) {
        const struct computers *before = whole->computer;
        if (second.of[i].told.t_s > 0) /* it had turns after the resume */
            assert_memory_equal(&second.of[i].told, &before->of[i].told, sizeof before->of[i].told);
    }
    release(&first);
    release(&second);
    free(killed.events);
    free(killed.state);
    free(rest.events);
}

static void killed_and_resumed(void **state)
{
    (void)state;
    for (size_t s = 0; s < sizeof strategies / sizeof *strategies; s++)
        for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
            char settings[256];
            struct trial whole = trial_of(s, k, settings, sizeof settings);
            struct computers computers = {.of[1].last = 3};
            whole.computing = &computing;
            whole.computer = &computers;
            whole.own_iterations[1] = UINT32_MAX;
            run(&whole);
            assert_true(whole.looks > 6);
            for (uint32_t look = 1; look <= whole.looks; look += whole.looks / 6 + 1)
                check_kill(&whole, look);
            release(&computers);
            free(whole.events);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_bytes_as_computing_at_once),
        cmocka_unit_test(one_ends_early),
        cmocka_unit_test(without_a_last_iteration),
        cmocka_unit_test(time_between_events),
        cmocka_unit_test(statistics_equal_the_record),
        cmocka_unit_test(killed_and_resumed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
