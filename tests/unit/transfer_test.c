/* SPDX-License-Identifier: Apache-2.0 */
/* Transfers by the code that computes for a worker of a virtual cluster: their times on the links,
 * who waits for whom, and their part in the record and checkpoints. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cluster_fixture.h"

#define WORKERS 3
#define MEGABYTE 1000000u

/* How a worker's iteration ends, in order; the last ending is not TRANSFERS. */
struct script {
    struct rog_cluster_ending endings[4];
};

struct scripts {
    const struct script *of[WORKERS];
    uint32_t last[WORKERS]; /* iterations after which a worker finishes; 0: never */
    uint32_t next[WORKERS]; /* of its endings */
    uint32_t given[WORKERS], asked[WORKERS];
    float *model; /* handed over by the first worker; NULL: none */
};

static int begin(void *user, const struct rog_cluster_turn *turn,
                 const struct rog_statistics *statistics, struct rog_error *err)
{
    struct scripts *scripts = ((struct trial *)user)->computer;
    (void)err;
    assert_int_equal(statistics->iteration + 1, turn->iteration);
    assert_int_equal(scripts->given[turn->worker], scripts->asked[turn->worker]);
    scripts->given[turn->worker]++;
    return 0;
}

static int ended(void *user, struct rog_sim_cluster *cluster, const struct rog_cluster_turn *turn,
                 struct rog_cluster_ending *ending, struct rog_error *err)
{
    struct scripts *scripts = ((struct trial *)user)->computer;
    uint32_t worker = turn->worker, *next = &scripts->next[worker];
    (void)cluster, (void)err;
    assert_int_equal(ending->kind, ROG_CLUSTER_PUSHES);
    scripts->asked[worker]++;
    assert_int_equal(scripts->given[worker], scripts->asked[worker]);
    if (scripts->last[worker] && turn->iteration > scripts->last[worker]) {
        ending->kind = ROG_CLUSTER_THROUGH;
        return 0;
    }
    *ending = scripts->of[worker]->endings[*next];
    *next = ending->kind == ROG_CLUSTER_TRANSFERS ? *next + 1 : 0;
    if (ending->kind == ROG_CLUSTER_APART && worker == 0)
        ending->model = scripts->model;
    return 0;
}

static const struct trial_computing computing = {.begin = begin, .ended = ended};

/* A megabyte takes a second on the air; it arrives a quarter of a second later. */
static struct trial trial_of(struct scripts *scripts, uint32_t iterations)
{
    return (struct trial){.library = "BSP",
                          .settings = "\"trace\":\"constant:8\",\"latency\":0.25",
                          .worker = trial_jetson,
                          .workers = WORKERS,
                          .iterations = iterations,
                          .computing = &computing,
                          .computer = scripts};
}

#define TRANSFERS(up, down)                                               \
    {                                                                     \
        .kind = ROG_CLUSTER_TRANSFERS, .bytes_up = up, .bytes_down = down \
    }
#define APART(loss_)                             \
    {                                            \
        .kind = ROG_CLUSTER_APART, .loss = loss_ \
    }

static void bytes_take_what_the_trace_says(void **state)
{
    static const struct script script[WORKERS] = {
        {{TRANSFERS(1 * MEGABYTE, 2 * MEGABYTE), APART(0.5)}},
        {{TRANSFERS(2 * MEGABYTE, 0), APART(0.25)}},
        {{TRANSFERS(3 * MEGABYTE, 4 * MEGABYTE), APART(NAN)}},
    };
    struct scripts scripts = {.of = {&script[0], &script[1], &script[2]}};
    struct trial trial = trial_of(&scripts, 1);
    (void)state;
    trial_succeed(&trial);
    struct trial_summary *of = trial_summarize(&trial);
    /* All have arrived 1.11 + 3 + 0.25 s after the start. */
    static const double push_s[] = {1.25, 2.25, 3.25}, pull_s[] = {2.25, 0, 4.25};
    for (uint32_t i = 0; i < WORKERS; i++) {
        assert_int_equal(of[i].iterations, 1);
        assert_near(of[i].compute_s, 1.11, 1e-9);
        assert_near(of[i].push_s, push_s[i], 1e-9);
        assert_near(of[i].stall_s, 3.25 - push_s[i], 1e-9);
        assert_near(of[i].pull_s, pull_s[i], 1e-9);
        assert_int_equal(of[i].bytes_pushed, (i + 1) * MEGABYTE);
        assert_int_equal(of[i].bytes_pulled, script[i].endings[0].bytes_down);
    }
    free(of);
    free(trial.events);
}

static void expect_no_rows(const struct rog_json *event, void *user)
{
    (void)user;
    assert_null(rog_json_get(event, "rows_pushed"));
    assert_null(rog_json_get(event, "rows_total"));
    assert_int_equal(rog_json_get_integer(event, "local_steps", 0), 1);
}

/* Each transfer is a meeting; one without bytes takes no time, not even the latency. */
static void transfers_add_up(void **state)
{
    static const struct script script[WORKERS] = {
        {{TRANSFERS(MEGABYTE, 0), TRANSFERS(0, MEGABYTE), TRANSFERS(0, 0), APART(1)}},
        {{TRANSFERS(0, 0), TRANSFERS(MEGABYTE, 0), TRANSFERS(0, 2 * MEGABYTE), APART(1)}},
        {{TRANSFERS(0, 0), TRANSFERS(0, 0), TRANSFERS(0, 0), APART(1)}},
    };
    struct scripts scripts = {.of = {&script[0], &script[1], &script[2]}};
    struct trial trial = trial_of(&scripts, 5);
    (void)state;
    trial_succeed(&trial);
    struct trial_summary *of = trial_summarize(&trial);
    trial_each_event(&trial, "iteration", expect_no_rows, NULL);
    for (uint32_t i = 0; i < WORKERS; i++)
        assert_int_equal(of[i].iterations, 5);
    /* The second worker is the last to end: it waits for the first one's megabyte, sends its own,
     * waits for the first one's pull of a megabyte, and pulls two. */
    assert_near(of[1].push_s, 5 * 1.25, 1e-6);
    assert_near(of[1].pull_s, 5 * 2.25, 1e-6);
    assert_near(of[2].push_s + of[2].pull_s, 0, 1e-6);
    assert_int_equal(of[0].bytes_pushed, 5 * MEGABYTE);
    assert_int_equal(of[1].bytes_pulled, 10 * MEGABYTE);
    free(of);
    free(trial.events);
}

/* After a transfer a worker may exchange as others do. */
static void an_exchange_follows(void **state)
{
    static const struct script script = {{TRANSFERS(MEGABYTE, 0), {.kind = ROG_CLUSTER_PUSHES}}};
    struct scripts scripts = {.of = {&script, &script, &script}}, none = {0};
    struct trial with = trial_of(&scripts, 4), without = trial_of(&none, 4);
    static const struct script exchange = {{{.kind = ROG_CLUSTER_PUSHES}}};
    (void)state;
    none = (struct scripts){.of = {&exchange, &exchange, &exchange}};
    trial_succeed(&with);
    trial_succeed(&without);
    struct trial_summary *a = trial_summarize(&with), *b = trial_summarize(&without);
    assert_near(a->last_t - b->last_t, 4 * 1.25, 1e-6);
    assert_near(a->push_s - b->push_s, 4 * 1.25, 1e-6);
    assert_near(a->pull_s, b->pull_s, 1e-6);
    assert_int_equal(a->bytes_pushed - b->bytes_pushed, 4 * MEGABYTE);
    free(a);
    free(b);
    free(with.events);
    free(without.events);
}

/* A finished worker is not waited for, also by those that already wait. */
static void a_finished_worker_is_not_waited_for(void **state)
{
    static const struct script script = {{TRANSFERS(MEGABYTE, MEGABYTE), APART(1)}};
    static const struct script slow = {{TRANSFERS(4 * MEGABYTE, MEGABYTE), APART(1)}};
    struct scripts scripts = {.of = {&script, &slow, &script}, .last = {0, 2, 0}};
    struct trial trial = trial_of(&scripts, 6);
    (void)state;
    trial.own_iterations[1] = UINT32_MAX;
    trial_succeed(&trial);
    struct trial_summary *of = trial_summarize(&trial);
    assert_int_equal(of[0].iterations, 6);
    assert_int_equal(of[1].iterations, 2);
    assert_near(of[0].stall_s, 2 * 3, 1e-6);
    free(of);
    free(trial.events);
}

static int hand_over(void *user, struct rog_sim_cluster *cluster,
                     const struct rog_cluster_turn *turn, struct rog_cluster_ending *ending,
                     struct rog_error *err)
{
    struct trial *trial = user;
    struct scripts *scripts = trial->computer;
    if (!scripts->model) {
        scripts->model = malloc(trial->params * sizeof *scripts->model);
        assert_non_null(scripts->model);
        for (uint64_t i = 0; i < trial->params; i++)
            scripts->model[i] = 2 * trial->start[i];
    }
    return ended(user, cluster, turn, ending, err);
}

/* Checkpoints have the last model that was handed over, and there are no more snapshots. */
static void checkpoints_have_the_model_that_was_handed_over(void **state)
{
    static const struct script script = {{TRANSFERS(MEGABYTE, MEGABYTE), APART(1)}};
    static const struct trial_computing handing = {.begin = begin, .ended = hand_over};
    struct scripts scripts = {.of = {&script, &script, &script}};
    struct trial trial = trial_of(&scripts, 1000);
    char expected[ROG_SHA256_HEX_BYTES];
    (void)state;
    trial.computing = &handing;
    trial.train = true;
    trial_succeed(&trial);
    rog_sha256(scripts.model, trial.params * sizeof *scripts.model, expected);
    assert_string_equal(trial.saved, expected);
    assert_in_range(trial.looks, 1, 1);
    free(scripts.model);
    free(trial.events);
}

static void refuse(const char *settings, uint64_t bytes, const char *why)
{
    const struct script script = {{TRANSFERS(bytes, 0), APART(1)}};
    struct scripts scripts = {.of = {&script, &script, &script}};
    struct trial trial = trial_of(&scripts, 2);
    trial.settings = settings;
    assert_int_not_equal(trial_run(&trial), 0);
    if (!strstr(trial.err.message, why))
        fail_msg("%s", trial.err.message);
    free(trial.events);
}

static void impossible_transfers_are_rejected(void **state)
{
    (void)state;
    refuse("\"trace\":\"constant:8\"", UINT64_MAX, "at most 1125899906842624 are allowed");
    refuse("\"trace\":\"constant:8\",\"overlap\":true", 1, "set overlap = false");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_take_what_the_trace_says),
        cmocka_unit_test(transfers_add_up),
        cmocka_unit_test(an_exchange_follows),
        cmocka_unit_test(a_finished_worker_is_not_waited_for),
        cmocka_unit_test(checkpoints_have_the_model_that_was_handed_over),
        cmocka_unit_test(impossible_transfers_are_rejected),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
