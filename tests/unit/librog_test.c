/* SPDX-License-Identifier: Apache-2.0 */

/*
 * librog's API: a server in its own process, workers through <rog/rog.h>. Exchanges are compared
 * with the core's result for the same gradients without a network, to the bit, and without
 * compression with plain SGD.
 */

#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <common/file.h>
#include <common/json.h>
#include <common/plugin.h>
#include <common/rng.h>
#include <common/process.h>
#include <librog/sync/server.h>
#include <librog/sync/worker.h>
#include <rog/rog.h>
#include "librog_run.h"
#include "sync_cluster.h"

#define TENSORS 3
#define PARAMS (40 * 30 + 30 + 2 * 3)
#define ITERATIONS 25

static const uint32_t dims[TENSORS] = {2, 1, 2};
static const uint32_t shapes[] = {40, 30, 30, 2, 3};
static const char *const names[TENSORS] = {"layer.weight", "layer.bias", "head.weight"};
static const uint32_t first_of[TENSORS] = {0, 1200, 1230};

/* ---- a worker ---- */

static struct rog *open_worker(const struct run *run, const char *library, const char *compression,
                               unsigned rank, unsigned workers)
{
    struct rog_options options;
    struct rog_error err;
    struct rog *rog;
    rog_options_init(&options);
    options.server = run->server;
    options.key = run_key;
    options.rank = rank;
    options.workers = workers;
    options.strategy = library;
    options.compression = compression;
    if (rog_open(&rog, &options, &err))
        fail_msg("%s", err.message);
    return rog;
}

static void add_tensors(struct rog *rog, float *params)
{
    for (size_t i = 0, at = 0; i < TENSORS; at += dims[i++])
        assert_int_equal(rog_tensor(rog, names[i], dims[i], shapes + at, params + first_of[i],
                                    ROG_TENSOR_TRAINED, NULL),
                         0);
}

static void fill(struct rog_rng *rng, float *values)
{
    for (size_t i = 0; i < PARAMS; i++)
        values[i] = (float)rog_rng_normal(rng);
}

static void start(struct rog *rog)
{
    struct rog_error err;
    if (rog_start(rog, &err))
        fail_msg("%s", err.message);
}

static void exchange(struct rog *rog, const float *flat, const struct rog_rule *rule)
{
    const float *gradients[TENSORS];
    struct rog_error err;
    for (size_t i = 0; i < TENSORS; i++)
        gradients[i] = flat + first_of[i];
    const struct rog_step step = {
        .gradients = gradients, .rules = rule, .rule_count = 1, .loss = 1};
    if (rog_exchange(rog, &step, &err))
        fail_msg("%s", err.message);
}

static void finish(struct rog *rog)
{
    struct rog_error err;
    if (rog_finish(rog, &err))
        fail_msg("%s", err.message);
    assert_true(rog_over(rog));
    rog_close(rog);
}

/* ---- the same without a network ---- */

struct bench {
    struct rog_plugin plugin;
    struct rog_rows *rows;
    struct rog_server *server;
    struct rog_worker *worker;
    float model[PARAMS], params[PARAMS];
    uint64_t up_bytes, down_bytes; /* of the last step */
};

static void open_bench(struct bench *bench, const float *params)
{
    assert_int_equal(rog_plugin_load(&bench->plugin, "BSP", NULL), 0);
    assert_int_equal(rog_rows_new(&bench->rows, dims, shapes, TENSORS, NULL), 0);
    memcpy(bench->model, params, sizeof bench->model);
    memcpy(bench->params, params, sizeof bench->params);
    const struct rog_server_config server = {
        .rows = bench->rows,
        .strategy = bench->plugin.strategy,
        .policy = {.rows = bench->rows->row_count, .workers = 1}};
    const struct rog_worker_config worker = {
        .rows = bench->rows,
        .strategy = bench->plugin.strategy,
        .policy = {.rows = bench->rows->row_count, .workers = 1}};
    assert_int_equal(rog_server_new(&bench->server, &server, bench->model, NULL), 0);
    assert_int_equal(flat_worker_new(&bench->worker, &worker, bench->params, NULL), 0);
}

static void step_bench(struct bench *bench, const float *gradients, const struct rog_rule *rule,
                       double now)
{
    static uint8_t message[4096];
    enum rog_worker_notice notice = ROG_WORKER_NOTHING;
    size_t size;
    assert_int_equal(flat_worker_push(bench->worker, bench->rows, gradients, rule, now, NULL), 0);
    bench->up_bytes = bench->down_bytes = 0;
    while (!rog_worker_send(bench->worker, now, message, sizeof message, &size, NULL) && size) {
        assert_int_equal(rog_server_receive(bench->server, 0, message, size, now, NULL), 0);
        bench->up_bytes += size;
    }
    while (!rog_server_send(bench->server, 0, now, message, sizeof message, &size, NULL) && size) {
        assert_int_equal(rog_worker_receive(bench->worker, message, size, now, &notice, NULL), 0);
        bench->down_bytes += size;
    }
    assert_int_equal(notice, ROG_WORKER_PULLED);
}

static void close_bench(struct bench *bench)
{
    rog_worker_free(bench->worker);
    rog_server_free(bench->server);
    rog_rows_free(bench->rows);
    rog_plugin_release(&bench->plugin);
}

/* ---- tests ---- */

static void test_same_bits_as_the_core(void **state)
{
    (void)state;
    struct run run = {0};
    struct bench *bench = calloc(1, sizeof *bench);
    struct rog_rng rng;
    struct rog_statistics seen;
    float params[PARAMS], gradients[PARAMS];
    rog_rng_init(&rng, 1);
    fill(&rng, params);
    open_bench(bench, params);
    open_run(&run, "BSP", "sign", 1);
    struct rog *rog = open_worker(&run, "BSP", "sign", 1, 1);
    add_tensors(rog, params);
    start(rog);
    for (int i = 1; i <= ITERATIONS; i++) {
        const struct rog_rule rule = {0.01 / i, 0.9, 5e-4, ROG_RULE_BLOCK};
        fill(&rng, gradients);
        exchange(rog, gradients, &rule);
        step_bench(bench, gradients, &rule, i);
        assert_memory_equal(params, bench->params, sizeof params);
    }
    rog_statistics(rog, &seen);
    assert_int_equal(seen.iteration, ITERATIONS);
    assert_int_equal(seen.rows_total, 42);
    assert_int_equal(seen.rows_pushed, 42);
    assert_int_equal(seen.rows_pulled, 42);
    assert_true(seen.bytes_pushed > PARAMS / 8 && seen.bytes_pushed < PARAMS / 8 + 300);
    assert_int_equal(seen.bytes_pushed, bench->up_bytes);
    assert_int_equal(seen.bytes_pulled, bench->down_bytes);
    assert_int_not_equal(bench->up_bytes, bench->down_bytes);
    float *momentum, *residual;
    assert_int_equal(rog_state(rog, 1, &momentum, &residual, NULL), 0);
    assert_memory_equal(residual, rog_worker_residual(bench->worker) + 1200, 30 * sizeof(float));
    assert_int_equal(rog_state(rog, 3, &momentum, &residual, NULL), ROG_EINVAL);
    assert_true(seen.all_bytes_pushed == ITERATIONS * seen.bytes_pushed);
    finish(rog);
    close_run(&run, 0);
    close_bench(bench);
    free(bench);
}

/* The two rules of torch.optim.SGD, in double. */
static void sgd(double *w, double *m, const float *g, const struct rog_rule *rule)
{
    for (size_t i = 0; i < PARAMS; i++) {
        double d = g[i] + rule->weight_decay * w[i];
        m[i] = rule->momentum * m[i] + d;
        d = rule->kind == ROG_RULE_NESTEROV ? d + rule->momentum * m[i] : m[i];
        w[i] -= rule->learning_rate * d;
    }
}

static void test_plain_sgd(void **state)
{
    (void)state;
    static const enum rog_rule_kind kinds[] = {ROG_RULE_NESTEROV, ROG_RULE_HEAVY_BALL};
    for (size_t k = 0; k < 2; k++) {
        struct run run = {0};
        struct rog_rng rng;
        float params[PARAMS], gradients[PARAMS];
        double w[PARAMS], m[PARAMS] = {0};
        rog_rng_init(&rng, 2);
        fill(&rng, params);
        for (size_t i = 0; i < PARAMS; i++)
            w[i] = params[i];
        open_run(&run, "BSP", "none", 1);
        struct rog *rog = open_worker(&run, "BSP", "none", 1, 1);
        add_tensors(rog, params);
        start(rog);
        assert_int_equal(rog_local_steps(rog), 1);
        for (int i = 1; i <= ITERATIONS; i++) {
            const struct rog_rule rule = {0.01, 0.9, 5e-3, kinds[k]};
            fill(&rng, gradients);
            exchange(rog, gradients, &rule);
            sgd(w, m, gradients, &rule);
            for (size_t j = 0; j < PARAMS; j++)
                assert_true(fabs(params[j] - w[j]) < 2e-6);
        }
        finish(rog);
        close_run(&run, 0);
    }
}

/* In the background the tensors are one exchange behind, and the same gradients give the same
 * model. */
static void test_background(void **state)
{
    (void)state;
    struct run run = {0};
    struct rog_rng rng;
    struct rog_options options;
    struct rog *rog;
    struct bench *bench = calloc(1, sizeof *bench);
    float params[PARAMS], gradients[PARAMS], before[PARAMS], *momentum, *residual;
    const struct rog_rule rule = {0.01, 0.9, 5e-4, ROG_RULE_BLOCK};
    rog_rng_init(&rng, 4);
    fill(&rng, params);
    open_bench(bench, params);
    open_run(&run, "BSP", "sign", 1);
    rog_options_init(&options);
    options.server = run.server;
    options.key = run_key;
    options.strategy = "BSP";
    options.background = true;
    assert_int_equal(rog_open(&rog, &options, NULL), 0);
    add_tensors(rog, params);
    start(rog);
    for (int i = 1; i <= ITERATIONS; i++) {
        fill(&rng, gradients);
        memcpy(before, bench->params, sizeof before);
        exchange(rog, gradients, &rule);
        step_bench(bench, gradients, &rule, i);
        memset(gradients, 0, sizeof gradients); /* they were copied */
        assert_memory_equal(params, before, sizeof params);
    }
    assert_int_equal(rog_state(rog, 0, &momentum, &residual, NULL), ROG_EINVAL);
    assert_int_equal(rog_exchange_wait(rog, -1, NULL), 0);
    assert_memory_equal(params, bench->params, sizeof params);
    exchange(rog, gradients, &rule);
    assert_int_equal(rog_finish(rog, NULL), 0);
    assert_int_equal(rog_state(rog, 0, &momentum, &residual, NULL), 0); /* no exchange is in
                                                                           progress */
    rog_close(rog);
    close_run(&run, 0);
    close_bench(bench);
    free(bench);
}

/* Workers with other initial values get those of the first; late workers, too. */
static void test_all_workers_start_with_the_same_model(void **state)
{
    (void)state;
    struct run run = {0};
    struct rog_rng rng;
    struct rog *rogs[2];
    float params[2][PARAMS], gradients[PARAMS] = {0};
    const struct rog_rule rule = {0.1, 0, 0, ROG_RULE_HEAVY_BALL};
    rog_rng_init(&rng, 3);
    open_run(&run, "ROG", "sign", 2);
    for (unsigned i = 0; i < 2; i++) {
        fill(&rng, params[i]);
        rogs[i] = open_worker(&run, "ROG", "sign", i + 1, 2);
        add_tensors(rogs[i], params[i]);
        assert_int_equal(rog_start_begin(rogs[i], NULL), 0);
    }
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(rog_start_wait(rogs[i], 30, NULL), 0);
    assert_memory_equal(params[0], params[1], sizeof params[0]);
    exchange(rogs[0], gradients, &rule);
    assert_int_equal(rog_finish_begin(rogs[0], NULL), 0);
    assert_int_equal(rog_exchange_wait(rogs[0], 0.05, NULL), ROG_EBUSY); /* waits for the other
                                                                            one */
    finish(rogs[1]);
    assert_int_equal(rog_exchange_wait(rogs[0], 30, NULL), 0);
    assert_true(rog_over(rogs[0]));
    rog_close(rogs[0]);
    close_run(&run, 0);
}

static void assert_says(int code, int expected, const struct rog_error *err, const char *part)
{
    assert_int_equal(code, expected);
    if (!strstr(err->message, part))
        fail_msg("\"%s\" does not say \"%s\"", err->message, part);
}

static void test_models_that_differ(void **state)
{
    (void)state;
    struct run run = {0};
    struct rog_error err;
    struct rog *rogs[2];
    float params[PARAMS] = {0};
    open_run(&run, "BSP", "sign", 2);
    for (unsigned i = 0; i < 2; i++) {
        rogs[i] = open_worker(&run, "BSP", "sign", i + 1, 2);
        assert_int_equal(rog_tensor(rogs[i], "w", 2, i ? (uint32_t[]){5, 6} : (uint32_t[]){6, 5},
                                    params, ROG_TENSOR_TRAINED, NULL),
                         0);
        assert_int_equal(rog_start_begin(rogs[i], NULL), 0);
    }
    for (unsigned i = 0; i < 2; i++) {
        int code = rog_start_wait(rogs[i], 30, &err);
        assert_says(code, ROG_EFAILED, &err, "w (");
        rog_close(rogs[i]);
    }
    close_run(&run, ROG_EINVAL);
}

static void test_wrong_use(void **state)
{
    (void)state;
    struct run run = {0};
    struct rog_error err;
    struct rog_options options;
    struct rog *rog = NULL;
    float params[PARAMS] = {1}, gradients[PARAMS] = {0};
    const float *list[TENSORS] = {gradients, gradients + 1200, NULL};
    const uint32_t shape[] = {40, 30};
    rog_options_init(&options);
    assert_says(rog_open(&rog, &options, &err), ROG_EINVAL, &err, "server");
    options.server = "127.0.0.1:1";
    assert_says(rog_open(&rog, &options, &err), ROG_EINVAL, &err, "key");
    options.key = run_key;
    options.rank = 3;
    assert_says(rog_open(&rog, &options, &err), ROG_EINVAL, &err, "no worker has rank 3");
    options.rank = 1;
    options.compression = "zip";
    assert_says(rog_open(&rog, &options, &err), ROG_EINVAL, &err, "sign, none");
    options.compression = "none";
    options.strategy = "NOSUCH";
    assert_says(rog_open(&rog, &options, &err), ROG_EINVAL, &err, "NOSUCH");
    options.strategy = "BSP";
    options.threshold = 4;
    assert_says(rog_open(&rog, &options, &err), ROG_EINVAL, &err, "threshold");
    options.struct_size = 4;
    assert_says(rog_open(&rog, &options, &err), ROG_EABI, &err, "rog_options_init");
    rog_close(NULL);

    open_run(&run, "BSP", "none", 1);
    rog = open_worker(&run, "BSP", "none", 1, 1);
    assert_says(rog_start(rog, &err), ROG_EINVAL, &err, "no trained tensor");
    assert_says(rog_tensor(rog, "w", 2, shape, NULL, ROG_TENSOR_TRAINED, &err), ROG_EINVAL, &err,
                "no values");
    add_tensors(rog, params);
    assert_says(rog_tensor(rog, "layer.bias", 1, shape, params, ROG_TENSOR_TRAINED, &err),
                ROG_EINVAL, &err, "two tensors");
    struct rog_rule rule = {0.1, 0, 0, ROG_RULE_HEAVY_BALL};
    struct rog_step step = {.gradients = list, .rules = &rule, .rule_count = 1};
    assert_says(rog_exchange(rog, &step, &err), ROG_EINVAL, &err, "rog_start");
    start(rog);
    rule.momentum = 1;
    assert_says(rog_exchange(rog, &step, &err), ROG_EINVAL, &err, "momentum is 1");
    rule.momentum = 0;
    step.rule_count = 2;
    assert_says(rog_exchange(rog, &step, &err), ROG_EINVAL, &err, "2 rules for 3 tensors");
    step.rule_count = 1;
    if (rog_exchange(rog, &step, &err)) /* the third tensor has no gradient and does not change */
        fail_msg("%s", err.message);
    gradients[1205] = NAN;
    assert_says(rog_exchange(rog, &step, &err), ROG_EINVAL, &err, "layer.bias");
    assert_says(rog_exchange(rog, &step, &err), ROG_EINVAL, &err, "layer.bias");
    rog_close(rog);
    kill(run.process, SIGTERM);
    close_run(&run, ROG_EINTR);
}

/* The run ends while the program computes, and it has not been told yet: its next exchange, or its
 * finish, reports it. Only later calls are out of order. */
static void test_end_while_computing(void **state)
{
    (void)state;
    for (int finishes = 0; finishes < 2; finishes++) {
        struct run run = {.seconds = 0.2};
        struct rog_error err;
        float params[PARAMS] = {1}, gradients[PARAMS] = {0};
        const float *list[TENSORS] = {gradients, gradients, gradients};
        const struct rog_rule rule = {0.1, 0, 0, ROG_RULE_HEAVY_BALL};
        const struct rog_step step = {.gradients = list, .rules = &rule, .rule_count = 1};
        open_run(&run, "BSP", "sign", 1);
        struct rog *rog = open_worker(&run, "BSP", "sign", 1, 1);
        add_tensors(rog, params);
        start(rog);
        exchange(rog, gradients, &rule);
        close_run(&run, 0);
        usleep(200000);
        assert_false(rog_over(rog));
        if (finishes ? rog_finish(rog, &err) : rog_exchange(rog, &step, &err))
            fail_msg("%s", err.message);
        assert_true(rog_over(rog));
        assert_says(rog_exchange(rog, &step, &err), ROG_EINVAL, &err, "the run is over");
        rog_close(rog);
    }
}

static void test_server_gone(void **state)
{
    (void)state;
    struct run run = {0};
    struct rog_error err;
    struct rog_options options;
    struct rog *rog;
    float params[PARAMS] = {1}, gradients[PARAMS] = {0};
    const float *list[TENSORS] = {gradients, gradients, gradients};
    const struct rog_rule rule = {0.1, 0, 0, ROG_RULE_HEAVY_BALL};
    const struct rog_step step = {.gradients = list, .rules = &rule, .rule_count = 1};
    open_run(&run, "BSP", "sign", 1);
    rog_options_init(&options);
    options.server = run.server;
    options.key = run_key;
    options.strategy = "BSP";
    options.server_timeout_s = 0.5;
    assert_int_equal(rog_open(&rog, &options, &err), 0);
    add_tensors(rog, params);
    start(rog);
    kill(run.process, SIGKILL);
    waitpid(run.process, NULL, 0);
    int code = ROG_OK;
    for (int i = 0; i < 3 && !code; i++)
        code = rog_exchange(rog, &step, &err);
    assert_says(code, ROG_EFAILED, &err, "could not be reached");
    rog_close(rog);
    rog_dir_remove(run.folder, NULL);
}

/* A worker's reason for leaving, in its own words, is in the record of the run, also at its end. */
static void test_own_words(void **state)
{
    (void)state;
    struct run run = {0};
    char why[2000], *text = NULL;
    size_t size;
    float params[PARAMS] = {1};
    bool told = false;
    memset(why, '.', sizeof why);
    strcpy(why + sizeof why - 20, "ValueError: wrong");
    open_run(&run, "BSP", "sign", 1);
    struct rog *rog = open_worker(&run, "BSP", "sign", 1, 1);
    char *events = rog_path_join(run.folder, "events.jsonl");
    add_tensors(rog, params);
    start(rog);
    rog_leave(rog, why);
    rog_close(rog);
    for (int i = 0; i < 4000 && !told; i++, usleep(5000)) {
        free(text);
        text = NULL;
        if (rog_file_read(events, 1 << 20, &text, &size, NULL) == 0)
            told = strstr(text, "\"leave\"") && strstr(text, "ValueError: wrong");
    }
    assert_true(told);
    free(text);
    free(events);
    kill(run.process, SIGTERM);
    close_run(&run, ROG_EINTR);
}

/* Creates a locale with a comma in its numbers, since the machine may have none. */
static bool make_german(char folder[32])
{
    assert_non_null(mkdtemp(strcpy(folder, "/tmp/rog-german-XXXXXX")));
    char *path = rog_path_join(folder, "de_DE.UTF-8");
    const char *const argv[] = {"localedef", "-i", "de_DE", "-f", "UTF-8", path, NULL};
    bool made = rog_process_run(argv, 600, NULL, NULL) == 0;
    free(path);
    return made;
}

static bool speak_german(const char *folder)
{
    bool spoken = setenv("LOCPATH", folder, 1) == 0 && setlocale(LC_ALL, "de_DE.UTF-8") != NULL;
    unsetenv("LOCPATH");
    return spoken && strcmp(localeconv()->decimal_point, ",") == 0;
}

/* Checks that every event of a file is JSON; returns how many have this loss. */
static int count_losses(const char *path, double loss)
{
    char *text = NULL;
    size_t size;
    int count = 0;
    assert_int_equal(rog_file_read(path, 1 << 20, &text, &size, NULL), 0);
    char *rest = text;
    for (char *line = strsep(&rest, "\n"); line; line = strsep(&rest, "\n")) {
        struct rog_json *event = NULL;
        struct rog_error err;
        if (line[0] && rog_json_parse(line, strlen(line), line, &event, &err))
            fail_msg("%s", err.message);
        count += line[0] && rog_json_get_number(event, "loss", 0) == loss;
        rog_json_free(event);
    }
    free(text);
    return count;
}

static void test_numbers_of_another_language(void **state)
{
    (void)state;
    struct run run = {0};
    struct rog_options options;
    struct rog_error err;
    struct rog *rog;
    float params[PARAMS] = {1}, gradients[PARAMS] = {0};
    const float *list[TENSORS] = {gradients, gradients + 1200, gradients + 1230};
    const struct rog_rule rule = {0.1, 0, 0, ROG_RULE_HEAVY_BALL};
    const struct rog_step step = {.gradients = list, .rules = &rule, .rule_count = 1, .loss = 2.5};
    char folder[32];
    bool german = make_german(folder); /* takes longer than a server waits for its workers */
    open_run(&run, "BSP", "none", 1);
    german = german && speak_german(folder);
    char *out = rog_path_join(run.folder, "worker"), *events = rog_path_join(out, "events.jsonl");
    rog_options_init(&options);
    options.server = run.server;
    options.key = run_key;
    options.out_dir = out;
    options.config =
        "{\"library\":\"BSP\",\"compression\":\"none\",\"workload\":\"program\","
        "\"wire_model\":\"same\",\"batchsize\":3,\"workers\":[{\"rank\":1,"
        "\"local_steps\":2,\"step_s\":0,\"compress_s\":0,\"decompress_s\":0,\"watts_compute\":0,"
        "\"watts_communicate\":0,\"watts_stall\":0}]}";
    if (rog_open(&rog, &options, &err))
        fail_msg("%s", err.message);
    add_tensors(rog, params);
    start(rog);
    assert_int_equal(rog_local_steps(rog), 6);
    for (int i = 0; i < 3; i++)
        assert_int_equal(rog_exchange(rog, &step, &err), 0);
    finish(rog);
    assert_int_equal(count_losses(events, 2.5), 3);
    setlocale(LC_ALL, "C");
    free(events);
    free(out);
    close_run(&run, 0);
    assert_int_equal(rog_dir_remove(folder, NULL), 0);
    if (!german) {
        print_message("not tried: no German here, which localedef makes of the package locales\n");
        skip();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_background),
        cmocka_unit_test(test_same_bits_as_the_core),
        cmocka_unit_test(test_plain_sgd),
        cmocka_unit_test(test_all_workers_start_with_the_same_model),
        cmocka_unit_test(test_models_that_differ),
        cmocka_unit_test(test_wrong_use),
        cmocka_unit_test(test_end_while_computing),
        cmocka_unit_test(test_numbers_of_another_language),
        cmocka_unit_test(test_server_gone),
        cmocka_unit_test(test_own_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
