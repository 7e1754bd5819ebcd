/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Whole runs: a server and workers in their own processes, over loopback. The test waits for events
 * in their files or the end of a process, never for a time.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <common/file.h>
#include <common/json.h>
#include <common/rng.h>
#include <librog/net/conn.h>
#include <trainer/run/serve.h>
#include <trainer/run/work.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define STREAMS 1000
#else
#define STREAMS 10000
#endif
#define LORIS 200
#define WORKERS_MAX 3
#define WAIT_S 60.0

struct run {
    char folder[64];
    char *config; /* JSON */
    uint32_t workers;
    struct rog_secret *secret;
    uint16_t port, front; /* the server's, and where workers connect */
    pid_t server, worker[WORKERS_MAX];
    double worker_timeout_s, server_timeout_s;
};

/* ---- processes ---- */

static char *config_text(const char *library, int threshold, uint32_t workers, const char *more)
{
    struct rog_json *list = rog_json_array();
    for (uint32_t i = 0; i < workers; i++) {
        struct rog_json *worker = rog_json_object();
        rog_json_put_integer(worker, "rank", i + 1);
        rog_json_put_number(worker, "step_s", 0.005 * (i + 1));
        const char *const zeros[] = {"compress_s", "decompress_s", "watts_compute",
                                     "watts_communicate", "watts_stall"};
        for (size_t k = 0; k < sizeof zeros / sizeof *zeros; k++)
            rog_json_put_number(worker, zeros[k], 0.001);
        rog_json_append(list, worker);
    }
    char *text = rog_json_text(list);
    rog_json_free(list);
    char *config = rog_format("{\"library\":\"%s\",\"threshold\":%d,\"workload\":\"none\","
                              "\"wire_model\":\"same\",\"trace\":\"constant:100\",\"batch\":4096,%s"
                              "\"workers\":%s}",
                              library, threshold, more, text);
    free(text);
    return config;
}

static void open_run(struct run *run, const char *library, int threshold, uint32_t workers,
                     const char *more)
{
    const uint8_t key[ROG_SECRET_BYTES] = {1, 2, 3};
    *run = (struct run){.workers = workers, .worker_timeout_s = 20, .server_timeout_s = 20};
    strcpy(run->folder, "/tmp/rog-node-XXXXXX");
    assert_non_null(mkdtemp(run->folder));
    run->config = config_text(library, threshold, workers, more);
    assert_int_equal(rog_secret_new(&run->secret, key, NULL), 0);
}

static void close_run(struct run *run)
{
    rog_dir_remove(run->folder, NULL);
    rog_secret_free(run->secret);
    free(run->config);
}

static char *path_in(const struct run *run, const char *name)
{
    char *path = rog_path_join(run->folder, name);
    assert_non_null(path);
    return path;
}

/* Ends the process: with 0, or the negative of the code and the message in FOLDER/error. */
static void end_process(const char *folder, int code, const struct rog_error *err)
{
    char *path = rog_path_join(folder, "error");
    if (code)
        rog_file_write(path, err->message, strlen(err->message), NULL);
    free(path);
    exit(-code); /* not _exit: leaks are checked */
}

static void serve_process(const struct run *run, const char *listen, bool resume)
{
    struct rog_error err;
    struct rog_run_config *config;
    char *out = path_in(run, "s"), *port = path_in(run, "port");
    int code = rog_run_config_parse(&config, run->config, strlen(run->config), "test", &err);
    const struct rog_serve_run options = {.listen = listen,
                                          .port_file = port,
                                          .out_dir = out,
                                          .secret = run->secret,
                                          .resume = resume,
                                          .worker_timeout_s = run->worker_timeout_s,
                                          .join_timeout_s = 30};
    if (!code)
        code = rog_serve_run(config, &options, &err);
    end_process(out, code, &err);
}

static void start_server(struct run *run, bool resume)
{
    char listen[32], *port_file = path_in(run, "port"), *text = NULL;
    size_t size;
    snprintf(listen, sizeof listen, "127.0.0.1:%u", run->port);
    unlink(port_file);
    fflush(NULL);
    run->server = fork();
    if (run->server == 0)
        serve_process(run, listen, resume);
    for (double end_s = rog_link_now() + WAIT_S; !rog_file_exists(port_file); usleep(2000)) {
        assert_true(rog_link_now() < end_s);
        assert_int_equal(waitpid(run->server, NULL, WNOHANG), 0);
    }
    assert_int_equal(rog_file_read(port_file, 16, &text, &size, NULL), 0);
    run->port = (uint16_t)atoi(text);
    if (!resume)
        run->front = run->port;
    free(text);
    free(port_file);
}

static void work_process(const struct run *run, uint32_t rank, const char *text,
                         const struct rog_secret *secret)
{
    struct rog_error err;
    struct rog_run_config *config;
    char server[32], name[16];
    snprintf(server, sizeof server, "127.0.0.1:%u", run->front);
    snprintf(name, sizeof name, "w%u", rank);
    char *out = path_in(run, name);
    int code = rog_run_config_parse(&config, text, strlen(text), "test", &err);
    const struct rog_work_run options = {.server = server,
                                         .out_dir = out,
                                         .secret = secret,
                                         .rank = rank,
                                         .energy = true,
                                         .server_timeout_s = run->server_timeout_s};
    if (!code)
        code = rog_work_run(config, &options, &err);
    end_process(out, code, &err);
}

static void start_worker(struct run *run, uint32_t rank, const char *config,
                         const struct rog_secret *secret)
{
    fflush(NULL);
    run->worker[rank - 1] = fork();
    if (run->worker[rank - 1] == 0)
        work_process(run, rank, config, secret);
}

static void start_workers(struct run *run)
{
    for (uint32_t rank = 1; rank <= run->workers; rank++)
        start_worker(run, rank, run->config, run->secret);
}

/* Returns the code with which a process ended. */
static int wait_end(pid_t process)
{
    int status = 0;
    for (double end_s = rog_link_now() + WAIT_S; waitpid(process, &status, WNOHANG) == 0;
         usleep(5000)) {
        if (rog_link_now() < end_s)
            continue;
        kill(process, SIGKILL);
        waitpid(process, &status, 0);
        fail_msg("a process did not end");
    }
    assert_true(WIFEXITED(status));
    return -WEXITSTATUS(status);
}

static void assert_all_end_well(struct run *run)
{
    assert_int_equal(wait_end(run->server), 0);
    for (uint32_t i = 0; i < run->workers; i++)
        assert_int_equal(wait_end(run->worker[i]), 0);
}

static void kill_process(pid_t process)
{
    assert_int_equal(kill(process, SIGKILL), 0);
    assert_int_equal(waitpid(process, NULL, 0), process);
}

static char *error_of(const struct run *run, const char *node)
{
    char name[32], *text = NULL;
    size_t size;
    snprintf(name, sizeof name, "%s/error", node);
    char *path = path_in(run, name);
    assert_int_equal(rog_file_read(path, 4096, &text, &size, NULL), 0);
    free(path);
    return text;
}

/* ---- events ---- */

/* Calls look for each event of a node until it returns true; returns the number of events. */
typedef bool (*look_hook)(const struct rog_json *event, void *user);

static void each_event(const struct run *run, const char *node, look_hook look, void *user)
{
    char name[32], *text = NULL;
    size_t size = 0;
    snprintf(name, sizeof name, "%s/events.jsonl", node);
    char *path = path_in(run, name);
    if (rog_file_read(path, 64 << 20, &text, &size, NULL))
        text = NULL;
    free(path);
    for (char *line = text, *end; line && (end = strchr(line, '\n')); line = end + 1) {
        struct rog_json *event;
        assert_int_equal(rog_json_parse(line, (size_t)(end - line), "events", &event, NULL), 0);
        bool enough = look(event, user);
        rog_json_free(event);
        if (enough)
            break;
    }
    free(text);
}

struct query {
    const char *event;
    int64_t rank;     /* -1: any */
    int64_t at_least; /* minimum of "iteration"; 0: any */
    const char *says; /* part of "message" or "reason"; NULL: any */
    uint32_t count;
};

static bool matches(const struct rog_json *event, void *user)
{
    struct query *query = user;
    const char *text = rog_json_get_string(event, "message", "");
    if (!*text)
        text = rog_json_get_string(event, "reason", "");
    if (strcmp(rog_json_get_string(event, "event", ""), query->event) == 0 &&
        (query->rank < 0 || rog_json_get_integer(event, "rank", -1) == query->rank) &&
        rog_json_get_integer(event, "iteration", 0) >= query->at_least &&
        (!query->says || strstr(text, query->says)))
        query->count++;
    return false;
}

static uint32_t count_events(const struct run *run, const char *node, const char *event,
                             int64_t rank, int64_t at_least, const char *says)
{
    struct query query = {event, rank, at_least, says, 0};
    each_event(run, node, matches, &query);
    return query.count;
}

static void wait_event(const struct run *run, const char *node, const char *event, int64_t rank,
                       int64_t at_least, const char *says)
{
    for (double end_s = rog_link_now() + WAIT_S;
         count_events(run, node, event, rank, at_least, says) == 0; usleep(10000))
        if (rog_link_now() > end_s)
            fail_msg("%s never had an event %s of %lld", node, event, (long long)rank);
}

/* ---- whole runs ---- */

struct bound {
    int64_t threshold;
    uint32_t admissions;
};

static bool check_admission(const struct rog_json *event, void *user)
{
    struct bound *bound = user;
    if (strcmp(rog_json_get_string(event, "event", ""), "admit") != 0)
        return false;
    int64_t iteration = rog_json_get_integer(event, "iteration", 0);
    assert_true(rog_json_get_integer(event, "oldest", -1) >= iteration - bound->threshold);
    bound->admissions++;
    return false;
}

/* Without data a shard has 12,500 images: 3 batches per epoch. */
#define ITERATIONS 30

static void test_strategies(void **state)
{
    (void)state;
    static const struct {
        const char *library;
        int threshold;
    } cases[] = {{"BSP", 0}, {"SSP", 3}, {"ROG", 4}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct run run;
        open_run(&run, cases[i].library, cases[i].threshold, 3, "\"epochs\":10,");
        start_server(&run, false);
        start_workers(&run);
        assert_all_end_well(&run);
        struct bound bound = {cases[i].threshold, 0};
        each_event(&run, "s", check_admission, &bound);
        assert_int_equal(bound.admissions, 3 * ITERATIONS);
        assert_int_equal(count_events(&run, "s", "join", -1, 0, NULL), 3);
        assert_int_equal(count_events(&run, "s", "leave", -1, 0, "finished"), 3);
        assert_int_equal(count_events(&run, "s", "warning", -1, 0, NULL), 0);
        assert_int_equal(count_events(&run, "s", "end", -1, 0, NULL), 1);
        for (int64_t rank = 1; rank <= 3; rank++) {
            const char *const nodes[] = {"w1", "w2", "w3"};
            assert_int_equal(count_events(&run, nodes[rank - 1], "iteration", rank, 1, NULL),
                             ITERATIONS);
        }
        close_run(&run);
    }
}

/* The minimum of each part of an iteration, and the server's own count of stalls. */
struct parts {
    double compute_s, push_s, pull_s, stall_s;
    double counted_s[ITERATIONS + 1]; /* by the server */
    uint32_t stalls, seen;
};

static bool count_stall(const struct rog_json *event, void *user)
{
    struct parts *parts = user;
    int64_t iteration = rog_json_get_integer(event, "iteration", 0);
    if (strcmp(rog_json_get_string(event, "event", ""), "stall-end") == 0 &&
        rog_json_get_integer(event, "rank", 0) == 1) {
        assert_in_range(iteration, 1, ITERATIONS);
        parts->counted_s[iteration] = rog_json_get_number(event, "stall_s", -1);
        parts->stalls++;
    }
    return false;
}

static bool take_part(const struct rog_json *event, void *user)
{
    struct parts *parts = user;
    int64_t iteration = rog_json_get_integer(event, "iteration", 0);
    if (strcmp(rog_json_get_string(event, "event", ""), "iteration") != 0)
        return false;
    double stall_s = rog_json_get_number(event, "stall_s", -1);
    assert_in_range(iteration, 1, ITERATIONS);
    if (parts->counted_s[iteration] > 0)
        assert_float_equal(stall_s, parts->counted_s[iteration], 2e-6);
    parts->compute_s = fmin(parts->compute_s, rog_json_get_number(event, "compute_s", -1));
    parts->push_s = fmin(parts->push_s, rog_json_get_number(event, "push_s", -1));
    parts->pull_s = fmin(parts->pull_s, rog_json_get_number(event, "pull_s", -1));
    parts->stall_s = fmin(parts->stall_s, stall_s);
    parts->seen++;
    return false;
}

/* A worker computes for 10 ms, compresses for 30 and decompresses for 60; the other one computes
 * longer by 140 ms. A busy machine makes parts longer, but hardly each of them each time. */
static void test_parts_of_an_iteration(void **state)
{
    (void)state;
    struct run run;
    struct parts parts = {1, 1, 1, 1, {0}, 0, 0};
    open_run(&run, "BSP", 0, 2, "");
    free(run.config);
    static const char times[] = "\"compress_s\":0.03,\"decompress_s\":0.06,\"watts_compute\":1,"
                                "\"watts_communicate\":1,\"watts_stall\":1";
    run.config = rog_format(
        "{\"library\":\"BSP\",\"threshold\":0,\"workload\":\"none\",\"wire_model\":\"same\","
        "\"trace\":\"constant:100\",\"batch\":4096,\"epochs\":2,\"workers\":["
        "{\"rank\":1,\"step_s\":0.01,%s},{\"rank\":2,\"step_s\":0.15,%s}]}",
        times, times);
    start_server(&run, false);
    start_workers(&run);
    assert_all_end_well(&run);
    each_event(&run, "s", count_stall, &parts);
    each_event(&run, "w1", take_part, &parts);
    assert_true(parts.seen > 5 && parts.stalls > 5);
    assert_true(parts.compute_s >= 0.01 && parts.compute_s < 0.02);
    assert_true(parts.push_s >= 0.02 && parts.push_s < 0.045);
    assert_true(parts.pull_s >= 0.045 && parts.pull_s < 0.1);
    assert_true(parts.stall_s >= 0.1 && parts.stall_s < 0.3);
    close_run(&run);
}

static void test_wrong_key(void **state)
{
    (void)state;
    struct run run;
    struct rog_secret *wrong;
    const uint8_t key[ROG_SECRET_BYTES] = {1, 2, 4};
    open_run(&run, "BSP", 0, 1, "\"epochs\":1,");
    run.server_timeout_s = 0.5;
    assert_int_equal(rog_secret_new(&wrong, key, NULL), 0);
    start_server(&run, false);
    start_worker(&run, 1, run.config, wrong);
    assert_int_equal(wait_end(run.worker[0]), ROG_EFAILED);
    char *message = error_of(&run, "w1");
    assert_non_null(strstr(message, "key"));
    free(message);
    run.server_timeout_s = 20;
    start_workers(&run);
    assert_all_end_well(&run);
    rog_secret_free(wrong);
    close_run(&run);
}

static void test_mismatch(void **state)
{
    (void)state;
    struct run run;
    open_run(&run, "ROG", 4, 2, "\"epochs\":10,");
    run.server_timeout_s = 3;
    char *other = config_text("ROG", 20, 2, "\"epochs\":10,");
    start_server(&run, false);
    start_worker(&run, 1, run.config, run.secret);
    start_worker(&run, 2, other, run.secret);
    assert_int_equal(wait_end(run.server), ROG_EINVAL);
    assert_int_equal(wait_end(run.worker[1]), ROG_EINVAL);
    assert_true(wait_end(run.worker[0]) != 0);
    const char *const nodes[] = {"s", "w2"};
    for (int i = 0; i < 2; i++) {
        char *message = error_of(&run, nodes[i]);
        if (!strstr(message, "the threshold of worker 2 (127.0.0.1) is 20"))
            fail_msg("%s: %s", nodes[i], message);
        assert_non_null(strstr(message, "the server has 4"));
        free(message);
    }
    free(other);
    close_run(&run);
}

/* ---- attackers ---- */

static int knock(const struct run *run)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(run->port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    if (connect(fd, (struct sockaddr *)&address, sizeof address))
        fail_msg("connect: %s", strerror(errno));
    return fd;
}

/* Sends random bytes, every second time with a correct beginning. */
static void send_rubbish(const struct run *run, struct rog_rng *rng)
{
    uint8_t bytes[300];
    size_t size = 1 + rog_rng_below(rng, sizeof bytes - 1);
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)rog_rng_u64(rng);
    if (rog_rng_below(rng, 2))
        memcpy(bytes, "ROGL\2\1\0", 8);
    int fd = knock(run);
    ssize_t sent = send(fd, bytes, size, MSG_NOSIGNAL); /* the connection may be closed before */
    (void)sent;
    close(fd);
}

static void test_attackers(void **state)
{
    (void)state;
    struct run run;
    struct rog_rng rng;
    int loris[LORIS];
    open_run(&run, "ROG", 4, 3, "\"epochs\":100000,");
    rog_rng_init(&rng, 1);
    start_server(&run, false);
    start_workers(&run);
    for (int i = 0; i < LORIS; i++)
        loris[i] = knock(&run);
    wait_event(&run, "w3", "iteration", 3, 3, NULL);
    double begin_s = rog_link_now();
    for (int i = 0; i < STREAMS; i++) {
        send_rubbish(&run, &rng);
        if (i % 50 == 0) {
            ssize_t sent = send(loris[i / 50 % LORIS], "R", 1, MSG_NOSIGNAL);
            (void)sent;
        }
    }
    print_message("%d random streams in %.1f s\n", STREAMS, rog_link_now() - begin_s);
    assert_int_equal(count_events(&run, "w3", "warning", 3, 0, NULL), 0);
    wait_event(&run, "w1", "iteration", 1, 100, NULL); /* it continues, however busy the machine
                                                          is */
    kill(run.server, SIGTERM);                         /* so all of that was during the run */
    assert_int_equal(wait_end(run.server), ROG_EINTR);
    for (int i = 0; i < 3; i++) {
        kill(run.worker[i], SIGTERM);
        assert_int_equal(wait_end(run.worker[i]), ROG_EINTR);
    }
    for (int i = 0; i < LORIS; i++)
        close(loris[i]);
    assert_int_equal(count_events(&run, "s", "warning", -1, 0, NULL), 0);
    assert_int_equal(count_events(&run, "s", "leave", -1, 0, NULL), 0);
    assert_int_equal(count_events(&run, "s", "join", -1, 0, NULL), 3);
    close_run(&run);
}

/* ---- deaths ---- */

static void test_killed_worker(void **state)
{
    (void)state;
    struct run run;
    open_run(&run, "SSP", 2, 3, "\"epochs\":60,");
    run.worker_timeout_s = 0.5;
    start_server(&run, false);
    start_workers(&run);
    wait_event(&run, "w1", "iteration", 1, 5, NULL);
    kill_process(run.worker[0]);
    wait_event(&run, "s", "leave", 1, 0, "silent for");
    wait_event(&run, "w2", "iteration", 2, 30, NULL); /* the others continue */
    start_worker(&run, 1, run.config, run.secret);
    assert_all_end_well(&run);
    assert_int_equal(count_events(&run, "s", "join", 1, 0, NULL), 2);
    assert_int_equal(count_events(&run, "w1", "iteration", 1, 180, NULL), 1);
    assert_int_equal(count_events(&run, "s", "leave", -1, 0, "finished"), 3);
    close_run(&run);
}

static void test_killed_server(void **state)
{
    (void)state;
    struct run run;
    open_run(&run, "ROG", 4, 3, "\"epochs\":60,\"checkpoint_period\":0.1,");
    start_server(&run, false);
    start_workers(&run);
    wait_event(&run, "w3", "iteration", 3, 30, NULL);
    kill_process(run.server);
    wait_event(&run, "w1", "warning", 1, 0, "connection lost");
    start_server(&run, true);
    assert_all_end_well(&run);
    assert_int_equal(count_events(&run, "s", "resume", 0, 1, "resumes from its state saved at "),
                     1);
    assert_int_equal(count_events(&run, "s", "join", -1, 0, NULL), 6);
    assert_int_equal(count_events(&run, "s", "end", -1, 0, NULL), 1);
    assert_true(count_events(&run, "w1", "iteration", 1, 180, NULL) > 0);
    close_run(&run);
}

static void test_terminated(void **state)
{
    (void)state;
    struct run run;
    open_run(&run, "ROG", 4, 2, "\"epochs\":100000,");
    start_server(&run, false);
    start_workers(&run);
    wait_event(&run, "w1", "iteration", 1, 3, NULL);
    kill(run.worker[0], SIGTERM);
    assert_int_equal(wait_end(run.worker[0]), ROG_EINTR);
    wait_event(&run, "s", "leave", 1, 0, "SIGTERM");
    kill(run.server, SIGTERM);
    assert_int_equal(wait_end(run.server), ROG_EINTR);
    kill(run.worker[1], SIGTERM);
    assert_int_equal(wait_end(run.worker[1]), ROG_EINTR);
    assert_int_equal(count_events(&run, "s", "end", -1, 0, NULL), 0);
    close_run(&run);
}

/* ---- a link that breaks ---- */

#define BRIDGES 8

static volatile sig_atomic_t cut;

static void cut_now(int number)
{
    (void)number;
    cut = 1;
}

/* `record` gets a copy; NULL: none. */
static void carry(int from, int to, FILE *record)
{
    static uint8_t bytes[65536];
    ssize_t got = recv(from, bytes, sizeof bytes, MSG_DONTWAIT);
    if (got > 0)
        send(to, bytes, (size_t)got, MSG_NOSIGNAL);
    if (got > 0 && record)
        fwrite(bytes, 1, (size_t)got, record);
    else if (got == 0)
        shutdown(to, SHUT_WR);
}

/* Forwards bytes between workers and the server, and records what the first worker sends; SIGUSR1
 * breaks every connection. */
static void bridge_process(const struct run *run, int listening)
{
    char *path = path_in(run, "record");
    FILE *record = fopen(path, "w");
    setvbuf(record, NULL, _IONBF, 0);
    free(path);
    int near[BRIDGES], far[BRIDGES], count = 0;
    sigset_t held, none;
    sigemptyset(&held);
    sigemptyset(&none);
    sigaddset(&held, SIGUSR1);
    sigprocmask(SIG_BLOCK, &held, NULL);
    signal(SIGUSR1, cut_now);
    for (;;) {
        struct pollfd look[1 + 2 * BRIDGES] = {{.fd = listening, .events = POLLIN}};
        for (int i = 0; i < count; i++) {
            look[1 + 2 * i] = (struct pollfd){.fd = near[i], .events = POLLIN};
            look[2 + 2 * i] = (struct pollfd){.fd = far[i], .events = POLLIN};
        }
        int ready = ppoll(look, (nfds_t)(1 + 2 * count), NULL, &none);
        for (int i = 0; i < count && ready > 0; i++) {
            if (look[1 + 2 * i].revents)
                carry(near[i], far[i], i == 0 ? record : NULL);
            if (look[2 + 2 * i].revents)
                carry(far[i], near[i], NULL);
        }
        for (; cut && count > 0; count--) {
            close(near[count - 1]);
            close(far[count - 1]);
        }
        cut = 0;
        if (ready > 0 && look[0].revents && count < BRIDGES) {
            near[count] = accept(listening, NULL, NULL);
            far[count++] = knock(run);
        }
    }
}

static pid_t start_bridge(struct run *run)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t bytes = sizeof address;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int listening = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(listening, (struct sockaddr *)&address, bytes), 0);
    assert_int_equal(listen(listening, 8), 0);
    assert_int_equal(getsockname(listening, (struct sockaddr *)&address, &bytes), 0);
    run->front = ntohs(address.sin_port);
    fflush(NULL);
    pid_t bridge = fork();
    if (bridge == 0)
        bridge_process(run, listening);
    close(listening);
    return bridge;
}

static void test_broken_link(void **state)
{
    (void)state;
    struct run run;
    open_run(&run, "ROG", 4, 2, "\"epochs\":80,");
    start_server(&run, false);
    pid_t bridge = start_bridge(&run);
    start_workers(&run);
    for (int i = 1; i <= 5; i++) {
        wait_event(&run, "w2", "iteration", 2, 20 * i, NULL);
        kill(bridge, SIGUSR1);
    }
    assert_all_end_well(&run);
    kill_process(bridge);
    assert_true(count_events(&run, "s", "warning", -1, 0, "continues where it was") >= 8);
    assert_int_equal(count_events(&run, "s", "leave", -1, 0, NULL), 2);
    assert_int_equal(count_events(&run, "s", "leave", -1, 0, "finished"), 2);
    assert_int_equal(count_events(&run, "s", "join", -1, 0, NULL), 2);
    assert_int_equal(count_events(&run, "w1", "iteration", 1, 1, NULL), 240);
    assert_int_equal(count_events(&run, "w2", "iteration", 2, 1, NULL), 240);
    close_run(&run);
}

/* ---- a recording ---- */

/* Sends the recording to the server; only a peer with the key gets more than the server's part of
 * the handshake before the server closes. */
static void say_again(const struct run *run, const char *bytes, size_t size)
{
    char answer[4096];
    size_t heard = 0;
    int fd = knock(run);
    const struct timeval patience = {.tv_sec = 20};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ssize_t got = send(fd, bytes, size, MSG_NOSIGNAL);
    while ((got = recv(fd, answer, sizeof answer, 0)) > 0)
        heard += (size_t)got;
    assert_true(got == 0 || errno == ECONNRESET); /* otherwise nothing happened */
    assert_in_range(heard, 0, ROG_HANDSHAKE_BYTES);
    close(fd);
}

/* Everything a worker has sent to the server is sent again during the run: unchanged, with frames
 * omitted, duplicated, truncated, changed, or of maximum length. */
static void test_recording(void **state)
{
    (void)state;
    struct run run;
    struct rog_error err;
    char *text;
    size_t size;
    open_run(&run, "ROG", 4, 2, "\"epochs\":100000,");
    start_server(&run, false);
    pid_t bridge = start_bridge(&run);
    start_workers(&run);
    wait_event(&run, "w1", "iteration", 1, 5, NULL);
    char *path = path_in(&run, "record");
    if (rog_file_read(path, (size_t)1 << 28, &text, &size, &err))
        fail_msg("%s", err.message);
    const size_t first = ROG_HANDSHAKE_BYTES;
    const uint8_t *header = (const uint8_t *)text + first;
    const size_t second = first + ROG_FRAME_HEADER_BYTES + (header[1] | header[2] << 8);
    assert_true(size > second + 1000);
    size = size < 100000 ? size : 100000;

    say_again(&run, text, size);
    char *other = malloc(size);
    memcpy(other, text, size);
    other[second - 1] ^= 1; /* the first frame's tag */
    say_again(&run, other, size);
    memcpy(other + first, text + second, size - second); /* the first frame omitted */
    say_again(&run, other, size - (second - first));
    memcpy(other, text, second);
    memcpy(other + second, text + first, second - first); /* the first frame twice */
    say_again(&run, other, 2 * second - first);
    memcpy(other, text, size);
    memset(other + first + 1, 0xff, 3); /* a frame of 16 MiB */
    say_again(&run, other, size);
    /* An incomplete frame: the connection is closed since no hello arrives. */
    say_again(&run, text, second - 5);

    wait_event(&run, "w1", "iteration", 1, 40, NULL);
    assert_int_equal(count_events(&run, "w1", "warning", 1, 0, NULL), 0);
    kill(run.server, SIGTERM);
    assert_int_equal(wait_end(run.server), ROG_EINTR);
    for (uint32_t i = 0; i < 2; i++) {
        kill(run.worker[i], SIGTERM);
        wait_end(run.worker[i]);
    }
    kill_process(bridge);
    assert_int_equal(count_events(&run, "s", "warning", -1, 0, NULL), 0);
    assert_int_equal(count_events(&run, "s", "leave", -1, 0, NULL), 0);
    assert_int_equal(count_events(&run, "s", "join", -1, 0, NULL), 2);
    free(other);
    free(text);
    free(path);
    close_run(&run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_strategies),    cmocka_unit_test(test_parts_of_an_iteration),
        cmocka_unit_test(test_wrong_key),     cmocka_unit_test(test_mismatch),
        cmocka_unit_test(test_attackers),     cmocka_unit_test(test_killed_worker),
        cmocka_unit_test(test_killed_server), cmocka_unit_test(test_terminated),
        cmocka_unit_test(test_broken_link),   cmocka_unit_test(test_recording),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
