/* SPDX-License-Identifier: Apache-2.0 */
/* Bandwidth replay between two network namespaces of the test: TCP streams through a shaped veth, a
 * rate of 0, restoring, also after kill -9. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <common/file.h>
#include <common/json.h>
#include <common/process.h>
#include <trainer/shape/host.h>
#include <trainer/shape/lanes.h>
#include <trainer/shape/shape.h>

#include "namespace_support.h"
#include "tries_support.h"

#define BIN_S 0.05
#define BINS 1200
/* More than any shaped rate, and little work: streams have priority over everything else on the
 * machine (branch), and unlimited ones would leave no time to the kernel's own threads, for which
 * the end of a replay waits, nor to this test, which ends the streams afterwards. */
#define FREE_MBPS 250

/* Returns whether a replay's file exists for the interface of a namespace. */
static bool has_state(const char *space)
{
    struct stat info = {0};
    char *path = rog_format("/run/netns/%s", space);
    assert_int_equal(stat(path, &info), 0);
    free(path);
    path =
        rog_format("%s/%llu-%s.json", ROG_SHAPE_STATE_DIR, (unsigned long long)info.st_ino, IFACE);
    bool there = rog_file_exists(path);
    free(path);
    return there;
}

/* --- a TCP stream --- */

struct stream {
    pid_t from, to;
    double *bins; /* shared: [BINS] bytes received in each BIN_S since start_s */
    double start_s;
};

static int listen_on(const char *address, int port)
{
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    inet_pton(AF_INET, address, &here.sin_addr);
    int fd = socket(AF_INET, SOCK_STREAM, 0), yes = 1;
    /* A window smaller than the queue: the test measures the shaper, not TCP's reaction to losses.
     */
    int window = 26000;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &window, sizeof window);
    if (bind(fd, (struct sockaddr *)&here, sizeof here) != 0 || listen(fd, 1) != 0)
        _exit(98);
    return fd;
}

static void receive(const struct stream *stream, const char *address, int port)
{
    static char data[1 << 16];
    int fd = accept(listen_on(address, port), NULL, NULL);
    for (;;) {
        ssize_t got = read(fd, data, sizeof data);
        if (got <= 0)
            _exit(0);
        double bin = floor((now_s() - stream->start_s) / BIN_S);
        if (bin >= 0 && bin < BINS)
            stream->bins[(int)bin] += (double)got;
    }
}

static void send_for_ever(const char *address, int port)
{
    static char data[1 << 16];
    struct sockaddr_in there = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    inet_pton(AF_INET, address, &there.sin_addr);
    int fd = -1;
    for (int i = 0; i < 500; i++) {
        fd = socket(AF_INET, SOCK_STREAM, 0);
        setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "reno", 4); /* the same on every kernel */
        if (connect(fd, (struct sockaddr *)&there, sizeof there) == 0)
            break;
        close(fd);
        sleep_s(0.01);
    }
    double free_s = now_s();
    for (ssize_t put; (put = write(fd, data, sizeof data)) > 0;) {
        free_s = fmax(free_s, now_s() - BIN_S) + 8e-6 * (double)put / FREE_MBPS;
        sleep_s(fmax(free_s - now_s(), 0));
    }
    _exit(0);
}

static void stream_start(struct stream *stream, const char *from, const char *to,
                         const char *to_address, int port)
{
    stream->bins = mmap(NULL, BINS * sizeof *stream->bins, PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(stream->bins, MAP_FAILED);
    stream->to = branch(to);
    if (stream->to == 0)
        receive(stream, to_address, port);
    stream->from = branch(from);
    if (stream->from == 0)
        send_for_ever(to_address, port);
}

static void stream_stop(struct stream *stream)
{
    kill(stream->from, SIGKILL);
    kill(stream->to, SIGKILL);
    finish(stream->from);
    finish(stream->to);
}

/* Returns the Mbit/s of TCP payload between two times. */
static double goodput(const struct stream *stream, double from_s, double to_s)
{
    double bytes = 0;
    for (int bin = (int)(from_s / BIN_S); bin < (int)(to_s / BIN_S) && bin < BINS; bin++)
        bytes += stream->bins[bin];
    return 8e-6 * bytes / (to_s - from_s);
}

/* --- a replay in a child --- */

static struct rog_trace *trace_of(const char *csv)
{
    struct rog_trace *trace = NULL;
    struct rog_error err = {0};
    if (rog_trace_parse(&trace, csv, strlen(csv), "test", &err))
        fail_msg("%s", err.message);
    return trace;
}

/* Exit status of the child: 0, or a rog_code as a positive number. */
static pid_t replay_start(const struct world *world, const char *space,
                          const struct rog_shape_options *wanted)
{
    pid_t pid = branch(space);
    if (pid != 0)
        return pid;
    struct rog_shape_options options = *wanted;
    struct rog_shape_summary summary;
    struct rog_error err = {0};
    char *path = rog_path_join(world->folder, "audit");
    options.audit = fopen(path, "ae");
    free(path);
    int code = rog_shape_replay(&options, &summary, &err);
    if (code)
        fprintf(stderr, "replay: %s\n", err.message);
    _exit(-code);
}

static struct rog_json *qdiscs(const char *space)
{
    struct rog_json *list = NULL;
    struct rog_error err = {0};
    if (rog_shape_ask(&list, &err, "tc -n %s -j qdisc show", space))
        fail_msg("%s", err.message);
    return list;
}

/* Returns the number of qdiscs in a namespace that veth and lo do not have by default. */
static size_t changes(const char *space)
{
    size_t count = 0;
    struct rog_json *list = qdiscs(space);
    for (size_t i = 0; i < rog_json_size(list); i++)
        count += strcmp(rog_json_get_string(rog_json_at(list, i), "kind", ""), "noqueue") != 0;
    rog_json_free(list);
    return count;
}

static bool has_ifb(const char *space)
{
    struct rog_json *list = NULL;
    struct rog_error err = {0};
    bool found = false;
    if (rog_shape_ask(&list, &err, "ip -n %s -j link show", space))
        fail_msg("%s", err.message);
    for (size_t i = 0; i < rog_json_size(list); i++)
        found |= strncmp(rog_json_get_string(rog_json_at(list, i), "ifname", ""), "rogifb", 6) == 0;
    rog_json_free(list);
    return found;
}

/* Waits until there are none. */
static void become_untouched(const char *space)
{
    for (double until_s = now_s() + 15; now_s() < until_s; sleep_s(0.05))
        if (!changes(space) && !has_ifb(space))
            return;
    fail_msg("%s still has qdiscs or an ifb", space);
}

static void become_shaped(const char *space)
{
    for (double until_s = now_s() + 15; now_s() < until_s; sleep_s(0.02))
        if (changes(space) >= 2)
            return;
    fail_msg("%s does not get shaped", space);
}

/* Returns when the replay begins: then the first line of the audit is written. */
static void await_begin(const struct world *world)
{
    struct stat info;
    char *path = rog_path_join(world->folder, "audit");
    bool begun = false;
    for (double until_s = now_s() + 15; !begun && now_s() < until_s; sleep_s(0.001))
        begun = stat(path, &info) == 0 && info.st_size > 0;
    free(path);
    assert_true(begun);
}

struct bound {
    const char *what;
    double value, low, high;
};

static bool all_within(const struct bound *bounds, size_t count)
{
    bool all = true;
    for (size_t i = 0; i < count; i++) {
        const struct bound *b = &bounds[i];
        bool within = b->value >= b->low && b->value <= b->high;
        printf("  %-34s %8.3f  (%s%g to %g)\n", b->what, b->value, within ? "" : "NOT ", b->low,
               b->high);
        all = all && within;
    }
    return all;
}

/* Calls visit for every line of the audit file with that event. */
static void each_event(const struct world *world, const char *event,
                       void (*visit)(const struct rog_json *line, void *user), void *user)
{
    char *text = NULL, *path = rog_path_join(world->folder, "audit");
    size_t size;
    struct rog_error err = {0};
    if (rog_file_read(path, 1 << 24, &text, &size, &err))
        fail_msg("%s", err.message);
    free(path);
    char *rest = text;
    for (char *line = strsep(&rest, "\n"); line; line = strsep(&rest, "\n")) {
        struct rog_json *json = NULL;
        if (line[0] && rog_json_parse(line, strlen(line), "audit", &json, &err))
            fail_msg("%s", err.message);
        if (json && strcmp(rog_json_get_string(json, "event", ""), event) == 0)
            visit(json, user);
        rog_json_free(json);
    }
    free(text);
}

static void keep_last(const struct rog_json *line, void *user)
{
    struct rog_json **last = user;
    rog_json_free(*last);
    *last = rog_json_copy(line);
}

static void check_busy_second(const struct rog_json *line, void *user)
{
    double *worst = user;
    double requested = rog_json_get_number(line, "requested_mbps", 0);
    if (!rog_json_get_bool(line, "busy", false) || requested < 1)
        return;
    worst[0] = fmax(worst[0], fabs(rog_json_get_number(line, "achieved_mbps", 0) / requested - 1));
    worst[1]++;
}

/* --- tests --- */

static bool rates_of_the_trace(const struct stream *s)
{
    /* Headers take 4.4%, acknowledgements of the other stream 2%. */
    const struct bound bounds[] = {
        {"Mbit/s at 1", goodput(s, 1, 3.9), 0.90, 1.0},
        {"Mbit/s at 10", goodput(s, 4.3, 6.8), 9.0, 10.0},
        {"Mbit/s at 100", goodput(s, 7.3, 8.8), 86, 100},
        {"Mbit/s at 0", goodput(s, 9.15, 11.8), 0, 0.001},
        {"Mbit/s at 10 again", goodput(s, 12.3, 13.8), 9.0, 10.0},
        /* A change is immediate: after 200 ms the new rate is reached. */
        {"Mbit/s right after 1 -> 10", goodput(s, 4.2, 4.5), 8.5, 10.5},
        {"Mbit/s right before 1 -> 10", goodput(s, 3.4, 3.85), 0.8, 1.1},
    };
    return all_within(bounds, sizeof bounds / sizeof *bounds);
}

/* Checks the replay's own report. */
static bool audit_is_good(const struct world *world)
{
    struct rog_json *end = NULL;
    double worst[2] = {0, 0};
    each_event(world, "replay-end", keep_last, &end);
    each_event(world, "replay-audit", check_busy_second, worst);
    assert_int_equal(rog_json_get_integer(end, "steps", 0), 2 * 5);
    const struct bound bounds[] = {
        {"latest step, ms", 1e3 * rog_json_get_number(end, "late_max_s", 99), 0, 50},
        {"error of the replay", rog_json_get_number(end, "error", 9), -0.05, 0.05},
        {"seconds of full use", worst[1], 8, 30},
    };
    rog_json_free(end);
    return all_within(bounds, sizeof bounds / sizeof *bounds);
}

static bool streams_get_it(void *user)
{
    const struct world *world = user;
    struct rog_trace *trace =
        trace_of("seconds,mbps\n0,1\n4,10\n7,100\n9,0\n12,10\n14,10\n1000,1\n");
    const struct rog_shape_options options = {
        .iface = IFACE, .trace = trace, .rank = 3, .seconds = 14, .stop_fd = -1};
    char *audit = rog_path_join(world->folder, "audit");
    unlink(audit);
    free(audit);
    pid_t replay = replay_start(world, world->worker, &options);
    await_begin(world);
    struct stream up = {.start_s = now_s()}, down = {.start_s = up.start_s};
    stream_start(&up, world->worker, world->server, SERVER, 5001);
    stream_start(&down, world->server, world->worker, WORKER, 5002);
    assert_int_equal(finish(replay), 0);
    stream_stop(&up);
    stream_stop(&down);
    rog_trace_free(trace);
    assert_int_equal(changes(world->worker), 0);
    assert_false(has_ifb(world->worker));
    assert_false(has_state(world->worker));

    printf("from the worker\n");
    bool good = rates_of_the_trace(&up);
    printf("to the worker\n");
    good = rates_of_the_trace(&down) && good;
    return audit_is_good(world) && good;
}

/* Both directions at once: 1, 10 and 100 Mbit/s, 0, 10 again. */
static void streams_get_the_trace(void **state)
{
    assert_true(right_once(streams_get_it, world_of(state)));
}

static bool one_worker_is_shaped(void *user)
{
    const struct world *world = user;
    struct rog_trace *trace = trace_of("seconds,mbps\n0,5\n100,5\n");
    struct rog_shape_peer peers[] = {{.address = WORKER, .rank = 1, .trace = trace},
                                     {.address = "fd00::7", .rank = 2, .trace = trace}};
    const struct rog_shape_options options = {
        .iface = IFACE, .peers = peers, .peer_count = 2, .seconds = 3, .stop_fd = -1};
    char *audit = rog_path_join(world->folder, "audit");
    unlink(audit);
    free(audit);
    pid_t replay = replay_start(world, world->server, &options);
    await_begin(world);
    struct stream shaped = {.start_s = now_s()}, free_stream = {.start_s = shaped.start_s};
    stream_start(&shaped, world->server, world->worker, WORKER, 5001);
    stream_start(&free_stream, world->server, world->worker, "10.99.7.9", 5002);
    assert_int_equal(finish(replay), 0);
    stream_stop(&shaped);
    stream_stop(&free_stream);
    rog_trace_free(trace);
    assert_int_equal(changes(world->server), 0);
    const struct bound bounds[] = {
        {"Mbit/s to the worker", goodput(&shaped, 0.5, 2.4), 4.5, 5},
        /* The rate depends on the machine; it only must not be shaped. */
        {"Mbit/s to another address", goodput(&free_stream, 0.5, 2.4), 25, 1.1 * FREE_MBPS},
    };
    return all_within(bounds, sizeof bounds / sizeof *bounds);
}

/* If the worker has no ifb: a class on the server's egress. */
static void server_shapes_one_worker_and_no_other_traffic(void **state)
{
    struct world *world = world_of(state);
    struct rog_error err = {0};
    if (rog_shape_command(&err, "ip -n %s address add 10.99.7.9/24 dev %s", world->worker, IFACE))
        fail_msg("%s", err.message);
    assert_true(right_once(one_worker_is_shaped, world));
}

static void kill_and_look(struct world *world, const struct rog_shape_options *options, int signal)
{
    pid_t replay = replay_start(world, world->worker, options);
    become_shaped(world->worker);
    sleep_s(0.2);
    kill(replay, signal);
    finish(replay);
    become_untouched(world->worker);
}

static void kill_9_puts_the_interface_back(void **state)
{
    struct world *world = world_of(state);
    struct rog_trace *trace = trace_of("seconds,mbps\n0,1\n0.1,2\n0.2,1\n");
    const struct rog_shape_options options = {.iface = IFACE, .trace = trace, .stop_fd = -1};
    kill_and_look(world, &options, SIGKILL);
    kill_and_look(world, &options, SIGTERM); /* it ends at once: nothing waits for it */
    rog_trace_free(trace);
}

static void a_lease_that_runs_out_ends_the_replay(void **state)
{
    struct world *world = world_of(state);
    struct rog_error err = {0};
    struct rog_trace *trace = trace_of("seconds,mbps\n0,1\n");
    char *lease = rog_path_join(world->folder, "lease");
    assert_int_equal(rog_file_write(lease, "", 0, &err), ROG_OK);
    const struct rog_shape_options options = {
        .iface = IFACE, .trace = trace, .stop_fd = -1, .lease = lease, .lease_timeout_s = 1.5};
    pid_t replay = replay_start(world, world->worker, &options);
    become_shaped(world->worker);
    for (int i = 0; i < 12; i++) { /* touch the lease for 2.4 s */
        sleep_s(0.2);
        assert_int_equal(utimensat(AT_FDCWD, lease, NULL, 0), 0);
    }
    assert_true(changes(world->worker) >= 2);
    become_untouched(world->worker);
    assert_int_equal(finish(replay), 128 + SIGTERM);
    free(lease);
    rog_trace_free(trace);
}

/* A replay and its guard killed together: the next command cleans up. */
static void left_overs_are_found_and_removed(void **state)
{
    struct world *world = world_of(state);
    struct rog_trace *trace = trace_of("seconds,mbps\n0,1\n");
    const struct rog_shape_options options = {.iface = IFACE, .trace = trace, .stop_fd = -1};
    pid_t replay = replay_start(world, world->worker, &options);
    become_shaped(world->worker);
    sleep_s(0.2);
    char *children = rog_format("/proc/%ld/task/%ld/children", (long)replay, (long)replay);
    struct rog_error err = {0};
    char *text = NULL;
    size_t size;
    assert_int_equal(rog_file_read(children, 4096, &text, &size, &err), ROG_OK);
    kill(replay, SIGSTOP);
    for (char *at = text; *at;) { /* tc and the guard */
        long pid = strtol(at, &at, 10);
        if (pid > 1)
            kill((pid_t)pid, SIGKILL);
        at += strspn(at, " \n");
    }
    kill(replay, SIGKILL);
    finish(replay);
    free(text);
    free(children);
    sleep_s(0.3);
    assert_true(changes(world->worker) >= 2);

    pid_t cleaner = branch(world->worker);
    if (cleaner == 0) {
        bool found = false, again = true;
        int code = rog_shape_restore(IFACE, &found, &err);
        if (!code && found)
            code = rog_shape_restore(IFACE, &again, &err);
        _exit(code ? 3 : !found ? 4 : again ? 5 : 0);
    }
    assert_int_equal(finish(cleaner), 0);
    assert_int_equal(changes(world->worker), 0);
    assert_false(has_ifb(world->worker));
    rog_trace_free(trace);
}

static void restore_ends_a_running_replay_and_a_second_one_is_refused(void **state)
{
    struct world *world = world_of(state);
    struct rog_trace *trace = trace_of("seconds,mbps\n0,1\n");
    const struct rog_shape_options options = {.iface = IFACE, .trace = trace, .stop_fd = -1};
    pid_t replay = replay_start(world, world->worker, &options);
    become_shaped(world->worker);
    sleep_s(0.2);
    assert_int_equal(finish(replay_start(world, world->worker, &options)), -ROG_EBUSY);
    assert_true(changes(world->worker) >= 2);
    assert_true(has_state(world->worker));
    pid_t cleaner = branch(world->worker);
    if (cleaner == 0) {
        struct rog_error err;
        bool found = false;
        int code = rog_shape_restore(IFACE, &found, &err);
        _exit(code ? 3 : found ? 0 : 4);
    }
    assert_int_equal(finish(cleaner), 0);
    finish(replay);
    assert_int_equal(changes(world->worker), 0);
    rog_trace_free(trace);
}

static void a_queue_of_somebody_else_is_put_back_or_left_alone(void **state)
{
    struct world *world = world_of(state);
    struct rog_error err = {0};
    static const char *const queues[] = {"pfifo limit 77", "bfifo limit 12345",
                                         "tbf rate 3mbit burst 5000b latency 30ms"};
    struct rog_trace *trace = trace_of("seconds,mbps\n0,1\n");
    const struct rog_shape_options options = {
        .iface = IFACE, .trace = trace, .seconds = 0.2, .stop_fd = -1};
    for (size_t i = 0; i < sizeof queues / sizeof *queues; i++) {
        if (rog_shape_command(&err, "tc -n %s qdisc add dev %s root handle 42: %s", world->worker,
                              IFACE, queues[i]))
            fail_msg("%s", err.message);
        struct rog_json *before = qdiscs(world->worker);
        assert_int_equal(finish(replay_start(world, world->worker, &options)), 0);
        struct rog_json *after = qdiscs(world->worker);
        char *was = rog_json_text(before), *is = rog_json_text(after);
        assert_string_equal(was, is);
        free(was);
        free(is);
        rog_json_free(before);
        rog_json_free(after);
        rog_shape_command(&err, "tc -n %s qdisc del dev %s root", world->worker, IFACE);
    }
    rog_shape_command(&err, "tc -n %s qdisc add dev %s root handle 42: htb", world->worker, IFACE);
    assert_int_equal(finish(replay_start(world, world->worker, &options)), -ROG_EINVAL);
    assert_int_equal(changes(world->worker), 1);
    assert_false(has_state(world->worker));
    rog_trace_free(trace);
}

static void bad_interfaces_are_refused(void **state)
{
    (void)state;
    static const char *const names[] = {"no-such-if0", "", "../../etc", "a name",
                                        "veryveryverylongname"};
    struct rog_error err = {0};
    struct rog_shape_summary summary;
    struct rog_trace *trace = trace_of("seconds,mbps\n0,1\n");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const struct rog_shape_options options = {
            .iface = names[i], .trace = trace, .seconds = 1, .stop_fd = -1};
        assert_int_equal(rog_shape_replay(&options, &summary, &err), ROG_EINVAL);
        assert_non_null(strstr(err.message, "network interface"));
    }
    rog_trace_free(trace);
}

static void lines_for_tc(void **state)
{
    (void)state;
    struct rog_trace *trace = trace_of("seconds,mbps\n0,4\n1,0\n3,8\n");
    struct rog_shape_lane lane = {.device = "wlan0",
                                  .where = "root handle 726f:",
                                  .frame_bytes = 1518,
                                  .trace = trace,
                                  .offset_s = 0.5};
    char *line = rog_shape_lane_line(&lane, "change", 100);
    assert_string_equal(line, "qdisc change dev wlan0 root handle 726f: tbf rate 100000000bit "
                              "burst 50000b limit 125000b peakrate 10tbit mtu 1518b\n");
    free(line);
    line = rog_shape_lane_line(&lane, "change", 0);
    assert_string_equal(line, "qdisc change dev wlan0 root handle 726f: tbf rate 8bit "
                              "burst 1518b limit 1518000b peakrate 10tbit mtu 1518b\n");
    free(line);
    lane.keeps_large = true; /* for a trace that is always this fast */
    line = rog_shape_lane_line(&lane, "add", 400);
    assert_string_equal(line, "qdisc add dev wlan0 root handle 726f: tbf rate 400000000bit "
                              "burst 200000b limit 500000b\n");
    free(line);
    /* Half a second of 4, two of 0, then 8: the trace starts at the offset. */
    assert_true(fabs(rog_shape_lane_mean(&lane, 0, 1) - 2) < 1e-9);
    assert_true(fabs(rog_shape_lane_mean(&lane, 0, 3.5) - (0.5 * 4 + 8) / 3.5) < 1e-9);
    assert_true(fabs(rog_shape_lane_next(&lane, 0) - 0.5) < 1e-9);
    rog_trace_free(trace);
}

static void probe_tells_and_leaves_nothing(void **state)
{
    struct world *world = world_of(state);
    pid_t pid = branch(world->worker);
    if (pid == 0) {
        struct rog_shape_probe probe, missing;
        struct rog_error err;
        /* Left by a killed probe: no process has that number. */
        int code = rog_shape_command(&err, "ip link add name rogtry99999999 type bridge");
        if (!code)
            code = rog_shape_probe(IFACE, &probe, &err);
        if (!code)
            code = rog_shape_probe("no-such-if0", &missing, &err);
        _exit(code                                                                 ? 3
              : probe.egress && probe.exists && !missing.egress && !missing.exists ? 0
                                                                                   : 4);
    }
    assert_int_equal(finish(pid), 0);
    assert_int_equal(changes(world->worker), 0);
    struct rog_json *list = NULL;
    struct rog_error err = {0};
    assert_int_equal(rog_shape_ask(&list, &err, "ip -n %s -j link show", world->worker), ROG_OK);
    assert_int_equal(rog_json_size(list), 2);
    rog_json_free(list);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_interfaces_are_refused),
        cmocka_unit_test(lines_for_tc),
        TEST(probe_tells_and_leaves_nothing),
        TEST(streams_get_the_trace),
        TEST(server_shapes_one_worker_and_no_other_traffic),
        TEST(kill_9_puts_the_interface_back),
        TEST(a_lease_that_runs_out_ends_the_replay),
        TEST(left_overs_are_found_and_removed),
        TEST(restore_ends_a_running_replay_and_a_second_one_is_refused),
        TEST(a_queue_of_somebody_else_is_put_back_or_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
