/* SPDX-License-Identifier: Apache-2.0 */
/* The virtual cluster: how long everything takes, who waits for whom, and that nothing is lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <common/file.h>

#include "cluster_fixture.h"

#define SLOW_DEVICES                                                 \
    "\"compress_s\":0.5,\"decompress_s\":0.75,\"watts_compute\":10," \
    "\"watts_communicate\":4,\"watts_stall\":1"

/* Checks 7 iterations of such devices with a latency of 0.25 s and the given times on the link. */
static void check_slow(const struct trial_summary *of, double push_s, double pull_s,
                       double tolerance_s)
{
    assert_int_equal(of->iterations, 7);
    assert_near(of->push_s, 7 * (0.5 + 0.25) + push_s, tolerance_s);
    assert_near(of->pull_s, 7 * (0.25 + 0.75) + pull_s, tolerance_s);
    assert_near(of->stall_s, 0, 1e-6);
}

/* One worker on a link of 8 Mbit/s: a byte takes a microsecond. */
static void one_worker_by_hand(void **state)
{
    (void)state;
    struct trial trial = {.library = "BSP",
                          .settings = "\"trace\":\"constant:8\",\"latency\":0.25",
                          .worker = "\"step_s\":2,\"local_steps\":3," SLOW_DEVICES,
                          .workers = 1,
                          .iterations = 7,
                          .wire_scale = 100};
    trial_succeed(&trial);
    struct trial_summary *of = trial_summarize(&trial);
    check_slow(of, (double)of->bytes_pushed * 1e-6, (double)of->bytes_pulled * 1e-6, 2e-5);
    assert_int_equal(trial.result.iterations, 7);
    assert_near(of->compute_s, 7 * 6, 1e-9);
    assert_near(trial.result.seconds, of->last_t, 1e-6);
    /* Every row was sent in both directions: the model's bits, and not much more. */
    double least = 7 * 100 * (64 * 36 + 64 + 128 * 64 + 128 + 20 * 128) / 8.0;
    assert_true((double)of->bytes_pushed > least && (double)of->bytes_pushed < 1.5 * least);
    assert_true((double)of->bytes_pulled > least && (double)of->bytes_pulled < 1.5 * least);
    double computing_s = 7 * (6 + 0.5 + 0.75);
    assert_near(of->joules, 10 * computing_s + 4 * (of->last_t - computing_s), 1e-4);
    free(of);
    free(trial.events);
}

/* Without a limit a message takes only the latency and its processing. */
static void without_a_limit_only_latency_remains(void **state)
{
    (void)state;
    static const char *const libraries[] = {"BSP", "SSP", "ROG"};
    for (size_t i = 0; i < sizeof libraries / sizeof *libraries; i++) {
        struct trial trial = {.library = libraries[i],
                              .settings = "\"trace\":\"unlimited\",\"latency\":0.25",
                              .worker =
                                  "\"step_s\":2,\"zero_mbps\":1,\"trace_offset\":3," SLOW_DEVICES,
                              .workers = 3,
                              .iterations = 7,
                              .wire_scale = 1e6};
        trial_succeed(&trial);
        struct trial_summary *of = trial_summarize(&trial);
        for (uint32_t worker = 0; worker < trial.workers; worker++)
            check_slow(&of[worker], 0, 0, 1e-6);
        assert_near(trial.result.seconds, 7 * (2 + 0.5 + 0.75 + 2 * 0.25), 1e-6);
        assert_null(strstr(trial.events, "bandwidth"));
        assert_null(strstr(trial.events, "nan"));
        assert_null(strstr(trial.events, "inf"));
        free(of);
        free(trial.events);
    }
}

/* Two workers that differ only in their links: the fast one waits exactly for the difference. */
static void the_fast_worker_waits_for_the_slow_one(void **state)
{
    (void)state;
    char folder[] = "/tmp/rog-traces-XXXXXX";
    assert_non_null(mkdtemp(folder));
    char *settings = rog_format("\"trace\":\"%s/{rank}.csv\",\"latency\":0", folder);
    for (int rank = 1; rank <= 2; rank++) {
        char *path = rog_format("%s/%d.csv", folder, rank);
        const char *text = rank == 1 ? "seconds,mbps\n0,8\n" : "seconds,mbps\n0,2\n";
        assert_int_equal(rog_file_write(path, text, strlen(text), NULL), 0);
        free(path);
    }
    struct trial trial = {.library = "BSP",
                          .settings = settings,
                          .worker = "\"step_s\":1,\"compress_s\":0,\"decompress_s\":0,"
                                    "\"watts_compute\":10,\"watts_communicate\":4,"
                                    "\"watts_stall\":1",
                          .workers = 2,
                          .iterations = 5,
                          .wire_scale = 1000};
    trial_succeed(&trial);
    struct trial_summary *of = trial_summarize(&trial);
    double push1 = (double)of[0].bytes_pushed * 1e-6, push2 = (double)of[1].bytes_pushed * 4e-6;
    double pull1 = (double)of[0].bytes_pulled * 1e-6, pull2 = (double)of[1].bytes_pulled * 4e-6;
    assert_near(of[0].push_s, push1, 2e-5);
    assert_near(of[1].push_s, push2, 2e-5);
    assert_near(of[0].pull_s, pull1, 2e-5);
    assert_near(of[1].pull_s, pull2, 2e-5);
    assert_near(of[1].stall_s, 0, 1e-6);
    /* In the first iteration it waits only for the push, later also for the pull before it; but not
     * for the 20 bytes that end a push whose rows have all arrived. */
    assert_near(of[0].stall_s, (push2 - push1) + (pull2 - pull1) * 4 / 5 - 20 * 1000 * 4e-6, 1e-4);
    assert_near(of[1].last_t, 5 + push2 + pull2, 1e-4);
    assert_near(of[0].joules, 10 * 5 + 4 * (push1 + pull1) + of[0].stall_s, 1e-3);
    free(of);
    free(trial.events);
    free(settings);
    rog_dir_remove(folder, NULL);
}

static void same_configuration_same_bytes(void **state)
{
    (void)state;
    for (int train = 0; train < 2; train++) {
        struct trial first = {.library = "ROG",
                              .threshold = 4,
                              .settings = "\"seed\":5",
                              .workers = 4,
                              .iterations = 60,
                              .wire_scale = 1100,
                              .train = train},
                     again = first, other = first;
        other.settings = "\"seed\":6";
        trial_succeed(&first);
        trial_succeed(&again);
        trial_succeed(&other);
        assert_int_equal(first.events_size, again.events_size);
        assert_memory_equal(first.events, again.events, first.events_size);
        assert_string_equal(first.model, again.model);
        assert_true(other.events_size != first.events_size ||
                    memcmp(first.events, other.events, first.events_size) != 0);
        if (train)
            assert_string_not_equal(first.model, other.model);
        trial_pace(&first, NULL);
        free(first.events);
        free(again.events);
        free(other.events);
    }
}

static void strategies_in_order(const char *settings)
{
    static const struct {
        const char *library;
        int32_t threshold;
    } order[] = {{"BSP", 0}, {"SSP", 4}, {"ROG", 4}, {"ROG", 20}};
    double before_s = INFINITY, bsp_stall_s = 0;
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        struct trial trial = {.library = order[i].library,
                              .threshold = order[i].threshold,
                              .settings = settings,
                              .workers = 4,
                              .iterations = 400,
                              .wire_scale = 1280};
        trial_succeed(&trial);
        double stall_s = 0, seconds = trial_pace(&trial, &stall_s);
        print_message("%s %d: %.2f s an iteration, %.2f s of it stalled\n", order[i].library,
                      order[i].threshold, seconds, stall_s);
        assert_true(seconds < before_s);
        if (i == 0)
            bsp_stall_s = stall_s;
        else
            assert_true(stall_s < bsp_stall_s);
        before_s = seconds;
        free(trial.events);
    }
}

static void faster_in_order_on_synthetic_traces(void **state)
{
    (void)state;
    strategies_in_order("\"trace\":\"synth:outdoors\"");
}

static void faster_in_order_on_recorded_traces(void **state)
{
    (void)state;
    const char *data = getenv("ROG_SHARED_DATA");
    char *first = rog_format("%s/traces/outdoors-worker1.csv", data ? data : "");
    bool there = rog_file_exists(first);
    free(first);
    if (!there) {
        print_message("skipped: no recorded traces in ROG_SHARED_DATA\n");
        skip();
    }
    char *settings = rog_format("\"trace\":\"%s/traces/outdoors-worker{rank}.csv\"", data);
    strategies_in_order(settings);
    free(settings);
}

/* Workers with fewer iterations leave and no other worker waits for them. */
static void a_finished_worker_is_not_waited_for(void **state)
{
    (void)state;
    static const char *const libraries[] = {"BSP", "SSP", "ROG"};
    for (int i = 0; i < 3; i++) {
        struct trial trial = {.library = libraries[i],
                              .threshold = i ? 3 : 0,
                              .workers = 4,
                              .iterations = 30,
                              .wire_scale = 1000,
                              .train = true,
                              .own_iterations = {5, 0, 12}};
        trial_succeed(&trial);
        struct trial_summary *of = trial_summarize(&trial);
        assert_int_equal(of[0].iterations, 5);
        assert_int_equal(of[1].iterations, 30);
        assert_int_equal(of[2].iterations, 12);
        assert_int_equal(of[3].iterations, 30);
        assert_int_equal(trial.result.iterations, 30);
        assert_near(trial.result.seconds, fmax(of[1].last_t, of[3].last_t), 1e-6);
        assert_true(of[0].last_t < of[2].last_t);
        /* A worker that has finished takes no energy. */
        assert_true(of[0].joules <= 12.7 * of[0].last_t);
        free(of);
        free(trial.events);
    }
}

static void the_clock_ends_a_run(void **state)
{
    (void)state;
    struct trial trial = {.library = "ROG",
                          .threshold = 4,
                          .settings = "\"seconds\":250",
                          .workers = 4,
                          .iterations = 100000,
                          .wire_scale = 1000,
                          .train = true};
    trial_succeed(&trial);
    struct trial_summary *of = trial_summarize(&trial);
    assert_near(trial.result.seconds, 250, 0);
    for (int i = 0; i < 4; i++) {
        assert_true(of[i].iterations > 5 && of[i].last_t <= 250);
        assert_true(of[i].joules > 3.85 * 250 && of[i].joules < 12.7 * 250);
    }
    assert_int_equal(trial.checkpoints, 6); /* 0, 60, 120, 180, 240 and the end */
    free(of);
    free(trial.events);
}

/* If the last checkpoint of the schedule is at the end of the run, there is no second one. */
static void no_second_checkpoint_of_the_end(void **state)
{
    (void)state;
    struct trial trial = {
        .library = "BSP", .workers = 2, .iterations = 10, .wire_scale = 1000, .train = true};
    struct trial again = trial;
    trial_succeed(&trial);
    char settings[64];
    snprintf(settings, sizeof settings, "\"checkpoint_period\":%.17g", trial.result.seconds);
    again.settings = settings;
    trial_succeed(&again);
    assert_true(again.result.seconds == trial.result.seconds);
    assert_int_equal(again.checkpoints, 2);
    free(trial.events);
    free(again.events);
}

static void count_one(const struct rog_json *event, void *user)
{
    (void)event;
    ++*(uint32_t *)user;
}

static void take_begin(const struct rog_json *event, void *user)
{
    uint32_t *ranks = user;
    if (rog_json_get_number(event, "t", NAN) <= 0)
        ranks[rog_json_get_integer(event, "rank", 0) - 1]++;
}

/* Each worker joins, with the rate of its link, before time passes. */
static void all_workers_join_at_the_start(void **state)
{
    (void)state;
    struct trial trial = {.library = "BSP",
                          .settings = "\"trace\":\"synth:outdoors\"",
                          .workers = 3,
                          .iterations = 2};
    trial_succeed(&trial);
    static const char *const kinds[] = {"join", "bandwidth", "energy"};
    for (size_t kind = 0; kind < sizeof kinds / sizeof *kinds; kind++) {
        uint32_t ranks[3] = {0};
        trial_each_event(&trial, kinds[kind], take_begin, ranks);
        for (size_t i = 0; i < 3; i++)
            assert_int_equal(ranks[i], 1);
    }
    free(trial.events);
}

/* Iterations of 2 s: the fifth ends at 10 s, when energy is reported anyway. */
static void energy_is_reported_once_at_a_time(void **state)
{
    (void)state;
    for (uint32_t iterations = 4; iterations <= 6; iterations++) {
        struct trial trial = {.library = "BSP",
                              .settings = "\"trace\":\"unlimited\",\"latency\":0.25",
                              .worker = "\"step_s\":1,\"compress_s\":0.25,\"decompress_s\":0.25,"
                                        "\"watts_compute\":10,\"watts_communicate\":4,"
                                        "\"watts_stall\":1",
                              .workers = 1,
                              .iterations = iterations};
        uint32_t reports = 0;
        trial_succeed(&trial);
        assert_near(trial.result.seconds, 2 * iterations, 0);
        trial_each_event(&trial, "energy", count_one, &reports);
        assert_int_equal(reports, iterations <= 5 ? 2 : 3);
        free(trial.events);
    }
}

static void check_together(const struct rog_json *event, void *user)
{
    ++*(uint32_t *)user;
    assert_int_equal(rog_json_get_integer(event, "oldest", -1),
                     rog_json_get_integer(event, "iteration", 0));
}

/* Events at the same time are handled in the order in which they were scheduled: when the first of
 * two equal workers is admitted, the rows of both are at the server. */
static void equal_workers_push_together(void **state)
{
    (void)state;
    static const char *const settings[] = {"\"trace\":\"unlimited\",\"latency\":0",
                                           "\"trace\":\"unlimited\",\"latency\":0.25"};
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        struct trial trial = {.library = "SSP",
                              .threshold = 4,
                              .settings = settings[i],
                              .workers = 2,
                              .iterations = 3};
        uint32_t admissions = 0;
        trial_succeed(&trial);
        trial_each_event(&trial, "admit", check_together, &admissions);
        assert_int_equal(admissions, 2 * 3);
        free(trial.events);
    }
}

/* A link that is down for a while: nothing is transmitted, and then everything. */
static void nothing_passes_a_link_that_is_down(void **state)
{
    (void)state;
    char path[] = "/tmp/rog-dead-XXXXXX";
    int file = mkstemp(path);
    assert_true(file >= 0);
    static const char text[] = "seconds,mbps\n0,0\n50,80\n1000,0\n";
    assert_int_equal(write(file, text, sizeof text - 1), sizeof text - 1);
    close(file);
    char *settings = rog_format("\"trace\":\"%s\",\"latency\":0", path);
    /* The run may also start anywhere in the trace, which is 1950 s long. */
    static const double offsets_s[] = {0, 40, 39};
    for (int i = 0; i < 3; i++) {
        double phase = i < 2 ? 0 : 19.5 / 1950;
        char *worker = rog_format("%s,\"trace_offset\":%g,\"trace_phase\":%g", trial_jetson,
                                  offsets_s[i] - 1950 * phase, phase);
        struct trial trial = {.library = "BSP",
                              .settings = settings,
                              .worker = worker,
                              .workers = 1,
                              .iterations = 2,
                              .wire_scale = 1};
        trial_succeed(&trial);
        struct trial_summary *of = trial_summarize(&trial);
        /* 1.11 s computing, no transmission until 50 s; then every byte takes 0.1 us. */
        assert_near(of->last_t,
                    50 - offsets_s[i] + 0.61 + 1.11 + 0.39 + 0.61 +
                        (double)(of->bytes_pushed + of->bytes_pulled) * 1e-7,
                    1e-5);
        free(of);
        free(trial.events);
        free(worker);
    }
    free(settings);
    unlink(path);
}

static void check_admission(const struct rog_json *event, void *user)
{
    assert_true(rog_json_get_integer(event, "oldest", -1) >=
                rog_json_get_integer(event, "needed", INT32_MAX));
    int64_t bound = *(const int64_t *)user;
    assert_true(rog_json_get_integer(event, "iteration", INT32_MAX) -
                    rog_json_get_integer(event, "oldest", -1) <=
                bound);
    assert_true(rog_json_get_integer(event, "iteration", 0) > 0);
}

/* The largest iteration of any worker so far; and how often a worker was behind it. */
struct lead {
    int64_t largest;
    uint32_t behind;
};

static void check_staleness(const struct rog_json *event, void *user)
{
    struct lead *lead = user;
    int64_t iteration = rog_json_get_integer(event, "iteration", -1);
    lead->largest = iteration > lead->largest ? iteration : lead->largest;
    assert_int_equal(rog_json_get_integer(event, "staleness", -1), lead->largest - iteration);
    lead->behind += lead->largest > iteration;
}

/* With a large threshold rows become stale, are demanded, and are never older than allowed. */
static void demanded_rows_keep_the_bound(void **state)
{
    (void)state;
    struct trial trial = {.library = "ROG",
                          .threshold = 6,
                          .workers = 4,
                          .iterations = 150,
                          .wire_scale = 1280,
                          .train = true};
    trial_succeed(&trial);
    int64_t bound = 6;
    uint32_t demands = 0, stalls = 0, ends = 0, admissions = 0;
    trial_each_event(&trial, "admit", check_admission, &bound);
    trial_each_event(&trial, "admit", count_one, &admissions);
    trial_each_event(&trial, "must-update", count_one, &demands);
    trial_each_event(&trial, "stall-begin", count_one, &stalls);
    trial_each_event(&trial, "stall-end", count_one, &ends);
    assert_int_equal(admissions, 4 * 150);
    assert_int_equal(stalls, ends);
    assert_true(demands > 0 && stalls > 0);
    struct lead lead = {0};
    trial_each_event(&trial, "iteration", check_staleness, &lead);
    assert_true(lead.behind > 0);
    free(trial.events);
}

/* Pushes only the first half of the rows. */
static void plan_half(void *state, const struct rog_strategy_config *config,
                      const struct rog_send_view *view, struct rog_send_plan *plan)
{
    (void)state, (void)view;
    for (uint32_t i = 0; i < config->rows / 2; i++)
        plan->order[i] = i;
    plan->count = plan->mandatory = config->rows / 2;
    plan->budget_s = 0;
}

static void admit_like_bsp(void *state, const struct rog_strategy_config *config,
                           const struct rog_admit_view *view, struct rog_admission *admission)
{
    (void)state;
    for (uint32_t i = 0; i < config->workers; i++)
        admission->needed[i] = view->iteration;
}

/* All workers wait for rows that are only sent on demand: each has to send them while it is
 * stalled, with the power of a worker that communicates. A byte takes a microsecond. */
static void stalled_workers_send_demanded_rows(void **state)
{
    (void)state;
    static const struct rog_strategy half = {
        .abi_version = ROG_STRATEGY_ABI,
        .struct_size = sizeof half,
        .name = "HALF",
        .plan_push = plan_half,
        .admit = admit_like_bsp,
        .plan_pull = plan_half,
    };
    struct trial trial = {.strategy = &half,
                          .settings = "\"trace\":\"constant:8\",\"latency\":0",
                          .worker = "\"step_s\":1,\"compress_s\":0,\"decompress_s\":0,"
                                    "\"watts_compute\":10,\"watts_communicate\":4,"
                                    "\"watts_stall\":1",
                          .workers = 3,
                          .iterations = 4,
                          .wire_scale = 1000};
    trial_succeed(&trial);
    assert_int_equal(trial.result.iterations, 4);
    struct trial_summary *of = trial_summarize(&trial);
    for (int i = 0; i < 3; i++) {
        /* The 20 bytes that end the demanded rows are sent while the rows of the pull already
         * arrive. */
        double sends_s = (double)of[i].bytes_pushed * 1e-6 - of[i].push_s - 4 * 20 * 1000 * 1e-6;
        assert_true(of[i].stall_s > sends_s && sends_s > 1);
        assert_near(of[i].joules,
                    10 * of[i].compute_s + 4 * (of[i].push_s + sends_s + of[i].pull_s) +
                        of[i].stall_s - sends_s,
                    1e-3);
    }
    uint32_t demands = 0;
    trial_each_event(&trial, "must-update", count_one, &demands);
    assert_true(demands >= 3 * 4);
    free(of);
    free(trial.events);
}

/* ---- failures ---- */

static void admit_after_the_first(void *state, const struct rog_strategy_config *config,
                                  const struct rog_admit_view *view,
                                  struct rog_admission *admission)
{
    (void)state, (void)config;
    if (view->worker)
        admission->needed[0] = view->iteration;
}

static void write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

/* Recorded times replace those of the device, and their number that of iterations. */
static void recorded_times(void **state)
{
    (void)state;
    static const char *const texts[] = {"step_s\n3\n0.5\n", "step_s,padding_s\n3,0\n0.25,0.25\n"};
    char folder[] = "/tmp/rog-times-XXXXXX";
    assert_non_null(mkdtemp(folder));
    char *path = rog_path_join(folder, "times.csv");
    char *worker = rog_format("%s,\"step_times\":\"%s\"", trial_jetson, path);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        write_text(path, texts[i]);
        struct trial trial = {.library = "BSP",
                              .settings = "\"trace\":\"unlimited\",\"latency\":0",
                              .worker = worker,
                              .workers = 2,
                              .iterations = 7};
        trial_succeed(&trial);
        assert_int_equal(trial.result.iterations, 2);
        assert_near(trial.result.seconds, 3.5 + 2 * (0.39 + 0.61), 1e-6);
        free(trial.events);
    }
    free(worker);
    free(path);
    rog_dir_remove(folder, NULL);
}

/* The second worker cannot push before 12 s, and then the server demands rows from the first one,
 * whose link has been down since 10 s and which leaves when it has unpacked its pull, at 21 s. */
static void a_worker_that_leaves_gets_nothing_more(void **state)
{
    (void)state;
    static const struct rog_strategy half = {
        .abi_version = ROG_STRATEGY_ABI,
        .struct_size = sizeof half,
        .name = "HALF",
        .plan_push = plan_half,
        .admit = admit_after_the_first,
        .plan_pull = plan_half,
    };
    char folder[] = "/tmp/rog-leave-XXXXXX";
    assert_non_null(mkdtemp(folder));
    char *first = rog_path_join(folder, "1.csv"), *second = rog_path_join(folder, "2.csv");
    char *settings = rog_format("\"trace\":\"%s/{rank}.csv\"", folder);
    write_text(first, "seconds,mbps\n0,80\n10,0\n1000,80\n");
    write_text(second, "seconds,mbps\n0,0\n12,80\n1000,80\n");
    struct trial trial = {
        .strategy = &half,
        .settings = settings,
        .worker = "\"step_s\":1,\"compress_s\":0,\"decompress_s\":20,\"watts_compute\":12,"
                  "\"watts_communicate\":4,\"watts_stall\":3",
        .workers = 2,
        .iterations = 2,
        .wire_scale = 1,
        .own_iterations = {1}};
    trial_succeed(&trial);
    struct trial_summary *of = trial_summarize(&trial);
    assert_near(of[0].last_t, 21, 0.1);
    assert_int_equal(of[1].iterations, 2);
    assert_near(of[1].stall_s, 9, 0.1);
    assert_true(trial.result.cut_bytes > 0);
    free(of);
    free(trial.events);
    free(settings);
    free(second);
    free(first);
    rog_dir_remove(folder, NULL);
}

static void admit_nobody(void *state, const struct rog_strategy_config *config,
                         const struct rog_admit_view *view, struct rog_admission *admission)
{
    (void)state;
    for (uint32_t i = 0; i < config->workers; i++)
        admission->needed[i] = view->iteration + 1;
}

static void a_strategy_that_admits_nobody(void **state)
{
    (void)state;
    static const struct rog_strategy never = {
        .abi_version = ROG_STRATEGY_ABI,
        .struct_size = sizeof never,
        .name = "NEVER",
        .admit = admit_nobody,
    };
    /* Changes of the links' rates must not hide the deadlock, and no time limit ends the run
     * earlier. */
    struct trial trial = {.strategy = &never,
                          .settings = "\"trace\":\"synth:outdoors\",\"seconds\":1000",
                          .workers = 3,
                          .iterations = 4};
    assert_int_equal(trial_run(&trial), ROG_EFAILED);
    assert_non_null(strstr(trial.err.message, "strategy NEVER"));
    free(trial.events);
}

/* The hook `interrupted` is called throughout a run, not only at its start. */
static void a_run_can_be_interrupted_at_any_time(void **state)
{
    (void)state;
    struct trial trial = {.library = "BSP",
                          .settings = "\"trace\":\"synth:outdoors\"",
                          .workers = 3,
                          .iterations = 1000,
                          .looks_max = 10};
    assert_int_equal(trial_run(&trial), ROG_EINTR);
    assert_string_equal(trial.err.message, "looked at often enough");
    free(trial.events);
}

static void hooks_end_the_run(void **state)
{
    (void)state;
    struct trial trial = {
        .library = "BSP", .workers = 2, .iterations = 10, .train = true, .stop_after = 5};
    assert_int_equal(trial_run(&trial), ROG_EFAILED);
    assert_string_equal(trial.err.message, "the bowl is broken");
    free(trial.events);
}

static void traces_that_cannot_be_used(void **state)
{
    (void)state;
    struct trial trial = {.library = "BSP",
                          .settings = "\"trace\":\"/nowhere/{rank}.csv\"",
                          .workers = 2,
                          .iterations = 10};
    assert_int_not_equal(trial_run(&trial), 0);
    assert_non_null(strstr(trial.err.message, "worker 1: "));
    assert_non_null(strstr(trial.err.message, "/nowhere/1.csv"));
    free(trial.events);
}

static void a_full_disk_is_an_error(void **state)
{
    (void)state;
    struct rog_events *events = NULL;
    struct rog_error err = {0};
    if (rog_events_open(&events, "/dev/full", &err))
        skip();
    int code = 0;
    for (int i = 0; i < 1000 && !code; i++) {
        rog_event_begin(events, "iteration", i, 1);
        code = rog_event_end(events, &err);
    }
    assert_int_equal(code, ROG_EIO);
    assert_non_null(strstr(err.message, "/dev/full"));
    assert_non_null(strstr(err.message, "No space left"));
    assert_int_equal(rog_events_close(events, &err), ROG_EIO);
}

static void numbers_in_events(void **state)
{
    (void)state;
    char path[] = "/tmp/rog-events-XXXXXX";
    int file = mkstemp(path);
    assert_true(file >= 0);
    close(file);
    struct rog_events *events = NULL;
    assert_int_equal(rog_events_open(&events, path, NULL), 0);
    rog_event_begin(events, "x", 1234567.1234567, -1);
    rog_event_seconds(events, "a", 0);
    rog_event_seconds(events, "b", -0.0625);
    rog_event_seconds(events, "c", 10);
    rog_event_seconds(events, "d", NAN);
    rog_event_number(events, "e", 0.1f);
    rog_event_number(events, "f", INFINITY);
    rog_event_string(events, "g", "a \"quoted\"\nline");
    rog_event_string(events, "h", NULL);
    rog_event_integer(events, "i", INT64_MIN);
    assert_int_equal(rog_event_end(events, NULL), 0);
    assert_int_equal(rog_events_close(events, NULL), 0);
    char *text = NULL;
    size_t size = 0;
    assert_int_equal(rog_file_read(path, 10000, &text, &size, NULL), 0);
    assert_string_equal(text, "{\"event\":\"x\",\"t\":1234567.123457,\"a\":0,\"b\":-0.0625,"
                              "\"c\":10,\"d\":null,\"e\":0.100000001,\"f\":null,"
                              "\"g\":\"a \\\"quoted\\\"\\nline\",\"h\":null,"
                              "\"i\":-9223372036854775808}\n");
    free(text);
    unlink(path);
}

/* A thousand workers: the run must end within the time limit of the test. */
static void a_thousand_workers(void **state)
{
    (void)state;
    struct trial trial = {.library = "ROG",
                          .threshold = 4,
                          .settings = "\"seconds\":300",
                          .workers = 1000,
                          .iterations = 100000,
                          .wire_scale = 1280};
    trial_succeed(&trial);
    assert_true(trial.result.iterations > 2);
    free(trial.events);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_worker_by_hand),
        cmocka_unit_test(without_a_limit_only_latency_remains),
        cmocka_unit_test(the_fast_worker_waits_for_the_slow_one),
        cmocka_unit_test(same_configuration_same_bytes),
        cmocka_unit_test(faster_in_order_on_synthetic_traces),
        cmocka_unit_test(faster_in_order_on_recorded_traces),
        cmocka_unit_test(a_finished_worker_is_not_waited_for),
        cmocka_unit_test(the_clock_ends_a_run),
        cmocka_unit_test(no_second_checkpoint_of_the_end),
        cmocka_unit_test(all_workers_join_at_the_start),
        cmocka_unit_test(energy_is_reported_once_at_a_time),
        cmocka_unit_test(equal_workers_push_together),
        cmocka_unit_test(recorded_times),
        cmocka_unit_test(nothing_passes_a_link_that_is_down),
        cmocka_unit_test(demanded_rows_keep_the_bound),
        cmocka_unit_test(stalled_workers_send_demanded_rows),
        cmocka_unit_test(a_worker_that_leaves_gets_nothing_more),
        cmocka_unit_test(a_strategy_that_admits_nobody),
        cmocka_unit_test(a_run_can_be_interrupted_at_any_time),
        cmocka_unit_test(hooks_end_the_run),
        cmocka_unit_test(traces_that_cannot_be_used),
        cmocka_unit_test(a_full_disk_is_an_error),
        cmocka_unit_test(numbers_in_events),
        cmocka_unit_test(a_thousand_workers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
