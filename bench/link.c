/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The training link between two processes over loopback, encrypted as always: goodput without
 * shaping, CPU time of both ends per megabyte, and how long after the end of the sender's budget
 * the last message of its stream arrives, unshaped and paced. The limit of the goodput is the rate
 * at which one processor encrypts; the sender has to do more than that.
 *
 *     bench-link [SECONDS]     for each line, default 2
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bench/measure.h>
#include <librog/net/link.h>

#define DRAIN_S 0.5 /* long enough for what is in flight at the end of the budget */
#define MEGABYTE 1e6

/* Measurements of the receiving process. */
struct arrivals {
    uint64_t bytes, first_bytes; /* of all messages, and of the first */
    double first_s, last_s;      /* by rog_link_now, the same clock in all processes */
};

struct end {
    uv_loop_t loop;
    uv_timer_t timer;
    struct rog_secret *secret;
    struct rog_link *link;
    struct rog_trace *trace;
    double stop_s; /* end of the sender's budget */
    bool attached, down;
    struct arrivals arrivals;
};

/* ---- hooks ---- */

static int message(void *user, uint8_t kind, const uint8_t *body, size_t size,
                   struct rog_error *err)
{
    struct end *end = user;
    (void)kind, (void)body, (void)err;
    end->arrivals.last_s = rog_link_now();
    if (end->arrivals.bytes == 0) {
        end->arrivals.first_s = end->arrivals.last_s;
        end->arrivals.first_bytes = size;
    }
    end->arrivals.bytes += size;
    return 0;
}

static void produce(void *user, size_t bytes)
{
    struct end *end = user;
    static const uint8_t body[ROG_LINK_BODY_MAX];
    if (rog_link_now() < end->stop_s)
        rog_link_put(end->link, 1, body, bytes, NULL);
}

static void down(void *user, const struct rog_error *why)
{
    struct end *end = user;
    (void)why;
    end->down = true;
    uv_stop(&end->loop);
}

static const struct rog_link_hooks link_hooks = {message, produce, down};

static void ready(struct rog_conn *conn, void *user)
{
    struct end *end = user;
    end->attached = rog_link_attach(end->link, conn, 0, NULL, NULL) == 0;
}

static bool next(struct rog_conn *conn, void *user, uint8_t *payload, uint8_t *type, size_t *size)
{
    (void)conn, (void)user, (void)payload, (void)type, (void)size;
    return false;
}

static void closed(struct rog_conn *conn, void *user, const struct rog_error *why)
{
    (void)conn, (void)why;
    ((struct end *)user)->down = true;
}

static const struct rog_conn_hooks conn_hooks = {.ready = ready, .next = next, .closed = closed};

/* ---- an end ---- */

static int end_init(struct end *end, double mbps, struct rog_error *err)
{
    const uint8_t key[ROG_SECRET_BYTES] = {7};
    char csv[64];
    int code = rog_secret_new(&end->secret, key, err);
    uv_loop_init(&end->loop);
    uv_timer_init(&end->loop, &end->timer);
    if (!code)
        code = rog_link_new(&end->link, &end->loop, &link_hooks, end, err);
    if (!code && mbps > 0) {
        snprintf(csv, sizeof csv, "seconds,mbps\n0,%g\n", mbps);
        code = rog_trace_parse(&end->trace, csv, strlen(csv), "bench", err);
        if (!code)
            rog_link_pace(end->link, end->trace, -rog_link_now());
    }
    return code;
}

static void end_release(struct end *end)
{
    rog_link_free(end->link);
    uv_close((uv_handle_t *)&end->timer, NULL);
    uv_run(&end->loop, UV_RUN_DEFAULT);
    uv_loop_close(&end->loop);
    rog_trace_free(end->trace);
    rog_secret_free(end->secret);
}

static void stop(uv_timer_t *timer)
{
    uv_stop(timer->loop);
}

/* Runs the receiving process until the sender is gone, then writes its measurements to
 * `pipe_fd`. */
static int receive(int listener, int pipe_fd, double mbps)
{
    struct end end = {0};
    struct rog_conn *conn;
    struct rog_error err;
    int code = end_init(&end, mbps, &err);
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
    if (!code)
        code = rog_conn_accept(&conn, &end.loop, fd, end.secret, &conn_hooks, &end, &err);
    while (!code && !end.down)
        uv_run(&end.loop, UV_RUN_ONCE);
    ssize_t wrote = write(pipe_fd, &end.arrivals, sizeof end.arrivals);
    end_release(&end);
    return code || wrote != sizeof end.arrivals;
}

/* Runs the sending process: sends messages for `seconds`, then waits for what is in flight. */
static int send_for(struct end *end, const struct sockaddr_in *address, double seconds, double mbps,
                    struct rog_error *err)
{
    struct rog_conn *conn;
    int code = end_init(end, mbps, err);
    if (!code)
        code = rog_conn_connect(&conn, &end->loop, (const struct sockaddr *)address,
                                sizeof *address, end->secret, &conn_hooks, end, err);
    while (!code && !end->attached && !end->down)
        uv_run(&end->loop, UV_RUN_ONCE);
    if (code)
        return code;
    end->stop_s = rog_link_now() + seconds;
    rog_link_wake(end->link);
    uv_update_time(&end->loop);
    uv_timer_start(&end->timer, stop, (uint64_t)(1e3 * (seconds + DRAIN_S)), 0);
    uv_run(&end->loop, UV_RUN_DEFAULT);
    return end->down ? rog_fail(err, ROG_EFAILED, "the connection was lost") : 0;
}

/* ---- measuring ---- */

static double cpu_s(int who)
{
    struct rusage usage;
    getrusage(who, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           1e-6 * (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

/* Measures the bytes per second that one processor encrypts in frames of full size. */
static int encryption_rate(double *rate, struct rog_error *err)
{
    const uint8_t key[ROG_SECRET_BYTES] = {7};
    static uint8_t payload[ROG_FRAME_PAYLOAD_MAX];
    static uint8_t frame[ROG_FRAME_PAYLOAD_MAX + ROG_FRAME_OVERHEAD];
    uint8_t hello[ROG_HANDSHAKE_BYTES], answer[ROG_HANDSHAKE_BYTES];
    struct rog_secret *secret = NULL;
    struct rog_seal *client = NULL, *server = NULL;
    int code = rog_secret_new(&secret, key, err);
    if (!code)
        code = rog_seal_new(&client, secret, false, err);
    if (!code)
        code = rog_seal_new(&server, secret, true, err);
    if (!code) {
        rog_seal_introduce(client, hello);
        code = rog_seal_meet(server, hello, err);
    }
    if (!code) {
        rog_seal_introduce(server, answer);
        code = rog_seal_meet(client, answer, err);
    }
    double begin_s = rog_bench_cpu_s(), spent_s = 0;
    uint64_t bytes = 0;
    for (; !code && spent_s < 0.3; spent_s = rog_bench_cpu_s() - begin_s, bytes += sizeof payload)
        rog_seal_close(client, 1, payload, sizeof payload, frame);
    *rate = (double)bytes / spent_s;
    rog_seal_free(server);
    rog_seal_free(client);
    rog_secret_free(secret);
    return code;
}

static int open_listener(int *listener, struct sockaddr_in *address, struct rog_error *err)
{
    socklen_t bytes = sizeof *address;
    *address = (struct sockaddr_in){.sin_family = AF_INET};
    address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    *listener = socket(AF_INET, SOCK_STREAM, 0);
    if (*listener < 0 || bind(*listener, (struct sockaddr *)address, bytes) ||
        listen(*listener, 1) || getsockname(*listener, (struct sockaddr *)address, &bytes))
        return rog_fail(err, ROG_EFAILED, "cannot listen on loopback");
    return 0;
}

/* mbps 0: unshaped, with a goodput of at most `limit` bytes per second. */
static int measure(double seconds, double mbps, double limit, struct rog_error *err)
{
    struct sockaddr_in address;
    struct arrivals arrivals = {0};
    struct end end = {0};
    int listener, ends[2];
    int code = open_listener(&listener, &address, err);
    if (code)
        return code;
    if (pipe(ends))
        return rog_fail(err, ROG_EFAILED, "cannot create a pipe");
    pid_t child = fork();
    if (child == 0)
        _exit(receive(listener, ends[1], mbps));
    close(listener);
    close(ends[1]);
    double begin_cpu_s = cpu_s(RUSAGE_SELF) + cpu_s(RUSAGE_CHILDREN);
    code = child < 0 ? rog_fail(err, ROG_EFAILED, "cannot start a process")
                     : send_for(&end, &address, seconds, mbps, err);
    double stop_s = end.stop_s;
    end_release(&end);
    if (child > 0 && read(ends[0], &arrivals, sizeof arrivals) != sizeof arrivals && !code)
        code = rog_fail(err, ROG_EFAILED, "the receiver reported nothing");
    if (child > 0)
        waitpid(child, NULL, 0);
    close(ends[0]);
    if (code || arrivals.bytes == 0)
        return code ? code : rog_fail(err, ROG_EFAILED, "nothing arrived");

    double used_s = cpu_s(RUSAGE_SELF) + cpu_s(RUSAGE_CHILDREN) - begin_cpu_s;
    double megabytes = (double)arrivals.bytes / MEGABYTE;
    double after_first = (double)(arrivals.bytes - arrivals.first_bytes) / MEGABYTE;
    char name[96], what[48] = "link, unshaped";
    if (mbps > 0)
        snprintf(what, sizeof what, "link, paced at %g Mbit/s", mbps);
    snprintf(name, sizeof name, "%s, goodput", what);
    rog_bench_print(name, after_first / (arrivals.last_s - arrivals.first_s), "MB/s",
                    mbps > 0 ? mbps / 8 : limit / MEGABYTE);
    if (mbps <= 0)
        rog_bench_print("link, unshaped, CPU of both ends for a megabyte", 1e3 * used_s / megabytes,
                        "ms", 2e3 * MEGABYTE / limit);
    snprintf(name, sizeof name, "%s, budget over to stream stopped", what);
    rog_bench_print(name, 1e3 * (arrivals.last_s - stop_s), "ms", ROG_BENCH_NO_LIMIT);
    return 0;
}

int main(int argc, char **argv)
{
    const double rates[] = {0, 1, 10, 100};
    double seconds = argc > 1 ? atof(argv[1]) : 2, limit;
    struct rog_error err;
    int code = encryption_rate(&limit, &err);
    for (size_t i = 0; i < sizeof rates / sizeof *rates && !code; i++)
        code = measure(seconds, rates[i], limit, &err);
    if (code)
        fprintf(stderr, "bench-link: %s\n", err.message);
    return code ? 1 : 0;
}
