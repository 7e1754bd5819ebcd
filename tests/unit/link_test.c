/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Two links in one loop: goodput of paced links, and how much still arrives after a sender has
 * stopped, paced, through a bottleneck over loopback, or between two namespaces whose interface is
 * shaped by tc.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include <librog/net/link.h>
#include <trainer/shape/shape.h>

#include "namespace_support.h"
#include "tries_support.h"

#define RELAY_MS 2
#define RELAY_BYTES 65536

struct side {
    struct bench *bench;
    struct rog_link *link;
};

struct bench {
    uv_loop_t loop;
    struct rog_secret *secret;
    struct side client, server;
    uint32_t attached;
    bool sending;   /* the client has more to send */
    double stop_s;  /* time at which it stops; 0: never */
    double begin_s; /* time of the first message sent */
    double last_s;  /* time of the last message received */
    uint64_t received_bytes;
    uint64_t late_bytes;  /* received after the stop */
    uint64_t sent_late;   /* requested after the stop */
    const uint8_t *whole; /* expected beginning of each message; NULL: any */
    bool may_fall, fell;
    char why[ROG_ERROR_MESSAGE_BYTES];
    /* The bottleneck: what one side sends reaches the other at rate_bps. */
    int relay_fd[2];
    double rate_bps, relay_s;
    uv_timer_t relay, end;
};

/* ---- hooks of links ---- */

static int message(void *user, uint8_t kind, const uint8_t *body, size_t size,
                   struct rog_error *err)
{
    struct side *side = user;
    (void)kind;
    (void)body;
    (void)err;
    struct bench *bench = side->bench;
    bench->received_bytes += size;
    if (bench->whole)
        assert_memory_equal(body, bench->whole, size);
    bench->last_s = rog_link_now();
    if (bench->stop_s > 0 && bench->last_s > bench->stop_s)
        bench->late_bytes += size;
    return 0;
}

static void produce(void *user, size_t bytes)
{
    struct side *side = user;
    struct bench *bench = side->bench;
    static const uint8_t body[ROG_LINK_BODY_MAX];
    double now = rog_link_now();
    if (side != &bench->client || !bench->sending)
        return;
    if (bench->stop_s > 0 && now > bench->stop_s)
        return;
    if (bench->begin_s <= 0)
        bench->begin_s = now;
    assert_int_equal(rog_link_put(side->link, 1, body, bytes, NULL), 0);
}

static void down(void *user, const struct rog_error *why)
{
    struct bench *bench = ((struct side *)user)->bench;
    if (!bench->may_fall)
        fail_msg("link down: %s", why->message);
    if (!bench->fell)
        snprintf(bench->why, sizeof bench->why, "%s", why->message);
    bench->fell = true;
}

static const struct rog_link_hooks link_hooks = {message, produce, down};

/* ---- connections before they are links ---- */

static void ready(struct rog_conn *conn, void *user)
{
    struct side *side = user;
    assert_int_equal(rog_link_attach(side->link, conn, 0, NULL, NULL), 0);
    side->bench->attached++;
}

static bool next(struct rog_conn *conn, void *user, uint8_t *payload, uint8_t *type, size_t *size)
{
    (void)conn;
    (void)user;
    (void)payload;
    (void)type;
    (void)size;
    return false;
}

static void closed(struct rog_conn *conn, void *user, const struct rog_error *why)
{
    (void)conn;
    (void)user;
    fail_msg("connection closed: %s", why->message);
}

static const struct rog_conn_hooks conn_hooks = {.ready = ready, .next = next, .closed = closed};

static int listener(struct sockaddr_in *address, const char *number)
{
    socklen_t bytes = sizeof *address;
    /* Space for a queue of two seconds at 1 Mbit/s: the sender must not fill it. */
    int fd = socket(AF_INET, SOCK_STREAM, 0), queue_bytes = 250000;
    *address = (struct sockaddr_in){.sin_family = AF_INET};
    assert_int_equal(inet_pton(AF_INET, number, &address->sin_addr), 1);
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &queue_bytes, sizeof queue_bytes);
    assert_int_equal(bind(fd, (struct sockaddr *)address, sizeof *address), 0);
    assert_int_equal(listen(fd, 2), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)address, &bytes), 0);
    return fd;
}

/* ---- the bottleneck ---- */

/* Both directions; the reverse one is not limited. */
static void relay_due(uv_timer_t *timer)
{
    struct bench *bench = timer->data;
    static uint8_t bytes[RELAY_BYTES];
    double now = rog_link_now();
    size_t credit = (size_t)((now - bench->relay_s) * bench->rate_bps / 8);
    credit = credit < sizeof bytes ? credit : sizeof bytes;
    bench->relay_s += 8 * (double)credit / bench->rate_bps;
    ssize_t got = recv(bench->relay_fd[0], bytes, credit, MSG_DONTWAIT);
    if (got > 0)
        assert_int_equal(send(bench->relay_fd[1], bytes, (size_t)got, MSG_DONTWAIT), got);
    got = recv(bench->relay_fd[1], bytes, sizeof bytes, MSG_DONTWAIT);
    if (got > 0)
        assert_int_equal(send(bench->relay_fd[0], bytes, (size_t)got, MSG_DONTWAIT), got);
}

static void open_narrow(struct bench *bench, struct sockaddr_in *address, double rate_bps)
{
    struct sockaddr_in near;
    int listening = listener(&near, "127.0.0.1");
    bench->rate_bps = rate_bps;
    bench->relay_fd[1] = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(bench->relay_fd[1], (struct sockaddr *)address, sizeof *address), 0);
    *address = near;
    bench->relay_fd[0] = listening; /* until a connection is accepted */
}

/* ---- running ---- */

static void end_due(uv_timer_t *timer)
{
    uv_stop(timer->loop);
}

static void run_for(struct bench *bench, double seconds)
{
    uv_update_time(&bench->loop);
    uv_timer_start(&bench->end, end_due, (uint64_t)(1e3 * seconds), 0);
    uv_run(&bench->loop, UV_RUN_DEFAULT);
}

/* Where the two sides are: on this machine, or each in a namespace. */
struct places {
    const char *client, *server, *address; /* namespaces, the server's address */
};

static void go_to(const char *space)
{
    if (space)
        assert_true(enter(space));
}

static void open_bench_at(struct bench *bench, double relay_bps, const struct places *places)
{
    const uint8_t key[ROG_SECRET_BYTES] = {7};
    struct sockaddr_in address;
    struct rog_conn *conn;
    *bench = (struct bench){.relay_fd = {-1, -1}};
    uv_loop_init(&bench->loop);
    uv_timer_init(&bench->loop, &bench->relay);
    uv_timer_init(&bench->loop, &bench->end);
    bench->relay.data = bench;
    assert_int_equal(rog_secret_new(&bench->secret, key, NULL), 0);
    struct side *const sides[] = {&bench->client, &bench->server};
    for (int i = 0; i < 2; i++) {
        sides[i]->bench = bench;
        assert_int_equal(rog_link_new(&sides[i]->link, &bench->loop, &link_hooks, sides[i], NULL),
                         0);
    }
    int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    go_to(places->server);
    int listening = listener(&address, places->address);
    go_to(places->client);
    if (relay_bps > 0)
        open_narrow(bench, &address, relay_bps);
    assert_int_equal(rog_conn_connect(&conn, &bench->loop, (struct sockaddr *)&address,
                                      sizeof address, bench->secret, &conn_hooks, &bench->client,
                                      NULL),
                     0);
    if (relay_bps > 0) {
        int narrow = accept(bench->relay_fd[0], NULL, NULL);
        close(bench->relay_fd[0]);
        bench->relay_fd[0] = narrow;
        bench->relay_s = rog_link_now();
        const int one = 1;
        for (int i = 0; i < 2; i++)
            setsockopt(bench->relay_fd[i], IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        uv_timer_start(&bench->relay, relay_due, RELAY_MS, RELAY_MS);
    }
    int fd = accept(listening, NULL, NULL);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    close(listening);
    assert_int_equal(
        rog_conn_accept(&conn, &bench->loop, fd, bench->secret, &conn_hooks, &bench->server, NULL),
        0);
    if (places->server)
        assert_int_equal(setns(home, CLONE_NEWNET), 0);
    close(home);
    while (bench->attached < 2)
        uv_run(&bench->loop, UV_RUN_ONCE);
}

static void open_bench(struct bench *bench, double relay_bps)
{
    open_bench_at(bench, relay_bps, &(const struct places){.address = "127.0.0.1"});
}

static void close_bench(struct bench *bench)
{
    rog_link_free(bench->client.link);
    rog_link_free(bench->server.link);
    uv_close((uv_handle_t *)&bench->relay, NULL);
    uv_close((uv_handle_t *)&bench->end, NULL);
    uv_run(&bench->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&bench->loop), 0);
    for (int i = 0; i < 2; i++)
        if (bench->relay_fd[i] >= 0)
            close(bench->relay_fd[i]);
    rog_secret_free(bench->secret);
}

static void pace(struct rog_link *link, struct rog_trace **trace, const char *csv)
{
    assert_int_equal(rog_trace_parse(trace, csv, strlen(csv), "test", NULL), 0);
    rog_link_pace(link, *trace, -rog_link_now());
}

static void pace_evenly(struct rog_link *link, struct rog_trace **trace, double mbps)
{
    char csv[64];
    snprintf(csv, sizeof csv, "seconds,mbps\n0,%g\n", mbps);
    pace(link, trace, csv);
}

/* ---- tests ---- */

static double goodput_bps(const struct bench *bench)
{
    return 8 * (double)bench->received_bytes / (bench->last_s - bench->begin_s);
}

static bool paced_goodput(void *user)
{
    const double *rate = user;
    struct bench bench;
    struct rog_trace *up, *back;
    open_bench(&bench, 0);
    pace_evenly(bench.client.link, &up, *rate);
    pace_evenly(bench.server.link, &back, *rate);
    bench.sending = true;
    rog_link_wake(bench.client.link);
    run_for(&bench, 1.5);
    double share = goodput_bps(&bench) / (1e6 * *rate);
    print_message("paced at %g Mbit/s: goodput %.1f%%\n", *rate, 100 * share);
    close_bench(&bench);
    rog_trace_free(up);
    rog_trace_free(back);
    return share > 0.9 && share < 1.02;
}

static void test_paced_goodput(void **state)
{
    (void)state;
    double rates[] = {1, 10, 100};
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++)
        assert_true(right_once(paced_goodput, &rates[i]));
}

/* Longer than a frame; and longer than the other side accepts. */
static void test_long_messages(void **state)
{
    (void)state;
    static uint8_t body[400000];
    static const size_t sizes[] = {ROG_LINK_BODY_MAX, ROG_LINK_BODY_MAX + 1, sizeof body, 1,
                                   2 * ROG_LINK_BODY_MAX};
    struct bench bench;
    uint64_t bytes = 0;
    for (size_t i = 0; i < sizeof body; i++)
        body[i] = (uint8_t)(i % 251);
    open_bench(&bench, 0);
    bench.whole = body;
    rog_link_take_up_to(bench.server.link, sizeof body);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        assert_int_equal(rog_link_put(bench.client.link, 1, body, sizes[i], NULL), 0);
        bytes += sizes[i];
    }
    for (int wait = 0; wait < 100 && bench.received_bytes < bytes; wait++)
        run_for(&bench, 0.05);
    assert_int_equal(bench.received_bytes, bytes);

    bench.may_fall = true;
    rog_link_take_up_to(bench.server.link, sizeof body - 1);
    assert_int_equal(rog_link_put(bench.client.link, 1, body, sizeof body, NULL), 0);
    for (int wait = 0; wait < 100 && !bench.fell; wait++)
        run_for(&bench, 0.05);
    assert_int_equal(bench.received_bytes, bytes);
    assert_non_null(strstr(bench.why, "a message of more than 399999 bytes"));
    close_bench(&bench);
}

/* Requests messages until the budget ends; returns how long they still arrive afterwards. */
static double late_s(struct bench *bench, double budget_s)
{
    bench->sending = true;
    bench->stop_s = rog_link_now() + budget_s;
    rog_link_wake(bench->client.link);
    run_for(bench, budget_s + 0.5);
    return bench->last_s - bench->stop_s;
}

static bool paced_stop(void *user)
{
    (void)user;
    struct bench bench;
    struct rog_trace *up, *back;
    open_bench(&bench, 0);
    pace_evenly(bench.client.link, &up, 1);
    pace_evenly(bench.server.link, &back, 1);
    double late = late_s(&bench, 0.7);
    print_message("paced at 1 Mbit/s: the stream stops %.0f ms after its budget\n", 1e3 * late);
    close_bench(&bench);
    rog_trace_free(up);
    rog_trace_free(back);
    return late < 0.1;
}

static void test_paced_stop(void **state)
{
    (void)state;
    assert_true(right_once(paced_stop, NULL));
}

/* The sender is not told the rate of the bottleneck. */
static bool narrow_stop(void *user)
{
    (void)user;
    struct bench bench;
    open_bench(&bench, 1e6);
    double late = late_s(&bench, 3);
    double share = goodput_bps(&bench) / 1e6;
    print_message("through 1 Mbit/s: goodput %.1f%%, the stream stops %.0f ms after its budget\n",
                  100 * share, 1e3 * late);
    close_bench(&bench);
    return share > 0.9 && late < 0.1;
}

static void test_narrow_stop(void **state)
{
    (void)state;
    assert_true(right_once(narrow_stop, NULL));
}

static bool narrow_goodput(void *user)
{
    const double *rate_bps = user;
    struct bench bench;
    open_bench(&bench, *rate_bps);
    late_s(&bench, 2);
    double share = goodput_bps(&bench) / *rate_bps;
    print_message("through %g Mbit/s: goodput %.1f%%\n", *rate_bps / 1e6, 100 * share);
    close_bench(&bench);
    return share > 0.9;
}

static void test_narrow_goodput(void **state)
{
    (void)state;
    double rates_bps[] = {10e6, 100e6};
    for (size_t i = 0; i < 2; i++)
        assert_true(right_once(narrow_goodput, &rates_bps[i]));
}

/* A rate of 0 transmits nothing, and the stream continues after it. */
static void test_nothing_passes_zero(void **state)
{
    (void)state;
    struct bench bench;
    struct rog_trace *trace;
    open_bench(&bench, 0);
    pace(bench.client.link, &trace, "seconds,mbps\n0,0\n0.4,20\n10,0\n");
    bench.sending = true;
    rog_link_wake(bench.client.link);
    run_for(&bench, 0.35);
    assert_int_equal(bench.received_bytes, 0);
    run_for(&bench, 0.3);
    assert_true(bench.received_bytes > 20e6 / 8 * 0.2 * 0.8);
    close_bench(&bench);
    rog_trace_free(trace);
}

/* ---- through tc ---- */

static void tell_ready(void *user)
{
    const int *fd = user;
    assert_int_equal(write(*fd, "", 1), 1);
}

/* Shapes the worker's interface, in both directions, until it gets SIGTERM. */
static pid_t shape(const struct world *world, double mbps)
{
    int ready[2];
    char csv[64], byte;
    assert_int_equal(pipe(ready), 0);
    snprintf(csv, sizeof csv, "seconds,mbps\n0,%g\n", mbps);
    pid_t pid = branch(world->worker);
    if (pid == 0) {
        struct rog_trace *trace;
        struct rog_shape_summary summary;
        struct rog_error err = {0};
        sigset_t set;
        sigemptyset(&set);
        sigaddset(&set, SIGTERM);
        sigprocmask(SIG_BLOCK, &set, NULL);
        char *audit = rog_path_join(world->folder, "audit");
        const struct rog_shape_options options = {
            .iface = IFACE,
            .trace = rog_trace_parse(&trace, csv, strlen(csv), "test", NULL) ? NULL : trace,
            .rank = 1,
            .stop_fd = signalfd(-1, &set, 0),
            .ready = tell_ready,
            .user = &ready[1],
            .audit = fopen(audit, "w"),
        };
        int code = rog_shape_replay(&options, &summary, &err);
        if (code)
            fprintf(stderr, "replay: %s\n", err.message);
        else
            printf("  by tc's counters: %.1f s of full use, error %+.2f%%\n", summary.busy_s,
                   100 * summary.error);
        fflush(stdout);
        _exit(code || summary.busy_s < 1 || fabs(summary.error) > 0.05);
    }
    close(ready[1]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    return pid;
}

struct shaped {
    struct places way;
    const char *name;
    double mbps, seconds;
};

static bool shaped_goodput(void *user)
{
    const struct shaped *shaped = user;
    struct bench bench;
    open_bench_at(&bench, 0, &shaped->way);
    late_s(&bench, shaped->seconds);
    double share = goodput_bps(&bench) / (1e6 * shaped->mbps);
    double late = 8 * (double)bench.late_bytes / (1e6 * shaped->mbps);
    print_message("shaped to %g Mbit/s, %s the worker: goodput %.1f%%, %.0f ms worth of "
                  "data after the budget\n",
                  shaped->mbps, shaped->name, 100 * share, 1e3 * late);
    close_bench(&bench);
    return share > 0.9 && late < 0.1;
}

/* At least 90% of the shaped rate in both directions; what arrives after the end of the budget is
 * worth less than 100 ms; and tc transmitted what the trace has. */
static void test_shaped(void **state)
{
    struct world *world = *state;
    static const double mbps[] = {1, 10, 100}, seconds[] = {5, 3, 3};
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    print_message("with sanitizers no link keeps the pace that is measured here\n");
    skip();
#endif
    if (world->skip[0]) {
        printf("skipped: %s\n", world->skip);
        skip();
    }
    for (size_t i = 0; i < sizeof mbps / sizeof *mbps; i++) {
        struct shaped ways[] = {
            {{world->worker, world->server, SERVER}, "from", mbps[i], seconds[i]},
            {{world->server, world->worker, WORKER}, "to", mbps[i], seconds[i]}};
        pid_t replay = shape(world, mbps[i]);
        for (size_t way = 0; way < 2; way++)
            assert_true(right_once(shaped_goodput, &ways[way]));
        kill(replay, SIGTERM);
        assert_int_equal(finish(replay), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_paced_goodput),
        cmocka_unit_test(test_long_messages),
        cmocka_unit_test(test_paced_stop),
        cmocka_unit_test(test_narrow_stop),
        cmocka_unit_test(test_narrow_goodput),
        cmocka_unit_test(test_nothing_passes_zero),
        cmocka_unit_test_setup_teardown(test_shaped, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
