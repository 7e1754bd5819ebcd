/* SPDX-License-Identifier: Apache-2.0 */

/* A server and its workers without the trainer: only librog, a model of three values, and the
 * test's own format of checkpoints. */

#include <arpa/inet.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <common/file.h>
#include <common/memory.h>
#include <common/parameters.h>
#include <common/plugin.h>
#include <librog/net/hello.h>
#include <librog/net/serve.h>
#include <librog/codecs/codecs.h>
#include <librog/optimizers/optimizers.h>
#include <rog/rog.h>

#include "folder_support.h"

#define WORKERS 2
#define ITERATIONS 3
#define CHECKPOINT "model.bin"

static const unsigned char key[32] = {1, 2, 3};
static const uint32_t shape[] = {2}, constant_shape[] = {1};

/* ---- the server, in its own process ---- */

struct server {
    const char *folder;
    const char *library; /* NULL: BSP; its threshold is 0 */
    bool deltas;
    struct rog_rows *rows;
    float values[3]; /* two are trained, the third is constant */
    double average;
    const struct rog_server_optimizer *optimizer; /* NULL: the mean */
    const void *optimizer_parameters;
    uint64_t memory_bytes; /* 0: the available memory */
    uint32_t min_workers;  /* if set, the other workers are awaited for half a second */
    uint32_t awaited;      /* if set, the other workers are not awaited */
    uint32_t away;         /* number of workers expected to be absent at the end */
    bool saves_late;       /* saves only at the end */
    bool starves;          /* expected to have too few descriptors for a worker */
    int begun, ended, read;
};

static int adopt(void *user, const struct rog_layout *layout, struct rog_model *model,
                 struct rog_error *err)
{
    struct server *server = user;
    if (layout->params != 2 || layout->constants != 1)
        return rog_fail(err, ROG_EINVAL, "this is not the model of the test");
    *model = (struct rog_model){.params = server->values,
                                .constants = server->values + 2,
                                .constant_count = 1,
                                .wire_scale = 1};
    const struct rog_codec *codec;
    int code = rog_codec_find("none", &codec, err);
    if (!code)
        code =
            rog_layout_rows(layout, &(struct rog_rows_codecs){.push = codec}, &server->rows, err);
    model->rows = server->rows;
    return code;
}

static int begin(void *user, struct rog_error *err)
{
    struct server *server = user;
    (void)err;
    server->begun++;
    return ROG_OK;
}

static int end(void *user, const struct rog_serve_outcome *outcome, struct rog_error *err)
{
    struct server *server = user;
    server->ended++;
    for (uint32_t i = 0; i < outcome->away_count; i++)
        if (outcome->away[i].rank != 2 || outcome->away[i].since_s != 0 || outcome->away[i].came)
            return rog_fail(err, ROG_EFAILED, "worker %u is away since %g s", outcome->away[i].rank,
                            outcome->away[i].since_s);
    return outcome->seconds > 0 && outcome->iterations == ITERATIONS &&
                   outcome->away_count == server->away
               ? ROG_OK
               : rog_fail(err, ROG_EFAILED, "%u iterations in %g s without %u workers",
                          outcome->iterations, outcome->seconds, outcome->away_count);
}

/* Checkpoints are due at the start, unless it saves late, and at the end. */
static double due_s(void *user, double after_s)
{
    const struct server *server = user;
    return after_s < 0 && !server->saves_late ? 0 : 1e9;
}

static int write_values(void *user, const float *params, struct rog_checkpoint *checkpoint,
                        struct rog_error *err)
{
    const struct server *server = user;
    char *path = rog_path_join(server->folder, CHECKPOINT);
    snprintf(checkpoint->path, sizeof checkpoint->path, CHECKPOINT);
    int code = rog_file_write(path, (const char *)params, 2 * sizeof *params, err);
    if (!code)
        code = rog_sha256_file(path, checkpoint->sha256, err);
    free(path);
    return code;
}

static int read_values(void *user, const char *path, struct rog_error *err)
{
    struct server *server = user;
    char *bytes = NULL;
    size_t size = 0;
    int code = rog_file_read(path, 64, &bytes, &size, err);
    if (!code && size == 2 * sizeof *server->values)
        memcpy(server->values, bytes, size);
    server->read++;
    free(bytes);
    return code;
}

static const struct rog_serve_hooks hooks = {
    .adopt = adopt,
    .begin = begin,
    .end = end,
    .checkpoints = {.due_s = due_s, .write = write_values, .read = read_values},
};

static int serve(struct server *server, bool resume, struct rog_error *err)
{
    struct rog_plugin plugin = {0};
    struct rog_secret *secret = NULL;
    struct rog_json *hello = NULL;
    struct rog_events *events = NULL;
    char *port = rog_path_join(server->folder, "port");
    assert_int_equal(rog_plugin_load(&plugin, server->library ? server->library : "BSP", NULL), 0);
    assert_int_equal(rog_secret_new(&secret, key, NULL), 0);
    struct rog_json *settings = rog_json_object();
    rog_json_put_string(settings, "compression", "none");
    if (server->deltas)
        rog_json_put_string(settings, "contribution", "delta");
    const struct rog_hello alike = {.strategy = plugin.strategy,
                                    .workers = WORKERS,
                                    .workload = "program",
                                    .settings = settings};
    assert_int_equal(rog_hello_make(&alike, &hello, NULL), 0);
    rog_json_free(settings);
    assert_int_equal(rog_events_open(&events, "/dev/null", NULL), 0);
    bool few = server->min_workers || server->awaited;
    const struct rog_serve_options options = {.strategy = plugin.strategy,
                                              .workers = WORKERS,
                                              .average = server->average,
                                              .optimizer = server->optimizer,
                                              .optimizer_parameters = server->optimizer_parameters,
                                              .hello = hello,
                                              .upload = true,
                                              .memory_bytes = server->memory_bytes,
                                              .listen = "127.0.0.1:0",
                                              .port_file = port,
                                              .out_dir = server->folder,
                                              .events = events,
                                              .secret = secret,
                                              .resume = resume,
                                              .min_workers = server->min_workers,
                                              .awaited = server->awaited,
                                              .worker_timeout_s = few ? 0.5 : 20,
                                              .join_timeout_s = resume ? 0.2 : 20};
    int code = rog_serve(&options, &hooks, server, err);
    rog_events_close(events, NULL);
    rog_json_free(hello);
    rog_secret_free(secret);
    rog_plugin_release(&plugin);
    rog_rows_free(server->rows);
    free(port);
    return code;
}

/* Checks the result of a server, in its process. */
static bool ends_well(struct server *server)
{
    struct rog_error err = {0};
    int code = serve(server, false, &err);
    if (server->memory_bytes)
        return code == ROG_EINVAL && server->begun == 0 &&
               strstr(err.message, "a model of 3 values takes 1 MB for 2 workers, but this server "
                                   "may use only 0 MB");
    if (server->starves)
        return code == ROG_EIO && strstr(err.message, "accept a connection: Too many open files");
    if (code)
        fprintf(stderr, "%s\n", err.message);
    return !code && server->begun == 1 && server->ended == 1 && server->read == 0;
}

static pid_t start_server(const struct server *wanted, char address[32])
{
    const char *folder = wanted->folder;
    char *port = rog_path_join(folder, "port"), *text = NULL;
    size_t size;
    fflush(NULL);
    pid_t process = fork();
    if (process == 0) {
        struct server server = *wanted;
        bool good = ends_well(&server);
        free(port);
        exit(!good);
    }
    for (int i = 0; i < 4000 && !rog_file_exists(port); i++)
        usleep(5000);
    assert_int_equal(rog_file_read(port, 16, &text, &size, NULL), 0);
    snprintf(address, 32, "127.0.0.1:%d", atoi(text));
    free(text);
    free(port);
    return process;
}

/* ---- workers ---- */

static struct rog *open_worker_with(const char *server, const char *library, const char *settings,
                                    uint32_t rank, float values[3])
{
    struct rog_options options;
    struct rog *rog;
    rog_options_init(&options);
    options.server = server;
    options.key = key;
    options.rank = rank;
    options.workers = WORKERS;
    options.strategy = library;
    options.threshold = 0;
    options.compression = "none";
    options.settings = settings;
    assert_int_equal(rog_open(&rog, &options, NULL), 0);
    assert_int_equal(rog_tensor(rog, "w", 1, shape, values, ROG_TENSOR_TRAINED, NULL), 0);
    assert_int_equal(rog_tensor(rog, "c", 1, constant_shape, values + 2, ROG_TENSOR_CONSTANT, NULL),
                     0);
    assert_int_equal(rog_start_begin(rog, NULL), 0);
    return rog;
}

static struct rog *open_worker(const char *server, const char *library, uint32_t rank,
                               float values[3])
{
    return open_worker_with(server, library, NULL, rank, values);
}

static const float numbers[WORKERS][2] = {{1, 2}, {3, 6}};
static const float *const gradients[WORKERS][1] = {{numbers[0]}, {numbers[1]}};

/* Makes an iteration of two workers: `first` is the process of rank 1. */
static void step_both(struct rog *first, struct rog *second)
{
    const struct rog_rule rule = {.learning_rate = 1, .kind = ROG_RULE_BLOCK};
    struct rog *rogs[WORKERS] = {first, second};
    for (uint32_t i = 0; i < WORKERS; i++) {
        const struct rog_step step = {.gradients = gradients[i], .rules = &rule, .rule_count = 1};
        assert_int_equal(rog_exchange_begin(rogs[i], &step, NULL), 0);
    }
    for (uint32_t i = 0; i < WORKERS; i++)
        assert_int_equal(rog_exchange_wait(rogs[i], 20, NULL), 0);
}

static void exchange(struct rog *rogs[WORKERS])
{
    for (int k = 0; k < ITERATIONS; k++)
        step_both(rogs[0], rogs[1]);
}

static void finish(struct rog *rogs[WORKERS])
{
    for (uint32_t i = 0; i < WORKERS; i++)
        assert_int_equal(rog_finish_begin(rogs[i], NULL), 0);
    for (uint32_t i = 0; i < WORKERS; i++)
        assert_int_equal(rog_exchange_wait(rogs[i], 20, NULL), 0);
    for (uint32_t i = 0; i < WORKERS; i++)
        rog_close(rogs[i]);
}

static void work(const char *server, float values[WORKERS][3])
{
    struct rog *rogs[WORKERS];
    for (uint32_t i = 0; i < WORKERS; i++)
        rogs[i] = open_worker(server, "BSP", i + 1, values[i]);
    for (uint32_t i = 0; i < WORKERS; i++)
        assert_int_equal(rog_start_wait(rogs[i], 20, NULL), 0);
    exchange(rogs);
    finish(rogs);
}

/* One worker makes all its iterations while the other one makes none: each time it waits one second
 * for the other. The strategy sends no rows in them, so that nothing changes. */
static void deadlines_pass_in_real_time(void **state)
{
    static const char library[] = TEST_PLUGINS "/tenth.so";
    const struct server server = {.folder = *state, .library = library};
    const struct rog_rule rule = {.learning_rate = 1, .kind = ROG_RULE_BLOCK};
    float values[WORKERS][3] = {{1, 2, 3}, {1, 2, 3}};
    struct rog *rogs[WORKERS];
    struct rog_statistics statistics;
    char address[32];
    int status;
    pid_t process = start_server(&server, address);
    for (uint32_t i = 0; i < WORKERS; i++)
        rogs[i] = open_worker(address, library, i + 1, values[i]);
    for (uint32_t i = 0; i < WORKERS; i++)
        assert_int_equal(rog_start_wait(rogs[i], 20, NULL), 0);
    for (uint32_t i = 0; i < WORKERS; i++) {
        const struct rog_step step = {.gradients = gradients[i], .rules = &rule, .rule_count = 1};
        for (int k = 0; k < ITERATIONS; k++) {
            assert_int_equal(rog_exchange_begin(rogs[i], &step, NULL), 0);
            assert_int_equal(rog_exchange_wait(rogs[i], 20, NULL), 0);
            rog_statistics(rogs[i], &statistics);
            assert_true(i ? statistics.stall_s < 1 : statistics.stall_s >= 1);
            assert_int_equal(statistics.rows_pushed + statistics.rows_pulled, 0);
            assert_true(statistics.bytes_pushed < 100);
        }
        assert_int_equal(rog_finish_begin(rogs[i], NULL), 0);
    }
    for (uint32_t i = 0; i < WORKERS; i++) {
        assert_int_equal(rog_exchange_wait(rogs[i], 20, NULL), 0);
        rog_close(rogs[i]);
        assert_true(values[i][0] == 1 && values[i][1] == 2);
    }
    assert_int_equal(waitpid(process, &status, 0), process);
    assert_int_equal(status, 0);
}

static void step_alone(struct rog *rog, uint32_t worker)
{
    const struct rog_rule rule = {.learning_rate = 1, .kind = ROG_RULE_BLOCK};
    const struct rog_step step = {.gradients = gradients[worker], .rules = &rule, .rule_count = 1};
    assert_int_equal(rog_exchange_begin(rog, &step, NULL), 0);
    assert_int_equal(rog_exchange_wait(rog, 20, NULL), 0);
}

/* The run starts without a worker that is not awaited, or does not connect. If it connects later,
 * it gets the current model. */
static void run_without(const char *folder, bool it_comes)
{
    const struct server server = {
        .folder = folder, .min_workers = it_comes, .awaited = !it_comes, .away = !it_comes};
    float values[WORKERS][3] = {{1, 2, 3}, {9, 9, 9}};
    struct rog *rogs[WORKERS] = {0};
    const uint32_t there = it_comes ? 2 : 1;
    char address[32];
    int status;
    pid_t process = start_server(&server, address);
    rogs[0] = open_worker(address, "BSP", 1, values[0]);
    assert_int_equal(rog_start_wait(rogs[0], 20, NULL), 0);
    for (int k = 0; k < ITERATIONS; k++)
        step_alone(rogs[0], 0);
    if (it_comes) {
        rogs[1] = open_worker(address, "BSP", 2, values[1]);
        assert_int_equal(rog_start_wait(rogs[1], 20, NULL), 0);
        assert_true(values[1][0] == values[0][0] && values[1][2] == 3 && values[0][0] < 1);
    }
    for (uint32_t i = 0; i < there; i++)
        assert_int_equal(rog_finish_begin(rogs[i], NULL), 0);
    for (uint32_t i = 0; i < there; i++)
        assert_int_equal(rog_exchange_wait(rogs[i], 20, NULL), 0);
    for (uint32_t i = 0; i < WORKERS; i++)
        rog_close(rogs[i]);
    assert_int_equal(waitpid(process, &status, 0), process);
    assert_int_equal(status, 0);
}

static void a_run_continues_without_a_worker(void **state)
{
    run_without(*state, false);
}

static void a_worker_comes_late(void **state)
{
    run_without(*state, true);
}

/* A process that takes another's rank has to wait while that one is connected, which is not
 * affected; it is accepted when that one has closed its connection. */
static void a_rank_belongs_to_one_process(void **state)
{
    const struct server server = {.folder = *state};
    float values[WORKERS + 1][3] = {{1, 2, 3}, {1, 2, 3}, {9, 9, 9}};
    struct rog *rogs[WORKERS + 1];
    char address[32];
    int status;
    pid_t process = start_server(&server, address);
    for (uint32_t i = 0; i < WORKERS; i++)
        rogs[i] = open_worker(address, "BSP", i + 1, values[i]);
    for (uint32_t i = 0; i < WORKERS; i++)
        assert_int_equal(rog_start_wait(rogs[i], 20, NULL), 0);
    rogs[2] = open_worker(address, "BSP", 1, values[2]);
    assert_int_equal(rog_start_wait(rogs[2], 1, NULL), ROG_EBUSY);
    step_both(rogs[0], rogs[1]);
    assert_true(values[0][0] == -1 && values[1][0] == -1);
    rog_close(rogs[0]);
    assert_int_equal(rog_start_wait(rogs[2], 60, NULL), 0);
    assert_true(values[2][0] == -1 && values[2][2] == 3);
    for (int k = 1; k < ITERATIONS; k++)
        step_both(rogs[2], rogs[1]);
    for (uint32_t i = 1; i <= WORKERS; i++)
        assert_int_equal(rog_finish_begin(rogs[i], NULL), 0);
    for (uint32_t i = 1; i <= WORKERS; i++) {
        assert_int_equal(rog_exchange_wait(rogs[i], 20, NULL), 0);
        rog_close(rogs[i]);
    }
    assert_int_equal(waitpid(process, &status, 0), process);
    assert_int_equal(status, 0);
}

/* Limits the descriptors of the process: open ones stay. */
static void limit_descriptors(pid_t process, rlim_t most)
{
    struct rlimit limit;
    assert_int_equal(prlimit(process, RLIMIT_NOFILE, NULL, &limit), 0);
    limit.rlim_cur = most ? most : limit.rlim_max;
    assert_int_equal(prlimit(process, RLIMIT_NOFILE, &limit, NULL), 0);
}

static int connect_stranger(const char *address)
{
    const struct sockaddr_in to = {.sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                   .sin_port = htons((uint16_t)atoi(strchr(address, ':') + 1))};
    int stranger = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(stranger >= 0);
    assert_int_equal(connect(stranger, (const struct sockaddr *)&to, sizeof to), 0);
    return stranger;
}

/* A server without a descriptor for a worker ends with an error: no worker could connect. */
static void a_worker_needs_a_descriptor(void **state)
{
    const struct server server = {.folder = *state, .starves = true};
    float values[3] = {1, 2, 3};
    char address[32];
    int status;
    pid_t process = start_server(&server, address);
    limit_descriptors(process, 3);
    struct rog *rog = open_worker(address, "BSP", 1, values);
    assert_int_equal(waitpid(process, &status, 0), process);
    assert_int_equal(status, 0);
    rog_close(rog);
}

/* Without a descriptor for a stranger, when all workers are connected, it continues. */
static void a_stranger_needs_no_descriptor(void **state)
{
    const struct server server = {.folder = *state, .saves_late = true};
    float values[WORKERS][3] = {{1, 2, 3}, {1, 2, 3}};
    struct rog *rogs[WORKERS];
    char address[32];
    int status;
    pid_t process = start_server(&server, address);
    for (uint32_t i = 0; i < WORKERS; i++)
        rogs[i] = open_worker(address, "BSP", i + 1, values[i]);
    for (uint32_t i = 0; i < WORKERS; i++)
        assert_int_equal(rog_start_wait(rogs[i], 20, NULL), 0);
    limit_descriptors(process, 3);
    int stranger = connect_stranger(address);
    exchange(rogs);
    limit_descriptors(process, 0);
    finish(rogs);
    close(stranger);
    assert_int_equal(waitpid(process, &status, 0), process);
    assert_int_equal(status, 0);
}

/* The mean gradient is 2 and 4, and the model moves by `steps` times that. */
static void run_server(const struct server *server, float steps, float values[WORKERS][3])
{
    char address[32];
    int status;
    pid_t process = start_server(server, address);
    work(address, values);
    assert_int_equal(waitpid(process, &status, 0), process);
    assert_int_equal(status, 0);
    for (int i = 0; i < WORKERS; i++)
        assert_true(values[i][0] == 1 - 2 * steps && values[i][1] == 2 - 4 * steps &&
                    values[i][2] == 3);
}

static void run(const char *folder, double average, float values[WORKERS][3])
{
    const struct server server = {.folder = folder, .average = average};
    run_server(&server, ITERATIONS, values);
}

static const struct rog_server_optimizer *find_optimizer(const char *name)
{
    const struct rog_server_optimizer *const *found = rog_server_optimizers;
    while (*found && strcmp((*found)->name, name) != 0)
        found++;
    assert_non_null(*found);
    return *found;
}

/* A model that does not fit into memory is rejected before anything is allocated for it. */
static void refuse_model(const char *folder, uint64_t memory_bytes, const char *optimizer)
{
    struct server server = {.folder = folder, .memory_bytes = memory_bytes};
    server.optimizer = find_optimizer(optimizer);
    char address[32];
    float values[3] = {1, 2, 3};
    int status;
    pid_t process = start_server(&server, address);
    struct rog *rogs[WORKERS];
    for (uint32_t i = 0; i < WORKERS; i++)
        rogs[i] = open_worker(address, "BSP", i + 1, values);
    assert_true(rog_start_wait(rogs[0], 20, NULL) < 0);
    for (uint32_t i = 0; i < WORKERS; i++)
        rog_close(rogs[i]);
    assert_int_equal(waitpid(process, &status, 0), process);
    assert_int_equal(status, 0);
}

static void a_model_fits_into_the_memory(void **state)
{
    refuse_model(*state, 100, "mean");
}

/* With rounds the pushes in progress need memory, too. */
static void a_model_and_pushes_fit_into_the_memory(void **state)
{
    refuse_model(*state, 300, "nesterov");
}

/* Another server resumes, with the layout and the values of the files. */
static void go_on(const char *folder, double average, float values[WORKERS][3])
{
    struct server server = {.folder = folder, .average = average};
    struct rog_error err;
    /* No worker connects, and none has to: the state says that all had finished. */
    if (serve(&server, true, &err))
        fail_msg("%s", err.message);
    assert_int_equal(server.read, 1);
    assert_int_equal(server.ended, 1);
    assert_true(server.values[0] == values[0][0] && server.values[1] == values[0][1]);
}

static void a_server_needs_no_trainer(void **state)
{
    float values[WORKERS][3] = {{1, 2, 3}, {1, 2, 3}};
    run(*state, 0, values);
    go_on(*state, 0, values);
}

/* Workers change their tensors themselves: the model moves by the mean of their changes. */
static void deltas_are_sent_over_the_link(void **state)
{
    static const char settings[] = "{\"contribution\":\"delta\"}";
    const struct server server = {.folder = *state, .deltas = true};
    const struct rog_step step = {.loss = 1};
    float values[WORKERS][3] = {{1, 2, 3}, {1, 2, 3}};
    struct rog *rogs[WORKERS];
    char address[32];
    int status;
    pid_t process = start_server(&server, address);
    for (uint32_t i = 0; i < WORKERS; i++) {
        rogs[i] = open_worker_with(address, "BSP", settings, i + 1, values[i]);
        assert_true(rog_takes_deltas(rogs[i]));
    }
    for (uint32_t i = 0; i < WORKERS; i++)
        assert_int_equal(rog_start_wait(rogs[i], 20, NULL), 0);
    for (int k = 0; k < ITERATIONS; k++) {
        for (uint32_t i = 0; i < WORKERS; i++) {
            values[i][0] -= numbers[i][0];
            values[i][1] -= numbers[i][1];
            assert_int_equal(rog_exchange_begin(rogs[i], &step, NULL), 0);
        }
        for (uint32_t i = 0; i < WORKERS; i++) {
            assert_int_equal(rog_exchange_wait(rogs[i], 20, NULL), 0);
            assert_true(values[i][0] == 1 - 2 * (float)(k + 1));
            assert_true(values[i][1] == 2 - 4 * (float)(k + 1) && values[i][2] == 3);
        }
    }
    for (uint32_t i = 0; i < WORKERS; i++)
        assert_int_equal(rog_finish_begin(rogs[i], NULL), 0);
    for (uint32_t i = 0; i < WORKERS; i++) {
        assert_int_equal(rog_exchange_wait(rogs[i], 20, NULL), 0);
        rog_close(rogs[i]);
    }
    assert_int_equal(waitpid(process, &status, 0), process);
    assert_int_equal(status, 0);
}

/* The checkpoint has the mean of all models, within the accuracy of a long average, and the resumed
 * server has the model. */
static void checkpoints_may_be_averages(void **state)
{
    float values[WORKERS][3] = {{1, 2, 3}, {1, 2, 3}};
    char *path = rog_path_join(*state, CHECKPOINT), *bytes = NULL;
    float saved[2];
    size_t size;
    run(*state, 1e6, values);
    assert_int_equal(rog_file_read(path, 64, &bytes, &size, NULL), 0);
    assert_int_equal(size, sizeof saved);
    memcpy(saved, bytes, size);
    assert_true(fabsf(saved[0] - (1 - 2 * ITERATIONS / 2.0f)) < 1e-4f);
    assert_true(fabsf(saved[1] - (2 - 4 * ITERATIONS / 2.0f)) < 1e-4f);
    free(bytes);
    free(path);
    go_on(*state, 1e6, values);
}

/* A server whose optimizer works in rounds and has a state, which another optimizer rejects. */
static void an_optimizer_resumes(void **state)
{
    float values[WORKERS][3] = {{1, 2, 3}, {1, 2, 3}};
    struct rog_error err = {0};
    struct rog_json *given = rog_json_object();
    void *parameters = NULL;
    const struct rog_server_optimizer *nesterov = find_optimizer("nesterov");
    rog_json_put_number(given, "learning_rate", 1);
    rog_json_put_number(given, "momentum", 0.5);
    assert_int_equal(rog_parameters_make(nesterov->parameters, nesterov->parameter_bytes,
                                         "nesterov", given, NULL, &parameters, &err),
                     0);
    rog_json_free(given);
    struct server server = {
        .folder = *state, .optimizer = nesterov, .optimizer_parameters = parameters};
    run_server(&server, 1.5f + 1.75f + 1.875f, values);
    assert_int_equal(serve(&server, true, &err), 0); /* no worker has to connect any more */
    assert_true(server.values[0] == values[0][0] && server.values[1] == values[0][1]);
    server.optimizer = NULL;
    assert_int_equal(serve(&server, true, &err), ROG_EFORMAT);
    assert_non_null(strstr(err.message, "the server optimizer nesterov, this run has mean"));
    free(parameters);
}

static int make_folder(void **state)
{
    char *folder = NULL;
    int code = temporary_folder(&folder, "serve-test");
    *state = folder;
    return code;
}

static int remove_folder(void **state)
{
    int code = rog_dir_remove(*state, NULL);
    free(*state);
    return code;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_server_needs_no_trainer, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(a_model_fits_into_the_memory, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(a_model_and_pushes_fit_into_the_memory, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(an_optimizer_resumes, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(deltas_are_sent_over_the_link, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(checkpoints_may_be_averages, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(a_run_continues_without_a_worker, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(a_worker_comes_late, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(a_rank_belongs_to_one_process, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(deadlines_pass_in_real_time, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(a_worker_needs_a_descriptor, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(a_stranger_needs_no_descriptor, make_folder, remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
